"""What is shown of a law for each group, beside one law for all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.errors import MleError
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.fitting import Fit
from mle_toolkit.groups import GroupFits
from mle_toolkit.information.measures import kl_divergence
from mle_toolkit.report.page.pictures import each
from mle_toolkit.report.page.sections import Section
from mle_toolkit.report.page.tables import MOST_ROWS, Part, Shown, Words, grid, number
from mle_toolkit.report.plots.canvas import LAWS, STYLES, drawable, finish
from mle_toolkit.report.plots.seen import without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_REASONS = 20
"""Groups without a law of which the reason is shown."""


def groups(fits: GroupFits, one: Fit, label: str) -> Section:
    """A law for each group beside one law for all: what the groups are worth, the table, and the laws in a picture."""
    table = fits.to_dict()["groups"]
    parts: list[Part] = [*_worth(fits, one), *map(Words, fits.notes())]
    heads = [name for name in table[0] if name != "reason"] if table else []
    texts = {*fits.by, "family", "verdict"}
    rows = [[_named(row[n]) if n in texts else _number_in(row[n]) for n in heads] for row in table[:MOST_ROWS]]
    parts.append(grid(heads, rows, text=texts))
    parts += [Words(f"{_named(key)}: {reason}", "bad") for key, reason in list(fits.failures.items())[:MOST_REASONS]]
    drawn = each(
        lambda axes: _draw(axes[0], fits, label), (f"The data of each group as steps, its law as a curve: {label}",)
    )
    return Section("Groups", tuple(parts), drawn)


def _worth(fits: GroupFits, one: Fit) -> Iterator[Words]:
    """What it gains to have a law for each group."""
    table = fits.to_dict()["groups"]
    verdicts = {row["verdict"] for row in table}
    nobs, llf = sum(row["nobs"] for row in table), math.fsum(float(row["llf"]) for row in table)
    if not math.isfinite(llf) or abs(nobs - one.nobs) > 1e-9 * one.nobs:
        yield Words("Not every group has a law, so what the groups are worth is not known.", "bad")
        return
    gain = (llf - one.llf) / one.nobs
    yield Words(
        f"NLL / n is {-llf / nobs:.6g} with a law for each group and {one.cross_entropy:.6g} with one law for all: "
        f"the groups are worth {gain:.4g} nats per observation.",
        "plain",
    )
    if verdicts != {"interior"} or one.certificate.verdict is not Verdict.INTERIOR or one.weight_kind == "reliability":
        yield Words("No test whether the groups differ: it needs maxima in the interior, and frequencies as weights.")
        return
    from scipy.special import chdtrc

    df = (len(table) - 1) * one.df_model
    statistic = 2 * (llf - one.llf)
    p = float(chdtrc(df, max(statistic, 0.0))) if df else 1.0
    words = "the groups have different laws" if p < 0.05 else "nothing speaks against one law for all"
    yield Words(
        f"Likelihood ratio {statistic:.4g}, chi-squared with {df} degrees of freedom: {words}.",
        "plain",
        f"p = {p:.4g}",
    )
    if len(table) == 2:
        yield from _each(fits)


def _each(fits: GroupFits) -> Iterator[Words]:
    """How far the laws of two groups are from each other."""
    keys = [row[fits.by[0]] for row in fits.to_dict()["groups"]]
    names = [_named(key) for key in keys]
    first, second = (fits.of(key).distribution for key in keys)
    try:
        there, back = kl_divergence(first, second, rng=0), kl_divergence(second, first, rng=0)
    except MleError as error:
        yield Words(f"No divergence between the two laws: {error}")
        return
    yield Words(
        f"KL({names[0]} ‖ {names[1]}) = {there.value:.6g} nats, KL({names[1]} ‖ {names[0]}) = {back.value:.6g} nats, "
        f"between the fitted laws.",
        "plain",
    )


def _draw(ax: Axes, fits: GroupFits, label: str) -> None:
    """The distribution function of each group without a model, as steps, and of its law, as a curve."""
    keys = [row[fits.by[0]] for row in fits.to_dict()["groups"]]
    shown = [key for key in keys if key not in fits.failures][: len(LAWS)]
    for k, key in enumerate(shown):
        fit = fits.of(key)
        known = without_model(drawable(fit, "groups"))
        ends = np.isfinite(known.upper)
        x, share = known.upper[ends], known.cdf[ends]
        ax.step(np.append(x[:1], x), np.append(0.0, share), where="post", color=LAWS[k], linewidth=0.8, alpha=0.7)
        if len(x):
            grid_of = np.linspace(x[0], x[-1], 200)
            grid_of = np.unique(np.floor(grid_of)) if fit.family.discrete else grid_of
            law = fit.distribution.cdf(grid_of)
            ax.plot(
                grid_of,
                law,
                color=LAWS[k],
                linestyle=STYLES[k],
                linewidth=1.8,
                label=f"{_named(key)}, n = {fit.nobs:g}",
            )
    more = f"; {len(keys) - len(shown)} more groups" if len(keys) > len(shown) else ""
    finish(ax, f"{fits.families[0].name} by {fits.by[0]}{more}", label, "probability of at most x")


def _number_in(cell: Any) -> Shown:
    """A number of a record, where what is not finite is a text."""
    return number(None if cell is None else float(cell))


def _named(key: Any) -> str:
    """A key as it is written: whole numbers without a fraction."""
    return f"{key:g}" if isinstance(key, float) else str(key)
