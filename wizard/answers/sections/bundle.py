"""`media`: the signed bundle that crosses the gap."""

from dataclasses import dataclass
from pathlib import Path

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
    trust: Path | None = ask(
        "Trust policy",
        why="authorities, keys and dates; without it no bundle is opened",
        example=Path("/etc/airgap-wizard/trust.yaml"),
        default=None,
        seed="S2.16",
    )
    key: Path | None = ask(
        "Signing key",
        why="private key that `stage` signs the bundle with, and `install` the receipt",
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
