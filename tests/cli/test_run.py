"""`run` as automation uses it: exit codes, JSON lines, resuming, secrets in no artefact."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program, Site

COPY = ("--only", "mirror-images")


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_images_arrive_with_their_digests_and_are_told_as_json_lines(program: Program, site: Site):
    """S1.20: the destination digest of each image is recorded."""
    done = program("run", "--answers-file", site.answers(), *COPY, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    told = events(done.stdout)
    assert told[0]["event"] == "planned" and told[-1]["event"] == "ended"
    ended = next(e for e in told if e["event"] == "ended" and e.get("step") == "mirror-images")
    assert {k: v["digest"] for k, v in ended["evidence"]["images"].items()} == site.images
    for name, digest in site.images.items():
        reply = site.internal.request("GET", f"/v2/opencost-ai/{name}/manifests/1.0")
        assert reply.headers["docker-content-digest"] == digest


def test_a_second_run_says_already_copies_nothing_and_has_equal_evidence(program: Program, site: Site):
    answers = site.answers()
    runs = [events(program("run", "-f", answers, *COPY, "--format", "jsonl").stdout) for _ in range(2)]
    ends = [next(e for e in told if e["event"] == "ended" and e.get("step")) for told in runs]
    assert [e["outcome"] for e in ends] == ["done", "already"]
    assert ends[0]["evidence"] == ends[1]["evidence"]
    assert runs[1][-1]["evidence"]["bytesCopied"] == 0


def test_plain_lines_say_what_happened_and_where_it_is_kept(program: Program, site: Site):
    done = program("run", "-f", site.answers(), *COPY)
    assert done.returncode == 0
    assert "endpoints this run may contact: http://127.0.0.1:" in done.stdout
    assert f"{site.images['ollama']}  {site.internal.host}/opencost-ai/ollama:1.0" in done.stdout
    assert "\x1b" not in done.stdout
    folder = Path(next(line for line in done.stdout.splitlines() if line.startswith("folder")).split()[1])
    assert (folder / "summary.txt").read_text() in done.stdout
    assert json.loads((folder / "evidence.json").read_text())["mirror-images"]


def test_a_missing_tag_is_a_problem_that_names_it_exit_5(program: Program, site: Site):
    wrong = f"images.bridge={site.link.host}/team/bridge:9.9"
    done = program("run", "-f", site.answers(), *COPY, "--set", wrong)
    assert done.returncode == 5
    assert "9.9" in done.stdout and "explain tag-not-found" in done.stdout
    assert "1.0" in done.stdout, "the tags that there are"


def test_answers_with_faults_exit_2_before_anything_is_written(program: Program, tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text("apiVersion: airgap-wizard/v1\njourney: install\nregistry: {hots: x}\n")
    done = program("run", "-f", path)
    assert done.returncode == 2 and "hots" in done.stderr and done.stdout == ""
    assert not (program.state / "runs").exists()


def test_an_unset_secret_is_told_by_its_name_exit_2(program: Program, site: Site):
    answers = site.answers(username="robot", password="env:NOT_SET_HERE")
    done = program("run", "-f", answers, *COPY)
    assert done.returncode == 2
    assert "registry.password" in done.stdout and "NOT_SET_HERE" in done.stdout


def test_a_prompt_without_a_terminal_is_refused_before_the_run(program: Program, site: Site):
    done = program("run", "-f", site.answers(username="robot", password="prompt"), *COPY)
    assert done.returncode == 2 and "secret-not-found" in done.stderr
    assert not (program.state / "runs").exists()


def test_a_planted_secret_is_in_no_artefact_of_a_run(program: Program, site: Site):
    planted = "pl4nted-t0ken/with+signs"
    answers = site.answers(username="robot", password="env:SITE_PASSWORD")
    done = program("run", "-f", answers, *COPY, "--format", "jsonl", env={"SITE_PASSWORD": planted})
    assert done.returncode == 0, done.stdout
    files = [p for p in program.state.rglob("*") if p.is_file()]
    assert len(files) >= 5
    for text in (done.stdout, done.stderr, *(p.read_bytes().decode(errors="replace") for p in files)):
        assert "pl4nted" not in text


def test_dry_run_shows_every_step_and_contacts_nobody(program: Program, tmp_path: Path, site: Site):
    before = sorted(p for p in site.internal.storage.rglob("*"))
    done = program("run", "-f", site.answers(), *COPY, "--dry-run")
    assert done.returncode == 0
    assert (
        f"copy {site.link.host}/team/ollama:1.0 to {site.internal.host}/opencost-ai/ollama:1.0" in done.stdout
    )
    assert sorted(p for p in site.internal.storage.rglob("*")) == before


@pytest.mark.parametrize("argv", [("run", "--nonsense"), ("frobnicate",), ("run", "--only", "x")])
def test_wrong_usage_exits_2(program: Program, argv):
    assert program(*argv).returncode == 2


def test_without_a_terminal_the_bare_command_says_how_to_go_headless(program: Program):
    done = program()
    assert done.returncode == 2
    assert "airgap-wizard --answers-file answers.yaml" in done.stderr


def test_answers_for_verify_are_sent_to_the_command_that_takes_them(program: Program, site: Site):
    """journey-unknown: what `answers example --journey verify` writes is no answers of `run`."""
    file = site.folder / "verify.yaml"
    file.write_text(program("answers", "example", "--journey", "verify").stdout)
    done = program("run", "-f", file)
    assert done.returncode == 2 and "explain journey-unknown" in done.stderr
    assert f"$ airgap-wizard verify --answers-file {file}\n" in done.stderr
    dry = program("verify", "--answers-file", file, "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr


def test_problems_of_usage_are_told_by_their_code(program: Program, site: Site):
    """answers-missing, journey-unknown, no-terminal, check-unknown: each with its page and exit 2."""
    (site.folder / "gc.yaml").write_text(
        "apiVersion: airgap-wizard/v1\njourney: gc\nregistry: {host: r.example}\n"
    )
    cases = {
        "answers-missing": ("run",),
        "journey-unknown": ("run", "-f", site.folder / "gc.yaml"),
        "no-terminal": (),
        "run-not-found": ("attach", "nosuch"),
        "check-unknown": ("preflight", "--rehearse", "healthy", "--check", "nosuch"),
    }
    for code, argv in cases.items():
        done = program(*argv)
        assert (done.returncode, f"explain {code}" in done.stderr) == (2, True), (code, done.stderr)
