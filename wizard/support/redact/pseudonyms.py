"""Pseudonyms for hosts and addresses: the same one for the same thing in all files of one bundle, and in no other.

Nothing is kept of which stands for which.
"""

import re
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:]|\.\d)"
)
_URL_HOST = re.compile(r"\bhttps?://(?:[^\s/@]{0,300}@)?([A-Za-z0-9][A-Za-z0-9.-]{1,250})")
_PUBLIC = {
    "docker.io", "registry-1.docker.io", "index.docker.io", "auth.docker.io", "ghcr.io", "quay.io", "gcr.io",
    "registry.k8s.io", "public.ecr.aws", "registry.ollama.ai", "mcr.microsoft.com", "localhost", "github.com",
}  # fmt: skip
_INSIDE = (".svc", ".svc.cluster.local")
_SHARED = {"kubernetes.io", "k8s.io", "svc.cluster.local", "cluster.local"}
METADATA = "169.254.169.254"


class Pseudonyms:
    """Learns names, then replaces them everywhere. Thread-safe."""

    def __init__(self, keep: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._keep = {METADATA, *keep}
        self._domains: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, host: str) -> None:
        """A host of the site, with or without its port."""
        name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
        if len(name) < 3 or name in _PUBLIC or name.endswith(_INSIDE) or self._is_address(name):
            return
        with self._lock:
            if name not in self._hosts:
                self._hosts[name] = f"host-{len(self._hosts) + 1}.invalid"
                self._pattern = None
                domain = name.partition(".")[2]
                if "." in domain and domain not in _SHARED:
                    self._domains.add(domain)

    def learn_from(self, text: str) -> None:
        """The hosts of the URLs in a text."""
        for match in _URL_HOST.finditer(text):
            self.learn(match.group(1).rstrip("."))

    def __call__(self, text: str) -> str:
        """The text with every learnt host and every address replaced."""
        with self._lock:
            if self._pattern is None and self._hosts:
                names = [re.escape(name) for name in sorted(self._hosts, key=len, reverse=True)]
                # whatever else lies in the domain of a host of the site is the site's as well
                names += [
                    rf"[\w-]+(?:\.[\w-]+){{0,4}}\.{re.escape(domain)}" for domain in sorted(self._domains)
                ]
                self._pattern = re.compile(r"(?<![\w.-])(?:" + "|".join(names) + r")(?![\w-]|\.\w)")
            pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(lambda m: self._host(m.group()), text)
        return _ADDRESS.sub(lambda m: self._address(m.group()), text)

    def _host(self, name: str) -> str:
        with self._lock:
            return self._hosts.setdefault(name, f"host-{len(self._hosts) + 1}.invalid")

    def _address(self, text: str) -> str:
        if text in self._keep or not self._is_address(text):
            return text
        address: IPv4Address | IPv6Address = ip_address(text)
        if address.is_loopback or address.is_unspecified:
            return text
        with self._lock:
            return self._addresses.setdefault(text, f"ip-{len(self._addresses) + 1}")

    @staticmethod
    def _is_address(text: str) -> bool:
        try:
            ip_address(text)
        except ValueError:
            return False
        return True
