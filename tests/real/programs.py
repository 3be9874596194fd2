"""Images that run: a few programs and files, as one layer, for the real cluster."""

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.real.images import OCI_TYPES, Image, Layer, assemble, write_blob
from tests.real.tools import tool


def program_image(
    folder: Path,
    files: Mapping[str, Path | bytes],
    entrypoint: Sequence[str],
    *,
    tag: str = "1.0",
    user: str = "65532:65532",
    env: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    platform: str = "linux/amd64",
) -> Image:
    """Write an image into an OCI layout folder: FILES by path in the image (mode 0755), symbolic LINKS.

    Programs must be static, or bring what they load.  Made in memory: for tens of megabytes, not for weights.
    """
    return programs_image(folder, {platform: files}, entrypoint, tag=tag, user=user, env=env, links=links)


def programs_image(
    folder: Path,
    platforms: Mapping[str, Mapping[str, Path | bytes]],
    entrypoint: Sequence[str],
    *,
    tag: str = "1.0",
    user: str = "65532:65532",
    env: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    cmd: Sequence[str] = (),
) -> Image:
    """The same for several platforms: the files of each.  CMD are arguments that a pod may replace."""
    layers = {}
    for platform, files in platforms.items():
        tar = _layer_tar(files, links or {})
        descriptor = write_blob(folder, iter([gzip.compress(tar, 1, mtime=0)]), f"{OCI_TYPES.layer}+gzip")
        layers[platform] = [Layer(descriptor, f"sha256:{hashlib.sha256(tar).hexdigest()}")]
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", **(env or {})}
    config = {
        "Entrypoint": list(entrypoint),
        "User": user,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        **({"Cmd": list(cmd)} if cmd else {}),
    }
    return assemble(folder, layers, config, tag=tag)


def _layer_tar(files: Mapping[str, Path | bytes], links: Mapping[str, str]) -> bytes:
    """A deterministic tar: sorted, owned by root, without times."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in _folders({*files, *links}):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            member.mode = 0o1777 if name == "tmp" else 0o755
            tar.addfile(member)
        for name, source in sorted(files.items()):
            content = source if isinstance(source, bytes) else source.read_bytes()
            member = tarfile.TarInfo(name.lstrip("/"))
            member.mode, member.size = 0o755, len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in sorted(links.items()):
            member = tarfile.TarInfo(name.lstrip("/"))
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return sink.getvalue()


def _folders(names: set[str]) -> list[str]:
    found = {"tmp"}
    for name in names:
        parts = name.strip("/").split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(found)


def libraries(program: Path) -> dict[str, Path]:
    """The shared libraries and the loader a dynamic program needs, by the path they must have in an image."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {path: Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}


def ollama_image(folder: Path, *, tag: str = "1.0", models: Path | None = None) -> Image:
    """Real Ollama as an image that generates; MODELS is a store to bring along as /models (OLLAMA_MODELS)."""
    programs = {
        "/usr/bin/ollama": tool("ollama"),
        "/usr/lib/ollama/llama-server.real": tool("llama-server.real"),
    }
    files: dict[str, Path | bytes] = dict(programs)
    files["/usr/lib/ollama/llama-server"] = tool("llama-server")
    files["/bin/sh"] = tool("busybox")  # for the wrapper that llama-server is
    links = {"/bin/ls": "sh", "/bin/cat": "sh"}  # as the published image has them
    for program in programs.values():
        files.update(libraries(program))
    env = {}
    if models:
        env["OLLAMA_MODELS"] = "/models"
        files.update({f"/models/{f.relative_to(models)}": f for f in models.rglob("*") if f.is_file()})
    return programs_image(
        folder, {"linux/amd64": files}, ["/usr/bin/ollama"], tag=tag, env=env, links=links, cmd=["serve"]
    )
