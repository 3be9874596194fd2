"""Small bundles made by the product's own code, keys and policies, and media that note what is read of them."""

import time
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from tests.model.stores import FakeStore
from tests.real.images import Image, make_image
from wizard.bundle import signatures
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.shape import Shape
from wizard.bundle.archive.writer import write_bundle
from wizard.bundle.artefacts import chart_artefact, file_artefact
from wizard.bundle.bom import Base, Bom
from wizard.bundle.collect import Collector
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.trust.policy import Policy, read_policy
from wizard.model.artefact import plan_artefact
from wizard.model.source import ModelSource
from wizard.model.store import describe
from wizard.oci.layout import Layout
from wizard.oci.server.storage import Slice
from wizard.oci.store import Opener

NOW = time.time()
DAY = 86400.0


def day(days: float) -> str:
    """A moment so many days from now, as a policy has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + days * DAY))


def write_policy(
    folder: Path,
    keys: Mapping[str, PrivateKey],
    *,
    begins: str = "",
    ends: str = "",
    extra: str = "",
    name: str = "trust.yaml",
    **authorities: str,
) -> Path:
    """A policy that trusts each key as the authority it is named by; `authorities` are more YAML lines for each."""
    lines = ["apiVersion: airgap-wizard/trust/v1", "authorities:"]
    for authority, key in keys.items():
        (folder / f"{authority}.pub").write_text(key.public.pem)
        lines += [f"  {authority}:", "    keys:", f"      - file: {authority}.pub"]
        lines += [f'        notBefore: "{begins or day(-30)}"', f'        notAfter: "{ends or day(300)}"']
        lines += [f"    {line}" for line in authorities.get(authority, "").splitlines()]
    path = folder / name
    path.write_text("\n".join(lines) + f"\n{extra}")
    return path


@dataclass
class Made:
    """A bundle, its shape, and who signed it."""

    path: Path
    shape: Shape
    key: PrivateKey
    policy: Policy
    images: dict[str, Image] = field(default_factory=dict)

    @property
    def bom(self) -> Bom:
        return self.shape.bom


def collect(
    folder: Path, seed: str = "one", layers: tuple[int, ...] = (70_000, 9_000)
) -> tuple[Collector, dict[str, Image]]:
    """Two images for two platforms, a model, a chart and a file."""
    collector = Collector()
    images = {}
    for name in ("gateway", "bridge"):
        image = make_image(
            folder / f"{seed}-{name}", seed=f"{seed} {name}", layers=layers, compressed=False, shared=1
        )
        collector.image(
            Layout(image.folder),
            "1.0",
            f"ghcr.io/opencost/{name}:1.0",
            f"opencost-ai/{name}:1.0",
            licence="Apache-2.0",
        )
        images[name] = image
    store = FakeStore(folder / "models")
    artefact = plan_artefact(describe(store.root, store.model("granite4.1:8b")))
    collector.model(
        ModelSource(artefact),
        artefact.digest,
        "granite4.1:8b",
        f"ollama-model/granite4.1-8b:{artefact.digest[7:19]}",
        "Apache-2.0",
    )
    chart = chart_artefact(b"chart bytes " * 300, {"name": "opencost-ai", "version": "0.1.0+airgap.3"})
    collector.made("chart", chart, "opencost-ai", "opencost-ai/charts/opencost-ai:0.1.0_airgap.3")
    tool = folder / "helm"
    tool.write_bytes(b"#!/bin/true\n" * 500)
    collector.made("file", file_artefact(tool, "helm"), "helm", "opencost-ai/files/helm:1")
    return collector, images


def make_bundle(
    folder: Path,
    key: PrivateKey | None = None,
    *,
    seed: str = "one",
    version: str = "0.1.0",
    signed: bool = True,
    base: Base | None = None,
    held: Mapping[str, Set[str]] | None = None,
    openers: Callable[[Mapping[str, Opener]], Mapping[str, Opener]] = lambda found: found,
    name: str = "demo.airgap",
    layers: tuple[int, ...] = (70_000, 9_000),
) -> Made:
    """A whole signed bundle with a policy that trusts its signer as the vendor."""
    key = key or PrivateKey.make()
    folder.mkdir(parents=True, exist_ok=True)
    collector, images = collect(folder, seed, layers)
    bom = collector.bom("opencost-ai", version, base=base, held=held, chart={"name": "opencost-ai"})
    made = (signatures.sign(key, bom.body, "vendor"),) if signed else ()
    shape = write_bundle(folder / name, bom, openers(collector.openers), made)
    policy = read_policy(write_policy(folder, {"vendor": key}))
    return Made(folder / name, shape, key, policy, images)


class Watched:
    """A medium that notes every byte range that is read."""

    def __init__(self, path: Path) -> None:
        self.inner = FileMedium(path)
        self.reads: list[tuple[int, int]] = []

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def furthest(self) -> int:
        """One past the last byte that was asked for."""
        return max((stop for _, stop in self.reads), default=0)

    def read_into(self, offset: int, view: memoryview) -> int:
        self.reads.append((offset, offset + len(view)))
        return self.inner.read_into(offset, view)

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        self.reads.append((start, stop))
        return self.inner.slices(start, stop)

    def here(self, start: int, stop: int) -> bool:
        return True

    def blame(self, start: int, stop: int) -> None:
        return None

    def close(self) -> None:
        self.inner.close()


def flip(path: Path, offset: int) -> None:
    """Change one byte."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x01]))
