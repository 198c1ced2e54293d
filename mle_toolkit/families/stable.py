"""The stable law."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.stable_integrals import COLUMNS, stables
from mle_toolkit.families.standardised import Together, best_starts, tails_of_location_scale
from mle_toolkit.numerics.panels import Panels

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SETTLED = np.array([1e-12, *[1e-9] * 3, *[1e-6] * 6, 1e-12, 1e-12, *[1e-9] * 4, *[1e-6] * 6])
"""Last coefficients of the polynomials of a panel, of each column, over the size of its values or 1."""

_BY_BETA = [3, 6, 8, 9, 13, 15, 17, 18, 20, 21]
"""Columns that are derivatives by beta: at its ends these may be beyond all bounds."""

_TABLES = 8

_FREQUENCIES = (0.25, 1.0)
"""At which the characteristic function of the data gives a start, in units of half the interquartile range."""

_SHAPES = ((1.9, 0.0), (1.5, 0.0), (1.0, 0.0), (0.6, 0.0))
"""Other starts, whose tables are kept."""

_FEW = 100
"""Rows up to which there are two starts."""

_LEANS = 0.98
"""Size of beta from which the law is compared with the one for 1 or -1."""

_DIRECT = 128
"""Places up to which integrals take less than a table, of which each halving of panels is a call."""

_KEPT_ROWS = 1 << 13
"""Rows with shapes of their own of which columns are kept for the next call."""

_NEXT_TO_ONE = 1e-8
"""|alpha - 1| below which random numbers are made by the formula for 1."""


class Stable(Together):
    r"""Sums of many heavy-tailed effects: returns, noise; tails fall as the power ``alpha``, to a side by ``beta``.

    .. math:: \log E\,e^{iuz} = -|u|^\alpha\bigl(1 + i\beta\tan\tfrac{\pi\alpha}{2}\operatorname{sign}(u)
        (|u|^{1 - \alpha} - 1)\bigr), \quad z = (x - m)/s

    This is Nolan's parametrisation S0, which goes smoothly through alpha = 1; that of SciPy's ``levy_stable`` is S1 by
    default, whose location is m - s beta tan(πα/2). Source: Nolan (1997), Stochastic Models 13, 759-774; Nolan (2020),
    Univariate Stable Distributions. Cauchy's law for alpha = 1 and beta = 0, Lévy's for alpha = 1/2 and beta = 1, the
    normal law of standard deviation √2 s for alpha = 2, where beta says nothing. The density, the tails and all their
    derivatives are integrals along paths of descent in the plane of u; the log-density errs by less than 1e-10, as a
    rule by 1e-13. Where alpha and beta are the same for all rows, polynomials in asinh z pass through such values, to
    1e-11. As alpha → 0 the likelihood is unbounded, with loc at an observation (DuMouchel 1973, Annals of Statistics 1,
    948-957): the maximum reported is the one away from there.
    """

    name = "stable"
    aliases = ("levy_stable", "alpha_stable")
    only_if_asked = "takes a second and more where data are censored, so only if asked for"
    support = REAL
    parameters = (
        LOC,
        SCALE,
        Parameter("alpha", Interval(0.0, 2.0, closed="upper"), typical=(1.1, 1.6)),
        Parameter("beta", Interval(-1.0, 1.0, closed="both"), typical=(-0.4, 0.4)),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        value = _at(z, shapes)[..., 0]
        return np.asarray(np.where(np.isinf(z), -np.inf, value))

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z, alpha and beta, and second ones."""
        columns = np.moveaxis(_at(z, shapes, once=True), -1, 0)
        return tuple(columns[1:4]), tuple(columns[4:10])

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        both = _at(z, shapes)[..., 10:12]
        return np.minimum(both[..., 0], 0.0), np.minimum(both[..., 1], 0.0)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by alpha and beta."""
        below_a, below_b, above_a, above_b = np.moveaxis(_at(z, shapes)[..., 12:16], -1, 0)
        return (below_a, below_b), (above_a, above_b)

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        return tails_of_location_scale(self, x, params, self._tail_expansion)

    def _tail_expansion(self, z: Array, *shapes: Any) -> TailExpansion:
        """Of the tails of z, by alpha and beta."""
        slopes_and_bends = np.moveaxis(_at(z, shapes)[..., 12:], -1, 0)
        a, b, c = (tuple(slopes_and_bends[k : k + m]) for k, m in ((0, 2), (4, 3), (7, 3)))
        return self.reduced_tails(z, *shapes), (a, tuple(slopes_and_bends[2:4])), (b, c)

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """Finite on the side away from which a law with alpha < 1 leans all the way."""
        alpha, beta = (np.asarray(v, dtype=float) for v in shapes)
        end = np.tan(0.5 * math.pi * np.where(alpha < 1, alpha, 0.5))
        below, above = (alpha < 1) & (beta == 1), (alpha < 1) & (beta == -1)
        return np.where(below, -end, -np.inf), np.where(above, end, np.inf)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """From the characteristic function of the data at two frequencies, or of several shapes; the best two, or one.

        Source: Press (1972), JASA 67, 842-846, of data in units of their quartiles.
        """
        low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        half = 0.5 * (high - low) or math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = [(middle, half, *shapes) for shapes in _SHAPES]

        def characteristic(u: float) -> tuple[float, float]:
            angle = u / half
            return (
                sample.mean(lambda x: np.cos(angle * (x - middle))),
                sample.mean(lambda x: np.sin(angle * (x - middle))),
            )

        parts = [characteristic(u) for u in _FREQUENCIES]
        falls = [-0.5 * math.log(max(c * c + s * s, 1e-12)) for c, s in parts]
        if min(falls) > 0:
            alpha = math.log(falls[1] / falls[0]) / math.log(_FREQUENCIES[1] / _FREQUENCIES[0])
            alpha = min(max(alpha, 0.3), 1.95)
            scale = falls[1] ** (1 / alpha) / _FREQUENCIES[1]
            # The phase is loc u - beta tan(πα/2) ((s u)^alpha - s u), without the sign.
            u = np.array(_FREQUENCIES)
            lean = -math.tan(0.5 * math.pi * alpha) * (scale * u - (scale * u) ** alpha)
            loc, beta = np.linalg.lstsq(np.stack([u, lean], axis=1), np.array([math.atan2(s, c) for c, s in parts]))[0]
            starts.append((middle + half * float(loc), half * scale, alpha, min(max(float(beta), -0.9), 0.9)))

        def logpdf(x: Array, loc: float, scale: float, alpha: float, beta: float) -> Array:
            table = _table_of_start(alpha, beta) if (alpha, beta) in _SHAPES else _table(alpha, beta)
            return table.at((x - loc) / scale)[:, 0] - math.log(scale)

        return best_starts(sample.sketch(), logpdf, starts, 2 if sample.n_rows <= _FEW else 1)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law at alpha = 2; the laws that lean all the way, at beta = ±1."""
        return (
            Limit(get_family("normal"), lambda mu, sigma: (mu, sigma / math.sqrt(2), 2.0, 0.0)),
            Limit(_Leaning(-1.0), lambda loc, scale, alpha: (loc, scale, alpha, -1.0)),
            Limit(_Leaning(1.0), lambda loc, scale, alpha: (loc, scale, alpha, 1.0)),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, alpha: float, beta: float) -> tuple[Limit, ...]:
        """The normal law, and that which leans all the way to the side to which the law leans, if it does so much."""
        normal, left, right = self.limits
        return (normal, right if beta > 0 else left) if abs(beta) > _LEANS else (normal,)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Cauchy's law where alpha is 1 and beta 0, Lévy's, from loc - scale on, where alpha is 1/2 and beta 1."""
        return (
            SpecialCase(get_family("cauchy"), lambda loc, scale: (loc, scale, 1.0, 0.0), at=("alpha", "beta")),
            SpecialCase(get_family("levy"), lambda scale: (scale, scale, 0.5, 1.0), at=("alpha", "beta")),
        )

    def mean(self, loc: Array, scale: Array, alpha: Array, beta: Array) -> Array:
        """Expected value: loc - scale beta tan(πα/2); NaN for alpha <= 1."""
        alpha = np.asarray(alpha, dtype=float)
        tilt = np.where(alpha == 2, 0.0, np.tan(0.5 * math.pi * np.where(alpha == 1, 2.0, alpha)))
        return np.asarray(np.where(alpha > 1, loc - scale * np.asarray(beta) * tilt, np.nan))

    def var(self, loc: Array, scale: Array, alpha: Array, beta: Array) -> Array:
        """Variance: infinite, but 2 scale² for alpha = 2; NaN where there is no mean."""
        alpha = np.asarray(alpha, dtype=float) + 0 * np.asarray(loc) + 0 * np.asarray(beta)
        return np.where(alpha == 2, 2 * np.square(scale), np.where(alpha > 1, np.inf, np.nan))

    def rvs(self, loc: Any, scale: Any, alpha: Any, beta: Any, size: Any, rng: Any) -> Array:
        """Draw random numbers by the formulas of Chambers, Mallows & Stuck (1976), JASA 71, 340-344."""
        angle, wait = rng.uniform(-0.5 * math.pi, 0.5 * math.pi, size), rng.standard_exponential(size)
        alpha, beta = np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float)
        one = np.abs(alpha - 1) < _NEXT_TO_ONE
        power = np.where(one, 1.5, alpha)
        tilt = beta * np.tan(0.5 * math.pi * power)
        turned = power * angle + np.arctan(tilt)
        size_of = np.sin(turned) / (np.cos(np.arctan(tilt)) * np.cos(angle)) ** (1 / power)
        z = size_of * (np.cos(turned - angle) / wait) ** ((1 - power) / power) - tilt
        across = 0.5 * math.pi + beta * angle
        with np.errstate(divide="ignore", invalid="ignore"):
            at_one = across * np.tan(angle) - beta * np.log(0.5 * math.pi * wait * np.cos(angle) / across)
        return np.asarray(loc + scale * np.where(one, 2 / math.pi * at_one, z))

    def to_scipy(self, loc: float, scale: float, alpha: float, beta: float) -> Any:
        """``scipy.stats.levy_stable(alpha, beta, loc - scale beta tan(πα/2), scale)``, but the last for alpha = 1."""
        from scipy import stats

        return stats.levy_stable(alpha, beta, loc - _shift(scale, alpha, beta), scale)

    @staticmethod
    def from_scipy(alpha: float, beta: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.levy_stable(alpha, beta, loc, scale)``."""
        return {"loc": loc + _shift(scale, alpha, beta), "scale": scale, "alpha": alpha, "beta": beta}


