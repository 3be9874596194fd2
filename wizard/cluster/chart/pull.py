"""A chart from a registry: one layer of a manifest, verified by digest, kept as a .tgz."""

from pathlib import Path

from wizard.cluster.chart.bounds import MOST_TOTAL, unreadable
from wizard.cluster.chart.load import OCI
from wizard.engine.folder import write_atomic
from wizard.engine.stop import Stop
from wizard.oci.digest import same_digest
from wizard.oci.reference import Reference
from wizard.oci.sites import Sites
from wizard.oci.transport import Transport

CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHUNK = 128 * 1024


def pull_chart(source: str, folder: Path, sites: Sites, stop: Stop) -> Path:
    """Pull `oci://HOST/REPOSITORY:VERSION` (or @DIGEST) into `folder`; a version's `+` is written `_` in a tag.

    Raises Problem `chart-not-readable` where the artefact is no chart, and the registry's own problems.
    """
    reference = Reference.parse(source.removeprefix(OCI).replace("+", "_"))
    with Transport(sites, stop=stop) as transport:
        repository = transport.repository(reference)
        manifest = repository.manifest(reference.digest or reference.tag)
        layers = (
            [] if manifest.is_index else [layer for layer in manifest.layers if layer.media_type == CONTENT]
        )
        if len(layers) != 1:
            raise unreadable(source, f"it is no Helm chart: it has {len(layers)} layers of type {CONTENT}")
        layer = layers[0]
        if layer.size > MOST_TOTAL:
            raise unreadable(source, f"it has {layer.size} bytes, more than {MOST_TOTAL}")
        data = bytearray()
        buffer = memoryview(bytearray(_CHUNK))
        with repository.open_blob(layer) as blob:
            while count := blob.readinto(buffer):
                stop.check()
                data += buffer[:count]
                if len(data) > layer.size:
                    break
    if len(data) != layer.size or not same_digest(bytes(data), layer.digest):
        raise unreadable(source, f"what the registry sent is not {layer.digest}")
    name = reference.repository.rpartition("/")[2]
    path = folder / f"{name}-{layer.digest.partition(':')[2][:16]}.tgz"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(path, bytes(data), 0o644)
    return path
