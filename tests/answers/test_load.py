"""Loading answers: every fault at once, with its place, what was expected and what was probably meant."""

import datetime
from pathlib import Path

import pytest

from tests.answers.texts import MINIMAL, with_lines
from wizard.answers.load import load, loads
from wizard.answers.model import Journey
from wizard.engine.problems import Problem
from wizard.engine.secrets import SecretRef

TODAY = datetime.date(2026, 5, 1)


def complaints(text: str | bytes, *sets: str, **rest: object) -> list[str]:
    """The lines of the problem that loading raises; [] where it loads."""
    try:
        loads(text, "a.yaml", sets=sets, today=TODAY, **rest)  # type: ignore[arg-type]
    except Problem as problem:
        assert problem.code == "answers-invalid"
        assert problem.exit_code == 2
        lines = problem.detail.split("\n")
        assert len(problem.evidence["faults"]) == len(lines)
        return lines
    return []


def test_a_minimal_file_loads_with_the_documented_defaults() -> None:
    """S1.21, S1.33: the sources' tags and the namespace are defaults."""
    answers = loads(MINIMAL)
    assert answers.journey is Journey.INSTALL
    assert answers.registry.host == "registry.internal.example"
    assert answers.images.ollama == "docker.io/ollama/ollama:0.30.8"
    assert answers.images.gateway == "ghcr.io/opencost/opencost-ai-gateway:v0.1.0"
    assert answers.images.bridge == "ghcr.io/jonigl/ollama-mcp-bridge:v0.2.0"
    assert answers.cluster.namespace == "opencost-ai"
    assert answers.cluster.default_deny is True


TEN_FAULTS = """\
apiVersion: airgap-wizard/v1
journey: install
regsitry:
  host: registry.internal.example
registry:
  host: https://registry.internal.example
  plainHttp: "true"
  username: airgap
  password: hunter2-planted
  clientCert: client.pem
cluster:
  storage_class: internal-block
  namespace: Opencost_AI
  gpu: 1
images:
  extra:
    - nginx
    - docker.io/library/busybox:1.36
model:
  name: llama3:8b
"""


def test_ten_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    """Must show: answers with ten faults give ten messages with lines; the literal secret is not repeated."""
    text = TEN_FAULTS + "chart:\n  source: ./chart.tgz\n"
    assert complaints(text) == [
        "a.yaml:3:1 regsitry: unknown key; did you mean registry?",
        "a.yaml:5:1 registry.clientKey: missing, and registry.clientCert is given; "
        "expected Client key, like /etc/ssl/client.key",
        'a.yaml:6:9 registry.host: "https://registry.internal.example" is not valid; expected a host without a '
        "scheme, like registry.internal.example:5000 (plain HTTP is plainHttp: true)",
        "a.yaml:7:14 registry.plainHttp: a text; expected true or false; leave the quotes away",
        "a.yaml:9:13 registry.password: a literal secret is refused, and not repeated here; "
        "expected env:NAME, file:PATH or prompt",
        "a.yaml:12:3 cluster.storage_class: unknown key; did you mean cluster.storageClass?",
        'a.yaml:13:14 cluster.namespace: "Opencost_AI" is not valid; '
        "expected a name of at most 63 lower-case letters, digits and '-', like opencost-ai",
        "a.yaml:14:8 cluster.gpu: a number; expected true or false",
        'a.yaml:17:7 images.extra[0]: "nginx" is not valid; '
        "expected a full reference with its registry, like docker.io/ollama/ollama:0.30.8",
        "a.yaml:19:1 model.licenceConfirmed: the licence of llama3:8b is not confirmed; expected true, once you have "
        "read it and it lets you carry the model (granite4.1:3b, 8b and 30b need no word)",
    ]


def test_the_problem_carries_the_faults_as_data_for_a_machine() -> None:
    with pytest.raises(Problem) as caught:
        loads(MINIMAL.replace("host:", "hots:"), "a.yaml")
    assert caught.value.title == "a.yaml: 1 fault"
    assert caught.value.evidence["faults"][0] == {
        "place": "a.yaml:4:3",
        "line": 4,
        "column": 3,
        "path": "registry.hots",
        "message": "unknown key",
        "expected": "",
        "hint": "did you mean registry.host?",
    }


