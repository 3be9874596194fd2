"""Real Ollama, real registries, real oras: what is pushed here and pulled there is the same model."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.stores import FakeStore, tiny_gguf
from tests.real.certs import Authority
from tests.real.ollama import LICENCE, SYSTEM, TEMPLATE, Ollama, create_tiny_model, ollama_server
from tests.real.process import wait_until
from tests.real.registries import docker_registry
from tests.real.registry import Registry
from tests.real.run import run
from tests.real.tiny_gguf import write_tiny_gguf
from wizard.engine.events import Outcome
from wizard.model import manifest as m
from wizard.model.artefact import plan_artefact
from wizard.model.export import export_model, load_files
from wizard.model.modelfile import Instruction, render
from wizard.model.names import ModelName
from wizard.model.pull import pull_artefact
from wizard.model.push import already_pushed, push_artefact
from wizard.model.store import blob_path, describe, verify_store
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

pytestmark = pytest.mark.real
NAME = ModelName.parse("tiny:1.0")


@pytest.fixture
def target(plain_registry: Registry, repository: str) -> Iterator[Repository]:
    """An empty repository of each registry in turn."""
    host = plain_registry.host
    with Transport(Sites({host: Site(host, f"http://{host}", anonymous=True)})) as transport:
        yield transport.repository(Reference.parse(plain_registry.reference(repository, "1")))


def shown(server: Ollama, name: str) -> dict[str, object]:
    """What `ollama show` knows, but for the time and the paths of this machine."""
    found = dict(server.call("POST", "/api/show", {"model": name, "verbose": True}))
    found.pop("modified_at")
    # parameters come in the order of a Go map: another one each time
    lines = [line for line in found["modelfile"].splitlines() if not line.startswith(("FROM", "#"))]
    return {**found, "modelfile": sorted(lines), "parameters": sorted(found["parameters"].splitlines())}


def listed(server: Ollama) -> list[tuple[str, str, int]]:
    """Name, ID and size, as `ollama list` shows them."""
    return [(one["name"], one["digest"], one["size"]) for one in server.call("GET", "/api/tags")["models"]]


def contents(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def test_a_model_travels_whole(ollama: Ollama, target: Repository, tmp_path: Path) -> None:
    """Real `ollama create`, push, pull into an empty store: list, show and every file equal (S1.25–S1.27)."""
    model = describe(ollama.store, NAME)
    artefact = plan_artefact(model)
    first = push_artefact(artefact, target, "1.0")
    assert first.outcome is Outcome.DONE
    again = push_artefact(plan_artefact(describe(ollama.store, NAME)), target, "1.0")
    assert (again.outcome, again.digest, again.sent) == (Outcome.ALREADY, first.digest, 0)
    assert already_pushed(artefact, target, "1.0") == first.digest

    store = tmp_path / "models"
    pulled = pull_artefact(target, first.digest, store)
    assert pulled.moved == model.manifest.size
    verify_store(store, NAME)
    for layer in model.manifest.blobs:
        assert blob_path(store, layer.digest).read_bytes() == model.blob(layer).read_bytes()
    assert pulled.model.manifest.raw == model.manifest.raw
    before = contents(store)
    with ollama_server(tmp_path, store=store) as other:
        assert other.models() == ["tiny:1.0"]
        assert listed(other) == [one for one in listed(ollama) if one[0] == "tiny:1.0"]
        assert listed(other)[0][1].startswith(model.id)
        assert shown(other, "tiny:1.0") == shown(ollama, "tiny:1.0")
        assert other.command("show", "--license", "tiny:1.0").strip() == LICENCE
        assert other.chat("tiny:1.0") == ollama.chat("tiny:1.0")
    # Ollama pruned nothing at its start, and found nothing of ours to complain about
    assert {path: data for path, data in contents(store).items() if path in before} == before


def test_a_running_ollama_sees_the_model_when_it_is_whole(
    ollama: Ollama, target: Repository, tmp_path: Path
) -> None:
    digest = push_artefact(plan_artefact(describe(ollama.store, NAME)), target, "1.0").digest
    with ollama_server(tmp_path) as other:
        assert other.models() == []
        seen: set[tuple[str, ...]] = set()
        pull_artefact(target, digest, other.store, report=lambda _: seen.add(tuple(other.models())), jobs=1)
        assert seen == {()}
        assert other.models() == ["tiny:1.0"]
        assert other.chat("tiny:1.0")


def test_real_oras_reads_what_we_push(
    ollama: Ollama, target: Repository, plain_registry: Registry, tmp_path: Path
) -> None:
    """S1.15, S1.17, S1.18: the GGUF and the Modelfile, by `oras pull`; the manifest, by `oras manifest fetch`."""
    model = describe(ollama.store, NAME)
    digest = push_artefact(plan_artefact(model), target, "1.0").digest
    ref = f"{target.name}:1.0"
    run("oras", "pull", "--plain-http", "--output", tmp_path / "out", ref)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "tiny-1.0.Modelfile",
        "tiny-1.0.gguf",
    ]
    assert (tmp_path / "out" / "tiny-1.0.gguf").read_bytes() == model.gguf.read_bytes()

    fetched = json.loads(run("oras", "manifest", "fetch", "--plain-http", ref).stdout)
    assert fetched["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert fetched["config"]["mediaType"] == "application/vnd.ollama.image.config+json"
    assert [layer["mediaType"] for layer in fetched["layers"][:2]] == [
        "application/vnd.ollama.image.model",
        "application/vnd.ollama.image.modelfile",
    ]
    said = run("oras", "manifest", "fetch", "--plain-http", "--descriptor", ref).stdout
    assert json.loads(said)["digest"] == digest


def test_real_oras_copies_what_we_push(
    ollama: Ollama, target: Repository, plain_docker_registry: Registry, repository: str
) -> None:
    """A site may replicate with other tools: nothing in the artefact makes them stumble."""
    digest = push_artefact(plan_artefact(describe(ollama.store, NAME)), target, "1.0").digest
    copy = plain_docker_registry.reference(f"{repository}-copy", "1.0")
    run("oras", "cp", "--from-plain-http", "--to-plain-http", f"{target.name}:1.0", copy)
    assert (
        plain_docker_registry.manifest(f"{repository}-copy", "1.0").headers["docker-content-digest"] == digest
    )
    run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{copy}")


def test_the_modelfile_suffices_for_ollama_create(ollama: Ollama, target: Repository, tmp_path: Path) -> None:
    """S1.19: real `oras pull`, real `ollama create`, and every layer that is not weights has its digest back."""
    model = describe(ollama.store, NAME)
    push_artefact(plan_artefact(model), target, "1.0")
    run("oras", "pull", "--plain-http", "--output", tmp_path / "out", f"{target.name}:1.0")
    with ollama_server(tmp_path) as other:
        other.command("create", "again:1", "-f", tmp_path / "out" / "tiny-1.0.Modelfile")
        made = describe(other.store, ModelName.parse("again:1"))
        small = [one for one in model.manifest.layers if one.media_type != m.MODEL]
        assert {one.digest for one in made.manifest.layers} >= {one.digest for one in small}
        assert shown(other, "again:1") == shown(ollama, "tiny:1.0")


def test_what_the_seeds_script_pushed_can_be_pulled(target: Repository, tmp_path: Path) -> None:
    """S1.25: `oras push --artifact-type` with a GGUF and a Modelfile of any name, as in S1's script."""
    folder = tmp_path / "stage"
    folder.mkdir()
    write_tiny_gguf(folder / "granite4.1-8b.gguf")
    modelfile = f'FROM ./granite4.1-8b.gguf\nTEMPLATE """{TEMPLATE}"""\nSYSTEM {SYSTEM}\nPARAMETER temperature 0.7\nPARAMETER stop "</s>"\n'
    (folder / "granite4.1-8b.Modelfile").write_text(modelfile)
    files = (
        "granite4.1-8b.gguf:application/vnd.ollama.image.model",
        "granite4.1-8b.Modelfile:application/vnd.ollama.image.modelfile",
    )
    kind = "application/vnd.ollama.image.config+json"
    run("oras", "push", "--plain-http", "--artifact-type", kind, f"{target.name}:latest", *files, cwd=folder)

    store = tmp_path / "models"
    pull_artefact(target, "latest", store, ModelName.parse("granite4.1:8b"))
    with ollama_server(tmp_path, store=store) as server:
        assert server.models() == ["granite4.1:8b"]
        found = server.call("POST", "/api/show", {"model": "granite4.1:8b"})
        assert (found["template"], found["system"]) == (TEMPLATE, SYSTEM)
        assert sorted(line.split() for line in found["parameters"].splitlines()) == [
            ["stop", '"</s>"'],
            ["temperature", "0.7"],
        ]
        assert server.chat("granite4.1:8b")


