"""The runner: order, already, problems, bugs, stops, --only, --strict, redaction."""

import pytest

from tests.engine.conftest import make_step
from wizard.engine.codec import decode, encode, line
from wizard.engine.events import Ended, Finding, Grade, Move, Outcome, Planned, Said
from wizard.engine.plan import make_plan
from wizard.engine.problems import Problem, Remedy
from wizard.engine.redact import MASK
from wizard.engine.secrets import Secret
from wizard.engine.stop import Stop


def test_steps_run_in_order_and_their_evidence_is_handed_on(go):
    seen = []
    one = make_step("one", lambda ctx: seen.append("one") or {"digest": "sha256:1"})
    two = make_step("two", lambda ctx: seen.append(ctx.evidence["one"]["digest"]) or {}, after=("one",))
    state, events = go([one, two])
    assert seen == ["one", "sha256:1"]
    assert state.outcome is Outcome.DONE and state.exit_code == 0
    assert [s.outcome for s in state.steps.values()] == [Outcome.DONE, Outcome.DONE]
    assert isinstance(events[0], Planned) and isinstance(events[-1], Ended) and not events[-1].step


def test_the_endpoints_of_a_run_are_said_first(go):
    """S2.4: one greppable line names every endpoint."""
    _, events = go([make_step("one", lambda ctx: {})])
    assert isinstance(events[1], Said)
    assert events[1].text == "endpoints this run may contact: https://registry.internal.example"


def test_a_step_whose_work_is_there_already_is_not_run(go):
    def never(ctx):
        raise AssertionError("run")

    state, _ = go([make_step("one", never, already=lambda ctx: {"n": 1})])
    assert state.steps["one"].outcome is Outcome.ALREADY
    assert state.steps["one"].evidence == {"n": 1}


def test_a_problem_ends_the_run_with_its_exit_code_and_remedies(go):
    def fail(ctx):
        raise Problem(
            "disk-full", "no room", remedies=(Remedy("make room"),), evidence={"need": 5}, exit_code=5
        )

    state, _ = go([make_step("one", fail), make_step("two", lambda ctx: {})])
    assert state.outcome is Outcome.FAILED and state.exit_code == 5
    assert (
        state.problem and state.problem.code == "disk-full" and state.problem.remedies[0].text == "make room"
    )
    assert state.steps["two"].outcome is None


def test_a_bug_is_told_as_one_and_shows_no_value_of_a_variable(go):
    def broken(ctx):
        planted = "planted-" + "value"
        return {"x": {}["missing"]} if planted else {}

    state, events = go([make_step("one", broken)])
    assert state.exit_code == 1 and state.problem and state.problem.code == "internal-error"
    assert "KeyError" in state.problem.title
    assert "planted-value" not in b"".join(map(line, events)).decode()


def test_a_stop_ends_at_the_next_safe_point_with_130(go):
    stop = Stop()

    def step(ctx):
        stop.set()
        ctx.stop.check()

    state, _ = go([make_step("one", step), make_step("two", lambda ctx: {})], stop=stop)
    assert state.outcome is Outcome.STOPPED and state.exit_code == 130


def test_dry_run_previews_and_touches_nothing(go):
    def never(ctx):
        raise AssertionError("run")

    state, events = go([make_step("one", never, already=never)], dry=True)
    assert state.exit_code == 0 and state.outcome is Outcome.SKIPPED
    assert events[0].steps[0].preview == ("would one",)


def test_only_takes_the_evidence_of_what_is_left_out_from_the_world(go):
    one = make_step("one", lambda ctx: {}, already=lambda ctx: {"digest": "d"})
    two = make_step("two", lambda ctx: {"saw": ctx.evidence["one"]["digest"]}, after=("one",))
    state, _ = go([one, two], only=("two",))
    assert list(state.steps) == ["two"] and state.steps["two"].evidence == {"saw": "d"}


def test_only_refuses_where_what_is_left_out_was_never_done(go):
    one = make_step("one", lambda ctx: {})
    two = make_step("two", lambda ctx: {}, after=("one",))
    state, _ = go([one, two], only=("two",))
    assert state.problem and state.problem.code == "step-needs"


@pytest.mark.parametrize("grade", [Grade.WARN, Grade.UNKNOWN])
def test_strict_makes_warnings_and_unknowns_exit_4(go, grade):
    step = make_step("one", lambda ctx: ctx.find(Finding("disk-free", grade, "x")) or {})
    assert go([step])[0].exit_code == 0
    assert go([step], strict=True)[0].exit_code == 4


def test_no_event_carries_a_resolved_secret(go):
    """A value that was resolved once is masked in text, evidence, problems and references, also encoded."""
    secret = Secret("s3cr3t/planted")

    def step(ctx):
        ctx.say(f"login with {secret.reveal()}")
        ctx.move("blob", Move.ACTIVE, source=f"https://x:{secret.reveal()}@host/")
        raise Problem("disk-full", "no", detail="s3cr3t%2Fplanted", evidence={"a": [secret.reveal()]})

    _, events = go([make_step("one", step)])
    text = b"".join(map(line, events)).decode()
    assert "planted" not in text
    assert text.count(MASK) >= 4
    assert "planted" not in f"{secret!r}{secret}"


def test_unknown_steps_are_refused_with_a_guess(go):
    with pytest.raises(Problem) as caught:
        go([make_step("mirror-images", lambda ctx: {})], only=("miror-images",))
    assert caught.value.code == "step-unknown" and "did you mean mirror-images?" in caught.value.title


def test_from_after_until_is_refused(go):
    steps = [make_step("one", lambda ctx: {}), make_step("two", lambda ctx: {})]
    with pytest.raises(Problem) as caught:
        go(steps, start="two", until="one")
    assert caught.value.code == "step-unknown"


@pytest.mark.parametrize("word", ["done", "step", "info", "title", "pass", "ended", "event"])
def test_a_password_that_is_one_of_our_own_words_spoils_no_event(go, word, redacting):
    """It is hidden where people's words are, and what is told can still be read back."""

    def step(ctx):
        Secret(word)
        ctx.say(f"the password is {word}!")
        ctx.find(Finding("a-check", Grade.PASS, "t", evidence={"seen": [f"<{word}>"]}))
        return {}

    state, events = go([make_step("step", step)])
    assert state.outcome is Outcome.DONE
    assert [decode(encode(event)) for event in events] == events
    assert f"{MASK}!" in b"".join(map(line, events)).decode()
    assert state.findings[0].evidence == {"seen": [f"<{MASK}>"]}


def test_a_selection_that_leaves_nothing_is_refused():
    steps = [make_step(name, lambda ctx: {}) for name in ("one", "two", "three")]
    with pytest.raises(Problem) as caught:
        make_plan("install", steps, only=["one"], start="two")
    assert caught.value.code == "step-unknown" and caught.value.exit_code == 2
    assert "--only one is not between two and three" in caught.value.title
