"""install-chart on a real cluster with the real Helm 3 and 4: what holds, what is refused, what is picked up again.

The images are stand-ins that listen where the chart looks; the bridge's starts only by the chart's fix.
"""

import dataclasses
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
import yaml

from tests.chart.given import DEMO, answers
from tests.e2e.cluster.cluster import Cluster
from tests.real.images import push_image
from tests.real.process import wait_until
from tests.real.programs import program_image
from tests.real.tools import tool
from wizard.answers.sections.chart import Chart
from wizard.answers.sections.cluster import Cluster as ClusterSection
from wizard.answers.sections.registry import Registry
from wizard.cluster.helm.adapter import RealHelm
from wizard.cluster.helm.lock import Held, ours
from wizard.cluster.objects.rbac import cluster_role, role
from wizard.cluster.real.adapter import RealCluster
from wizard.cluster.real.connect import connect
from wizard.engine.events import Said
from wizard.engine.problems import Problem, Stopped
from wizard.engine.step import Context
from wizard.engine.stop import Stop
from wizard.oci.sites import Sites
from wizard.steps.install_chart import InstallChart
from wizard.steps.write_values import WriteValues

pytestmark = [
    pytest.mark.real,
    pytest.mark.cluster,
    pytest.mark.timeout(900),
]  # the first brings the cluster up

RESTRICTED = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "audit", "warn")]


@dataclasses.dataclass
class World:
    """The real cluster and the real Helm."""

    cluster_: RealCluster
    helm_: RealHelm
    rehearsal: str = ""

    def cluster(self, _):
        return self.cluster_

    def helm(self, _):
        return self.helm_

    def sites(self, _):
        return Sites()


@pytest.fixture(scope="module")
def images(kubernetes: Cluster, tmp_path_factory):
    """Evidence as mirror-images records it, of images that are really there."""
    folder = tmp_path_factory.mktemp("images")
    probe, busybox = tool("probe"), tool("busybox")
    starts = b"#!/bin/sh\nexec /probe serve :8000 bridge\n"
    crashes = (
        b"#!/bin/sh\necho 'Failed to initialize cache at /.cache/uv: Read-only file system' >&2\nexit 1\n"
    )
    made = {
        "gateway": program_image(folder / "g", {"/probe": probe}, ["/probe", "serve", ":8080", "gateway"]),
        "bridge": program_image(
            folder / "b",
            {"/probe": probe, "/bin/sh": busybox, "/.venv/bin/ollama-mcp-bridge": starts, "/start": crashes},
            ["/start"],
        ),
        "ollama": program_image(folder / "o", {"/probe": probe}, ["/probe", "serve", ":11434", "ollama"]),
    }
    evidence = {}
    for name, image in made.items():
        push_image(image, kubernetes.registry, f"opencost-ai/{name}", "1.0")
        target = kubernetes.registry.reference(f"opencost-ai/{name}", "1.0")
        evidence[name] = {"source": f"ghcr.io/stand-in/{name}:1.0", "target": target, "digest": image.digest}
    return evidence


@pytest.fixture(params=["helm3", "helm4"])
def helm(request):
    """The two Helms in turn."""
    return request.param


def with_(name):
    """One of the two is enough where Helm itself does not matter: a cluster's time is dear."""
    return pytest.mark.parametrize("helm", [name], indirect=True)


