"""Laws of levels for regressions: ordered ones, cut from a latent law, and unordered ones by their log-odds.

Each has one parameter a number, so that a model can give every one its own predictor.

Sources: McCullagh (1980), JRSS B 42, 109-142 (ordinal regression); Pratt (1981), JASA 76, 103-106 (its log-likelihood
is concave in location and cutpoints); McFadden (1974), in Frontiers in Econometrics, 105-142 (log-odds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError, UnknownNameError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.mass import log_interval_mass
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.saved import Saved
from mle_toolkit.numerics.sent import SentByValue
from mle_toolkit.options import choice

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


@dataclass(frozen=True)
class Latent(SentByValue):
    """A standard law on the line, of which levels are intervals.

    Attributes
    ----------
    logcdf, logsf, logpdf : callable
    bend : callable
        Derivative of the log-density.
    ppf : callable
    """

    logcdf: Callable[[Array], Array]
    logsf: Callable[[Array], Array]
    logpdf: Callable[[Array], Array]
    bend: Callable[[Array], Array]
    ppf: Callable[[Array], Array]


def _log_one_minus_exp(z: Array) -> Array:
    """``log(1 - exp(-exp(z)))``."""
    hazard = np.exp(z)
    return np.where(hazard > 0.5, np.log1p(-np.exp(-hazard)), np.log(-np.expm1(-hazard)))


def _cauchy_logsf(z: Array) -> Array:
    return np.log(np.where(z > 0, np.arctan2(1.0, z), 0.5 * np.pi - np.arctan(z)) / np.pi)


def _log_expit(z: Array) -> Array:
    """``log(1 / (1 + exp(-z)))``; SciPy's takes ten times as long."""
    return np.asarray(np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z))))


_HALF_LOG_TWO_PI = 0.5 * float(np.log(2 * np.pi))

LATENT = {
    "logit": Latent(
        _log_expit,
        lambda z: _log_expit(-z),
        lambda z: -np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z))),
        lambda z: -np.tanh(0.5 * z),
        special.logit,
    ),
    "probit": Latent(
        special.log_ndtr,
        lambda z: special.log_ndtr(-z),
        lambda z: -0.5 * z * z - _HALF_LOG_TWO_PI,
        lambda z: -z,
        special.ndtri,
    ),
    "cloglog": Latent(
        _log_one_minus_exp,
        lambda z: -np.exp(z),
        lambda z: z - np.exp(z),
        lambda z: 1 - np.exp(z),
        lambda p: np.log(-np.log1p(-p)),
    ),
    "loglog": Latent(
        lambda z: -np.exp(-z),
        lambda z: _log_one_minus_exp(-z),
        lambda z: -z - np.exp(-z),
        lambda z: np.exp(-z) - 1,
        lambda p: -np.log(-np.log(p)),
    ),
    "cauchit": Latent(
        lambda z: _cauchy_logsf(-z),
        _cauchy_logsf,
        lambda z: -np.log(np.pi) - np.log1p(z * z),
        lambda z: -2 * z / (1 + z * z),
        lambda p: -1 / np.tan(np.pi * p),
    ),
}
"""Links of ordered levels, and the laws of what is behind them."""


def _share(sample: Sample, of: Callable[[Array], Any]) -> float:
    return sample.mean(lambda x: np.asarray(of(x), dtype=float))


