"""The kinds that the simulated API server knows: API version, plural, and whether they live in a namespace."""

from dataclasses import dataclass

from wizard.cluster.problems import refused


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type."""

    name: str
    api: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; "" for the core."""
        return self.api.rpartition("/")[0]


_ROWS = """
v1 Namespace namespaces cluster
v1 Node nodes cluster
v1 PersistentVolume persistentvolumes cluster
v1 Pod pods
v1 Service services
v1 Endpoints endpoints
v1 Secret secrets
v1 ConfigMap configmaps
v1 ServiceAccount serviceaccounts
v1 PersistentVolumeClaim persistentvolumeclaims
v1 Event events
v1 ResourceQuota resourcequotas
v1 LimitRange limitranges
apps/v1 Deployment deployments
apps/v1 StatefulSet statefulsets
apps/v1 DaemonSet daemonsets
apps/v1 ReplicaSet replicasets
apps/v1 ControllerRevision controllerrevisions
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers
batch/v1 Job jobs
batch/v1 CronJob cronjobs
networking.k8s.io/v1 NetworkPolicy networkpolicies
networking.k8s.io/v1 Ingress ingresses
discovery.k8s.io/v1 EndpointSlice endpointslices
coordination.k8s.io/v1 Lease leases
policy/v1 PodDisruptionBudget poddisruptionbudgets
rbac.authorization.k8s.io/v1 Role roles
rbac.authorization.k8s.io/v1 RoleBinding rolebindings
rbac.authorization.k8s.io/v1 ClusterRole clusterroles cluster
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings cluster
storage.k8s.io/v1 StorageClass storageclasses cluster
storage.k8s.io/v1 CSIDriver csidrivers cluster
storage.k8s.io/v1 CSINode csinodes cluster
networking.k8s.io/v1 IngressClass ingressclasses cluster
node.k8s.io/v1 RuntimeClass runtimeclasses cluster
apiregistration.k8s.io/v1 APIService apiservices cluster
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy validatingadmissionpolicies cluster
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings cluster
storage.k8s.io/v1 VolumeAttachment volumeattachments cluster
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations cluster
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations cluster
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions cluster
scheduling.k8s.io/v1 PriorityClass priorityclasses cluster
"""

KINDS = {
    row[1]: Kind(row[1], row[0], row[2], len(row) == 3)
    for row in (line.split() for line in _ROWS.split("\n"))
    if row
}


def kind(name: str) -> Kind:
    """The kind. Raises `cluster-refused` for one the server does not know."""
    if name not in KINDS:
        raise refused(name, f'no matches for kind "{name}"')
    return KINDS[name]
