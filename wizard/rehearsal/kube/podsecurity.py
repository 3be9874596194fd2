"""PodSecurity admission: what the profiles `baseline` and `restricted` refuse, in the API server's words.

Source: Kubernetes documentation, Pod Security Standards (the checks that a carried workload can meet).
"""

from collections.abc import Iterator
from typing import Any

_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
_BASELINE_CAPS = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip

LEVEL = "pod-security.kubernetes.io/enforce"


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """All containers of a pod spec: init, ordinary and ephemeral."""
    return [
        *(spec.get("initContainers") or []),
        *(spec.get("containers") or []),
        *(spec.get("ephemeralContainers") or []),
    ]


def violations(spec: dict[str, Any], level: str) -> list[str]:
    """What the profile has against a pod spec; empty where it is admitted."""
    if level not in ("baseline", "restricted"):
        return []
    found = list(_baseline(spec))
    if level == "restricted":
        found += _restricted(spec)
    return found


def _baseline(spec: dict[str, Any]) -> Iterator[str]:
    host = [k for k in ("hostNetwork", "hostPID", "hostIPC") if spec.get(k)]
    if host:
        yield f"host namespaces ({', '.join(f'{k}=true' for k in host)})"
    paths = [v["name"] for v in spec.get("volumes") or [] if "hostPath" in v]
    if paths:
        yield f"hostPath volumes (volume{_s(paths)} {_names(paths)})"
    privileged = [c["name"] for c in containers(spec) if _sc(c).get("privileged")]
    if privileged:
        yield f"privileged ({_who(privileged)} must not set securityContext.privileged=true)"
    ports = [c["name"] for c in containers(spec) if any(p.get("hostPort") for p in c.get("ports") or [])]
    if ports:
        yield f"hostPort ({_who(ports)} uses hostPorts)"
    caps = [
        c["name"]
        for c in containers(spec)
        if set((_sc(c).get("capabilities") or {}).get("add") or []) - _BASELINE_CAPS
    ]
    if caps:
        yield f"non-default capabilities ({_who(caps)} must not include them in securityContext.capabilities.add)"


def _restricted(spec: dict[str, Any]) -> Iterator[str]:
    pod = spec.get("securityContext") or {}
    every = containers(spec)
    escalating = [c["name"] for c in every if _sc(c).get("allowPrivilegeEscalation") is not False]
    if escalating:
        yield (
            f"allowPrivilegeEscalation != false ({_who(escalating)} must set"
            " securityContext.allowPrivilegeEscalation=false)"
        )
    caps = [c["name"] for c in every if "ALL" not in ((_sc(c).get("capabilities") or {}).get("drop") or [])]
    if caps:
        yield f'unrestricted capabilities ({_who(caps)} must set securityContext.capabilities.drop=["ALL"])'
    odd = sorted(
        k
        for v in spec.get("volumes") or []
        for k in v
        if k != "name" and k not in _VOLUMES and k != "hostPath"
    )
    if odd:
        yield f"restricted volume types (volumes use restricted types {_names(odd)})"
    rooted = [c["name"] for c in every if _sc(c).get("runAsNonRoot", pod.get("runAsNonRoot")) is not True]
    if rooted:
        yield f"runAsNonRoot != true (pod or {_who(rooted)} must set securityContext.runAsNonRoot=true)"
    zero = [c["name"] for c in every if _sc(c).get("runAsUser", pod.get("runAsUser")) == 0]
    if zero:
        yield f"runAsUser=0 (pod or {_who(zero)} must not set runAsUser=0)"
    seccomp = [
        c["name"]
        for c in every
        if (_sc(c).get("seccompProfile") or pod.get("seccompProfile") or {}).get("type")
        not in ("RuntimeDefault", "Localhost")
    ]
    if seccomp:
        yield (
            f"seccompProfile (pod or {_who(seccomp)} must set securityContext.seccompProfile.type"
            ' to "RuntimeDefault" or "Localhost")'
        )


def _sc(container: dict[str, Any]) -> dict[str, Any]:
    return container.get("securityContext") or {}


def _s(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""


def _names(names: list[str]) -> str:
    return ", ".join(f'"{n}"' for n in names)


def _who(names: list[str]) -> str:
    return f"container{_s(names)} {_names(names)}"
