"""Laws of a function of what follows a law: of its exponential, its logarithm, its negative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined, Formula, fitted, formula_of, lifted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import Score, TailScores, Unbounded, made_with
from mle_toolkit.families.maps import EXP, LOG, NEGATIVE
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Image, Limit, SpecialCase
from mle_toolkit.numerics.sent import SentByValue
from mle_toolkit.options import choice

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


@dataclass(frozen=True)
class _Map(SentByValue):
    """A bijection y = g(x).

    Attributes
    ----------
    name : str
    forward, back : callable
        x to y, and y to x.
    log_slope : callable
        log |dx / dy|, as a function of y.
    rises : bool
    roles : mapping of str to str
        How the parameters of the law of x move when y changes its unit; those that are not named do not.
    unit : callable
        Of a centre and scale of y, those of x.
    """

    name: str
    forward: Callable[[Array], Array]
    back: Callable[[Array], Array]
    log_slope: Callable[[Array], Array]
    rises: bool
    roles: Mapping[str, Any]
    unit: Callable[[Any, Any], tuple[Any, Any]]


_MAPS = {
    "exp": _Map("exp of", np.exp, np.log, lambda y: -np.log(y), True, {"location": "log-scale"},
                lambda centre, scale: (np.log(scale), 1.0)),
    "log": _Map("log of", np.log, np.exp, lambda y: y, True, {"log-scale": "location"},
                lambda centre, scale: (0.0, np.exp(centre))),
    "negative": _Map("negated", np.negative, np.negative, np.zeros_like, False,
                     {"location": "location", "scale": "scale", "rate": "rate", "log-scale": "log-scale"},
                     lambda centre, scale: (-centre, scale)),
}  # fmt: skip


class Mapped(Combined):
    r"""The law of Y = g(X), where X follows a law.

    .. math:: \log f(y) = \log f_0(g^{-1}(y)) + \log \left| \frac{d g^{-1}}{dy} \right|

    Parameters
    ----------
    base : Family
        The law of X, continuous.
    by : {"exp", "log", "negative"}
        What g is.

    Notes
    -----
    Parameters are those of the law of X, but that a location of a negated law is that of Y: minus the other.
    """

    kind = "mapped"
    takes = {"by": str}  # noqa: RUF012

    def __init__(self, base: Family, by: str) -> None:
        self.base, self.by_map = base, by
        self.map = _MAPS[by]
        self.constants = base.constants
        self.modelled = base.main_parameter
        self.name = f"{self.map.name} {base.name}"
        self.support = _image(base.support, self.map)
        roles = self.map.roles
        self.parameters = tuple(
            Parameter(p.name, self._domain(p), p.typical, roles.get(p.role, "shape"), p.regular)
            for p in base.parameters
        )
        self._signs = tuple(self._sign(p) for p in base.parameters)
        self.score = made_with(self._score, base.score)
        if base.score is not None:
            self.hessian = made_with(self._hessian, base.hessian)
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        if base.tail_scores is not None or base.log_mass_scores is not None:
            self.log_mass_scores = self._log_mass_scores
        self.from_sample = made_with(self._from_sample, formula_of(base))
        self.unbounded = made_with(self._unbounded, base.unbounded)
        if not self.map.rises:
            self.mean, self.var, self.entropy = (
                self._minus_mean,
                partial(self._moment, "var"),
                partial(self._moment, "entropy"),
            )

    def _sign(self, p: Parameter) -> float:
        return -1.0 if not self.map.rises and p.role == "location" else 1.0

    def _domain(self, p: Parameter) -> Any:
        if self._sign(p) > 0 or not isinstance(p.domain, Interval):
            return p.domain
        return _image(p.domain, self.map)

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law of X, and what g is."""
        return (self.base,), {"by": self.by_map}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return mapped(parts[0], others["by"], "file")

    def _own(self, params: Sequence[Any]) -> tuple[Any, ...]:
        """Parameters of the law of X, of these; and these of those."""
        return tuple(v if s > 0 else -v for s, v in zip(self._signs, params, strict=True))

    def _law(self, params: Sequence[Any]) -> Distribution:
        return Distribution.at(self.base, self._own(params))

    def _back(self, y: Array) -> Array:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return np.asarray(self.map.back(np.asarray(y, dtype=float)))

    # --- the law ------------------------------------------------------------------------------------------------------

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.base.logpdf(self._back(x), *self._own(params)) + self.map.log_slope(x))

    def _turned(self, slopes: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(v if s > 0 else -v for s, v in zip(self._signs, slopes, strict=True))

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters."""
        return self._turned(of_base(self._back(x), *self._own(params)))

    def _hessian(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        signs = [a * b for j, a in enumerate(self._signs) for b in self._signs[j:]]
        second = of_base(self._back(x), *self._own(params))
        return tuple(v if s > 0 else -v for s, v in zip(signs, second, strict=True))

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        below, above = of_base(self._back(x), *self._own(params))
        both = self._turned(below), self._turned(above)
        return both if self.map.rises else (both[1], both[0])

    def _ends(self, lower: Array, upper: Array) -> tuple[Array, Array]:
        ends = self._back(lower), self._back(upper)
        if self.by_map == "exp":  # what is below 0 is below all
            ends = tuple(np.where(end <= 0, -np.inf, x) for end, x in zip((lower, upper), ends, strict=True))  # type: ignore[assignment]
        return ends if self.map.rises else (ends[1], ends[0])

    def log_mass(self, lower: Array, upper: Array, *params: Any) -> Array:
        """Log-probability of intervals: of what they come from."""
        return log_mass(self.base, self._own(params), *self._ends(lower, upper))

    def _log_mass_scores(self, lower: Array, upper: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of `log_mass`."""
        return self._turned(list(mass_scores(self.base, self._own(params), *self._ends(lower, upper))))

    def _tail(self, part_: str, x: Array, params: Sequence[Any]) -> Array:
        other = {"cdf": "sf", "sf": "cdf", "logcdf": "logsf", "logsf": "logcdf", "ppf": "isf", "isf": "ppf"}
        at = self._ends(np.asarray(x, dtype=float), np.asarray(x, dtype=float))[0]
        return np.asarray(getattr(self._law(params), part_ if self.map.rises else other[part_])(at))

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self._tail("cdf", x, params)

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self._tail("sf", x, params)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._tail("logcdf", x, params)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._tail("logsf", x, params)

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        law = self._law(params)
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(self.map.forward(law.ppf(p) if self.map.rises else law.isf(p)))

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        law = self._law(params)
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(self.map.forward(law.isf(p) if self.map.rises else law.ppf(p)))

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers."""
        with np.errstate(over="ignore"):
            return np.asarray(self.map.forward(self._law(params).rvs(size, rng)))

    def _minus_mean(self, *params: Any) -> Any:
        return -self._law(params).mean()

    def _moment(self, name: str, *params: Any) -> Any:
        return getattr(self._law(params), name)()

    # --- the fit ------------------------------------------------------------------------------------------------------

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return Mapped(self.base.in_unit(*self.map.unit(centre, scale)), self.by_map)

    def resolve(self, sample: Sample) -> Family:
        """Let the law of X learn from the data, as it sees them; intervals that are not held teach it nothing."""
        seen = sample.is_plain or sample.in_memory
        return Mapped(self.base.resolve(self._drawn_back(sample)), self.by_map) if seen else self

    def _drawn_back(self, sample: Sample) -> Sample:
        if sample.is_plain:
            return sample.mapped(self._back)
        return with_ends(sample, self._ends)

    def check(self, sample: Sample) -> None:
        """Raise where the law of X has no maximum."""
        self.base.check(self._drawn_back(sample))

    def _from_sample(self, formula: Formula, sample: Sample) -> tuple[Any, ...]:
        """The maximum of the law of X."""
        return self._own(formula(self._drawn_back(sample)))

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Starts of the law of X."""
        points = self._drawn_back(sample)
        if self.base.start is None:
            first = fitted(self.base, points)
            return [] if first is None else [self._own(first)]
        proposed = self.base.start(points)
        return [self._own(params) for params in (proposed if isinstance(proposed, list) else [proposed])]

    def _unbounded(self, of_base: Unbounded, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        return of_base(self._drawn_back(sample.as_points()), fixed)

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """Those of the law of X."""
        return self.base.irregular(*self._own(params))

    def rough(self, *params: Any) -> tuple[str, ...]:
        """Those of the law of X."""
        return self.base.rough(*self._own(params))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the law of X, mapped."""
        return self._lifted(self.base.limits)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of the law of X that are no laws of the window, mapped."""
        inside = np.clip([lower, upper], self.support.lower, self.support.upper)
        with np.errstate(divide="ignore"):  # log 0 = -inf
            low, high = np.sort(self.map.back(inside)).tolist()
        seen = self.base.limits_in_window(low, high)
        return self._lifted(tuple(near for near in seen if near.family.support == self.base.support))

    def _lifted(self, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        found = []
        for near in limits:
            if near.family.discrete or near.family.atoms or _objection(near.family, self.by_map):
                continue
            law = Mapped(near.family, self.by_map)
            found.append(Limit(law, lambda *p, law=law, e=near.embed: self._own(e(*law._own(p)))))
        return tuple(found)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the law of X, mapped."""
        cases = lifted(self.base, lambda law: mapped(law, self.by_map, ""))
        return tuple(SpecialCase(c.family, lambda *p, c=c: self._own(c.embed(*c.family._own(p))), c.at) for c in cases)

    @property
    def images(self) -> tuple[Image, ...]:
        """The law of X, of what g brings back."""
        return (Image(self.base, lambda *params: self._own(params), _BACK[self.by_map]),)

    def __repr__(self) -> str:
        return f"{_MAKER_OF[self.by_map]}({self.base!r})"


def with_ends(sample: Sample, ends: Callable[[Array, Array], tuple[Array, Array]]) -> Sample:
    """The sample of a monotone function of observations, which gives both ends of intervals and of their windows."""
    drawn = type(sample).intervals(*ends(sample.lower, sample.upper), sample.weight, sample.weight_kind)
    return drawn if sample.window is None else drawn.truncated(*ends(*sample.window))


def mapped(family: Any, by: str, maker: str) -> Family:
    """The law of a function of what follows ``family``; refused where there is none."""
    by = choice(by, f"map of {maker}", _MAPS)
    base = part(family, maker)
    objection = _objection(base, by)
    if objection is not None:
        raise ParameterError(f"{maker}: {base.name} is {objection}.")
    return Mapped(base, by)


def exp_of(family: Any) -> Family:
    """The law of exp(X), where X follows ``family``: log-Pearson III, log-Laplace, log-logistic and the like.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law.

    Returns
    -------
    Family
        With the parameters of ``family``, on positive numbers.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> result = mle.fit([1.0, 2.0, 4.0, 9.0], mle.exp_of("normal"))
    >>> {name: round(value, 6) for name, value in result.params.items()}
    {'mu': 1.069167, 'sigma': 0.815106}
    """
    return mapped(family, "exp", "exp_of")


def log_of(family: Any) -> Family:
    """The law of log(X), where X follows ``family``: exp-gamma and the like.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law of positive numbers.

    Returns
    -------
    Family
        With the parameters of ``family``.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> round(mle.fit([-0.5, 0.2, 1.1], mle.log_of("exponential")).params["scale"], 6)
    1.6107
    """
    return mapped(family, "log", "log_of")


def negated(family: Any) -> Family:
    """The law of -X, where X follows ``family``: of smallest extremes, by ``negated("gumbel")``.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law.

    Returns
    -------
    Family
        With the parameters of ``family``; a location is that of the negative itself.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit([1.0, 2.5, 3.0, 3.5], mle.negated("gumbel"))
    >>> {name: round(value, 4) for name, value in fit.params.items()}
    {'loc': 2.9284, 'scale': 0.689}
    """
    return mapped(family, "negative", "negated")


def _objection(base: Family, by: str) -> str | None:
    """Why the law cannot be mapped."""
    if base.discrete:
        return "a law of counts"
    if base.period is not None:
        return "a law on the circle"
    if not base.all_scalar:
        return "a law with parameters that are arrays; make a mixture of the mapped laws instead"
    if base.per_row:
        return f"a law with constants given per row ({', '.join(base.per_row)})"
    if by == "log" and base.support.lower < 0:
        return f"not a law of positive numbers (its support is {base.support}), which alone have logs"
    return None


def _image(support: Interval, by: _Map) -> Interval:
    with np.errstate(divide="ignore", over="ignore"):
        ends = [float(by.forward(np.array(end))) + 0.0 for end in (support.lower, support.upper)]
    closed_ends = [support.closed_lower and np.isfinite(ends[0]), support.closed_upper and np.isfinite(ends[1])]
    if not by.rises:
        ends, closed_ends = ends[::-1], closed_ends[::-1]
    names = {(True, True): "both", (True, False): "lower", (False, True): "upper"}
    return Interval(ends[0], ends[1], names.get((bool(closed_ends[0]), bool(closed_ends[1])), "neither"))


_BACK = {"exp": LOG, "log": EXP, "negative": NEGATIVE}
_MAKER_OF = {"exp": "exp_of", "log": "log_of", "negative": "negated"}

MAKERS = (exp_of, log_of, negated)
"""The functions here that make laws of laws."""