ONE_FAULT = [
    ("apiVersion: airgap-wizard/v2", 'apiVersion: "airgap-wizard/v2" is not known here; expected airgap-wizard/v1'),
    ("journey: instal", 'journey: "instal" is no journey; expected one of stage, install, verify, upgrade, '
     "rollback, rotate, gc; did you mean install?"),
    ("journey:", "journey: empty; expected one of stage, install, verify, upgrade, rollback, rotate, gc"),
    ("registry: [a]", "registry: a list; expected keys and values below it"),
    ("proof: yes", "proof: true or false; expected keys and values below it"),
    ("{{ registry }}: x", "a key that is no word; expected key: value; an unfilled '{{…}}' template?"),
    ("namespace: x", "namespace: unknown key here; did you mean cluster.namespace?"),
    ("host: x", "host: unknown key here; did you mean registry.host?"),
    ("prefix: x", "prefix: unknown key here; did you mean registry.prefix or model.prefix?"),
    ("r\u0435gistry: {}", "r\u0435gistry: unknown key (it holds \u0435, U+0435); "
     "did you mean registry?"),
    ("zzz: x", "zzz: unknown key; expected one of apiVersion, journey, images, registry, model, cluster, chart, "
     "proof, media"),
    ('"\\e[31mred": x', '"\\x1b[31mred": unknown key; expected one of'),
    ("cluster.namespace: 12", 'cluster.namespace: "12" is a number in YAML; expected a text, like opencost-ai; '
     "put it in quotes"),
    ("cluster.namespace: no", 'cluster.namespace: "no" is true or false in YAML; expected a text, like opencost-ai; '
     "put it in quotes"),
    ("cluster.namespace: [a, b]", "cluster.namespace: a list; expected a text, like opencost-ai"),
    ("cluster.namespace: {a: b}", "cluster.namespace: a mapping with keys; expected a text, like opencost-ai"),
    ("cluster.namespace: ''", 'cluster.namespace: "" is not valid; expected a name of at most 63 lower-case'),
    ("cluster.namespace: !!python/object:os.system x", "cluster.namespace: a tag ('!…'); expected a text"),
    ('cluster.namespace: "a\\nb"', "cluster.namespace: holds the control character U+000A; expected a text on one line"),
    ("cluster.namespace: {{ name }}", "cluster.namespace: a mapping with keys; expected a text, like opencost-ai; "
     "an unfilled '{{…}}' template?"),
    ("images.extra: -docker.io/a:1", "images.extra: a text; expected a list, like [docker.io/library/busybox:1.36]; "
     "a space is missing after '-'"),
    ("proof: question:x", "proof: a text; expected keys and values below it; a space is missing after ':'"),
    ("chart.timeout: 0m", 'chart.timeout: "0m" is not valid; expected a duration above nothing, like 5m or 1h30m'),
    (f"cluster.release: {'r' * 54}", f'cluster.release: "{"r" * 54}" is not valid; expected a name of at most 53 '
     "lower-case letters, digits and '-', like opencost-ai"),
    ("cluster.namespace: a.b", 'cluster.namespace: "a.b" is not valid; expected a name of at most 63 lower-case letters, '
     "digits and '-', like opencost-ai"),
    ("registry.pullSecret: A", "registry.pullSecret: the value (not repeated here) is not valid; expected a name of "
     "lower-case letters, digits, '-' and '.', like internal-registry"),
    ("cluster.gpu: maybe", "cluster.gpu: a text; expected true or false"),
    ("cluster.gpu: [true]", "cluster.gpu: a list; expected true or false"),
    ("cluster.volumeSize: 20 gigs", 'cluster.volumeSize: "20 gigs" is not valid; '
     "expected a Kubernetes quantity, like 20Gi"),
    ("cluster.kubeconfig: 7", 'cluster.kubeconfig: "7" is a number in YAML; expected a path, like '
     "/root/.kube/config; put it in quotes"),
    ("chart.timeout: soon", 'chart.timeout: "soon" is not valid; expected a duration above nothing, like 5m or 1h30m'),
    ("chart.values: ''", "chart.values: empty; expected a path, like values-airgap.yaml"),
    ("images.platforms: linux/amd64", "images.platforms: a text; expected a list, like [linux/amd64, linux/arm64]"),
    ("images.platforms: []", "images.platforms: an empty list carries nothing; expected all, or os/architecture"),
    ("images.platforms: [all, linux/amd64]", "images.platforms: all stands beside others; "
     "expected all alone, or a list without it"),
    ("images.platforms: [windows]", 'images.platforms[0]: "windows" is not valid; expected all, or os/architecture, '
     "like linux/arm64"),
    ("images.extra: [null]", "images.extra[0]: empty; expected a text"),
    ("images.gateway: ghcr.io/opencost/gateway", 'images.gateway: "ghcr.io/opencost/gateway" is not valid; expected '
     "a tag or a digest at the end, like ghcr.io/opencost/gateway:0.1.0"),
    ("proof.outside: [1.1.1.1]", 'proof.outside[0]: "1.1.1.1" is not valid; expected HOST:PORT'),
    ("proof.outside: []", "proof.outside: an empty list proves nothing about egress; expected at least one HOST:PORT"),
    ("registry.password: 12345678", "registry.password: a literal secret is refused, and not repeated here; "
     "expected env:NAME, file:PATH or prompt"),
    ("registry.password: env:PW", "registry.username: missing, and registry.password is given; "
     "expected User name, like airgap"),
    ("registry.username: me", "registry.password: missing, and registry.username is given; "
     "expected Password, like env:REGISTRY_PASSWORD"),
    ("registry.clientKey: k.pem", "registry.clientCert: missing, and registry.clientKey is given; "
     "expected Client certificate, like /etc/ssl/client.pem"),
    ("registry.plainHttp: true", "registry.plainHttpUntil: plain HTTP to registry.internal.example with no last day, "
     "and only loopback may have that; expected a day to come, like 2026-05-31, or plainHttp: false"),
    ("cluster.context: site-a", "cluster.context: means nothing without cluster.kubeconfig; "
     "expected kubeconfig, like /root/.kube/config"),
    ("media.keyPassword: prompt", "media.keyPassword: means nothing without media.key; "
     "expected Signing key, like /root/keys/site.key"),
    ("media.bundle: b.airgap", "media.trust: missing, and media.bundle is given: no bundle is opened without it; "
     "expected Trust policy, like /etc/airgap-wizard/trust.yaml"),
    ("model.extra: [qwen3:4b]", "model.licenceConfirmed: the licence of qwen3:4b is not confirmed; expected true"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), ONE_FAULT)
