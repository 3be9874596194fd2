"""What live pages rest on: paces, stalls by name, rows that are written only where they changed, windows of steps."""

from pathlib import Path

import pytest

from screens.app import Wizard
from screens.glyphs import ASCII
from screens.pages.digests import Digests
from screens.pages.failure import Failure
from screens.pages.progress import ROWS, Progress
from screens.pages.review import Review
from screens.watched import STALL, Watched
from screens.widgets.items import Items, cells, detail
from tests.screens.conftest import seen, until
from tests.screens.pages import Recorded, app
from wizard.cli import sitting
from wizard.engine.events import Ended, Event, Move, Moved, Outcome, Planned, PlannedStep, Said, Started
from wizard.engine.folder import Options, RunFolder

MB = 1_000_000


def run_of(*events: Event, steps: int = 1) -> Watched:
    """A watched run of these events."""
    watched = Watched(RunFolder(Path("/nowhere")), Options("install"))
    plan = tuple(PlannedStep(f"s{n}", f"Step {n}") for n in range(steps))
    watched.fold([Planned(at=0, run="r", journey="install", steps=plan), Started(at=0, step="s0"), *events])
    return watched


def moved(at: float, done: int, *, item: str = "a", move: Move = Move.ACTIVE, tries: int = 0) -> Moved:
    """Some progress."""
    return Moved(
        at=at, step="s0", item=item, move=move, done=done, total=100 * MB, group="reg/x/image:1", tries=tries
    )


def test_a_rate_is_of_the_last_seconds_and_counts_what_was_sent() -> None:
    """What was there already is no speed of ours."""
    watched = run_of(
        moved(0, 0), moved(90, 50 * MB), moved(95, 60 * MB), moved(100, 70 * MB), moved(100, 100 * MB, item="b", move=Move.PRESENT)
    )  # fmt: skip
    assert watched.paces["s0"].rate(100) == pytest.approx(2 * MB, rel=0.05)


def test_a_stall_is_named_with_its_seconds_what_waits_and_the_last_word() -> None:
    watched = run_of(moved(0, 0), moved(10, MB), Said(at=11, step="s0", text="last reply 202 to PATCH"))
    step = watched.state.steps["s0"]
    assert watched.stalled(step, 10 + STALL - 1) == ""
    said = watched.stalled(step, 55)
    assert said == "STALLED: no bytes for 45 s (image:1); last word: last reply 202 to PATCH"


def test_what_waits_or_is_over_does_not_stall() -> None:
    watched = run_of(moved(0, 0, move=Move.QUEUED), moved(1, 100 * MB, item="b", move=Move.COPIED))
    assert watched.stalled(watched.state.steps["s0"], 500) == ""


def test_a_row_says_in_words_what_is_known_of_a_digest() -> None:
    """Hashed here, said by the registry to be there, or nothing yet; retries have a column of their own."""
    copied = Moved(item="a", move=Move.COPIED, done=5, total=5, digest="sha256:" + "ab" * 32, tries=2)
    assert cells(copied, ASCII, False)["hash"] == "checked" and cells(copied, ASCII, False)["tries"] == "  2"
    there = Moved(item="a", move=Move.PRESENT, done=5, total=5, digest="sha256:" + "ab" * 32)
    assert cells(there, ASCII, False)["hash"] == "there" and "not sent again" in detail(there)
    assert cells(moved(1, 42 * MB), ASCII, False)["state"] == "active 42%"
    assert cells(moved(1, 100 * MB, move=Move.RETRYING), ASCII, False)["state"] == "retry 99%", "not yet over"
    going = Moved(item="a", move=Move.ACTIVE, done=1, total=5, digest="sha256:" + "ab" * 32)
    assert cells(going, ASCII, False)["hash"] == "" and "not known yet" in detail(going)


