"""What runs on a host of the gap test: a registry of ours on loopback, and commands of the program beside it.

    python -m tests.bundle.gap_side PORT STORAGE PUSH… -- COMMAND…

PUSH is FOLDER=REPOSITORY:TAG, an image layout that the registry has before the command runs.
"""

import subprocess
import sys
from pathlib import Path

from tests.real.images import make_image, push_image
from tests.real.registry import Registry
from wizard.oci.server import RegistryServer


def main() -> int:
    at = sys.argv.index("--")
    port, storage, *pushes = sys.argv[1:at]
    with RegistryServer(Path(storage), port=int(port)):
        registry = Registry("ours", f"127.0.0.1:{port}", Path(storage), Path(storage))
        for push in pushes:
            folder, _, name = push.partition("=")
            repository, _, tag = name.partition(":")
            image = make_image(Path(folder), seed=name, layers=(200_000, 30_000), compressed=False)
            push_image(image, registry, repository, tag)
            print(f"{name} {image.digest}")
        return subprocess.run(sys.argv[at + 1 :]).returncode


if __name__ == "__main__":
    raise SystemExit(main())
