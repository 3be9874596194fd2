"""What is collected of Helm: the release's revisions and the values that were given. Helm itself may be missing."""

import json
from collections.abc import Callable
from dataclasses import asdict

from wizard.cluster.objects.names import Names
from wizard.cluster.port import Helm
from wizard.support.collect import Basket, Collector
from wizard.support.objects import GATE


def helm_collectors(helm: Callable[[], Helm], names: Names) -> list[Collector]:
    """Two, so that values which cannot be read cost no history."""

    def release(basket: Basket) -> None:
        history = helm().history(names.release, names.namespace)
        basket.put("helm/release.json", json.dumps({"history": [asdict(each) for each in history]}))

    def values(basket: Basket) -> None:
        found = helm().values(names.release, names.namespace)
        basket.put("helm/values.json", json.dumps(found, default=str))

    return [
        Collector("helm/release", release, seconds=20.0, gate=GATE),
        Collector("helm/values", values, seconds=20.0, gate=GATE),
    ]
