"""A support bundle in the wizard: its files as a tree, everything bounded, and nothing hostile acts on the terminal."""

import json
from pathlib import Path

import pytest

from screens.members import DEEPEST, LONGEST, MOST, lines_of, tree
from screens.pages.diagnosis import Diagnose
from screens.pages.parcel import Parcel
from screens.pages.reading import LINES, Reading
from screens.pages.runs import Runs
from tests.screens.conftest import seen, until
from tests.screens.pages import app, parcel
from wizard.cli import sitting
from wizard.cli.main import dispatch
from wizard.support.format import Bundle, Collected, Got, Manifest, Redacted
from wizard.support.write import write

EVIL = "[bold red]x[/] \x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x9b2J [@click=app.quit]y[/]"


def hostile() -> Bundle:
    """Control codes, markup, bidirectional overrides, long lines and deep folders wherever a text is read."""
    fault = {"code": "x", "title": EVIL, "detail": EVIL, "remedies": [{"text": EVIL, "command": EVIL}]}
    journal = [
        {"event": "planned", "at": 1.0, "run": EVIL, "journey": EVIL, "steps": [{"id": "s", "title": EVIL}]},
        {"event": "started", "at": 2.0, "step": "s", "title": EVIL},
        {"event": "said", "at": 3.0, "step": "s", "level": "error", "text": EVIL},
        {"event": "ended", "at": 1e300, "step": "", "outcome": "failed", "problem": fault},
    ]
    files = {
        "run/journal.jsonl": "\n".join(map(json.dumps, journal)).encode(),
        "cluster/ns/logs/pod/c.log": (EVIL + "\n").encode() + b"\xff\xfe\x00\r\n" + b"a" * 100_000,
        "cluster/ns/Event.json": json.dumps({"at": 1, "items": [{"message": EVIL}], "left": 0}).encode(),
        "/".join("d" * 150) + "/deep.txt": b"x",
    }
    manifest = Manifest(
        EVIL, EVIL, EVIL, EVIL, EVIL, EVIL,
        collected=(Collected(EVIL, Got.FAILED, EVIL),),
        redacted=(Redacted(EVIL, EVIL, 3),),
    )  # fmt: skip
    return Bundle(manifest, files, (EVIL,))


async def test_nothing_in_a_hostile_bundle_acts_on_the_terminal_or_is_read_as_markup() -> None:
    """Every page of it: what would act is shown as its number, what looks like markup as it stands."""
    shown = app(lambda _: Parcel(sitting.browsed(f"{EVIL}.tar", hostile())), world="")()
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Parcel)
        await until(pilot, lambda: page.keys)
        page.unfolded = {"run/", "cluster/", "cluster/ns/", "cluster/ns/logs/", "cluster/ns/logs/pod/", "d/"}
        page.redraw()
        harmless(seen(shown))
        opened = 0
        for key in page.keys:
            if not key or (not isinstance(key, str) and key.folder):
                continue
            page.query_one("#rows").highlighted = page.keys.index(key)  # type: ignore[attr-defined]
            page.press_next()
            await until(
                pilot, lambda: isinstance(shown.screen, Reading | Diagnose) and shown.screen.query("#keys")
            )
            await pilot.pause()
            harmless(seen(shown))
            opened += 1
            shown.pop_screen()
        assert opened >= 7
        page.press_missing()
        await until(pilot, lambda: "[bold red]x[/]" in "\n".join(seen(shown)))
        assert not shown._exit, "a link in a text was no action"


def harmless(lines: list[str]) -> None:
    """Printable signs alone."""
    assert all(line.isprintable() for line in lines), [line for line in lines if not line.isprintable()]


