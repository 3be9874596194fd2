"""An OCI registry (distribution-spec 1.1) in this process: `with RegistryServer(folder) as server: server.url`.

Imported on first use, so that nobody pays for it who does not serve.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.oci.server.limits import Limits
    from wizard.oci.server.log import Access, Trouble
    from wizard.oci.server.running import RegistryServer
    from wizard.oci.server.tls import Tls

__all__ = ["Access", "Limits", "RegistryServer", "Tls", "Trouble"]

_WHERE = {"Access": "log", "Limits": "limits", "RegistryServer": "running", "Tls": "tls", "Trouble": "log"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(f"wizard.oci.server.{_WHERE[name]}"), name)
