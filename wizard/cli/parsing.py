"""Arguments: flags are given whole, and what is not understood is told by the command that was meant."""

import argparse
from typing import Any


class Parser(argparse.ArgumentParser):
    """Its subparsers are of the same kind. Errors exit with 2."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # an abbreviation that works today is another flag, or none, in the next version
        super().__init__(*args, **(options | {"allow_abbrev": False}))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; but an unknown argument is told here, where it was given, with the flags that there are."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            from wizard.answers.checks import nearest

            guess = nearest(unknown[0].partition("=")[0], self._option_string_actions)
            self.error(f"not understood: {' '.join(unknown)}" + (f"; did you mean {guess}?" if guess else ""))
        return found, unknown
