"""``python -m mle_toolkit``, and the command ``mle``: the command line, which may be interrupted while it is loaded."""

import sys


def run() -> None:
    """Load the command line and run it."""
    try:
        from mle_toolkit.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + the number of the signal, by custom


if __name__ == "__main__":
    run()