def test_what_is_shown_of_a_file_is_bounded() -> None:
    """A long line is cut, of a large log the end is kept, of any other large file the beginning; JSON is laid out."""
    assert len(lines_of("a.txt", b"a" * (LONGEST + 7))[0]) < LONGEST + 50
    assert lines_of("a.txt", b"a" * (LONGEST + 7))[0].endswith("[7 more characters]")
    big = b"first\n" + b"line\n" * (MOST // 5) + b"last"
    log, text = lines_of("x.log", big), lines_of("x.yaml", big)
    assert log[-1] == "last" and "bytes are not shown" in log[0]
    assert text[0] == "first" and "bytes are not shown" in text[-1]
    assert lines_of("x.json", b'{"a":[1]}') == ["{", '  "a": [', "    1", "  ]", "}"]
    assert lines_of("x.json", b"[" * 100_000)[0].startswith("[[["), "no JSON: as it stands"
    assert lines_of("x.bin", b"\xff\x00") == ["\ufffd\x00"], "made visible where it is shown"


async def test_a_text_of_many_lines_is_cut_filtered_and_says_so() -> None:
    lines = [f"line {n} {'even' if n % 2 == 0 else 'odd'}" for n in range(LINES * 3)]
    shown = app(lambda _: Reading("many", lines))()
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: f"the first {LINES} rows" in "\n".join(seen(shown)))
        shown.screen.query_one("Input").value = "even 14998"  # type: ignore[attr-defined]
        await until(pilot, lambda: "1 of 15000 lines" in "\n".join(seen(shown)))
        assert "line 14998 even" in "\n".join(seen(shown))


def test_folders_stand_before_files_and_open_one_by_one() -> None:
    files = {"b.txt": b"12", "a/z.txt": b"1", "a/b/c.txt": b"123", "b/x": b""}
    assert [(b.name, b.depth, b.files, b.size) for b in tree(files)] == [
        ("a/", 0, 2, 4), ("b/", 0, 1, 0), ("b.txt", 0, 1, 2),
    ]  # fmt: skip
    assert [b.path for b in tree(files, {"a/"})] == ["a/", "a/b/", "a/z.txt", "b/", "b.txt"]
    assert [b.path for b in tree(files, {"a/b/"})] == ["a/", "b/", "b.txt"], "within a folder that is shut"
    deep = {"/".join("d" * 150): b""}
    every = {"/".join("d" * n) + "/" for n in range(1, 150)}
    assert len(tree(deep, every)) == DEEPEST + 1


async def test_the_tree_opens_with_enter_and_shows_the_text_of_a_file() -> None:
    """Keys alone: a folder, a folder in it, a file; the control codes in its log are shown as what they are."""
    shown = app(lambda _: Parcel(parcel("pull-401")))()
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "> cluster/   2 files" in "\n".join(seen(shown)))
        text = "\n".join(seen(shown))
        assert "1. CERTAIN" in text and "Timeline:" in text and "Not got, which is no pass: 1" in text
        await pilot.press("end", "up", "enter")
        for name in ("opencost-ai/", "logs/", "gateway-7d9c/", "gateway.log"):
            await until(pilot, lambda name=name: name in "\n".join(seen(shown)))  # type: ignore[misc]
            await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(shown.screen, Reading))
        await until(pilot, lambda: "\\x1b[2Jcolours of its own" in "\n".join(seen(shown)))
        await pilot.press("f7", "home", "down", "enter")
        await until(
            pilot, lambda: "Timeline" in seen(shown)[0] and "install begins" in "\n".join(seen(shown))
        )


async def test_a_bundle_is_opened_from_the_list_of_runs(tmp_path: Path) -> None:
    """By the name of its file; what is none is told, and the list stays."""
    write(parcel("pull-401").bundle, tmp_path / "b.tar")
    (tmp_path / "other.tar").write_bytes(b"none of ours" * 100)
    shown = app(lambda _: Runs())()
    async with shown.run_test(size=(80, 24)) as pilot:
        for name, sees in (("other.tar", "is not a support bundle"), ("b.tar", "1. CERTAIN")):
            await until(pilot, lambda: isinstance(shown.screen, Runs))
            await pilot.click("#push-bundle")
            line = await until(pilot, lambda: shown.screen.query("Input"))
            line.first().value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda sees=sees: sees in "\n".join(seen(shown)))  # type: ignore[misc]
            await pilot.press("escape")


def test_without_a_terminal_the_commands_that_say_the_same_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """no-terminal names `diagnose --bundle` of that very file."""
    assert dispatch(["--bundle", "a file.tar"]) == 2
    said = capsys.readouterr().err
    assert "airgap-wizard diagnose --bundle 'a file.tar'" in said and "--timeline" in said