def test_a_synthesised_model_is_the_one_that_ollama_create_makes(tmp_path: Path) -> None:
    """The same small layers and the same config, byte for byte, from the same files."""
    gguf = write_tiny_gguf(tmp_path / "x.gguf")
    said = [
        Instruction("from", "./x.gguf"),
        Instruction("template", 'a "b"\n{{ .Prompt }}'),
        Instruction("system", " leading and trailing \n"),
        Instruction("parameter", "<|end|>", "stop"),
        Instruction("parameter", " & two", "stop"),
        Instruction("parameter", "0.25", "top_p"),
        Instruction("parameter", "1.0", "temperature"),
        Instruction("message", "héllo\nthere", "user"),
        Instruction("message", "<hi>", "assistant"),
        Instruction("license", "One\nTwo"),
        Instruction("license", "Three"),
    ]
    rendered = render(said)
    assert rendered.losses == ()
    (tmp_path / "x.Modelfile").write_text(rendered.text)
    with ollama_server(tmp_path) as server:
        server.command("create", "theirs:1", "-f", tmp_path / "x.Modelfile")
        theirs = describe(server.store, ModelName.parse("theirs:1"))
        # ollama create writes the weights anew: give ours what it made of them
        shutil.copy(theirs.gguf, gguf)
        ours = load_files(gguf, server.store, ModelName.parse("ours:1")).model
        assert ours.read(ours.manifest.config) == theirs.read(theirs.manifest.config)
        assert ours.manifest.raw == theirs.manifest.raw
        assert server.models() == ["ours:1", "theirs:1"]