class _OfLevels(Saved):
    """A law of levels 0, 1, ...: what follows from the probabilities of each."""

    levels: tuple[Any, ...]

    @staticmethod
    def _checked(levels: Sequence[str]) -> Sequence[str]:
        if len(levels) < 2 or len(set(levels)) < len(levels):
            raise ParameterError(f"levels: expected two or more, each once, got {', '.join(levels):.60}.")
        return levels

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of a level up to x."""
        return _up_to(self, x, params, above=False)

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of a level above x."""
        return _up_to(self, x, params, above=True)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Its logarithm."""
        with np.errstate(divide="ignore"):
            return np.log(self.cdf(x, *params))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log-probability of a level above x."""
        with np.errstate(divide="ignore"):
            return np.log(self.sf(x, *params))

    def ppf(self, p: Array, *params: Any) -> Array:
        """The lowest level up to which the probability is p."""
        found = np.zeros(np.broadcast_shapes(np.shape(p), *(np.shape(value) for value in params)))
        for k in range(len(self.levels) - 1):
            found = np.where(p > self.cdf(np.full(found.shape, float(k)), *params), k + 1.0, found)
        return found

    def isf(self, p: Array, *params: Any) -> Array:
        """The lowest level above which the probability is at most p."""
        found = np.zeros(np.broadcast_shapes(np.shape(p), *(np.shape(value) for value in params)))
        for k in range(len(self.levels) - 1):
            found = np.where(p < self.sf(np.full(found.shape, float(k)), *params), k + 1.0, found)
        return found

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Draw levels."""
        return self.ppf(rng.uniform(size=size), *params)


def _up_to(law: _OfLevels, x: Array, params: tuple[Any, ...], *, above: bool) -> Array:
    """Probability of the levels up to x, or above it."""
    x = np.asarray(x, dtype=float)
    shape = np.broadcast_shapes(x.shape, *(np.shape(value) for value in params))
    total = np.zeros(shape)
    with np.errstate(all="ignore"):
        for k in range(len(law.levels)):
            counted = k > x if above else k <= x
            total += np.where(counted, np.exp(law.logpdf(np.full(shape, float(k)), *params)), 0.0)
    return np.minimum(total, 1.0)


class Ordered(_OfLevels):
    r"""Ordered levels 0, ..., k - 1, which are intervals of a latent law.

    .. math:: P(Y \le j) = F\big((c_j - \mathrm{loc}) / \mathrm{scale}\big)

    Parameters
    ----------
    levels : sequence of str
        Two or more, from the lowest.
    link : str
        ``"logit"`` (a latent logistic law), ``"probit"`` (normal), ``"cloglog"`` and ``"loglog"`` (Gumbel's, of minima
        and of maxima), ``"cauchit"`` (Cauchy).
    scaled : bool
        Whether there is a scale, which covariates give; else it is 1.

    Notes
    -----
    Cutpoints that are not in order have a likelihood of 0.
    """

    kind = "ordered"
    takes = {"levels": tuple[str, ...], "link": str, "scaled": bool}  # noqa: RUF012
    support: Any
    parameters: Any

    def __init__(self, levels: Sequence[str], link: str = "logit", *, scaled: bool = False) -> None:
        link = choice(link, "link of ordinal", LATENT, error=UnknownNameError)
        self.levels, self.link, self.scaled = tuple(levels), link, scaled
        self.latent = LATENT[link]
        self.name = "ordinal"
        self.modelled = "loc"
        self.constants = {}
        self.support = Interval(0.0, len(self.levels) - 1.0, closed="both", integer=True)
        self.cuts = tuple(f"cutpoints[{a}|{b}]" for a, b in pairwise(self.levels))
        own = [Parameter("loc", REAL, typical=(-1.0, 1.0))]
        if scaled:
            own.append(Parameter("scale", POSITIVE, typical=(0.5, 2.0)))
        self.parameters = (*own, *(Parameter(cut, REAL, typical=(k - 1.0, k)) for k, cut in enumerate(self.cuts)))

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The levels, the link, and whether there is a scale."""
        return (), {"levels": list(self.levels), "link": self.link, "scaled": self.scaled}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` said what it takes."""
        return cls(cls._checked(others["levels"]), others["link"], scaled=others["scaled"])

    def _ends(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, Array, Any]:
        """The ends of the latent intervals, standardised, and the scale."""
        loc, scale = params[0], params[1] if self.scaled else 1.0
        cuts = params[2:] if self.scaled else params[1:]
        level = np.asarray(x, dtype=float)
        upper, lower = np.full(level.shape, np.inf), np.full(level.shape, -np.inf)
        for k, cut in enumerate(cuts):
            end = self._end(k, (cut - loc) / scale)
            upper = np.where(level == k, end, upper)
            lower = np.where(level == k + 1, end, lower)
        return lower, upper, scale

    def _end(self, k: int, z: Any) -> Any:
        """Where a cutpoint is, standardised, from where its parameter says."""
        return z

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-probability of a level; -inf where the cutpoints are out of order."""
        lower, upper, _ = self._ends(x, params)
        return self._in_order(self._log_mass(lower, upper), params)

    def _in_order(self, mass: Array, params: tuple[Any, ...]) -> Array:
        """Log-probabilities, where the cutpoints are in order; else -inf."""
        cuts = params[2:] if self.scaled else params[1:]
        in_order = np.all([np.less(a, b) for a, b in pairwise(cuts)], axis=0) if cuts[1:] else True
        return mass if np.all(in_order) else np.where(in_order, mass, -np.inf)

    def _log_mass(self, lower: Array, upper: Array) -> Array:
        with np.errstate(all="ignore"):
            return log_interval_mass(
                (self.latent.logcdf(lower), self.latent.logcdf(upper)),
                (self.latent.logsf(lower), self.latent.logsf(upper)),
            )

    def _pieces(self, x: Array, params: tuple[Any, ...]) -> tuple[Any, ...]:
        """Per end: the slopes of z by each parameter, density and its slope over the mass; the scale, and the mass."""
        lower, upper, scale = self._ends(x, params)
        mass = self._log_mass(lower, upper)
        level = np.asarray(x, dtype=float)
        found = []
        with np.errstate(all="ignore"):
            for sign, z, shift in ((1.0, upper, 0), (-1.0, lower, 1)):
                inside = np.isfinite(z)
                at = np.where(inside, z, 0.0)
                density = np.where(inside, sign * np.exp(self.latent.logpdf(at) - mass), 0.0)
                slopes = [np.where(inside, -1.0, 0.0) / scale]
                if self.scaled:
                    slopes.append(-at / scale)
                slopes += [np.where(level == k + shift, 1.0, 0.0) / scale for k in range(len(self.cuts))]
                found.append((density, density * self.latent.bend(at), slopes))
        return *found, scale, mass

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by each parameter."""
        return self._first(*self._pieces(x, params))

    @staticmethod
    def _first(upper: Any, lower: Any, *_: Any) -> tuple[Array, ...]:
        (f_u, _, up), (f_l, _, low) = upper, lower
        return tuple(f_u * a + f_l * b for a, b in zip(up, low, strict=True))

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self._second(*self._pieces(x, params))

    def expansion(self, x: Array, *params: Any) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-probability with its derivatives and second derivatives."""
        pieces = self._pieces(x, params)
        return self._in_order(pieces[-1], params), self._first(*pieces), self._second(*pieces)

    def _second(self, upper: Any, lower: Any, scale: Any, _: Array) -> tuple[Array, ...]:
        (f_u, b_u, up), (f_l, b_l, low) = upper, lower
        first = self._first(upper, lower)
        count, place = len(first), 1 if self.scaled else None
        second = []
        for i in range(count):
            for j in range(i, count):
                value = b_u * up[i] * up[j] + b_l * low[i] * low[j] - first[i] * first[j]
                if place in (i, j):
                    # z bends by the scale: each slope again over the scale, twice where it is by the scale itself.
                    k = j if i == place else i
                    times = 2.0 if i == j else 1.0
                    value = value - times * (f_u * up[k] + f_l * low[k]) / scale
                second.append(value)
        return tuple(second)

    def in_order(self, cuts: Mapping[str, float], known: Mapping[str, float]) -> dict[str, float]:
        """Of cutpoints those that are not known, moved so that all are in order."""
        given = [cut for cut in self.cuts if cut in known]
        places, values = [cuts[cut] for cut in given], [float(known[cut]) for cut in given]

        def moved(at: float) -> float:
            beyond = min(at - places[0], 0.0) + max(at - places[-1], 0.0)
            return float(np.interp(at, places, values)) + beyond

        return {cut: moved(at) for cut, at in cuts.items() if cut not in known}

    def rising(self, x: Array) -> Array:
        """Sums of parameters, of shape (n, 2, p), none of which may fall where a row's likelihood does not fall.

        They are the distances of a location from the ends of its interval, in a scale of 1.
        """
        forms = np.zeros((len(x), 2, len(self.parameters)))
        for k in range(len(self.cuts)):
            forms[x == k, 0, 0], forms[x == k, 0, k + 1] = -1.0, 1.0
            forms[x == k + 1, 1, 0], forms[x == k + 1, 1, k + 1] = 1.0, -1.0
        return forms

    def from_sample(self, sample: Sample) -> tuple[Any, ...]:
        """The shares of the levels, as cutpoints about 0: the maximum without covariates."""
        below = np.array([_share(sample, lambda x, k=k: x <= k) for k in range(len(self.cuts))])  # type: ignore[misc]
        empty = [
            name for name, share in zip(self.levels, np.diff(below, prepend=0.0, append=1.0), strict=True) if share <= 0
        ]
        if empty:
            raise DegenerateDataError(
                f"ordinal: no observation has the level {empty[0]!r}; leave it out of the levels."
            )
        cuts = tuple(float(c) for c in self.latent.ppf(below))
        return (0.0, 1.0, *cuts) if self.scaled else (0.0, *cuts)

    def __repr__(self) -> str:
        return f"ordinal({' < '.join(self.levels)}; {self.link})"


class Choice(_OfLevels):
    r"""Levels 0, ..., k - 1 by the log-odds of each against a reference.

    .. math:: \log P(Y = j) = \eta_j - \log\sum_i e^{\eta_i}, \qquad \eta_{\mathrm{reference}} = 0

    Parameters
    ----------
    levels : sequence of str
        Two or more.
    reference : int
        Which of them the others are compared with.
    """

    kind = "choice"
    takes = {"levels": tuple[str, ...], "reference": int}  # noqa: RUF012
    support: Any
    parameters: Any

    def __init__(self, levels: Sequence[str], reference: int = 0) -> None:
        self.levels, self.reference = tuple(levels), reference
        self.name = "categorical"
        self.constants = {}
        self.support = Interval(0.0, len(self.levels) - 1.0, closed="both", integer=True)
        self.others = tuple(k for k in range(len(self.levels)) if k != reference)
        self.parameters = tuple(Parameter(f"p[{self.levels[k]}]", REAL, typical=(-1.0, 1.0)) for k in self.others)

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The levels, and which of them is the reference."""
        return (), {"levels": list(self.levels), "reference": self.reference}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` said what it takes."""
        levels, reference = cls._checked(others["levels"]), others["reference"]
        if not 0 <= reference < len(levels):
            raise ParameterError(f"reference: expected one of the {len(levels)} levels, got {reference}.")
        return cls(levels, reference)

    @property
    def main_parameters(self) -> tuple[str, ...]:
        """The log-odds of all levels."""
        return self.param_names

    def _etas(self, params: tuple[Any, ...]) -> list[Any]:
        """Log-odds against the reference, its own first."""
        return [0.0, *params]

    def _log_shares(self, params: tuple[Any, ...]) -> list[Array]:
        """Log-probability of the reference, and of each of the others."""
        etas = np.broadcast_arrays(*self._etas(params))
        total = np.logaddexp.reduce(np.stack(etas), axis=0)
        return [eta - total for eta in etas]

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-probability of a level."""
        first, *rest = self._log_shares(params)
        values = np.where(x == self.reference, first, -np.inf)
        for k, share in zip(self.others, rest, strict=True):
            values = np.where(x == k, share, values)
        return np.asarray(values)

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by each log-odds."""
        return tuple((x == k) - np.exp(s) for k, s in zip(self.others, self._log_shares(params)[1:], strict=True))

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self._bends(x, [np.exp(s) for s in self._log_shares(params)[1:]])

    def expansion(self, x: Array, *params: Any) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-probability with its derivatives and second derivatives."""
        first, *rest = self._etas(params)
        most = np.broadcast_to(first, np.shape(x))
        for eta in rest:
            most = np.maximum(most, eta)
        powers = [np.exp(eta - most) for eta in rest]
        total = np.exp(first - most)
        for power in powers:
            total = total + power
        shares = [power / total for power in powers]
        own = first
        for k, eta in zip(self.others, rest, strict=True):
            own = np.where(x == k, eta, own)
        score = tuple((x == k) - share for k, share in zip(self.others, shares, strict=True))
        return own - most - np.log(total), score, self._bends(x, shares)

    @staticmethod
    def _bends(x: Array, shares: list[Array]) -> tuple[Array, ...]:
        return tuple(
            np.broadcast_to((shares[i] if i == j else 0.0) * -1.0 + shares[i] * shares[j], np.shape(x))
            for i in range(len(shares))
            for j in range(i, len(shares))
        )

    def rising(self, x: Array) -> Array:
        """Sums of parameters, of shape (n, p, p), none of which may fall where a row's likelihood does not fall.

        They are the log-odds of the level that was observed against each of the others.
        """
        count = len(self.parameters)
        forms = np.zeros((len(x), count, count))
        place = {level: k for k, level in enumerate(self.others)}
        for own in range(len(self.levels)):
            rows = x == own
            for k, other in enumerate(level for level in range(len(self.levels)) if level != own):
                if own in place:
                    forms[rows, k, place[own]] = 1.0
                if other in place:
                    forms[rows, k, place[other]] = -1.0
        return forms

    def from_sample(self, sample: Sample) -> tuple[Any, ...]:
        """Log-odds of the shares: the maximum without covariates."""
        shares = [_share(sample, lambda x, k=k: x == k) for k in range(len(self.levels))]  # type: ignore[misc]
        if min(shares) <= 0:
            empty = self.levels[int(np.argmin(shares))]
            raise DegenerateDataError(
                f"categorical: no observation has the level {empty!r}; leave it out of the levels."
            )
        return tuple(float(np.log(shares[k] / shares[self.reference])) for k in self.others)

    def __repr__(self) -> str:
        return f"categorical({', '.join(self.levels)}; against {self.levels[self.reference]})"
