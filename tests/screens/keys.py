"""`python -m tests.screens.keys` writes docs/keys.md from the bindings."""

from pathlib import Path

from screens.keys import document

PATH = Path(__file__).parents[2] / "docs" / "keys.md"

if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
