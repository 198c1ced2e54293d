"""The chart of Cullen & Frey: squared skewness and kurtosis of data, and of the laws that might fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.numerics.progress import progress
from mle_toolkit.report.plots.canvas import BAND, BARS, BLUE, DATA, GREEN, LAW, axes_or_new, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = {
    "normal": (0.0, 3.0, "s"),
    "uniform": (0.0, 1.8, "^"),
    "logistic": (0.0, 4.2, "D"),
    "Laplace": (0.0, 6.0, "v"),
    "exponential": (4.0, 9.0, "P"),
    "Gumbel": (1.2985676, 5.4, "X"),
}
"""Squared skewness and kurtosis of laws without a shape (Johnson, Kotz & Balakrishnan 1994, 1995), and markers."""

CHUNK = 1 << 20
"""Numbers that are resampled at once."""

MOST_ROWS, GROUPS = 50_000, 4096
"""Rows up to which each is resampled by itself; and in how many groups more are."""


def cullen_frey(
    data: Any, ax: Axes | None = None, *, weights: Any = None, n_resamples: int = 500, rng: Any = None
) -> Axes:
    """Draw squared skewness and kurtosis of data among those of laws, with a cloud of resamples.

    Parameters
    ----------
    data : array_like, Series or Sample
        One column of exact observations.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    weights : array_like, optional
        As for `fit`.
    n_resamples : int
        How many times rows are drawn with replacement; 0 for no cloud.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7).

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DataError
        If the observations are vectors, censored, binned or truncated, fewer than four, or all equal.

    Notes
    -----
    After Cullen & Frey (1999), Probabilistic Techniques in Exposure Assessment, p. 79-159, with kurtosis upwards.
    Moment ratios are corrected for bias as in Joanes & Gill (1998, The Statistician 47, 183-189); the cloud shows how
    little they are known, so the chart suggests laws and does not choose one.
    """
    sample = Sample.of(data, weights)
    if sample.is_multivariate or not sample.in_memory or not sample.is_plain:
        raise DataError("cullen_frey: moments need one column of exact observations, held and without a window.")
    n_resamples = options.whole(n_resamples, "n_resamples", 0)
    squared, kurtosis = (float(v[0]) for v in moment_ratios(sample, np.ones((1, sample.n_rows))))
    ax = axes_or_new(ax, width=7.0)
    if n_resamples:
        cloud = _resampled(sample, n_resamples, rng)
        ax.plot(*cloud, ".", color=BAND, markersize=3, alpha=0.6, label=f"{n_resamples} resamples", zorder=1)
        far = np.nanquantile(np.stack(cloud), 0.95, axis=1)
        right, top = 1.2 * max(squared, float(far[0])), 1.1 * max(kurtosis, float(far[1]))
    else:
        right, top = 1.3 * squared, 1.2 * kurtosis
    right, top = max(right, 4.6), max(top, 10.0)
    x = np.linspace(0.0, right, 401)
    ax.fill_between(x, 0, x + 1, color=BARS, alpha=0.6, linewidth=0, label="impossible", zorder=0)
    ax.fill_between(x, x + 1, 3 + 1.5 * x, color=GREEN, alpha=0.12, linewidth=0, label="beta", zorder=0)
    ax.plot(x, 3 + 1.5 * x, color=GREEN, linewidth=1.3, label="gamma")
    ax.plot(*lognormal_line(right), color=LAW, linewidth=1.3, linestyle="--", label="lognormal")
    ax.plot(*weibull_line(right), color=BLUE, linewidth=1.3, linestyle="-.", label="Weibull")
    if sample.is_integer and sample.minimum >= 0 and 2 * len(np.unique(sample.x)) <= sample.nobs:
        ax.plot(x, 3 + x, color=DATA, linewidth=1.1, linestyle=":", label="Poisson")
    for name, (a, b, marker) in POINTS.items():
        ax.plot(
            [a], [b], marker, color="white", markeredgecolor=DATA, markersize=6, label=name, clip_on=False, zorder=3
        )
    ax.plot([squared], [kurtosis], "o", color=LAW, markeredgecolor="black", markersize=8, label="data", zorder=5)
    ax.set_xlim(0, right)
    ax.set_ylim(0, top)
    title = f"moment ratios, n = {sample.nobs:,.6g}"
    return finish(ax, title, "squared skewness", "kurtosis", loc="center left", bbox_to_anchor=(1.0, 0.5))


def moment_ratios(sample: Sample, multiples: Array) -> tuple[Array, Array]:
    """Squared skewness and kurtosis, corrected for bias.

    Parameters
    ----------
    sample : Sample
    multiples : ndarray of shape (k, n_rows)
        By how much the weight of each row is multiplied; one result a line.

    Returns
    -------
    squared skewness, kurtosis : ndarray of shape (k,)
        NaN where all that counts is equal.

    Raises
    ------
    DataError
        If fewer than four observations count, or all are equal.
    """
    return _ratios(sample, multiples @ _powers(sample))


def _powers(sample: Sample) -> Array:
    """Weights of the rows, their squares, and weights times powers of the standardised values; shape (n_rows, 6)."""
    if sample.minimum == sample.maximum:
        raise DataError("cullen_frey: all observations are equal, so they have no skewness.")
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    centre = sample.mean()
    spread = float(np.sqrt(sample.mean(lambda x: np.square(x - centre))))
    z = (sample.x - centre) / spread
    return np.stack([weight, weight**2, *(weight * z**k for k in (1, 2, 3, 4))], axis=1)


def _ratios(sample: Sample, sums: Array) -> tuple[Array, Array]:
    """Squared skewness and kurtosis from sums of `_powers`; shape (k,)."""
    total, squares, *powers = sums.T
    # So many equal weights say as much (Kish 1965); frequencies are numbers of observations.
    n = total if sample.weight_kind == "frequency" else total**2 / squares
    if np.any(n < 4):
        raise DataError(f"cullen_frey: kurtosis needs four observations, got {float(np.min(n)):g}.")
    first, second, third, fourth = (power / total for power in powers)
    second, third, fourth = (
        second - first**2,
        third - 3 * first * second + 2 * first**3,
        fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness = np.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
        kurtosis = 3 + (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * fourth / second**2 - 3 * (n - 1))
    return skewness**2, kurtosis


def _resampled(sample: Sample, count: int, rng: Any) -> tuple[Array, Array]:
    """Moment ratios of samples of rows, or of observations where weights are frequencies.

    Many rows are drawn in random groups of equal size, `GROUPS` of them: their sums have the spread that those of
    single rows have, to one part in 45 (the standard error of a variance from so many groups is that share of it).
    """
    generator = options.generator(rng)
    powers = _powers(sample)
    frequencies = sample.weight if sample.weight_kind == "frequency" else None
    if frequencies is None and sample.n_rows > MOST_ROWS:
        rows = generator.permutation(sample.n_rows)
        starts = np.linspace(0, sample.n_rows, GROUPS + 1).astype(np.intp)[:-1]
        powers = np.add.reduceat(powers[rows], starts, axis=0)
    parts = []
    size = max(1, CHUNK // len(powers))
    with progress("resampling rows", count, "samples") as advance:
        for first in range(0, count, size):
            rows_at_once = min(size, count - first)
            if frequencies is None:
                drawn = generator.multinomial(len(powers), np.full(len(powers), 1 / len(powers)), size=rows_at_once)
                multiples = drawn.astype(float)
            else:
                drawn = generator.multinomial(round(sample.nobs), frequencies / sample.nobs, size=rows_at_once)
                multiples = drawn / frequencies
            parts.append(_ratios(sample, multiples @ powers))
            advance(rows_at_once)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def lognormal_line(right: float) -> tuple[Array, Array]:
    """Squared skewness, up to ``right`` and a little more, and kurtosis of lognormal laws."""
    w = np.exp(np.square(np.linspace(0.0, 2.0, 2001)))
    squared = (w + 2) ** 2 * (w - 1)
    return squared[squared < 1.1 * right], (w**4 + 2 * w**3 + 3 * w**2 - 3)[squared < 1.1 * right]


def weibull_line(right: float) -> tuple[Array, Array]:
    """Squared skewness, up to ``right`` and a little more, and kurtosis of Weibull laws, from symmetric to heavy."""
    from scipy import special

    # Shape 3.6023 has no skewness; below, the long tail is on the right.
    shape = np.linspace(3.6023494, 0.4, 2001)
    g1, g2, g3, g4 = (special.gamma(1 + k / shape) for k in range(1, 5))
    variance = g2 - g1**2
    squared = np.square(g3 - 3 * g1 * g2 + 2 * g1**3) / variance**3
    kurtosis = (g4 - 4 * g1 * g3 + 6 * g1**2 * g2 - 3 * g1**4) / variance**2
    return squared[squared < 1.1 * right], kurtosis[squared < 1.1 * right]