def test_one_fault_one_message(line: str, said: str) -> None:
    """S1.23, S1.48, S2.16, S5.13 among others: each bad line gives exactly one message, in our words."""
    key = line.partition(":")[0]
    if key in ("apiVersion", "journey"):
        text = "".join(
            line + "\n" if old.startswith(key) else old for old in MINIMAL.splitlines(keepends=True)
        )
    elif key == "registry":
        text = MINIMAL.replace("registry:\n  host: registry.internal.example\n", line + "\n")
    elif "." in key:
        section, _, rest = line.partition(".")
        text = with_lines(section, rest)
    else:
        text = f"{MINIMAL}{line}\n"
    found = complaints(text)
    assert len(found) == 1, found
    place, _, rest = found[0].partition(" ")
    name, number, column = place.removesuffix(":").split(":")
    assert rest.startswith(said)
    assert name == "a.yaml"
    assert 0 < int(number) <= len(text.splitlines())
    assert int(column) > 0


def test_two_plain_http_days_and_the_last_of_them_is_still_good() -> None:
    """S5.13: plain HTTP outside loopback has an expiry, and it is refused the day after."""
    line = 'plainHttpUntil: "2026-05-01"'
    assert complaints(with_lines("registry", "plainHttp: true", line)) == []
    unquoted = with_lines("registry", "plainHttp: true", "plainHttpUntil: 2026-05-01")
    assert complaints(unquoted) == []
    late = with_lines("registry", "plainHttp: true", "plainHttpUntil: 2026-04-30")
    assert complaints(late) == [
        "a.yaml:6:19 registry.plainHttpUntil: plain HTTP to registry.internal.example was accepted until 2026-04-30, "
        "and today is 2026-05-01; expected a later day, or TLS (plainHttp: false, and caFile for a private CA)"
    ]
    assert complaints(with_lines("registry", "plainHttpUntil: soon"))[0].endswith(
        'registry.plainHttpUntil: "soon" is not valid; expected a day written YYYY-MM-DD, like 2027-01-31'
    )


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "127.9.9.9:5000", '"[::1]:5000"'])
def test_plain_http_to_loopback_needs_no_day(host: str) -> None:
    """S1.23."""
    text = with_lines("registry", "plainHttp: true").replace("registry.internal.example\n", host + "\n", 1)
    assert complaints(text) == []


