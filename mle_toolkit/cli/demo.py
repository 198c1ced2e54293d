"""``mle demo``: show the one line on real data."""

from __future__ import annotations

from typing import Annotated

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import Debug
from mle_toolkit.cli.writing import write_table


def command(
    identities: Annotated[
        bool, typer.Option("--identities", help="Compute both sides of every identity instead; exit 1 if one fails.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show on real data that minimising NLL / n minimises KL(data ‖ model)."""
    if identities:
        from mle_toolkit.identities import all_hold, identity_table
        from mle_toolkit.identities import identities as compute

        computed = compute()
        write_table(identity_table(computed), None)
        if not all_hold(computed):
            raise typer.Exit(NOT_CERTIFIED)
        return
    from mle_toolkit.demo import demo

    write_table(demo(), None)
