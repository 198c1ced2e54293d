"""``mle kl``: how far one law is from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mle_toolkit.cli.options import As, Debug, Format, InUnit, Output, Unit
from mle_toolkit.cli.writing import write_estimates

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution


KNOWN_LAW = "The law that is true, with its parameters: gamma:shape=2,scale=1, binomial:n=12,p=0.3, ..."


def command(
    p: Annotated[str, typer.Argument(help=KNOWN_LAW, metavar="P")],
    q: Annotated[str, typer.Argument(help="The model, in the same form.", metavar="Q")],
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Say how far a law Q is from a law P: KL(P ‖ Q), in both directions, with the cross-entropy.

    mle kl gamma:shape=2,scale=1 lognormal:meanlog=0.5,sdlog=0.7
    """
    laws = law_of(p, "P"), law_of(q, "Q")
    from mle_toolkit.information.divergences import js_divergence
    from mle_toolkit.information.measures import cross_entropy, entropy, kl_divergence

    # From fixed random numbers, where it takes any, so that the same command gives the same result.
    divergence = kl_divergence(*laws, rng=0)
    found = {"KL(P ‖ Q)": divergence, "KL(Q ‖ P)": kl_divergence(*reversed(laws), rng=0)}
    found["Jensen-Shannon"] = js_divergence(*laws, rng=0)
    if laws[0].family.discrete == laws[1].family.discrete:
        found |= {"entropy of P": entropy(laws[0], rng=0), "cross-entropy": cross_entropy(*laws, rng=0)}
    write_estimates({name: estimate.to(unit.value) for name, estimate in found.items()}, form, output)


def law_of(spec: str, which: str) -> Distribution:
    """The law that ``family:parameter=value,...`` means; constants of the family are given among its parameters."""
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.families.written import law_and_values

    return Distribution(*law_and_values(spec, which))