@pytest.mark.parametrize(
    "name", ["granite4.1:3b", "granite4.1:8b", "granite4.1:30b", "library/granite4.1:8b"]
)
def test_the_licence_of_granite_is_known(name: str) -> None:
    """S1.48."""
    assert complaints(with_lines("model", f"name: {name}")) == []


def test_another_model_is_carried_once_its_licence_is_confirmed() -> None:
    """S1.48; a journey that carries no model does not ask."""
    assert len(complaints(with_lines("model", "name: llama3:8b"))) == 1
    assert complaints(with_lines("model", "name: llama3:8b", "licenceConfirmed: true")) == []
    assert complaints(with_lines("model", "name: llama3:8b").replace("install", "verify")) == []


def test_stage_needs_a_bundle_and_a_key_unless_the_command_supplies_them() -> None:
    """S2.13, S2.15: what is staged is signed."""
    text = MINIMAL.replace("install", "stage")
    assert [c.split(" ")[1] for c in complaints(text)] == ["media.bundle:", "media.key:"]
    assert complaints(text, supplied=("media.bundle", "media.key")) == []
    assert complaints(text, "media.bundle=b", "media.key=k") == []


def test_a_key_without_a_value_is_a_key_left_out() -> None:
    text = with_lines("cluster", "namespace:", "context: ~").replace("chart:\n", "proof:\nmodel: ~\nchart:\n")
    assert loads(text) == loads(MINIMAL)


def test_missing_answers_are_told_at_the_section_or_at_the_journey() -> None:
    assert complaints("journey: install\napiVersion: airgap-wizard/v1\nregistry:\n  prefix: a\n") == [
        "a.yaml:1:10 cluster.storageClass: missing, and the journey install needs it; "
        "expected StorageClass, like internal-block",
        "a.yaml:1:10 chart.source: missing, and the journey install needs it; "
        "expected Chart, like ./opencost-ai-0.1.0.tgz",
        "a.yaml:3:1 registry.host: missing, and the journey install needs it; "
        "expected Host, like registry.internal.example",
    ]


def test_a_bundle_brings_its_chart() -> None:
    """S2.23: no chart is named where a bundle is; on the connected side, where it is made, it is."""
    media = "media:\n  bundle: /b.airgap\n  trust: /t.yaml\n"
    without = "apiVersion: airgap-wizard/v1\n" + media
    install = "journey: install\nregistry:\n  host: r.example\ncluster:\n  storageClass: fast\n"
    assert complaints(without + install) == []
    assert any("chart.source: missing" in line for line in complaints(without + "journey: stage\n"))