def test_texts_that_a_modelfile_can_hold_come_back_from_ollama(ollama: Ollama, tmp_path: Path) -> None:
    """Our quoting against Ollama's own parser, with the texts that tempt it most."""
    gguf = write_tiny_gguf(tmp_path / "x.gguf")
    texts = [
        '"',
        '""',
        'x"',
        '"x',
        '""x',
        'a"\nb',
        '"""',
        ' " ',
        "\ttab\t",
        "a\r\nb",
        "line\n\n",
        "#no comment",
        'one """ two',
    ]
    with ollama_server(tmp_path) as server:
        for number, text in enumerate(texts):
            rendered = render([Instruction("from", str(gguf)), Instruction("system", text)])
            assert rendered.losses == (), text
            (tmp_path / "Modelfile").write_bytes(rendered.text.encode())
            server.command("create", f"t:{number}", "-f", tmp_path / "Modelfile")
            model = describe(server.store, ModelName.parse(f"t:{number}"))
            assert model.read(model.manifest.of(m.SYSTEM)[0]).decode() == text


def test_an_exported_model_is_created_by_ollama(ollama: Ollama, tmp_path: Path) -> None:
    """S1.15, S1.19: the files on disk are what `ollama create -f` takes."""
    export_model(describe(ollama.store, NAME), tmp_path / "stage" / "tiny.gguf")
    with ollama_server(tmp_path) as server:
        server.command("create", "again:1", "-f", tmp_path / "stage" / "tiny.Modelfile")
        assert shown(server, "again:1") == shown(ollama, "tiny:1.0")


def test_two_models_share_their_weights(tmp_path: Path, target: Repository) -> None:
    """The second push and pull of a model that differs only in its system text move a few hundred bytes."""
    with ollama_server(tmp_path) as server:
        create_tiny_model(server, tmp_path / "made", "one:1")
        (tmp_path / "Modelfile").write_text("FROM one:1\nSYSTEM another\n")
        server.command("create", "two:1", "-f", tmp_path / "Modelfile")
        one, two = (
            plan_artefact(describe(server.store, ModelName.parse(name))) for name in ("one:1", "two:1")
        )
    push_artefact(one, target, "one")
    assert push_artefact(two, target, "two").sent < 5000
    pull_artefact(target, "one", tmp_path / "other")
    assert pull_artefact(target, "two", tmp_path / "other").moved < 5000


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def big(tmp_path: Path) -> FakeStore:
    """A model of 128 MiB: long enough to be interrupted."""
    store = FakeStore(tmp_path / "big")
    store.model(gguf=tiny_gguf(padding=128 << 20))
    return store


