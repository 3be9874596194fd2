"""Look at pages as text: `python -m tests.screens.show PAGE [WIDTHxHEIGHT] [keys…]`."""

import asyncio
import os
import sys
from pathlib import Path

from tests.screens.conftest import seen
from tests.screens.pages import pages
from tests.screens.test_snapshots import settled


async def show(name: str, size: tuple[int, int], keys: list[str]) -> None:
    """Print one page."""
    app = pages()[name]()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        print("\n".join(seen(app)))
        if os.environ.get("SVG"):
            Path(os.environ["SVG"]).write_text(app.export_screenshot())


if __name__ == "__main__":
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("AIRGAP_WIZARD_STATE", "/tmp/show-state")
    width, _, height = (sys.argv[2] if len(sys.argv) > 2 else "80x24").partition("x")
    asyncio.run(show(sys.argv[1], (int(width), int(height)), sys.argv[3:]))
