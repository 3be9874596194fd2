"""Write a bundle: the manifest first, then every file, whole or not at all."""

import io
import json
import os
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path

from wizard.engine.problems import Problem, Remedy
from wizard.support.format import MANIFEST, Bundle


def write(bundle: Bundle, path: Path) -> int:
    """Write the tar and return its size in bytes. Raises Problem `support-bundle-not-written`."""
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                pack(bundle, file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Problem(
            "support-bundle-not-written",
            f"the support bundle {path} cannot be written",
            detail=str(error),
            remedies=(
                Remedy(
                    "name a file in a folder that can be written",
                    "airgap-wizard support-bundle --output FILE",
                ),
            ),
        ) from None
    return size


def pack(bundle: Bundle, out: "io.BufferedWriter | io.BytesIO") -> None:
    """The tar itself. Nothing of this machine is in its headers."""
    try:
        made = datetime.fromisoformat(bundle.manifest.made.replace("Z", "+00:00")).timestamp()
    except ValueError:
        made = 0.0
    head = json.dumps(bundle.manifest.to_json(), indent=1, ensure_ascii=False).encode()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in [(MANIFEST, head), *sorted(bundle.files.items())]:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), int(made), 0o600
            tar.addfile(info, io.BytesIO(data))
