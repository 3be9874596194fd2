"""`images`: which container images are carried, and from where."""

from dataclasses import dataclass

from wizard.answers.checks import image_reference, platforms
from wizard.answers.declare import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Container images: their public references and the platforms that are carried."""

    gateway: str = ask(
        "Gateway image",
        why="answers the questions; runs in the cluster",
        example="ghcr.io/opencost/opencost-ai-gateway:v0.1.0",
        default="ghcr.io/opencost/opencost-ai-gateway:v0.1.0",
        check=image_reference,
        seed="S1.21",
    )
    bridge: str = ask(
        "Bridge image",
        why="connects the model to OpenCost's MCP server",
        example="ghcr.io/jonigl/ollama-mcp-bridge:v0.2.0",
        default="ghcr.io/jonigl/ollama-mcp-bridge:v0.2.0",
        check=image_reference,
        seed="S1.21",
    )
    ollama: str = ask(
        "Ollama image",
        why="runs the model",
        example="docker.io/ollama/ollama:0.30.8",
        default="docker.io/ollama/ollama:0.30.8",
        check=image_reference,
        seed="S1.21",
    )
    probe: str = ask(
        "Probe image",
        why="the small pod that tests the site and loads the model; it is carried like every other image",
        example="ghcr.io/opencost/airgap-probe:0.1.0",
        default="ghcr.io/opencost/airgap-probe:0.1.0",
        check=image_reference,
        seed="S1.40",
    )
    extra: tuple[str, ...] = ask(
        "More images",
        why="whatever else the site needs, carried the same way",
        example=("docker.io/library/busybox:1.36",),
        default=(),
        check=image_reference,
    )
    platforms: tuple[str, ...] = ask(
        "Platforms",
        why="`all` keeps every platform of an image, and with it the index digest; a list carries only those",
        example=("linux/amd64", "linux/arm64"),
        default=("all",),
        check=platforms,
        seed="S2.11",
    )
