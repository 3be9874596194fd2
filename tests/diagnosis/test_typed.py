"""What a screen prints can be typed as it stands, and leads on."""

from dataclasses import replace

from tests.diagnosis.site import case, scene
from wizard.diagnosis.diagnose import diagnose

NEVER = {
    "run": {
        "problem": {
            "code": "tag-not-found",
            "title": "there is no tag v0.2.0 in ghcr.io/jonigl/ollama-mcp-bridge",
            "detail": "it has 2 tags: v0.9.2, v0.9.1",
        }
    }
}


def test_the_reference_that_was_meant_is_a_command() -> None:
    """S1.21: which of the images it is, the answers know."""
    from wizard.diagnosis.causes.rest import ended
    from wizard.engine.events import Remedy

    made = scene(case("healthy") | NEVER)
    assert made.run is not None and made.run.problem is not None
    fault = replace(
        made.run.problem, remedies=(Remedy("did you mean ghcr.io/jonigl/ollama-mcp-bridge:v0.9.2?", ""),)
    )
    made.run.problem = fault
    (told,) = list(ended(made))
    assert told.remedies[0].command.endswith("--set images.bridge=ghcr.io/jonigl/ollama-mcp-bridge:v0.9.2")  # type: ignore[union-attr]


def test_the_short_way_is_shown_only_where_the_images_are() -> None:
    """After a preflight that failed nothing is carried: `--from write-values` would lack what it needs."""
    carried = scene("quota")
    assert carried.install.endswith("--from write-values")
    rows = {name: {"reference": "x", "found": ""} for name in ("gateway", "bridge", "ollama")}
    assert replace(carried, stock={"reachable": True, "images": rows}).install == carried.again


def test_platforms_that_the_source_lacks_are_carried_by_no_command() -> None:
    """Everything is carried already: doing it once more mends nothing."""
    found = diagnose(scene("pull-no-platform")).causes[0]
    assert not any("images.platforms" in r.command for r in found.remedies)
    fewer = case("pull-no-platform") | {"answers": {"images": {"platforms": ["linux/amd64"]}}}
    found = diagnose(scene(fewer)).causes[0]
    assert found.remedies[0].command.endswith("--set images.platforms=all")


def test_a_class_that_works_is_named() -> None:
    """Not NAME: the classes are known."""
    found = diagnose(scene("pending-storage")).causes[0]
    assert not any("NAME" in r.command for r in found.remedies)


def test_a_check_is_told_once_among_what_suffers() -> None:
    for name in ("cni", "dns"):
        (cause,) = diagnose(scene(name)).causes
        assert not {each for each in cause.suffers if f"check {each}" in cause.suffers}


def test_a_larger_volume_is_two_commands() -> None:
    """The claim first, then the size; a class that can grow keeps what is on the volume."""
    made = scene("volume-full")
    first, again = diagnose(made).causes[0].remedies
    assert first.command == "kubectl -n opencost-ai delete pvc models-opencost-ai-ollama-0"
    assert again.command.endswith("--set cluster.volumeSize=40Gi")
    grows = [{"kind": "StorageClass", "metadata": {"name": "internal-block"}, "allowVolumeExpansion": True}]
    first, _ = diagnose(scene(case("volume-full") | {"objects": grows})).causes[0].remedies
    assert (
        first.command.startswith("kubectl -n opencost-ai patch pvc") and '"storage":"40Gi"' in first.command
    )
