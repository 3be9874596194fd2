"""What every adapter of the cluster port does alike: one body, run on the rehearsed cluster and on a real one.

Each function takes a Bench. `CONTRACTS` lists them for parametrising.
"""

import pytest

from tests.contracts.bench import Bench, config_map
from tests.contracts.pods import PODS, going
from tests.real.process import wait_until
from wizard.cluster.port import Obj
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

STOP = Stop()


def version_is_told(bench: Bench) -> None:
    """Like "v1.34.4" (S1.8)."""
    assert bench.cluster.version().startswith("v1.")


def absent_is_none(bench: Bench) -> None:
    """What does not exist is None and deletes to False; it is no error."""
    assert bench.cluster.get("Namespace", "contract-nobody") is None
    assert bench.cluster.delete("Namespace", "contract-nobody") is False
    with bench.namespace() as space:
        assert bench.cluster.get("ConfigMap", "nothing", space) is None


def apply_creates_changes_and_removes_fields(bench: Bench) -> None:
    """Apply is server-side apply: what we no longer apply goes, what others hold stays."""
    with bench.namespace() as space:
        made = bench.cluster.apply(config_map(space, "mine", a="1", b="2"))
        assert made["metadata"]["uid"]
        assert made["metadata"]["resourceVersion"]
        changed = bench.cluster.apply(config_map(space, "mine", a="3"))
        assert changed["data"] == {"a": "3"}
        assert changed["metadata"]["uid"] == made["metadata"]["uid"]
        assert changed["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        again = bench.cluster.apply(config_map(space, "mine", a="3"))
        assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]
        found = bench.cluster.get("ConfigMap", "mine", space)
        assert found is not None
        assert found["kind"] == "ConfigMap"
        assert found["data"] == {"a": "3"}


def dry_apply_keeps_nothing(bench: Bench) -> None:
    """A dry run is admitted like a real one and leaves nothing."""
    with bench.namespace() as space:
        bench.cluster.apply(config_map(space, "dry", a="1"), dry=True)
        assert bench.cluster.get("ConfigMap", "dry", space) is None


def list_selects(bench: Bench) -> None:
    """By namespace and by labels; namespace None looks everywhere."""
    with bench.namespace() as space, bench.namespace() as other:
        for where, name, colour in ((space, "one", "red"), (space, "two", "blue"), (other, "three", "red")):
            obj = config_map(where, name)
            obj["metadata"]["labels"] = {"contract.test/colour": colour, "contract.test/run": space}
            bench.cluster.apply(obj)
        run = {"contract.test/run": space}
        red = {**run, "contract.test/colour": "red"}
        assert _names(bench.cluster.list("ConfigMap", space, run)) == {"one", "two"}
        assert _names(bench.cluster.list("ConfigMap", None, red)) == {"one", "three"}
        assert all(o["kind"] == "ConfigMap" for o in bench.cluster.list("ConfigMap", space, run))


def _names(objects: list[Obj]) -> set[str]:
    return {str(o["metadata"]["name"]) for o in objects}


def secrets_hold_base64(bench: Bench) -> None:
    """stringData comes back as data."""
    with bench.namespace() as space:
        meta = {"name": "s", "namespace": space}
        bench.cluster.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "v"}}
        )
        found = bench.cluster.get("Secret", "s", space)
        assert found is not None
        assert found["data"] == {"k": "dg=="}
        assert "stringData" not in found


def unknown_namespace_is_refused(bench: Bench) -> None:
    """The API's own words are in the detail."""
    with pytest.raises(Problem) as caught:
        bench.cluster.apply(config_map("contract-nowhere", "x"))
    assert caught.value.code == "cluster-refused"
    assert "contract-nowhere" in caught.value.detail


def invalid_is_refused(bench: Bench) -> None:
    """An object that the API would not take."""
    with bench.namespace() as space, pytest.raises(Problem) as caught:
        bench.cluster.apply(config_map(space, "Not_A_Name"))
    assert caught.value.code == "cluster-refused"


def restricted_admits_ours_and_no_other(bench: Bench) -> None:
    """PodSecurity `restricted` (S1.33): our pods pass, a privileged one is refused, dry or not."""
    with bench.namespace() as space:
        good = bench.pod(space, "good", ["sleep", "0"])
        bench.cluster.apply(good, dry=True)
        bad = bench.pod(space, "bad", ["sleep", "0"])
        bad["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        for dry in (True, False):
            with pytest.raises(Problem) as caught:
                bench.cluster.apply(bad, dry=dry)
            assert caught.value.code == "cluster-refused"
            assert "violates PodSecurity" in caught.value.detail
            assert "privileged" in caught.value.detail
        with pytest.raises(Problem) as caught:
            bench.cluster.run_pod(bad, timeout=bench.patience, stop=STOP)
        assert caught.value.code in ("cluster-refused", "pod-did-not-start")
        assert "violates PodSecurity" in caught.value.detail


def claims_bind(bench: Bench) -> None:
    """A claim binds at once, or for its first consumer, as its class says (S1.10)."""
    with bench.namespace() as space:
        for mode, storage in bench.classes.items():
            name = mode.lower()
            bench.cluster.apply(_claim(space, name, storage))
            if mode == "WaitForFirstConsumer":
                found = bench.cluster.get("PersistentVolumeClaim", name, space)
                assert found is not None
                assert (found.get("status") or {}).get("phase", "Pending") == "Pending"
            container = bench.container(
                "probe", ["store", "--store", "/v"], volumeMounts=[{"name": "v", "mountPath": "/v"}]
            )
            volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]
            pod = bench.pod(space, f"mounts-{name}", [], containers=[container], volumes=volumes)
            assert bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP).exit_code == 0
            bench.until("PersistentVolumeClaim", name, space, lambda o: o["status"]["phase"] == "Bound")