async def test_only_cells_that_changed_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 rows, one of which moves: one row's cells are touched."""
    watched = run_of(*(moved(0, 0, item=f"i{n}", move=Move.QUEUED) for n in range(2000)))
    shown = app(lambda _: Digests(watched), watched)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(shown.screen.query_one(Items).shown) == 2000)
        table = shown.screen.query_one(Items)
        table.drain()
        written: list[tuple[object, object]] = []
        monkeypatch.setattr(table, "update_cell", lambda row, column, value: written.append((row, column)))
        watched.fold([moved(1, 42 * MB, item="i7")])
        table.drain()
        assert {row for row, _ in written} == {"s0\0i7"}
        assert {column for _, column in written} == {"state", "bar"}
        written.clear()
        watched.fold([moved(2, 42 * MB + 1, item="i7")])
        table.drain()
        assert written == [], "nothing that is shown has changed"


async def test_the_table_is_filtered_sorted_and_copied() -> None:
    watched = Recorded("healthy")
    shown = app(lambda _: Digests(watched), watched)()
    async with shown.run_test(size=(80, 24)) as pilot:
        table = shown.screen.query_one(Items)
        await until(pilot, lambda: table.shown)
        every = len(table.shown)
        table.filter = "gateway arm64"
        table.refill()
        assert 0 < len(table.shown) < every
        assert all("gateway" in m.group and m.platform == "linux/arm64" for _, m in table.wanted())
        table.sort_by("bytes")
        sizes = [m.total or m.done for _, m in table.wanted()]
        assert sizes == sorted(sizes, reverse=True)
        lines = table.text().splitlines()
        assert len(lines) == len(table.shown) + 1
        assert all("sha256:" in line for line in lines[1:])


async def test_more_steps_than_rows_keep_what_matters_in_sight() -> None:
    """What is done and what waits shrink to a line each; the running step and the next ones are there."""
    events: list[Event] = []
    for n in range(12):
        events += [Started(at=n, step=f"s{n}"), Ended(at=n, step=f"s{n}", outcome=Outcome.DONE, seconds=1)]
    for over in range(13):
        watched = run_of(*events[: over * 2], Started(at=99, step=f"s{min(over, 11)}"), steps=12)
        watched.read = lambda: 0  # type: ignore[method-assign]
        shown = app(lambda _, w=watched: Progress(w), watched)()  # type: ignore[misc]
        async with shown.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            page = shown.screen
            assert isinstance(page, Progress)
            steps, before, after = page.window(list(watched.state.steps.values()))
            assert len(steps) + bool(before) + bool(after) <= ROWS and before + len(steps) + after == 12
            assert watched.state.current in steps


async def test_stopping_asks_first_and_the_page_says_what_was_done() -> None:
    """Stop, No; Stop, Yes; then the failure page offers to go on."""
    shown = Wizard(sitting.rehearsal("healthy"))
    async with shown.run_test(size=(80, 24)) as pilot:
        shown.spine.to_review()
        await until(pilot, lambda: isinstance(shown.screen, Review) and shown.screen.focused)
        shown.launching.start(Options("install", rehearse="healthy"), sure=True)
        await until(pilot, lambda: isinstance(shown.screen, Progress) and shown.screen.ready)
        watched = shown.watched
        assert watched is not None
        await until(pilot, lambda: watched.state.current)
        shown.launching.stop_run()
        await until(pilot, lambda: shown.screen.query("#push-yes"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(shown.screen, Progress))
        assert watched.going
        shown.launching.stop_run()
        await until(pilot, lambda: shown.screen.query("#push-yes"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: watched.state.over)
        assert watched.state.exit_code == 130
        await until(pilot, lambda: "What happened" in "\n".join(seen(shown)))
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(shown.screen, Failure))
        text = "\n".join(seen(shown))
        assert "stopped, as somebody asked" in text and "airgap-wizard run" in text


async def test_the_mouse_works_where_there_is_one() -> None:
    """A button, a line of a list."""
    shown = app(None)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click("#push-next")
        await until(pilot, lambda: shown.screen.query("FieldLine"))