class _Leaning(Together):
    """The stable law for beta = 1 or -1."""

    support = REAL
    parameters = Stable.parameters[:3]

    def __init__(self, beta: float) -> None:
        super().__init__()
        self._beta, self._law = beta, Stable()
        self.name = f"stable with beta = {beta:g}"

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        return self._law.reduced(z, *shapes, self._beta)

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z and alpha, and second ones."""
        slopes, (zz, za, _, aa, _, _) = self._law.reduced_derivatives(z, *shapes, self._beta)
        return slopes[:2], (zz, za, aa)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        return self._law.reduced_tails(z, *shapes, self._beta)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by alpha."""
        below, above = self._law.reduced_tail_slopes(z, *shapes, self._beta)
        return below[:1], above[:1]

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        loc, scale, alpha = params
        keep = [0, 1, 2, 4, 5, 7]  # without beta, of the triangle of four parameters
        logs, first, second = self._law.tail_expansion(x, loc, scale, alpha, self._beta)
        return logs, tuple(side[:3] for side in first), tuple(tuple(side[k] for k in keep) for side in second)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Those of the stable law, without its beta."""
        return [start[:3] for start in self._law.start(sample)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law at alpha = 2."""
        return (Limit(get_family("normal"), lambda mu, sigma: (mu, sigma / math.sqrt(2), 2.0)),)


