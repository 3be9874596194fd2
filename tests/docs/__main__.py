"""`python -m tests.docs`: write the generated documents, the example answers and their schema. `--check` only tells which are stale."""

import sys

from tests.docs.generate import documents, stale


def main() -> int:
    """0, or 1 where `--check` finds stale ones."""
    old = stale()
    for path in old:
        print(f"{'stale' if '--check' in sys.argv else 'wrote'} {path}")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents()[path], encoding="utf-8")
    print(f"{len(documents()) - len(old)} up to date")
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
