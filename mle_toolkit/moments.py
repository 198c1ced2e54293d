"""L-moments: of data, of laws, and the law of a family that has those of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, ParameterError
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.standardised import LocationScale

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LMoments", "lmoments", "of_data", "of_law"]

_REACH, _STEP = 6.2, 0.04
"""Quantiles are summed at probabilities whose logits are hyperbolic sines up to that of the first, by the second."""

_REACHES, _CLOSER, _NOTHING = (3.0, 6.0), 0.05, 1e-25
"""Tails are summed, in units of the quartiles, at sinh(π/2 sinh s) for s up to the first; farther if more is left."""

_NEAR = 1e-9
"""How near the L-moments of the law are to come to those of the data, on the scale of the second."""


@dataclass(frozen=True)
class LMoments:
    """The law of a family whose first L-moments are those of the data.

    It is no maximum of the likelihood, and has none of its certificate: compare it by what it says of the data, not by
    AIC.

    Attributes
    ----------
    family : Family
    params : mapping of str to float
    sample_l_moments : tuple of float
        The first two, and the ratios of the third and the fourth to the second, of the data; NaN for those that take
        more observations.
    nobs : int
    """

    family: Family
    params: Mapping[str, float]
    sample_l_moments: tuple[float, float, float, float]
    nobs: int

    @cached_property
    def distribution(self) -> Distribution:
        """The law."""
        return Distribution(self.family, self.params)

    @property
    def table(self) -> pd.DataFrame:
        """L-moments of data and law, one row each."""
        import pandas as pd

        names = ["l1", "l2", "t3", "t4"]
        return pd.DataFrame({"data": self.sample_l_moments, "law": of_law(self.distribution)}, index=names)

    def __str__(self) -> str:
        shown = ", ".join(f"{name} = {value:.8g}" for name, value in self.params.items())
        return f"{self.family.name} by L-moments of {self.nobs} observations: {shown}"


def of_data(x: Any) -> tuple[float, float, float, float]:
    """First and second L-moment of data, and the ratios of the third and the fourth to the second; unbiased but ratios.

    Parameters
    ----------
    x : array_like or Sample
        Exact observations without weights, two at least; the ratio of the third takes three, that of the fourth four,
        and is NaN of fewer.

    Raises
    ------
    DataError
        If they are not exact, weighted, or fewer than two.

    References
    ----------
    Hosking (1990), Journal of the Royal Statistical Society B 52, 105-124.

    Examples
    --------
    >>> tuple(round(value, 6) for value in of_data([1.0, 2.0, 4.0, 8.0]))
    (3.75, 1.916667, 0.391304, 0.130435)
    """
    sample = Sample.of(x)
    if not sample.is_plain or sample.is_weighted or sample.is_multivariate or not sample.in_memory:
        raise DataError("L-moments: expected exact numbers in memory, without weights, censoring or windows.")
    n = sample.n_rows
    if n < 2:
        raise DataError(f"L-moments: expected two observations at least, got {n}.")
    values = np.sort(sample.x)
    rank = np.arange(1.0, n + 1)
    share = np.ones(n)
    b = [float(np.mean(values))]
    for r in range(1, min(4, n)):
        share = share * (rank - r) / (n - r)
        b.append(float(np.mean(share * values)))
    second = 2 * b[1] - b[0]
    if second <= 0:
        raise DataError("L-moments: all observations are equal.")
    b += [np.nan] * (4 - len(b))
    return b[0], second, (6 * b[2] - 6 * b[1] + b[0]) / second, (20 * b[3] - 30 * b[2] + 12 * b[1] - b[0]) / second


def of_law(law: Distribution) -> tuple[float, float, float, float]:
    """First and second L-moment of a law, and the ratios of the third and the fourth to the second.

    Integrals of its quantiles, over probabilities that near 0 and 1 twice exponentially (Takahasi & Mori 1974); of a
    law whose quantiles are roots those of its tails, by parts. NaN where the mean is infinite.

    Examples
    --------
    >>> from mle_toolkit.families.distribution import distribution
    >>> tuple(round(value, 6) for value in of_law(distribution("exponential", scale=1.0)))
    (1.0, 0.5, 0.333333, 0.166667)
    """
    if isinstance(law.family, LocationScale) and type(law.family).reduced_quantile is LocationScale.reduced_quantile:
        return _by_tails(law.family, law)
    s = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    t = np.sinh(s)
    with np.errstate(all="ignore"):
        below, above = special.expit(t), special.expit(-t)
        q = np.where(t < 0, law.ppf(np.where(t < 0, below, 0.5)), law.isf(np.where(t < 0, 0.5, above)))
    weight = _STEP * np.cosh(s) * below * above
    if not np.all(np.isfinite(q)):
        return np.nan, np.nan, np.nan, np.nan
    tails = abs(q[-1] * weight[-1]) + abs(q[0] * weight[0])
    if tails > 1e-9 * float(np.sum(abs(q) * weight)):
        return np.nan, np.nan, np.nan, np.nan
    p = below - above  # 2u - 1: Legendre polynomials of it, shifted
    moments = [float(np.sum(weight * q * one)) for one in (1, p, (3 * p**2 - 1) / 2, (5 * p**3 - 3 * p) / 2)]
    if not 0 < moments[1] < np.inf:
        return np.nan, np.nan, np.nan, np.nan
    return moments[0], moments[1], moments[2] / moments[1], moments[3] / moments[1]


def _by_tails(family: LocationScale, law: Distribution) -> tuple[float, float, float, float]:
    r"""The same, of a law whose tails take less time than its quantiles.

    .. math:: \lambda_1 = m + \int (S - S_0)\,dx, \quad \lambda_{r + 1} = \int F S\, Z_r(F)\,dx,
        \quad Z_1 = 1,\ Z_2 = F - S,\ Z_3 = 1 - 5 F S

    with m the median and S₀ of the logistic law about it. The trapezoidal rule on x that goes off twice exponentially.
    """
    low, middle, high = law.ppf(np.array([0.25, 0.5, 0.75])).tolist()
    for reach in _REACHES:
        s = np.arange(-reach, reach + _CLOSER / 2, _CLOSER)
        inner = 0.5 * np.pi * np.sinh(s)
        away, rate = np.sinh(inner), 0.5 * np.pi * np.cosh(s) * np.cosh(inner)
        with np.errstate(all="ignore"):
            below, above = (np.exp(log) for log in family.log_tails(middle + (high - low) * away, *law.in_order))
            weight = _CLOSER * (high - low) * rate
            first = np.where(away > 0, above - special.expit(-away), special.expit(away) - below) * weight
            both = below * above * weight
        size = float(np.sum(both))
        left = abs(first[0]) + abs(first[-1])
        if left <= _NOTHING * size:
            break
    if not (np.all(np.isfinite(first)) and left <= 1e-9 * size < np.inf):
        return np.nan, np.nan, np.nan, np.nan
    l3, l4 = (float(np.sum(both * one)) for one in (below - above, 1 - 5 * below * above))
    return middle + float(np.sum(first)), size, l3 / size, l4 / size


def _starts(law: Family, sample: Sample) -> Iterator[tuple[float, ...]]:
    """The maximum of the likelihood, where there is one; what the law starts its search at; and what is typical."""
    with suppress(MleError):
        yield tuple(maximise(law, sample).theta.tolist())
    if law.start is not None:
        with suppress(MleError):
            yield from law.start(sample)
    first, second, *_ = of_data(sample)
    placed = {"location": first, "scale": 1.5 * second}
    for shape in (0, 1):
        yield tuple(placed.get(str(p.role), 0.3 * p.typical[shape]) for p in law.parameters)


def lmoments(x: Any, family: Any) -> LMoments:
    """Find the law of a family whose first L-moments are those of the data, as many as it has parameters.

    An estimator for small samples of heavy tails, and where the likelihood has no maximum, as of a generalised
    extreme-value law and three maxima.

    Parameters
    ----------
    x : array_like or Sample
        Exact observations without weights, as many as the law has parameters, and two at least.
    family : str, Family or scipy.stats distribution
        A continuous law, without atoms, of one to four parameters that are numbers.

    Returns
    -------
    LMoments

    Raises
    ------
    DataError
        If the data are not exact or too few, or no law of the family has their L-moments.
    ParameterError
        If the family is not of that kind.

    References
    ----------
    Hosking & Wallis (1997), Regional Frequency Analysis, Cambridge University Press.

    Examples
    --------
    >>> print(lmoments([3.1, 4.7, 3.9, 8.2, 5.0, 4.1], "gumbel"))
    gumbel by L-moments of 6 observations: loc = 4.0172421, scale = 1.4138411
    """
    from scipy import optimize

    law = get_family(family)
    k = len(law.parameters)
    if law.discrete or law.atoms or law.multivariate or not law.all_scalar or not 1 <= k <= 4:
        raise ParameterError(f"{law.name}: L-moments find continuous laws of one to four parameters that are numbers.")
    sample = Sample.of(x)
    found = of_data(sample)
    if sample.n_rows < k:
        raise DataError(f"{law.name}: {k} L-moments take as many observations, got {sample.n_rows}.")
    law.check_support(sample)
    placed = isinstance(law, LocationScale) and k > 2  # location and scale follow from the first two
    searched = law.parameters[2:] if placed else law.parameters
    domains = [parameter.domain.intervals[0] for parameter in searched]
    second = found[1]
    aim = np.array([found[0] / second, 1.0, *found[2:]])[:k]

    def at(u: Array) -> tuple[float, ...]:
        """The parameters; of a law that has its place from the data, the standard ones."""
        shapes = tuple(float(domain.from_real(np.asarray(v))) for domain, v in zip(domains, u, strict=True))
        return (0.0, 1.0, *shapes) if placed else shapes

    def distance(u: Array) -> Array:
        moments = of_law(Distribution.at(law, at(u)))
        scaled = np.array([moments[0] / second, moments[1] / second, *moments[2:]])[:k]
        return np.where(np.isfinite(scaled), scaled - aim, 1e3)[2 * placed :]

    for start in _starts(law, sample):
        own = start[2:] if placed else start
        begin = np.array([float(d.to_real(np.asarray(v))) for d, v in zip(domains, own, strict=True)])
        if not np.all(np.isfinite(begin)):
            continue
        with np.errstate(all="ignore"):
            room = 50 * (1 + np.abs(begin))  # beyond, parameters are no numbers any more
            reached = optimize.least_squares(
                distance, begin, bounds=(begin - room, begin + room), x_scale="jac", xtol=1e-15, ftol=1e-15
            )
        if np.all(np.abs(distance(reached.x)) <= _NEAR):
            params = at(reached.x)
            if placed:
                first, size, *_ = of_law(Distribution.at(law, params))
                params = (found[0] - second / size * first, second / size, *params[2:])
            return LMoments(law, dict(zip(law.param_names, params, strict=True)), found, sample.n_rows)
    names = ("l1", "l2", "t3", "t4")[:k]
    shown = ", ".join(f"{name} = {value:.6g}" for name, value in zip(names, found[:k], strict=True))
    raise DataError(f"{law.name}: no law of the family was found that has the L-moments of the data ({shown}).")
