"""A proved install is broken, diagnosed, mended by typing what is printed, and diagnosed again: the cause is gone."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.broken.wounds import WOUNDS, Patient, lets_out, token_deleted
from tests.e2e.conftest import Installed
from tests.e2e.shell import Shell
from tests.e2e.site import MODEL

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def patient(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """Well before the first wound, and after the last."""
    assert installed.first.code == 0, installed.first.story
    found = Patient(installed, Shell(installed.site, tmp_path_factory.mktemp("shell")))
    assert found.diagnose() == []
    yield found
    found.restarted("gateway")  # a token that was made anew reaches it at once, not within two minutes
    assert found.diagnose() == []


@pytest.mark.parametrize("name", WOUNDS)
def test_mended_by_what_is_printed(patient: Patient, name: str) -> None:
    """The cause first, once, and alone; its remedy typed; no cause after it."""
    wound = WOUNDS[name]
    wound.make(patient)
    found = patient.diagnose()
    for number in wound.typed:
        patient.shell.carry_out(found[0]["remedies"][number]["command"])
    wound.then(patient)
    assert [c["code"] for c in found] == [wound.first]
    assert patient.diagnose() == []


def test_another_default_model(patient: Patient) -> None:
    """The gateway asks for what nobody has loaded."""
    patient.kubectl("set", "env", "deployment/opencost-ai-gateway", "OPENCOST_AI_DEFAULT_MODEL=granite4.1:8b")
    patient.rolled("gateway")
    found = patient.diagnose()
    patient.kubectl("set", "env", "deployment/opencost-ai-gateway", f"OPENCOST_AI_DEFAULT_MODEL={MODEL}")
    patient.rolled("gateway")
    assert [c["code"] for c in found] == ["model-name-mismatch"]
    assert MODEL in found[0]["title"] and "granite4.1:8b" in found[0]["title"]


def test_two_at_once(patient: Patient) -> None:
    """Each is told, and neither hides the other."""
    token_deleted(patient)
    lets_out(patient)
    found = patient.diagnose()
    for cause in found:
        patient.shell.carry_out(cause["remedies"][0]["command"])
    assert {c["code"] for c in found} == {"token-secret-missing", "egress-open"}
    assert patient.diagnose() == []


def test_nobody_enforces_policies(patient: Patient) -> None:
    """Only an experiment shows it (`--probe`); that everything gets out is told under it."""
    command = f"airgap-wizard diagnose --answers-file {patient.installed.answers} --probe --output json"
    patient.restarted("gateway")
    with patient.installed.site.cluster.unenforced():
        done = patient.shell.type(command)
    assert done.returncode == 3, done.stderr
    causes = json.loads(done.stdout)["causes"]
    assert [c["code"] for c in causes] == ["cni-enforces-policy"], done.stdout
    assert "egress-refused" in json.dumps(causes[0]["showsAs"])
