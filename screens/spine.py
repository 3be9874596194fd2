"""The way through the pages: from the first one through the sections that the journey asks for, to Review."""

from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from screens.draft import spine

if TYPE_CHECKING:
    from screens.app import Wizard


class Spine:
    """Where one goes from where one is."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    def sections(self) -> list[str]:
        """The sections that this journey's steps ask for, in the order of the pages."""
        asked = [path for step in self.app.session.steps(self.app.draft.answers) for path in step.asks]
        return spine(asked)

    def go_on(self, page: Screen[Any]) -> None:
        """From the first page through the sections to Review."""
        from screens.pages.form import FormPage
        from screens.pages.review import Review

        order = self.sections()
        here = page.section if isinstance(page, FormPage) else ""
        later = order[order.index(here) + 1 :] if here in order else order
        if later:
            number = order.index(later[0]) + 1
            self.app.push_screen(FormPage(later[0], position=f"{number}/{len(order) + 1}"))
        else:
            self.app.push_screen(Review())

    def to_review(self, section: str = "") -> None:
        """Back to the hub, wherever one is, and into one of its sections."""
        from screens.pages.form import FormPage
        from screens.pages.review import Review

        while len(self.app.screen_stack) > 2 and not isinstance(self.app.screen, Review):
            self.app.pop_screen()
        if not isinstance(self.app.screen, Review):
            self.app.push_screen(Review())
        if section:
            self.app.push_screen(FormPage(section, hub=True))