def wizard(*argv: str | Path, home: Path) -> subprocess.Popen[str]:
    """The program as a process of its own."""
    command = [sys.executable, "-m", "wizard", "model", *map(str, argv), "--plain-http", "--output", "json"]
    env = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return dict(json.loads(out))


def test_a_killed_pull_goes_on_and_a_killed_push_too(
    big: FakeStore, plain_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """SIGKILL in mid-transfer: nothing half visible, and the next run ends with the same bytes."""
    ref = plain_registry.reference(repository, "1")
    push = ("push", "granite4.1:8b", ref, "--store", big.root)
    before = _bytes(plain_registry.storage)
    with wizard(*push, home=tmp_path) as process:
        wait_until(lambda: _bytes(plain_registry.storage) > before + (4 << 20), "a push")
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert plain_registry.tags(repository) == []
    with wizard(*push, home=tmp_path) as process:
        assert ended(process)["outcome"] == "done"

    other = FakeStore(tmp_path / "other")
    pull = ("pull", ref, "--store", other.root)
    with wizard(*pull, home=tmp_path) as process:
        wait_until(lambda: _bytes(other.root / ".airgap-wizard") > 4 << 20, "a pull")
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not list(other.root.glob("blobs/*"))
    assert not (other.root / "manifests").exists()
    with wizard(*pull, home=tmp_path) as process:
        assert ended(process)["outcome"] == "done"
    assert other.files() == big.files()
    with wizard(*pull, home=tmp_path) as process:
        assert ended(process)["bytesMoved"] == 0


def _bytes(folder: Path) -> int:
    """Bytes of all files below a folder that somebody writes to: what vanishes while we look counts as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def test_the_command_line_with_a_private_ca_and_a_login(tmp_path: Path) -> None:
    """S1.5, S1.12: the artefact travels with the same credentials and certificates as images do."""
    store = FakeStore(tmp_path / "models")
    store.model()
    (tmp_path / "registry").mkdir()
    authority = Authority(tmp_path / "ca")
    client = authority.client("ci")
    with docker_registry(
        tmp_path / "registry", tls=authority, client=client, users={"ci": "s3cret"}
    ) as registry:
        run("oras", "login", "--username", "ci", "--password-stdin", "--ca-file", authority.ca_file, "--cert-file", client.cert, "--key-file", client.key, registry.host, stdin="s3cret", env={"DOCKER_CONFIG": str(tmp_path)})  # fmt: skip
        keys = ("--ca-file", authority.ca_file, "--client-cert", client.cert, "--client-key", client.key)
        ref = registry.reference("ollama-model/granite4.1-8b", "1")
        env = {**os.environ, "DOCKER_CONFIG": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
        command = [sys.executable, "-m", "wizard", "model"]
        for words in (
            ("push", "granite4.1:8b", ref, "--store", store.root),
            ("pull", ref, "--store", tmp_path / "other"),
        ):
            argv = [str(word) for word in (*command, *words, *keys)]
            done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            digest = plan_artefact(describe(store.root, ModelName.parse("granite4.1:8b"))).digest
            assert done.stdout == f"{ref}@{digest}\n"
            assert "s3cret" not in done.stdout + done.stderr
    assert FakeStore(tmp_path / "other").files() == store.files()


def test_the_probe_loads_what_we_push(
    big: FakeStore, plain_registry: Registry, target: Repository, tmp_path: Path
) -> None:
    """S1.26, S1.45: two loaders, in two languages, leave the same store; a second load moves nothing."""
    probe = tmp_path / "probe"
    run("go", "build", "-o", probe, ".", cwd=ROOT / "assets" / "probe", env={"GOFLAGS": "-mod=mod"})
    artefact = plan_artefact(describe(big.root, ModelName.parse("granite4.1:8b")))
    push_artefact(artefact, target, "1")
    other = FakeStore(tmp_path / "other")
    argv = [
        probe,
        "load",
        "--reference",
        f"{target.name}@{artefact.digest}",
        "--model",
        "granite4.1:8b",
        "--store",
        other.root,
        "--plain-http",
    ]
    for outcome in ("loaded", "already"):
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
        assert json.loads(done.stdout.splitlines()[-1])["outcome"] == outcome, done.stdout + done.stderr
        assert other.files() == big.files()
