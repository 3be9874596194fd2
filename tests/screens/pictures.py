"""`python -m tests.screens.pictures` draws docs/pictures/*.svg: the main pages, over recorded journals."""

import asyncio
import os
import re
from pathlib import Path

from tests.screens.pages import pages
from tests.screens.test_snapshots import settled

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES = {
    "review": ("review", (100, 30)),
    "progress": ("progress", (120, 30)),
    "verification": ("verification", (100, 30)),
    "failure": ("failure", (100, 30)),
    "diagnosis": ("diagnosis", (100, 30)),
    "done": ("done", (100, 30)),
}
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.S)


async def draw(name: str, size: tuple[int, int]) -> str:
    """One page as SVG, without a font from elsewhere: whoever reads the docs inside the perimeter has none."""
    app = pages()[name]()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        svg = _FONTS.sub("", app.export_screenshot(title="airgap-wizard"))
        return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas").replace(
            " with Rich https://www.textualize.io", ""
        )


def main() -> None:
    """All of them."""
    os.environ |= {
        "TEXTUAL_ANIMATIONS": "none",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, (page, size) in PICTURES.items():
        path = FOLDER / f"{file}.svg"
        path.write_text(asyncio.run(draw(page, size)))
        print(path)


if __name__ == "__main__":
    main()