@pytest.fixture
def ctx(kubernetes: Cluster, namespace, images, helm, tmp_path, monkeypatch):
    """A run at a namespace prepared as the step before does it."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    kubernetes.kubectl("label", "namespace", namespace, *RESTRICTED)
    kubernetes.pull_secret(namespace, "internal-registry")
    kubernetes.kubectl(
        "-n", namespace, "create", "secret", "generic", "opencost-ai-auth", "--from-literal=token=abc"
    )
    given = answers(
        registry=Registry(host=kubernetes.registry_host),
        cluster=ClusterSection(
            kubeconfig=kubernetes.kubeconfig,
            namespace=namespace,
            storage_class="local-path",
            volume_size="1Gi",
        ),
        chart=Chart(
            source=str(DEMO),
            values=tmp_path / "values-airgap.yaml",
            overrides=tmp_path / "site.yaml",
            timeout="90s",
        ),
    )
    small = {"requests": {"cpu": "1m", "memory": "8Mi"}}
    site = {name: {"resources": small} for name in ("gateway", "bridge", "ollama")}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    api = connect(kubernetes.kubeconfig, "")
    world = World(
        RealCluster(api), RealHelm(tmp_path / "helm", kubernetes.kubeconfig, program=str(tool(helm)))
    )
    (tmp_path / "run").mkdir()
    context = Context(
        given, world, tmp_path / "run", [].append, Stop(), {"mirror-images": {"images": images}}
    )
    yield context
    world.helm_.uninstall("opencost-ai", namespace, timeout=60, stop=Stop())
    kubernetes.kubectl("-n", namespace, "delete", "pvc", "--all", "--timeout=90s")
    api.close()


def told(ctx):
    return "\n".join(e.text for e in ctx.emit.__self__ if isinstance(e, Said))


def change(ctx, **chart):
    ctx.answers = dataclasses.replace(ctx.answers, chart=dataclasses.replace(ctx.answers.chart, **chart))


def site(ctx, data):
    path = ctx.answers.chart.overrides
    merged = yaml.safe_load(path.read_text())
    for name, more in data.items():
        merged.setdefault(name, {}).update(more)
    path.write_text(yaml.safe_dump(merged))


def install(ctx):
    """Both steps, as a run does them."""
    written = WriteValues()
    ctx.evidence = {**ctx.evidence, "write-values": written.already(ctx) or written.run(ctx)}
    step = InstallChart()
    return step.already(ctx) or step.run(ctx)


def refused(ctx):
    with pytest.raises(Problem) as caught:
        install(ctx)
    return caught.value


def bumped(tmp_path, version):
    """The same chart, one version on."""
    folder = tmp_path / f"chart-{version}"
    shutil.copytree(DEMO, folder)
    meta = yaml.safe_load((DEMO / "Chart.yaml").read_text()) | {"version": version, "appVersion": version}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(meta))
    return str(folder)


def test_from_nothing_to_ready_and_on_to_the_next_version(ctx, kubernetes, namespace, images, tmp_path):
    """S1.2, S1.30, S1.33, S1.35, S2.41: nothing is done twice; a chart version on, the StatefulSet follows."""
    first = install(ctx)
    assert (first["revision"], first["status"]) == (1, "deployed")
    pods = kubernetes.get("pods", "-n", namespace)["items"]
    assert len(pods) == 3
    for pod in pods:
        [status] = pod["status"]["containerStatuses"]
        component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
        assert status["ready"]
        assert status["imageID"].startswith(kubernetes.registry_host + "/")
        assert status["imageID"].endswith(images[component]["digest"])
    assert install(ctx) == first
    change(ctx, source=bumped(tmp_path, "0.2.0"))
    second = install(ctx)
    assert (second["revision"], second["chart"]) == (2, "opencost-ai-0.2.0+airgap.3")
    assert install(ctx) == second
    assert [r.revision for r in ctx.world.helm_.history("opencost-ai", namespace)] == [1, 2]
    back = ctx.world.helm_.rollback("opencost-ai", namespace, 1, timeout=60, stop=Stop())
    assert (back.revision, back.chart) == (3, "opencost-ai-0.1.0+airgap.3")


def test_the_role_that_is_shipped_is_enough(ctx, kubernetes, namespace, tmp_path):
    """S2.37: Helm 4 watches more than Helm 3 does; both get along with what we ask of a site."""
    kubernetes.kubectl("-n", namespace, "create", "serviceaccount", "installer")
    subject = {"kind": "ServiceAccount", "name": "installer", "namespace": namespace}
    everywhere = cluster_role()
    everywhere["metadata"]["name"] = f"airgap-wizard-{namespace}"
    roles = {"Role": role(namespace), "ClusterRole": everywhere}
    for kind, found in roles.items():
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{kind}Binding",
            "metadata": {"name": found["metadata"]["name"]},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": kind,
                "name": found["metadata"]["name"],
            },
            "subjects": [subject],
        }
        kubernetes.kubectl("apply", "-n", namespace, "-f", "-", stdin=yaml.safe_dump_all([found, binding]))
    config = yaml.safe_load(kubernetes.kubeconfig.read_text())
    token = kubernetes.kubectl("-n", namespace, "create", "token", "installer").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = tmp_path / "installer.conf"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    administrator = ctx.world
    api = connect(path, "")
    try:
        ctx.world = World(
            RealCluster(api), RealHelm(tmp_path / "helm", path, program=administrator.helm_._program)
        )
        ctx.answers = dataclasses.replace(
            ctx.answers, cluster=dataclasses.replace(ctx.answers.cluster, kubeconfig=path)
        )
        first = install(ctx)
        assert first["status"] == "deployed"
        assert install(ctx) == first
    finally:
        ctx.world = administrator
        api.close()
        for kind in ("clusterrole", "clusterrolebinding"):
            kubernetes.kubectl("delete", kind, everywhere["metadata"]["name"])


def test_without_the_fix_the_next_version_is_refused_by_name(ctx, tmp_path):
    change(ctx, keep_defects=("claim-template-labels",))
    install(ctx)
    change(ctx, source=bumped(tmp_path, "0.2.0"))
    problem = refused(ctx)
    assert problem.code == "helm-immutable-field"
    assert "--cascade=orphan" in problem.remedies[0].command


@with_("helm4")
def test_without_the_fix_the_bridge_crashes_and_its_words_are_shown(ctx):
    change(ctx, keep_defects=("bridge-command",), timeout="35s")
    problem = refused(ctx)
    assert problem.code == "pod-crashes"
    assert "Failed to initialize cache at /.cache/uv: Read-only file system" in problem.detail
    assert "opencost-ai-bridge" in problem.title
    assert "Failed to initialize cache" in told(ctx), "told while it waited"
    change(ctx, keep_defects=(), timeout="90s")
    assert install(ctx)["status"] == "deployed", "a re-run with the fix goes on from there"


def another(ctx, kubernetes, repository, folder):
    """A gateway image that the node has never seen."""
    files = {"/probe": tool("probe"), "/name": repository.encode()}
    image = program_image(folder, files, ["/probe", "serve", ":8080", "gateway"])
    push_image(image, kubernetes.registry, repository, "1.0")
    found = ctx.evidence["mirror-images"]["images"]
    target = kubernetes.registry.reference(repository, "1.0")
    ctx.evidence = {
        "mirror-images": {"images": {**found, "gateway": {"target": target, "digest": image.digest}}}
    }


@with_("helm3")
def test_a_missing_pull_secret_is_named(ctx, kubernetes, namespace, repository, tmp_path):
    """S4.16."""
    another(ctx, kubernetes, repository, tmp_path / "image")
    kubernetes.kubectl("-n", namespace, "delete", "secret", "internal-registry")
    change(ctx, timeout="25s")
    problem = refused(ctx)
    assert problem.code == "image-pull-failed"
    assert (
        "401" in problem.title or "no basic auth" in problem.title or "authorization failed" in problem.title
    )
    assert "pull secret" in problem.remedies[0].text


@with_("helm3")
def test_podsecurity_refuses_by_name(ctx):
    """S1.33."""
    site(ctx, {"gateway": {"securityContext": {"allowPrivilegeEscalation": True}}})
    change(ctx, timeout="25s")
    problem = refused(ctx)
    assert problem.code == "pod-refused"
    assert "violates PodSecurity" in problem.title


@with_("helm4")
def test_a_storage_class_that_is_not_there(ctx):
    ctx.answers = dataclasses.replace(
        ctx.answers, cluster=dataclasses.replace(ctx.answers.cluster, storage_class="not-here")
    )
    change(ctx, timeout="25s")
    problem = refused(ctx)
    assert problem.code == "claim-pending"
    assert "not-here" in problem.title


def release_secret(kubernetes, namespace):
    found = kubernetes.get("secrets", "-n", namespace, "-l", "owner=helm,name=opencost-ai")["items"]
    return [item["metadata"]["labels"]["status"] for item in found]


def helm_processes(namespace):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"upgrade" in line and namespace.encode() in line:
                found.append(int(entry.name))
    return found


def test_a_killed_helm_leaves_a_release_that_the_next_run_sets_free(ctx, kubernetes, namespace):
    """SIGKILL in mid-install: the next run ends green, nothing doubled."""
    raised = []

    def first():
        try:
            install(ctx)
        except BaseException as error:
            raised.append(error)

    # the run dies with its helm: what stays is a pending release and the mark in the lock file
    helm = ctx.world.helm_
    thread = threading.Thread(target=first)
    thread.start()
    wait_until(lambda: "pending-install" in release_secret(kubernetes, namespace), "the release is pending")
    mark = Held.of(ctx.answers.cluster)
    wait_until(lambda: ours(mark), "the lock says whose it is")
    for pid in helm_processes(namespace):
        os.kill(pid, signal.SIGKILL)
    # keeps the first run from trying again; before the kill it would end Helm by SIGTERM, and Helm would tidy up
    ctx.stop.set()
    thread.join()
    assert raised
    mark.lock.write_bytes(b"working\n")
    assert release_secret(kubernetes, namespace) == ["pending-install"]
    ctx.stop = Stop()
    evidence = install(ctx)
    assert evidence["status"] == "deployed"
    assert "was left pending-install by a run that was killed" in told(ctx)
    assert [r.status for r in helm.history("opencost-ai", namespace)] == ["deployed"]
    assert len(kubernetes.get("pods", "-n", namespace)["items"]) == 3


@with_("helm4")
def test_a_stop_leaves_a_release_that_can_go_on(ctx, kubernetes, namespace):
    raised = []

    def first():
        try:
            install(ctx)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    wait_until(lambda: release_secret(kubernetes, namespace), "Helm has begun")
    ctx.stop.set()
    thread.join()
    assert isinstance(raised[0], Stopped)
    assert helm_processes(namespace) == []
    ctx.stop = Stop()
    assert install(ctx)["status"] == "deployed"


@with_("helm3")
def test_what_was_changed_in_the_cluster_is_put_right(ctx, kubernetes, namespace):
    first = install(ctx)
    kubernetes.kubectl("-n", namespace, "delete", "networkpolicy", "opencost-ai-ollama")
    second = install(ctx)
    assert second["revision"] == first["revision"] + 1
    assert kubernetes.get("networkpolicy", "opencost-ai-ollama", "-n", namespace)["spec"]["egress"]