def test_what_an_unknown_key_was_meant_to_be_is_not_called_missing_too() -> None:
    """One cause is told once; but a misspelt section beside the right one hides nothing of that."""
    text = "apiVersion: airgap-wizard/v1\njourney: verify\n"
    assert complaints(text + "regsitry:\n  host: a\n") == [
        "a.yaml:3:1 regsitry: unknown key; did you mean registry?"
    ]
    assert complaints(text + "host: a\n") == [
        "a.yaml:3:1 host: unknown key here; did you mean registry.host?"
    ]
    assert complaints(text, "registry.hots=a") == [
        "--set #1 registry.hots: unknown key; did you mean registry.host?"
    ]
    assert len(complaints(text + "regsitry:\n  host: a\nregistry:\n  prefix: a\n")) == 2


def test_without_a_journey_the_rest_is_still_looked_at() -> None:
    assert complaints("apiVersion: airgap-wizard/v1\ncluster:\n  gpu: 1\n") == [
        "a.yaml:1:1 journey: missing; expected stage, install, verify, upgrade, rollback, rotate, gc",
        "a.yaml:3:8 cluster.gpu: a number; expected true or false",
    ]


def test_faults_above_a_line_that_is_no_yaml_are_told_with_it() -> None:
    text = MINIMAL.replace("host:", "hots:") + "proof:\n  question: who: me\nmedia:\n  keyy: a\n"
    assert complaints(text) == [
        "a.yaml:4:3 registry.hots: unknown key; did you mean registry.host?",
        "a.yaml:10:16: a second ': ' in one value; expected 'key: value'; put the value in quotes if it holds a "
        "colon, or indent the key like its neighbours",
    ]


@pytest.mark.parametrize(
    "host", ["docker.io", "registry-1.docker.io", "GHCR.io:443", "quay.io", "registry.ollama.ai"]
)
def test_a_public_registry_is_no_internal_one(host: str) -> None:
    """S1.2, S2.24: what the cluster pulls from is inside."""
    assert complaints(MINIMAL.replace("host: registry.internal.example", f"host: {host}")) == [
        f'a.yaml:4:9 registry.host: "{host}" is not valid; expected the registry inside your perimeter, not a public '
        "one; images.* says where images come from"
    ]


def test_a_doubled_key_is_a_fault_and_names_the_first() -> None:
    assert complaints(MINIMAL + "journey: stage\n") == [
        "a.yaml:9:1 journey: given twice; first on line 2; expected every key once"
    ]


def test_relative_paths_are_taken_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    file = tmp_path / "answers.yaml"
    text = with_lines("registry", "caFile: tls/ca.pem", "username: u", "password: file:../pw")
    file.write_text(
        with_lines("model", "store: ~/models", text=text).replace("oci://registry.internal.example/", "./")
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    answers = load(file, sets=["media.bundle=b.airgap", "media.trust=/t.yaml"])
    assert answers.registry.ca_file == tmp_path / "tls/ca.pem"
    assert answers.registry.password == SecretRef(f"file:{tmp_path.parent}/pw")
    assert answers.model.store == Path("/home/op/models")
    assert answers.chart.source == f"{tmp_path}/charts/opencost-ai:0.1.0"
    assert answers.chart.values == tmp_path / "values-airgap.yaml"
    assert answers.media.bundle == elsewhere / "b.airgap"


def test_an_oci_chart_is_no_path() -> None:
    answers = loads(MINIMAL, folder=Path("/etc/site"))
    assert answers.chart.source == "oci://registry.internal.example/charts/opencost-ai:0.1.0"


@pytest.mark.parametrize("make", ["absent", "folder", "unreadable"])
def test_a_file_that_cannot_be_read_is_another_problem(tmp_path: Path, make: str) -> None:
    """answers-unreadable: absent, a folder, a path below a file."""
    path = tmp_path / "a.yaml"
    if make == "folder":
        path.mkdir()
    if make == "unreadable":
        path.write_text("")
        path = path / "below"
    with pytest.raises(Problem) as caught:
        load(path)
    assert caught.value.code == "answers-unreadable"
    assert caught.value.exit_code == 2
    assert str(path) in caught.value.title
    assert caught.value.detail in ("No such file or directory", "Is a directory", "Not a directory")
