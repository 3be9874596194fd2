"""RunState: a total fold, progress that never runs backwards."""

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_journal import EVENTS
from wizard.engine.events import Move, Moved, Started
from wizard.engine.state import RunState, fold


@given(st.lists(st.sampled_from(EVENTS)))
def test_any_sequence_of_events_gives_a_state(events):
    assert isinstance(fold(events), RunState)


def test_progress_never_runs_backwards_and_retries_are_counted():
    state = fold(
        [
            Started(step="s", at=1),
            Moved(step="s", item="b", move=Move.ACTIVE, done=80, total=100, source="src"),
            Moved(step="s", item="b", move=Move.RETRYING, done=0, total=100, tries=1),
            Moved(step="s", item="b", move=Move.ACTIVE, done=10, total=100),
        ]
    )
    item = state.steps["s"].items["b"]
    assert (item.done, item.tries, item.source) == (80, 1, "src")
    assert state.steps["s"].bytes_done == 80


def test_present_and_mounted_bytes_are_done_but_not_copied():
    moves = [Move.PRESENT, Move.MOUNTED, Move.VERIFIED]
    state = fold([Moved(step="s", item=m, move=m, done=10, total=10) for m in moves])
    assert state.steps["s"].bytes_done == 30
    assert state.bytes_copied == 10
