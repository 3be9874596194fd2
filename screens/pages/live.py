"""A page over a run."""

from screens.frame import Page
from screens.watched import Watched


class LivePage(Page):
    """`follow` is called ten times a second while the page is in front."""

    def __init__(self, watched: Watched) -> None:
        super().__init__()
        self.watched = watched
        self.seen = -1
        self.word = ""
        self.ready = False

    @property
    def journey(self) -> str:
        return self.watched.options.journey

    @property
    def rehearsal(self) -> str:
        """That of the run, whatever the session is."""
        return self.watched.state.rehearsal or self.watched.options.rehearse

    def follow(self) -> None:
        """Show what is new."""

    def on_screen_resume(self) -> None:
        """Seen again."""
        if self.ready:
            self.follow()

    def on_mount(self) -> None:
        """Called after that of the page itself: from now on there is something to follow with."""
        self.ready = True