def claims_of_no_class_stay_pending(bench: Bench) -> None:
    """A class that does not exist binds nothing, and the pod says that it cannot be scheduled."""
    with bench.namespace() as space:
        bench.cluster.apply(_claim(space, "lost", "contract-no-such-class"))
        container = bench.container(
            "probe", ["store", "--store", "/v"], volumeMounts=[{"name": "v", "mountPath": "/v"}]
        )
        volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "lost"}}]
        pod = bench.pod(space, "waits", [], containers=[container], volumes=volumes)
        with pytest.raises(Problem) as caught:
            bench.cluster.run_pod(pod, timeout=3, stop=STOP)
        assert caught.value.code == "pod-did-not-start"
        assert "PersistentVolumeClaim" in caught.value.detail


def _claim(space: str, name: str, storage: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage,
            "resources": {"requests": {"storage": "16Mi"}},
        },
    }


def may_is_answered(bench: Bench) -> None:
    """SelfSubjectAccessReview: what the other contracts do is allowed."""
    for verb, kind in (("create", "Pod"), ("get", "Pod/log"), ("patch", "ConfigMap"), ("list", "Node")):
        assert bench.cluster.may(verb, kind, None if kind == "Node" else "default") is True


def we_are_told_who_we_are(bench: Bench) -> None:
    """SelfSubjectReview: the name that a binding needs."""
    assert bench.cluster.me().startswith(("system:", "airgap", "admin", "kubernetes"))


def quota_refuses_in_the_apis_words(bench: Bench) -> None:
    """A pod over the quota is refused; one that leaves out what is counted too."""
    with bench.namespace() as space:
        bench.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "tight", "namespace": space},
                "spec": {"hard": {"requests.memory": "32Mi"}},
            }
        )
        bench.until("ResourceQuota", "tight", space, lambda o: "used" in (o.get("status") or {}))
        silent = bench.pod(space, "silent", ["sleep", "0"])
        with pytest.raises(Problem) as caught:
            bench.cluster.apply(silent)
        assert "must specify" in caught.value.detail
        big = bench.pod(space, "big", ["sleep", "0"])
        big["spec"]["containers"][0]["resources"] = {"requests": {"memory": "64Mi"}}
        with pytest.raises(Problem) as caught:
            bench.cluster.apply(big)
        assert caught.value.code == "cluster-refused"
        assert "exceeded quota" in caught.value.detail


def a_job_runs_by_itself(bench: Bench) -> None:
    """A Job's pod runs without anybody waiting for it; its log is there afterwards."""
    with bench.namespace() as space:
        pod = bench.pod(space, "x", ["resolve", "kubernetes.default.svc"])
        template = {"metadata": {"labels": {"job": "look"}}, "spec": pod["spec"]}
        bench.cluster.apply(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "look", "namespace": space},
                "spec": {"backoffLimit": 0, "template": template},
            }
        )
        bench.until("Job", "look", space, lambda o: (o.get("status") or {}).get("succeeded") == 1)
        (done,) = bench.cluster.list("Pod", space, {"job": "look"})
        assert "resolved" in bench.cluster.logs(done["metadata"]["name"], space)
        assert done["status"]["phase"] == "Succeeded"
        assert bench.probe.rpartition("@")[2] in done["status"]["containerStatuses"][0]["imageID"]


def a_stop_ends_the_wait(bench: Bench) -> None:
    """A stop ends `run_pod`, and the pod is gone."""
    import threading

    from wizard.engine.problems import Stopped

    with bench.namespace() as space:
        stop = Stop()
        timer = threading.Timer(0.3, stop.set)
        timer.start()
        try:
            with pytest.raises(Stopped):
                bench.cluster.run_pod(bench.pod(space, "long", ["sleep", "300"]), timeout=60, stop=stop)
        finally:
            timer.join()
        assert going(bench, space, "long")


def a_deleted_owner_takes_its_own(bench: Bench) -> None:
    """Deleting a Deployment deletes its pods; orphaning leaves them."""
    with bench.namespace() as space:
        for name in ("goes", "stays"):
            pod = bench.pod(space, name, ["sleep", "300"])
            spec = pod["spec"] | {"restartPolicy": "Always"}
            labels = {"app": name}
            bench.cluster.apply(
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": name, "namespace": space},
                    "spec": {
                        "replicas": 1,
                        "selector": {"matchLabels": labels},
                        "template": {"metadata": {"labels": labels}, "spec": spec},
                    },
                }
            )
            bench.until(
                "Deployment", name, space, lambda o: (o.get("status") or {}).get("readyReplicas") == 1
            )
        assert bench.cluster.delete("Deployment", "goes", space)
        assert bench.cluster.delete("Deployment", "stays", space, orphan=True)
        wait_until(
            lambda: all(_ending(p) for p in bench.cluster.list("Pod", space, {"app": "goes"})),
            "pods go with their Deployment",
            bench.patience,
        )
        assert len(bench.cluster.list("Pod", space, {"app": "stays"})) == 1


def _ending(pod: Obj) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


CONTRACTS = (
    version_is_told,
    absent_is_none,
    apply_creates_changes_and_removes_fields,
    dry_apply_keeps_nothing,
    list_selects,
    secrets_hold_base64,
    unknown_namespace_is_refused,
    invalid_is_refused,
    restricted_admits_ours_and_no_other,
    *PODS,
    claims_bind,
    claims_of_no_class_stay_pending,
    may_is_answered,
    we_are_told_who_we_are,
    quota_refuses_in_the_apis_words,
    a_job_runs_by_itself,
    a_stop_ends_the_wait,
    a_deleted_owner_takes_its_own,
)
