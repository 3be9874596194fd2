"""Which store serves an image: the local one, else a configured fallback whose content is signed, else nobody.

The rule of the air gap (S2.22–S2.26): layer 1 is the registry inside; further layers are opt-in, in their order, and
serve only what an accepted key has signed; what no layer has is an error, and no other host is ever asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.engine.events import Event, Remedy, Said
from wizard.engine.problems import Problem
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest
from wizard.oci.places import Place
from wizard.oci.reference import DOCKER_HUB, Reference
from wizard.oci.store import Store

if TYPE_CHECKING:
    from wizard.oci.transport import Transport

Accept = Callable[[Store, Manifest], str]
"""Who signed this: the fingerprint of an accepted key, or "" where there is no accepted signature.

May raise a Problem that says why a signature does not count (its key is past its time): then it is not accepted.
"""

_ABSENT = ("tag-not-found", "registry-not-found", "blob-not-found")


@dataclass(frozen=True, slots=True)
class Layer:
    """Where one layer looks. `where` is layout:DIR, or HOST/PATH with {name} (last part of the image's name) or
    {repository} (all of it) in it; without either the whole name is appended.
    """

    name: str
    where: str
    trusted: bool = False
    """True for the local layer: what is in it was verified when it came in."""

    def store(self, reference: Reference, transport: "Transport") -> tuple[Store, str]:
        """The store in which this layer has the image, and the ref there. Raises Problem `reference-invalid`."""
        if self.where.startswith("layout:"):
            place = Place.parse(self.where)
            assert place.folder is not None
            return Layout(place.folder), reference.digest or str(reference)
        return transport.repository(self.reference(reference)), reference.ref

    def shown(self, reference: Reference) -> str:
        """What this layer would have to have, as people write it."""
        if self.where.startswith("layout:"):
            return f"{reference} in {self.where}"
        place = self.reference(reference)
        return str(place.at(reference.digest) if reference.digest else place.tagged(reference.ref))

    def reference(self, reference: Reference) -> Reference:
        """Where a registry has the image. Raises Problem `reference-invalid`."""
        text = self.where if "{" in self.where else f"{self.where.rstrip('/')}/{{repository}}"
        name = reference.repository.rpartition("/")[2]
        text = text.replace("{name}", name).replace("{repository}", reference.repository)
        if "{" in text or "}" in text:
            raise Problem(
                "reference-invalid",
                f"{self.where!r} does not say where a layer looks",
                detail="braces stand around `name` and `repository` alone",
                remedies=(Remedy("write HOST/PATH/{name} or HOST/PATH/{repository}"),),
                evidence={"reference": self.where},
                exit_code=2,
            )
        return Reference.parse(text)


@dataclass(frozen=True, slots=True)
class Served:
    """Which layer serves an image, under which digest; `signer` is the accepted key's fingerprint ("" = layer 1)."""

    reference: Reference
    layer: str
    place: str
    digest: str
    store: Store
    signer: str = ""


class Resolver:
    """Asks layers in order and says which served. `fallbacks` are empty unless somebody configured them (S2.23)."""

    def __init__(
        self,
        transport: "Transport",
        local: str,
        fallbacks: Sequence[str] = (),
        *,
        accept: Accept | None = None,
        emit: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._transport, self._accept, self._emit = transport, accept, emit
        self._layers = [Layer("local", local, trusted=True)]
        self._layers += [Layer(f"fallback-{n}", where) for n, where in enumerate(fallbacks, 1)]
        for layer in self._layers:
            if layer.where.startswith("layout:"):
                continue
            host = layer.reference(Reference("x", "x/x")).registry  # raises where the pattern is none
            if DOCKER_HUB in host or host.endswith("docker.com"):
                raise _public(layer)

    def resolve(self, reference: Reference) -> Served:
        """Who serves it. Raises Problem `image-not-served` or `fallback-unsigned`: it fails closed (S2.22)."""
        reasons: list[str] = []
        broken: list[Problem] = []
        unsigned: list[str] = []
        for layer in self._layers:
            try:
                store, ref = layer.store(reference, self._transport)
                manifest = store.manifest(ref)
            except Problem as problem:
                if problem.code in _ABSENT:
                    reasons.append(f"{layer.name}: there is no {layer.shown(reference)}")
                else:
                    reasons.append(f"{layer.name} ({layer.where}): {_words(problem)}")
                    broken.append(problem)
                continue
            signer, why = ("", "") if layer.trusted else self._signer(store, manifest)
            if not layer.trusted and not signer:
                unsigned.append(f"{store.name}@{manifest.digest}")
                why = why or f"no accepted key has signed {manifest.digest}"
                reasons.append(f"{layer.name} ({layer.where}): {why}")
                self._say(reference, layer, manifest.digest, "refused: unsigned", "warning")
                continue
            self._say(reference, layer, manifest.digest, f"signed by {signer}" if signer else "")
            return Served(reference, layer.name, store.name, manifest.digest, store, signer)
        local = self._layers[0]
        inside = "REGISTRY/NAME:TAG" if local.where.startswith("layout:") else local.shown(reference)
        raise _not_served(reference, inside, reasons, broken, unsigned)

    def _signer(self, store: Store, manifest: Manifest) -> tuple[str, str]:
        """The accepted signer, or "" and (where there is more to say than that nobody signed) why not."""
        if self._accept is None:
            return "", ""
        try:
            return self._accept(store, manifest), ""
        except Problem as problem:
            return "", _words(problem)

    def _say(self, reference: Reference, layer: Layer, digest: str, more: str, level: str = "info") -> None:
        text = f"resolved {reference} layer={layer.name} place={layer.where} digest={digest}"
        self._emit(Said(text=text + (f" {more}" if more else ""), level=level))


def _words(problem: Problem) -> str:
    return f"{problem.title} ({problem.detail})" if problem.detail else problem.title


def _not_served(
    reference: Reference, inside: str, reasons: list[str], broken: list[Problem], unsigned: list[str]
) -> Problem:
    """`inside` is what layer 1 would have to have; `broken` is what went wrong with layers that could not be asked."""
    evidence = {"reference": str(reference), "layers": reasons}
    bring = Remedy(
        "bring it into the registry inside", f"airgap-wizard mirror {reference}={inside}", "image-not-served"
    )
    if unsigned:
        return Problem(
            "fallback-unsigned",
            f"{reference} is in a fallback, and no accepted key has signed it",
            detail="; ".join(reasons),
            remedies=(
                Remedy(
                    "have it signed by a key that is accepted here", f"cosign sign --key KEY {unsigned[0]}"
                ),
                bring,
            ),
            evidence=evidence,
        )
    return Problem(
        "image-not-served",
        f"no layer serves {reference}, and nobody else is asked",
        detail="; ".join(reasons),
        # a layer that could not be asked may well have it: that comes first
        remedies=(*(remedy for problem in broken for remedy in problem.remedies), bring),
        evidence=evidence,
    )


def _public(layer: Layer) -> Problem:
    host, _, path = layer.where.partition("/")
    detail = "a missing image would then leave the perimeter without a word"
    remedies: tuple[Remedy, ...] = (Remedy("name a registry inside, or carry the image in with `mirror`"),)
    if "docker" not in host:
        detail = f"{host!r} has no dot and no port, so that it means Docker Hub; {detail}"
        remedies = (Remedy(f"where {host} is a host of yours, write its port: {host}:443/{path}"), *remedies)
    return Problem(
        "fallback-public-refused",
        f"{layer.where} is a public registry, which no layer may be",
        detail=detail,
        remedies=remedies,
        evidence={"layer": layer.name, "where": layer.where},
        exit_code=2,
    )
