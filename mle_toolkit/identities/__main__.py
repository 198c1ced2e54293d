"""``python -m mle_toolkit.identities``: the table of all identities."""

from mle_toolkit.identities.table import main

if __name__ == "__main__":
    main()
