"""What must not be lost: saving the answers, and leaving without having saved them."""

from pathlib import Path
from typing import TYPE_CHECKING

from screens.dialogs import Ask, Confirm, Message

if TYPE_CHECKING:
    from screens.app import Wizard


class LeaveUnsaved(Confirm):
    """The question before leaving; it is asked once."""


class Keeping:
    """A file is written where one says; a run that goes on is never stopped by leaving."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    def save(self) -> None:
        """Write the answers to a file that `run --answers-file` reads."""
        if self.app.draft.pending:
            self.app.push_screen(Message("Not saved", "Some values are no values yet; Review leads to them."))
            return
        before = str(self.app.draft.file or "answers.yaml")
        text = "The answers as YAML. Replay them without a terminal:\nairgap-wizard --answers-file FILE\n"

        def named(path: str | None) -> None:
            if not path:
                return
            try:
                self.app.draft.save(Path(path))
                self.app.notify_line(f"saved: {self.app.draft.file}")
            except OSError as error:
                self.app.push_screen(Message("Not saved", f"{path}: {error.strerror or error}"))

        self.app.push_screen(Ask("Save the answers", text, before, "Save"), named)

    def leave(self) -> None:
        """A run goes on; unsaved answers are mentioned first."""
        going = self.app.watched is not None and self.app.watched.going
        if not going and self.app.draft.changed and not self.app.session.world and self.app.screen_stack[1:]:
            self._leave_unsaved()
            return
        self.app.exit(0)

    def _leave_unsaved(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.app.exit(0)

        lines = ["The answers have changed and are in no file. F2 saves them."]
        self.app.push_screen(LeaveUnsaved("Leave without saving?", lines, "Leave"), answered)
