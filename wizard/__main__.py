"""The command. `--version` and the choice of a command import next to nothing."""

import gc
import sys

_GARBAGE = 20_000  # objects between two looks for cycles; at Python's 700 a twentieth of a short command is such looks


def main() -> int:
    """Entry point; returns the exit code."""
    gc.set_threshold(_GARBAGE)
    if sys.argv[1:] in (["--version"], ["-V"]):
        from wizard import __version__

        sys.stdout.write(f"airgap-wizard {__version__}\n")
        return 0
    if sys.argv[1:2] == ["mirror"]:
        from wizard.cli.glancing import glance

        try:
            if (code := glance(sys.argv[1:])) is not None:
                return code
        except KeyboardInterrupt:
            from wizard.cli.main import STOPPED

            sys.stderr.write(STOPPED)
            return 130
    if any(getattr(s, "encoding", None) not in ("utf-8", "UTF-8") for s in (sys.stdout, sys.stderr)):
        from wizard.cli.spelling import spell

        spell()
    from wizard.cli.main import dispatch

    return dispatch(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