def _shift(scale: float, alpha: float, beta: float) -> float:
    """How far the location of S0 is above that of S1."""
    if alpha == 1:
        return -2 / math.pi * beta * scale * math.log(scale)
    return scale * beta * math.tan(0.5 * math.pi * alpha)


def _at(z: Array, shapes: tuple[Any, ...], *, once: bool = False) -> Array:
    """Columns of `stables` at z, NaN where that is not finite; shape (..., 22).

    For shapes that come ``once`` a panel of a table is made only where it saves work.
    """
    z = np.asarray(z, dtype=float)
    if np.ndim(shapes[0]) == np.ndim(shapes[1]) == 0:
        finite = np.isfinite(z)
        values = np.full((*z.shape, COLUMNS), np.nan)
        values[finite] = _table(float(shapes[0]), float(shapes[1])).at(z[finite], once=once)
        return values
    return _of_rows(*np.broadcast_arrays(z, *(np.asarray(v, dtype=float) for v in shapes)))


def _of_rows(z: Array, alpha: Array, beta: Array) -> Array:
    """The same for shapes of every row: of few rows those that were asked for last are kept.

    Density, scores and second derivatives of the same rows are asked for one by one.
    """
    finite = np.isfinite(z)
    values = np.full((*z.shape, COLUMNS), np.nan)
    rows = np.stack([v[finite] for v in (z, alpha, beta)])
    values[finite] = _last_stables(rows.tobytes()) if 0 < rows.shape[1] <= _KEPT_ROWS else stables(*rows)
    return values


@lru_cache(maxsize=1)
def _last_stables(rows: bytes) -> Array:
    return stables(*np.frombuffer(rows).reshape(3, -1))


def _made(alpha: float, beta: float) -> Panels:
    """Polynomials in asinh z."""
    settled = _SETTLED.copy()
    if abs(beta) == 1:
        settled[_BY_BETA] = np.inf
    return Panels(
        lambda z: stables(z, np.full(len(z), alpha), np.full(len(z), beta)), np.arcsinh, np.sinh, settled, few=_DIRECT
    )


_table = lru_cache(maxsize=_TABLES)(_made)
_table_of_start = lru_cache(maxsize=len(_SHAPES))(_made)
