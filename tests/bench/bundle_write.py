"""`python -m tests.bench.bundle_write HOME LAYOUT`: what make-bundle does at its end, and no other import."""

import sys
from pathlib import Path

from wizard.bundle import signatures
from wizard.bundle.archive.writer import write_bundle
from wizard.bundle.collect import Collector
from wizard.bundle.keys.private import PrivateKey
from wizard.oci.layout import Layout


def write(home: Path, layout: Path) -> None:
    """What `make-bundle` does at its end."""
    collector = Collector()
    collector.image(Layout(layout), "1", "bench.example/model:1", "bench/model:1")
    bom = collector.bom("bench", "1")
    key = PrivateKey.read(home / "k.key")
    write_bundle(home / "b.airgap", bom, collector.openers, (signatures.sign(key, bom.body, "vendor"),))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
