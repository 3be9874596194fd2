"""The real world: registries as the answers name them, the cluster as configured, Helm from the PATH."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers.model import Answers
from wizard.answers.rules import loopback
from wizard.cluster.port import Cluster, Helm
from wizard.engine.events import Say
from wizard.engine.secrets import Prompter, Secret, SecretRef, resolve
from wizard.engine.stop import Stop
from wizard.oci.sites import Site, Sites

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster


class RealWorld:
    """Connects lazily: what a run does not need is never asked for. `stop` ends every wait for what is away."""

    rehearsal = ""

    def __init__(self, prompter: Prompter | None, stop: Stop | None = None) -> None:
        self._prompter, self._stop = prompter, stop
        self._password: Secret | None = None
        self._cluster: RealCluster | None = None
        self._say: Say | None = None

    def listen(self, say: Say) -> None:
        """The run hears of an API server that is away."""
        self._say = say

    def sites(self, answers: Answers) -> Sites:
        """The internal registry as configured; all others over HTTPS with docker's credentials.

        A public reference that names a loopback host is a registry on this very machine: plain HTTP, as every
        other client takes it.
        """
        r = answers.registry
        local = {host: Site(host, f"http://{host}") for host in _hosts(answers) if loopback(host)}
        if not r.host:
            return Sites(local)
        if r.password is not None and self._password is None:
            self._password = resolve(r.password, "registry.password", self._prompter)
        scheme = "http" if r.plain_http else "https"
        site = Site(
            r.host,
            f"{scheme}://{r.host}",
            ca_file=r.ca_file,
            client_cert=r.client_cert,
            client_key=r.client_key,
            username=r.username,
            password=self._password,
        )
        return Sites(local | {r.host: site})

    def cluster(self, answers: Answers) -> Cluster:
        """The cluster of the pod this runs in, or of the kubeconfig that is named."""
        if self._cluster is None:
            from wizard.cluster.real.adapter import RealCluster
            from wizard.cluster.real.connect import connect

            self._cluster = RealCluster(
                connect(answers.cluster.kubeconfig, answers.cluster.context), stop=self._stop
            )
            if self._say is not None:
                self._cluster.api.say = self._say
        return self._cluster

    def helm(self, answers: Answers) -> Helm:
        """Helm from the PATH."""
        from wizard.cluster.helm.adapter import RealHelm

        return RealHelm(
            kubeconfig=answers.cluster.kubeconfig, context=answers.cluster.context, stop=self._stop
        )

    def model_store(self, answers: Answers) -> Path:
        """The answer, $OLLAMA_MODELS, or Ollama's default (S1.14)."""
        if answers.model.store is not None:
            return answers.model.store
        if own := os.environ.get("OLLAMA_MODELS"):
            return Path(own)
        return Path.home() / ".ollama" / "models"

    def secret(self, ref: SecretRef, name: str) -> Secret:
        """From where the reference says; a prompt was asked before the run."""
        return resolve(ref, name, self._prompter)

    def endpoints(self, answers: Answers) -> tuple[str, ...]:
        """The registries of the images and inside, and the cluster (S2.4)."""
        images = answers.images
        hosts = [
            ref.partition("/")[0] for ref in (images.gateway, images.bridge, images.ollama, images.probe)
        ]
        hosts += [ref.partition("/")[0] for ref in images.extra]
        sites = self.sites(answers)
        staging = answers.journey == "stage"
        public = [] if answers.media.bundle and not staging else [sites.site(h).base for h in hosts]
        if staging:  # the connected side has neither cluster nor internal registry
            chart = answers.chart.source
            named = [chart.removeprefix("oci://").partition("/")[0]] if chart.startswith("oci://") else []
            return tuple(dict.fromkeys([*public, *(sites.site(h).base for h in named)]))
        inside = [sites.site(answers.registry.host).base] if answers.registry.host else []
        where = str(answers.cluster.kubeconfig) if answers.cluster.kubeconfig else "in-cluster"
        return tuple(dict.fromkeys([*public, *inside, f"kubernetes ({where})"]))

    def close(self) -> None:
        """Close the connections to the cluster."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None


def _hosts(answers: Answers) -> list[str]:
    """The registries that the images come from."""
    images = answers.images
    references = (images.gateway, images.bridge, images.ollama, images.probe, *images.extra)
    return [reference.partition("/")[0] for reference in references]
