"""``python -m mle_toolkit.cli``: the same as ``mle``."""

from mle_toolkit.cli.running import main

if __name__ == "__main__":
    main()
