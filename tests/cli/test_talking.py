"""What is said to somebody who mistypes, or whose terminal cannot show every character."""

import pytest

from tests.cli.conftest import Program


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_a_character_gets_it_spelt(program: Program, encoding: str):
    """LC_ALL=C and ISO-8859-1: never a crash, and no `?` where a spelling is known."""
    env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    helped = program("--help", env=env)
    assert helped.returncode == 0 and "COMMAND ..." in helped.stdout
    assert program("explain", "tools-proven", env=env).returncode == 0
    dry = program("run", "--rehearse", "healthy", "--dry-run", env=env)
    assert dry.returncode == 0 and "REHEARSAL" in dry.stdout and "Traceback" not in dry.stderr


def test_help_of_a_command_is_the_commands(program: Program):
    assert program("help", "mirror").stdout == program("mirror", "--help").stdout


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run", "--answer-file", "x"], "usage: airgap-wizard run"),
        (["run", "--answer-file", "x"], "did you mean --answers-file?"),
        (["answers", "check", "f", "--bogus"], "usage: airgap-wizard answers check"),
        (["run", "--rehe", "healthy"], "did you mean --rehearse?"),
        (["mirror", "a=b", "--jobs", "0"], "'0' is no number from 1 to 256"),
        (["mirror", "r.test/a:1=r.test/x:1", "r.test/b:1=r.test/x:1"], "cannot both become r.test/x:1"),
    ],
)
def test_what_was_typed_wrong_is_told_by_the_command_that_was_meant(
    program: Program, argv: list[str], said: str
):
    done = program(*argv)
    assert done.returncode == 2 and said in done.stderr


def test_a_misspelt_world_is_told_before_anything_is_written(program: Program):
    done = program("run", "--rehearse", "helthy")
    assert done.returncode == 2 and "did you mean healthy?" in done.stderr
    assert not program.state.exists()


def test_a_file_that_is_no_answers_file_is_not_repeated(program: Program, tmp_path):
    """A file named by mistake may be one that only its owner reads."""
    path = tmp_path / "passwd"
    path.write_text("".join(f"user{n}:$6$planted{n}:1:\n" for n in range(9)))
    done = program("run", "-f", path)
    assert done.returncode == 2 and "no answers file" in done.stderr and "planted" not in done.stderr
    assert "1 fault" in done.stderr


def test_an_answer_that_is_set_holds_in_a_rehearsal_too(program: Program):
    done = program("run", "--rehearse", "healthy", "--dry-run", "--set", "cluster.release=other")
    assert done.returncode == 0, done.stderr
    (folder,) = (program.state / "runs").iterdir()
    assert "release: other" in (folder / "answers.yaml").read_text()


def test_remedies_of_a_command_name_its_own_answers_file(program: Program, tmp_path):
    answers = tmp_path / "my answers.yaml"
    answers.write_text(program("answers", "example").stdout)
    done = program("run", "-f", answers, "--only", "nothing-like-it")
    assert done.returncode == 2 and f"--dry-run --answers-file '{answers}'" in done.stderr
