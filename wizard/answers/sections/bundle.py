"""`media`: the signed bundle that crosses the gap."""

from dataclasses import dataclass
from pathlib import Path

from wizard.answers.checks import exception
from wizard.answers.declare import ask
from wizard.engine.secrets import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Bundle and trust: the file that crosses the gap, and whose signature makes it acceptable."""

    bundle: Path | None = ask(
        "Bundle",
        why="written by `stage`; read by `install`, where empty means: straight from the public registries",
        example=Path("/media/usb/opencost-ai.airgap"),
        default=None,
        needed=("stage",),
        seed="S2.13",
    )
    volumes: tuple[str, ...] = ask(
        "More media",
        why="folders in which the volumes of a split bundle are looked for, beside the one that media.bundle names",
        example=("/media/second", "/media/third"),
        default=(),
        seed="S3.9",
        locate=True,
    )
    wait: bool = ask(
        "Wait for media",
        why="a missing volume is asked for by name, and the run goes on when its medium is there; else it ends",
        example=True,
        default=False,
        seed="S3.9",
    )
    trust: Path | None = ask(
        "Trust policy",
        why="authorities, keys and dates; without it no bundle is opened",
        example=Path("/etc/airgap-wizard/trust.yaml"),
        default=None,
        seed="S2.16",
    )
    key: Path | None = ask(
        "Signing key",
        why="private key that `stage` signs the bundle with, and `install` the receipt and the install record",
        example=Path("/root/keys/site.key"),
        default=None,
        needed=("stage",),
        seed="S2.13",
    )
    key_password: SecretRef | None = ask(
        "Key's password",
        why="a reference, never the password itself",
        example="env:AIRGAP_KEY_PASSWORD",
        default=None,
    )
    base: Path | None = ask(
        "Base receipt",
        why="signed receipt of the target's last load: `stage` then carries only what the target lacks; empty = all",
        example=Path("receipts/000001-opencost-ai-0.1.0.json"),
        default=None,
        seed="S5.19",
    )
    files: tuple[str, ...] = ask(
        "More files",
        why="tools, disk images, manifests: each becomes an artefact of its own in the bundle",
        example=("./helm",),
        default=(),
        seed="S5.2",
        locate=True,
    )
    exceptions: tuple[str, ...] = ask(
        "References not carried",
        why="image references in the chart that no site needs, each with the reason; they are recorded in the bundle",
        example=("docker.io/library/busybox:1.36 because only a disabled test uses it",),
        default=(),
        check=exception,
        seed="S2.12",
    )
