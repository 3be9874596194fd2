"""All apps, by the name that an image's label or a world's annotation gives."""

from wizard.rehearsal.apps.base import App
from wizard.rehearsal.apps.bridge import Bridge
from wizard.rehearsal.apps.gateway import Gateway
from wizard.rehearsal.apps.ollama import Ollama
from wizard.rehearsal.apps.opencost import OpenCost
from wizard.rehearsal.apps.plain import Dns, Idle
from wizard.rehearsal.apps.probe import Probe

_APPS: dict[str, App] = {
    "gateway": Gateway(),
    "bridge": Bridge(),
    "ollama": Ollama(),
    "opencost": OpenCost(),
    "probe": Probe(),
    "dns": Dns(),
}
_IDLE = Idle()


def app(name: str) -> App:
    """The app; an image that says nothing of itself idles."""
    return _APPS.get(name, _IDLE)
