"""What every test can use: the real tools and the fixtures that start them; and what no test leaves to the next."""

import signal
import threading

import pytest
from hypothesis import HealthCheck, settings

from wizard.engine.redact import redactor

if threading.current_thread() is threading.main_thread():
    # under nohup the programs that tests start would be deaf to hang-ups too
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# a machine that is busy is no fault of what is tested
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

pytest_plugins = ["pytester", "tests.real.plugin", "tests.e2e.cluster.plugin"]


@pytest.fixture(autouse=True)
def _no_secret_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's redaction filter begins empty: a secret of one test may be a plain word of another."""
    monkeypatch.setattr(redactor, "_forms", ())
