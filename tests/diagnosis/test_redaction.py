"""Nothing planted leaves, everything taken is counted, and what a reader needs stays."""

import base64
import hashlib
import io
import json
import tarfile
import time
from pathlib import Path

import pytest

from tests.diagnosis.planted import KINDS, run_folder, site, texts
from wizard.support.format import Bundle
from wizard.support.gather import Wanted, gather
from wizard.support.redact.apply import File, Ledger, redacted
from wizard.support.redact.entropy import masked, random_looking
from wizard.support.redact.pseudonyms import Pseudonyms
from wizard.support.redact.words import secretive
from wizard.support.write import pack

PLACES = (
    "run/answers.yaml", "run/journal.jsonl", "run/evidence.json", "run/summary.txt", "run/process.log", "plan.json",
    "cluster/opencost-ai/Pod.json", "cluster/opencost-ai/ConfigMap.json", "cluster/opencost-ai/Event.json",
    "cluster/opencost-ai/ServiceAccount.json", "cluster/opencost-ai/Deployment.json", "cluster/_/Namespace.json",
    "cluster/opencost-ai/logs/opencost-ai-gateway-1/main.log",
    "cluster/opencost-ai/logs/opencost-ai-gateway-1/main.previous.log",
    "cluster/opencost/Pod.json", "cluster/opencost/logs/opencost-1/main.log", "helm/values.json",
    "host/runtime/etc/rancher/k3s/registries.yaml",
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("planted")
    runtime = folder / "root/etc/rancher/k3s/registries.yaml"
    runtime.parent.mkdir(parents=True)
    runtime.write_text("configs:\n  r:\n    auth:\n      password: rancher-pass-1\n" + texts())
    return gather(Wanted(run_folder(folder / "run"), site(), root=folder / "root"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_planted_secret_is_anywhere_in_the_tar(bundle: Bundle, kind: str) -> None:
    out = io.BytesIO()
    pack(bundle, out)
    data = out.getvalue()
    value = KINDS[kind]
    forms = {value, json.dumps(value)[1:-1], value.splitlines()[len(value.splitlines()) // 2]}
    assert [form for form in forms if form.encode() in data] == []


@pytest.mark.parametrize("place", PLACES)
def test_every_place_was_looked_at_and_what_was_taken_is_counted(bundle: Bundle, place: str) -> None:
    assert place in bundle.files
    taken = {row.rule: row.count for row in bundle.manifest.redacted if row.file == place}
    wanted = {"bearer", "url-password", "named", "entropy"} if place != "helm/values.json" else {"key-name"}
    assert wanted <= set(taken), taken
    assert all(count > 0 for count in taken.values())
    if place.endswith(".log"):
        # a log has each of them once
        assert taken["private-key"] == taken["jwt"] == taken["provider-token"] - 1 == taken["cookie"] == 1
        assert (
            taken["basic-auth"] == taken["password-hash"] == taken["query-text"] == taken["known-value"] == 1
        )


def test_of_secrets_only_names_keys_and_hosts_leave(bundle: Bundle) -> None:
    (secret,) = json.loads(bundle.files["cluster/opencost-ai/Secret.json"])["items"]
    assert secret["keys"] == [".dockerconfigjson", "token"]
    assert secret["hosts"] == ["registry.internal.example"]
    assert set(secret) == {"kind", "apiVersion", "metadata", "type", "keys", "hosts"}
    assert set(secret["metadata"]) == {"name", "namespace"}


def test_the_ledger_holds_no_value_and_is_the_first_member(bundle: Bundle) -> None:
    out = io.BytesIO()
    pack(bundle, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        first = tar.next()
        assert first is not None and first.name == "manifest.json"
        source = tar.extractfile(first)
        assert source is not None
        manifest = json.loads(source.read())
    assert manifest["format"] == "airgap-wizard/support-bundle"
    assert {tuple(sorted(row)) for row in manifest["redacted"]} == {("count", "file", "rule")}


@pytest.mark.parametrize(
    "text",
    [
        "registry.internal.example/opencost-ai/gateway@sha256:" + "0a9fc20635bb39c1" * 4,
        "opencost-ai-gateway-f9fa51d423-a9966 on node-a",
        "containerd://" + "0a9fc20635bb39c1" * 4,
        "cluster-uid 5b9e1c1e-7a44-4f6e-9a39-2d8f6a4b1c0d",
        "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (internal-registry)",
        "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "the secret opencost-ai-auth has no key token",
        "http://opencost-ai-ollama.opencost-ai.svc.cluster.local:11434",
        "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots: no space left on device",
        'persistentvolumeclaim "models-opencost-ai-ollama-0" not found',
        "no bearer token on disk; /v1/ask answers 503 until there is one",
        "existingSecret=opencost-ai-auth --set gateway.auth.secretKey=token",
        "password: env:REGISTRY_PASSWORD",
        "kubectl -n opencost-ai rollout restart deployment,statefulset",
    ],
)
def test_what_tells_something_stays(text: str) -> None:
    assert File("x.log", Ledger()).text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "apiKey",
        "client-key-data",
        "identitytoken",
        "AWS_SECRET_ACCESS_KEY",
        "authToken",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert secretive(name)


@pytest.mark.parametrize(
    "name",
    [
        "secretName",
        "existingSecret",
        "prompt_tokens",
        "TOKEN_FILE",
        "key",
        "author",
        "authenticated",
        "secretKeyRef",
        "passwordUrl",
    ],
)
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not secretive(name)


def test_what_is_drawn_by_lot_and_what_is_not() -> None:
    assert random_looking("q7Zt1Xw9Lr3Kp5Vn8Bm2Hd6")
    assert random_looking("de4dbeef" * 4)
    assert not random_looking("ContainersNotReadyButThere")
    assert not random_looking("12345678901234567890")


def test_base64_goes_as_a_whole_and_paths_stay() -> None:
    drawn = [base64.urlsafe_b64encode(hashlib.sha256(bytes([n])).digest()).decode() for n in range(50)]
    drawn += [base64.b64encode(hashlib.sha256(bytes([n])).digest()).decode() for n in range(50)]
    left = [value for value in drawn if masked(f"at {value} there", "#")[0].strip("= ") != "at # there"]
    assert left == []
    path = "/var/lib/kubelet/pods/5b9e1c1e-7a44-4f6e-9a39-2d8f6a4b1c0d/volumes/kubernetes.io~csi/pvc-1/V1Beta2Mount"
    assert masked(path, "#") == (path, 0)


def test_json_that_is_torn_or_too_deep_is_still_redacted() -> None:
    files = {
        "torn.json": b'{"password": "Tr0ub4dor-and-3", "a": [',
        "deep.json": b'{"a":' * 80 + b'"Tr0ub4dor"' + b"}" * 80,
        "deeper.json": b"[" * 100_000,
        "lines.jsonl": b'{"token":"kubeconfig-token-9"}\nnot json password=abcdefgh1\n',
        "bytes.log": b"\xff\xfe password=abcdefgh1\n",
    }
    out, ledger = redacted(files)
    assert not any(
        b"Tr0ub4dor" in data or b"abcdefgh1" in data or b"token-9" in data for data in out.values()
    )
    assert {row.file for row in ledger.rows()} >= {"torn.json", "deep.json", "lines.jsonl", "bytes.log"}


@pytest.mark.parametrize("text", ["token:" * 40_000, "eyJ" * 80_000, "a.b" * 80_000, "query:\"" * 30_000, "-----BEGIN RSA PRIVATE KEY-----" * 8_000, "x://" * 60_000, "Ab1" * 80_000])  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    """240 kB of what would send a careless pattern round in circles."""
    began = time.process_time()
    File("x.log", Ledger()).text(text)
    assert time.process_time() - began < 5


def test_pseudonyms_are_the_same_everywhere_and_hide_what_they_stand_for() -> None:
    names = Pseudonyms(keep=["1.1.1.1"])
    names.learn("registry.internal.example:5000")
    names.learn("node-a")
    names.learn("ghcr.io")
    names.learn_from("at https://proxy.corp.local/x and http://opencost.opencost.svc:8081")
    text = names(
        "registry.internal.example:5000/x@y on node-a (10.20.0.5), not node-ab; proxy.corp.local; fd00::12; 10.20.0.5; "
        "127.0.0.1 1.1.1.1 169.254.169.254 ghcr.io 12:30:55 v1.34.4 opencost.opencost.svc"
    )
    assert text == (
        "host-1.invalid:5000/x@y on host-2.invalid (ip-1), not node-ab; host-3.invalid; ip-2; ip-1; "
        "127.0.0.1 1.1.1.1 169.254.169.254 ghcr.io 12:30:55 v1.34.4 opencost.opencost.svc"
    )


def test_a_bundle_under_pseudonyms_names_no_host(tmp_path: Path) -> None:
    found = gather(Wanted(run_folder(tmp_path / "run"), site(), pseudonyms=True, root=tmp_path))
    assert found.manifest.pseudonyms
    text = b"\n".join(found.files.values()) + json.dumps(found.manifest.to_json()).encode()
    assert b"internal.example" not in text and b"node-a" not in text
    assert b"host-1" in text
