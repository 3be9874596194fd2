"""The command. `--version` and the choice of a command import next to nothing."""

import sys


def main() -> int:
    """Entry point; returns the exit code."""
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
            sys.stderr.write("stopped\n")
            return 130
    if any(getattr(s, "encoding", None) not in ("utf-8", "UTF-8") for s in (sys.stdout, sys.stderr)):
        from wizard.cli.spelling import spell

        spell()
    from wizard.cli.main import dispatch

    return dispatch(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
