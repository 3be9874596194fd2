"""F1: about the page, the field under the cursor, and the keys."""

import textwrap
from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from screens.frame import Page
from screens.keys import ACTIONS, KEYS
from screens.widgets.text import Words, content, joined

TOPICS = {
    "welcome": "The first page. The cursor is on the ways to begin; Enter takes the one it is on.\n\n"
    "A rehearsal does everything on a simulated site: it is the quickest way to see what will be asked and shown, and "
    "what goes wrong looks exactly as it would for real.",
    "review": "The hub. Every section of the answers is a row: its verdict (complete, or how many answers are to be "
    "mended) and what was chosen. Enter opens it, and its last button comes back here.\n\n"
    "Below are the steps of the run in order; Enter on one shows all it will do. Steps that say “looks” change nothing. "
    "Nothing at all is changed before “Begin the run” and a Yes.",
    "form": "One answer a line. What is typed is taken at once and never lost, also where it is wrong; the words beside "
    "each line say how it stands: needed, WRONG, found (filled in with what was found here), default.\n\n"
    "Down and Tab go to the next line. Enter does too or, where values were found, offers them. Passwords are never "
    "typed here: write env:NAME, file:PATH or prompt, and with prompt they are asked for when the run begins.",
    "progress": "The run as its journal tells it. It belongs to no terminal: F10, a closed window or a cut line leave "
    "it running, and `airgap-wizard attach` or the page Runs show it again, in two terminals at once if you like.\n\n"
    "A step that is “done already” was recognised, not repeated. A stall is named with its seconds. Retries are counted "
    "in a column of their own; progress never runs backwards.",
    "digests": "Every item that moves. “checked”: hashed by this program as it moved or was read back. “there”: the "
    "registry had a blob of that digest, and it was not sent again. Type into the filter to keep some rows; Enter on a row "
    "shows its digests in full and copies them.",
    "log": "Every line of the run. The filter keeps lines that hold every word typed. Follow keeps the newest in sight.",
    "checks": "Every check with its verdict. UNKNOWN means that it could not be looked at (a missing permission, an "
    "unanswered probe): it is no pass. Enter shows the evidence, what to do, and how the verdict was established.",
    "verification": "The proof after an install. The matrix was tried from inside each component's own pod: refused is "
    "good; the control at the right is the same attempt from a pod that no policy names, so that one can tell a policy "
    "that refuses from a site where nothing could be reached anyway.",
    "failure": "What went wrong, why, and what to do, with the exact command. Mend it, then Retry: what is done is "
    "recognised. Edit answers opens Review with the answers of this run. Diagnose (F5) looks for the cause "
    "in the run and in the site as it is now. F9 shows what a support bundle would hold, for whoever helps from afar. "
    "Shell opens one in this terminal and comes back.",
    "diagnosis": "The causes, the likeliest first: certain, likely or possible says how sure it is. Below stands what "
    "to do about the one under the cursor, with the exact command, and what that rests on. One cause behind many symptoms "
    "is told once.\n\n"
    "What the run's folder tells is there at once; then the site is asked as it is now, which changes nothing. F5 does "
    "both again, after you have mended something. `airgap-wizard diagnose --run RUN` says the same without screens.",
    "support": "What would leave the site, before it does: every file with its size and what was taken out of it by which "
    "rule. Enter shows a file as it would leave. Pseudonyms replaces host names and addresses, the same one always by the "
    "same word. F8 writes one file; nothing is sent anywhere.",
    "parcel": "A support bundle, as somebody brought it. Nothing of it is unpacked, run or believed. Enter opens what is "
    "under the cursor: the causes, the timeline, a folder, a file.",
    "reading": "Text as it stands in a file; signs that would act on the terminal are shown as \\x and their number. The "
    "filter keeps lines that hold every word typed.",
    "done": "The record of what was installed, by digest, and the command that does the same again.",
    "runs": "Every run has a folder with its answers, its journal and its evidence. Enter shows one.",
}


class Help(Page):
    """Text that scrolls."""

    next_label = ""
    DEFAULT_CSS = "Help VerticalScroll { height: 1fr; }"

    def __init__(self, about: str, text: "str | Content") -> None:
        super().__init__()
        self.heading = f"Help: {about}"
        self.text = text if isinstance(text, Content) else content(text)

    def body(self) -> Iterable[Widget]:
        """It."""
        with VerticalScroll(id="all"):
            yield Words(self.text)

    def on_mount(self) -> None:
        self.query_one("#all").focus()

    @classmethod
    def for_page(cls, page: Page) -> "Help":
        """What is known about a page and what has the focus on it."""
        from screens.pages.form import FormPage
        from screens.widgets.findings import Findings, explained, told

        parts: list[str | tuple[str, str]] = []
        topic = "form" if isinstance(page, FormPage) else page.topic
        about = page.heading
        if isinstance(page, FormPage) and (line := page.here):
            ask, field = line.row.ask, line.row.field
            about = ask.label
            parts += [
                (f"{ask.label} ({field.path})\n", "bold"),
                f"{ask.why}\n\n",
                f"  type      {field.kind.value}{': ' + ', '.join(field.choices) if field.choices else ''}\n",
                f"  example   {field.sample}\n",
                f"  default   {'none' if field.default in (None, '', ()) else field.default}\n",
                f"  needed by {', '.join(ask.needed) or 'no journey'}\n",
                f"  source    {ask.seed or 'this program'}\n\n",
            ]
        focused = page.focused
        if isinstance(focused, Findings) and (check := focused.check_here):
            finding = focused.findings.get(check)
            about = check
            parts += [
                (f"{check}\n", "bold"),
                f"{told(finding)}\n\n" if finding else "",
                explained(check),
                "\n\n",
            ]
        parts += [("This page\n", "bold"), TOPICS.get(topic, page.why), "\n\n", ("Keys\n", "bold")]
        for key in (*KEYS, ACTIONS):
            if key is ACTIONS or page.offers(key.action):
                also = ", ".join(
                    a.replace("alt+", "Alt+").replace("escape", "Esc") for a in key.also.split(",") if a
                )
                text = textwrap.fill(f"{key.label}: {key.help}", max(40, page.size.width - 20))
                parts.append(f"  {key.cap:4} {also:10} {textwrap.indent(text, ' ' * 18)[18:]}\n")
        return cls(about, joined(*parts))
