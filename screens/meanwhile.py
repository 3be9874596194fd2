"""Work that takes a while, beside the page that waits for it. Leaving does not wait for it: it changes nothing."""

import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from screens.frame import Page
from wizard.engine.problems import Problem

T = TypeVar("T")


def meanwhile(page: Page, work: Callable[[], T], done: Callable[[T | Problem], None]) -> None:
    """Call `work` in a thread and `done` with what it returned, or with its Problem, on the page if it still is there.

    Anything else that is raised is a bug, and ends the wizard as any bug does.
    """

    def run() -> None:
        # the loop is closed where the wizard was left meanwhile: there is nobody to tell
        with contextlib.suppress(RuntimeError):
            try:
                result: T | Problem = work()
            except Problem as problem:
                result = problem
            except Exception as error:
                page.app.call_later(_fail, error)
                return
            page.call_later(done, result)

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()


def _fail(error: Exception) -> None:
    raise error
