"""The install record: what was proved, as a ConfigMap beside the release, so that the next run can compare.

Where the site has a key (media.key) the record is there a second time, sealed by it: `airgap-wizard record` judges that.
"""

import json
from typing import TYPE_CHECKING, Any

from wizard.answers.model import Answers
from wizard.cluster.objects.names import MANAGED_BY, MANAGER, Names
from wizard.cluster.port import Cluster, Obj, Reader
from wizard.engine.problems import Problem

if TYPE_CHECKING:
    from wizard.bundle.keys.public import PublicKey

KEY, SEALED = "record.json", "record.dsse.json"


def record_name(names: Names) -> str:
    """Name of the ConfigMap."""
    return f"{names.full}-airgap-record"[:253]


def record_object(names: Names, record: dict[str, Any], sealed: str = "") -> Obj:
    """The ConfigMap: canonical JSON, so that an equal record is equal bytes."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": record_name(names),
            "namespace": names.namespace,
            "labels": {MANAGED_BY: MANAGER},
        },
        "data": {KEY: text, **({SEALED: sealed} if sealed else {})},
    }


def read_record(cluster: Reader, answers: Answers) -> dict[str, Any]:
    """What was recorded; empty where nothing was, or nothing readable."""
    names = Names.of(answers.cluster)
    try:
        found = cluster.get("ConfigMap", record_name(names), names.namespace)
        value = json.loads((found or {}).get("data", {}).get(KEY, "{}"))
    except (Problem, ValueError, AttributeError):
        return {}
    return value if isinstance(value, dict) else {}


def write_record(cluster: Cluster, answers: Answers, record: dict[str, Any], sealed: str = "") -> None:
    """Write it beside the release."""
    cluster.apply(record_object(Names.of(answers.cluster), record, sealed))


def sealed_with(cluster: Reader, answers: Answers, public: "PublicKey") -> bool:
    """Whether the record in the cluster is sealed by this key, and is what was sealed."""
    from wizard.bundle.install_record import sealed_by

    names = Names.of(answers.cluster)
    try:
        data = (cluster.get("ConfigMap", record_name(names), names.namespace) or {}).get("data") or {}
        return sealed_by(str(data.get(SEALED, "")).encode(), json.loads(data.get(KEY, "{}")), public)
    except (Problem, ValueError, AttributeError, TypeError):
        return False
