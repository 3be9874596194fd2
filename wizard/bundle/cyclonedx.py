"""The bill of materials as CycloneDX 1.6 JSON, for the tools that read it. Source: cyclonedx.org, schema bom-1.6.

A function of the bill alone: its serial number comes from the bundle's digest, and it has no time.
"""

import uuid
from typing import Any

from wizard.bundle.bom import Bom, Entry, Item

_TYPES = {"image": "container", "model": "machine-learning-model", "chart": "application", "file": "file"}


def cyclonedx(bom: Bom) -> dict[str, Any]:
    """The document."""
    root = f"bundle:{bom.digest}"
    items = [_component(place, item) for place, item in enumerate(bom.items)]
    blobs = [
        _blob(entry) for entry in (*bom.entries, *bom.absent) if entry.purpose not in ("layout", "index")
    ]
    depends = [{"ref": root, "dependsOn": sorted(item["bom-ref"] for item in items)}]
    for place, item in enumerate(items):
        mine = sorted({f"blob:{e.digest}" for e in (*bom.entries, *bom.absent) if place in e.of})
        depends.append({"ref": item["bom-ref"], "dependsOn": mine})
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, bom.digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": bom.name,
                "version": bom.version,
                "hashes": _hashes(bom.digest),
            },
            "tools": {"components": [{"type": "application", "name": bom.made_by}]},
        },
        "components": [*items, *blobs],
        "dependencies": depends,
    }


def _component(place: int, item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _TYPES.get(item.kind, "data"),
        "bom-ref": f"item:{place}:{item.digest}",
        "name": item.source,
        "version": item.tag,
        "hashes": _hashes(item.digest),
        "properties": [
            {"name": "airgap-wizard:kind", "value": item.kind},
            {"name": "airgap-wizard:target", "value": item.target},
            {"name": "airgap-wizard:bytes", "value": str(item.total)},
        ],
    }
    if item.kind == "image":
        name = item.source.partition("@")[0].rpartition("/")[2].partition(":")[0]
        home = item.source.partition("@")[0].rpartition(":")[0] or item.source
        found["purl"] = f"pkg:oci/{name}@{item.digest.replace(':', '%3A')}?repository_url={home}"
    if item.licence:
        found["licenses"] = [{"expression": item.licence}]
    return found


def _blob(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "file",
        "bom-ref": f"blob:{entry.digest}",
        "name": entry.path,
        "mime-type": entry.media_type.partition(";")[0] or "application/octet-stream",
        "hashes": _hashes(entry.digest),
        "properties": [
            {"name": "airgap-wizard:purpose", "value": entry.purpose},
            {"name": "airgap-wizard:bytes", "value": str(entry.size)},
        ],
    }
    if entry.platform:
        found["properties"].append({"name": "airgap-wizard:platform", "value": entry.platform})
    return found


def _hashes(digest: str) -> list[dict[str, str]]:
    algorithm, _, value = digest.partition(":")
    return [{"alg": {"sha256": "SHA-256", "sha512": "SHA-512"}[algorithm], "content": value}]
