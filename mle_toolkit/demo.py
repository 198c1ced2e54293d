"""What ``mle demo`` shows: the one line, on real data."""

from __future__ import annotations

import math

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from mle_toolkit.comparison import compare
from mle_toolkit.data import datasets
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import fit
from mle_toolkit.identities.statements import weights_of
from mle_toolkit.report.content import certificate_section, comparison_content
from mle_toolkit.report.terminal import IDENTITY, Ranking, certificate_view, heading, table

COUNTS = "horse_kicks"
MEASUREMENTS = "rivers"
FAMILIES = ("frechet", "inverse_gamma", "lognormal", "gamma", "weibull", "exponential", "normal")

STEPS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
"""How far from the maximum the walk looks."""

BAR_NATS = 0.005
"""Divergence of one block of a bar."""


def demo() -> RenderableType:
    """Show that to minimise NLL / n is to minimise the divergence of the data from the model."""
    return Group(Text(IDENTITY, style="bold", justify="center"), "", counts_part(), "", measurements_part())


def row_by_row(law: Family, sample: Sample, mu: float) -> float:
    """NLL / n as maximum likelihood has it: one term for every single observation."""
    observations = np.repeat(sample.x, weights_of(sample).astype(int))
    return -math.fsum(law.logpdf(observations, mu)) / len(observations)


def cell_by_cell(law: Family, sample: Sample, mu: float) -> tuple[float, float, float]:
    """Cross-entropy, entropy and divergence as information theory has them: sums over the distinct values.

    Returns
    -------
    tuple of float
        -Σ p log q, -Σ p log p and Σ p log(p / q), where p is the share of each value and q its probability.
    """
    p = weights_of(sample) / sample.nobs
    q = np.exp(law.logpdf(sample.x, mu))
    return -math.fsum(p * np.log(q)), -math.fsum(p * np.log(p)), math.fsum(p * np.log(p / q))


def counts_part() -> RenderableType:
    """For counts the line holds exactly, at every value of the parameter."""
    data = datasets.load(COUNTS)
    sample = data.sample()
    result = fit(sample, "poisson")
    law, mu = get_family("poisson"), result.params["mu"]
    nll = row_by_row(law, sample, mu)
    cross_entropy, entropy, divergence = cell_by_cell(law, sample, mu)
    terms = (
        ("NLL / n", nll, f"sum over the {sample.nobs:g} observations, one by one"),
        ("cross-entropy", cross_entropy, f"-Σ p log q, over the {sample.n_rows} distinct values"),
        ("entropy", entropy, "-Σ p log p, which no model can change"),
        ("KL", divergence, "Σ p log(p / q)"),
    )
    rows = [(name, f"{value:.15f}", meaning) for name, value, meaning in terms]
    rows.append(("CE - (H + KL)", f"{cross_entropy - (entropy + divergence):.15f}", "zero, to rounding"))
    walk = []
    for step in STEPS:
        at = mu + step
        ce, _, kl = cell_by_cell(law, sample, at)
        bar = "█" * round(kl / BAR_NATS)
        walk.append((f"{at:.2f}", f"{row_by_row(law, sample, at):.10f}", f"{ce:.10f}", f"{kl:.10f}", bar))
    return Group(
        heading(f"1  Counts: {data.title}", data.source.partition(",")[0]),
        Text(f"A Poisson law fitted to {sample.nobs:g} corps-years has mu = {mu:g}. In nats per observation:"),
        "",
        table(("term", "value", "meaning"), rows, text=("term", "meaning")),
        "",
        Text(
            "Walk along mu: NLL / n and cross-entropy are one number, and KL is that less the entropy, a constant. So "
            f"all three fall together, and the maximum of the likelihood, mu = {mu:g}, is the minimum of KL."
        ),
        "",
        table(("mu", "NLL / n", "cross-entropy", "KL", " "), walk, text=(" ",), bold=STEPS.index(0.0)),
    )


def measurements_part() -> RenderableType:
    """For measurements differences of KL between models are exact, and its level is an estimate."""
    data = datasets.load(MEASUREMENTS)
    result = compare(data.sample(), FAMILIES)
    best = result.best
    level = best.kl
    not_from_zero = (
        ": not to be told from zero. (No divergence is negative, but an estimate of a small one may be.)"
        if level is not None and "indistinguishable_from_zero" in level.flags
        else ""
    )
    return Group(
        heading(f"2  Measurements: {data.title}", data.source.partition(",")[0]),
        Text(
            f"{best.nobs:g} lengths in {data.unit}. ΔKL, the distance to the first row, is exact: the entropy of "
            "the data drops out of it (± is how much another sample might move it). The level of KL needs that "
            "entropy, so it is an estimate with a standard error. In nats per observation:"
        ),
        "",
        Ranking(comparison_content(result)["ranking"].tables[0]),
        "",
        Text(f"KL(data ‖ {best.family.name}) = {level}{not_from_zero}"),
        certificate_view(certificate_section(best.certificate)),
    )
