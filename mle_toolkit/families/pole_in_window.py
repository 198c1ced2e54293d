"""The law to which laws with heavy tails tend where a window shows a part of one tail alone: a falling power."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, Interval
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.tilted import WINDOWS, log_exprel, log_exprel_slope

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_POWERS, _REACHES = (0.3, 1.0, 4.0), (0.05, 0.4, 2.0)
"""Powers of starts, and how far from the window their poles are, in widths of it."""


_ROWS_OF_CHOICE = 200
"""Rows by which the best of the starts are told."""


class PoleInWindow(Family):
    r"""A law on a window whose density falls there as a power of the distance from a pole, which is beyond the window.

    .. math:: \log f(x) = -(\nu + 1) \log(d + |x - e|) - \log\int (d + |t - e|)^{-(\nu + 1)} dt

    e is the end of the window which is next to the pole, and d, the ``reach``, the distance between the two. Student's
    law as scale → 0, with loc at the pole.

    Parameters
    ----------
    lower, upper : float
        Ends of the window, both finite.
    sign : float
        1 for a pole below the window, -1 for one above.
    free : bool
        Whether the df are a parameter; else they are 0.
    """

    def __init__(self, lower: float, upper: float, sign: float, *, free: bool) -> None:
        super().__init__()
        self.lower, self.upper, self.sign, self.free = lower, upper, sign, free
        self._end = lower if sign > 0 else upper
        self.support = Interval(lower, upper, closed="upper")
        self.parameters = (
            *((Parameter("df", POSITIVE),) if free else ()),
            Parameter("reach", POSITIVE, role="scale"),
        )
        law = "a falling power" if free else "one over"
        self.name = f"{law} of the distance from a pole {'below' if sign > 0 else 'above'} ({lower:g}, {upper:g})"

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``: the window moves too."""
        lower, upper = ((end - centre) / scale for end in (self.lower, self.upper))
        return PoleInWindow(lower, upper, self.sign, free=self.free)

    def _parts(self, x: Any, params: tuple[Any, ...]) -> tuple[Any, Any, Array, Array]:
        """Df and reach; logs of one plus the distances of x, and of the far end, from the near one over the reach."""
        df, reach = params if self.free else (0.0, params[0])
        away = np.clip(self.sign * (x - self._end), 0.0, self.upper - self.lower)
        return df, reach, np.log1p(away / reach), np.log1p((self.upper - self.lower) / reach)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        df, reach, here, width = self._parts(x, params)
        return np.asarray(-(df + 1) * here - np.log(reach) - np.log(width) - log_exprel(-df * width))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by df, where they are a parameter, and reach."""
        df, reach, here, width = self._parts(x, params)
        mean = width * log_exprel_slope(-df * width)
        by_reach = -((df + 1) * np.expm1(-here) + 1) / reach
        by_width = np.exp(-df * width - np.log(width) - log_exprel(-df * width))
        by_reach = by_reach - by_width * np.expm1(-width) / reach
        return (mean - here, by_reach) if self.free else (by_reach,)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Poles at several distances, and powers; the best two."""
        width = self.upper - self.lower
        powers: tuple[tuple[float, ...], ...] = tuple((power,) for power in _POWERS) if self.free else ((),)
        return best_together(self, sample, [(*p, share * width) for p in powers for share in _REACHES], 2)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_shares(x, params)[0 if self.sign > 0 else 1]

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_shares(x, params)[1 if self.sign > 0 else 0]

    def _log_shares(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, Array]:
        """Logs of the shares of the law between x and the near end, and the far one."""
        df, _, here, width = self._parts(x, params)
        left = np.maximum(width - here, 0.0)
        with np.errstate(divide="ignore"):
            whole = np.log(width) + log_exprel(-df * width)
            near = np.log(here) + log_exprel(-df * here) - whole
            far = -df * here + np.log(left) + log_exprel(-df * left) - whole
        return np.minimum(near, 0.0), np.minimum(far, 0.0)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.exp(self.logcdf(x, *params))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.exp(self.logsf(x, *params))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(p if self.sign > 0 else 1 - p, params)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        p = np.asarray(p, dtype=float)
        return self._at(1 - p if self.sign > 0 else p, params)

    def _at(self, near: Array, params: tuple[Any, ...]) -> Array:
        """Find x from the share of the law between it and the end that is next to the pole."""
        df, reach, _, width = self._parts(self._end, params)
        steep = np.asarray(df * width)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_distance = np.where(steep > 0, -np.log1p(near * np.expm1(-steep)) / df, near * width)
        return np.asarray(self._end + self.sign * reach * np.expm1(log_distance))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """One over the distance, at df = 0."""
        if not self.free:
            return ()
        return (Limit(pole_on(self.lower, self.upper, self.sign, free=False), lambda reach: (0.0, reach)),)


def poles_of(law: Any, rest: tuple[float, ...]) -> tuple[Limit, ...]:
    """One over the distance from a pole beyond the window: what a law with a location tends to as its scale → 0."""
    return tuple(
        Limit(
            pole_on(law.lower, law.upper, sign, free=False),
            lambda reach, sign=sign: (law.lower - reach if sign > 0 else law.upper + reach, 0.0, *rest),
        )
        for sign in (1.0, -1.0)
    )


def best_together(law: Family, sample: Sample, starts: list[tuple[float, ...]], few: int) -> list[tuple[float, ...]]:
    """The few of the starts at which the likelihood is highest, all of them looked at together."""
    some = sample.sketch(_ROWS_OF_CHOICE)
    with np.errstate(all="ignore"):
        rows = law.logpdf(some.x, *np.array(starts).T[:, :, None])
        values = np.sum(rows if some.weight is None else some.weight * rows, axis=-1)
    order = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")[:few]
    return [starts[k] for k in order.tolist()]


@lru_cache(maxsize=4 * WINDOWS)
def pole_on(lower: float, upper: float, sign: float, *, free: bool) -> PoleInWindow:
    """The law of a window, one for all that have it as a limit there."""
    return PoleInWindow(lower, upper, sign, free=free)
