"""Mutual information of two variables from a table of counts, with an interval that holds near independence too."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.excess import log_ratio
from mle_toolkit.information.counts import entropy_of_counts
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import FEW_PER_CELL
from mle_toolkit.information.pointwise import KL

_TAIL = 0.025
"""Probability on each side of a 95 % interval."""

_TABLES, _LEAST_TABLES, _DRAWS = 1_000, 50, 1_000_000
"""Tables that are drawn for each law that is tried, of small and of large tables; and counts that are drawn for it.

With fewer than the first, of tables of more than 1,000 cells, the plug-ins are taken for normal, as sums of so many
terms: 50 of them then tell a tail of 0.025 as well as the counted tail of 100.
"""

_FARTHEST = 6.0
"""Binary logarithm of the multiple of the estimated interactions beyond which a law is taken for as dependent as its
margins let it be."""

_NEAREST, _EXACT = -20.0, 2.0**-7
"""Binary logarithms of the least multiple that is tried, and of a factor by which an end may be off."""

_SWEEPS, _MARGINS = 500, 1e-10
"""Sweeps of proportional fitting at most, and the accuracy of the margins at which it ends."""


def mutual_information_of_counts(counts: Array, method: str = "plug-in") -> Estimate:
    r"""Estimate the mutual information of the two variables of a table.

    Parameters
    ----------
    counts : ndarray of shape (K, L)
        Whole numbers, not all 0.
    method : str
        ``"plug-in"``, or a method for the entropy of counts, which then is that of all three entropies in
        :math:`\hat H(X) + \hat H(Y) - \hat H(X, Y)`: see `mle_toolkit.information.counts.entropy_of_counts`.

    Returns
    -------
    Estimate
        In nats. The standard error is that of the plug-in by the delta method, or
        :math:`\sqrt{(K-1)(L-1)/2}/n`, which it is at independence, where that is larger. Flags: ``undersampled`` below
        five observations a cell; ``indistinguishable_from_zero`` where the interval begins at 0.

    Notes
    -----
    The interval is of the mutual information of the law, and inverts a test whatever the method (Davison & Hinkley
    1997, Bootstrap Methods and their Application, sec. 5.7). The laws tried have the estimated margins and t times the
    estimated log-linear interactions, shares being those of counts plus one half; t = 0 is independence. An end is
    where a plug-in as far out as the one observed has probability 0.025, by tables that are drawn, always from the same
    seed. So the bias of the plug-in, which makes it too high by about (K - 1)(L - 1) / (2 n), is in the interval,
    beyond which the plug-in of an undersampled table may lie. Where less dependence was observed than independent
    tables show by half, the upper end is that of their median, so that it does not fall to 0 by chance (Cowan, Cranmer,
    Gross & Vitells 2011, arXiv:1105.3166), and the interactions tried are those of rows and columns in order; likewise
    for the lower end where more was observed than the most dependent tables show by half. No end is above
    log min(K, L).
    """
    n = float(counts.sum())
    rows, columns = counts.any(axis=1), counts.any(axis=0)
    table = counts[rows][:, columns]
    shares = table / n
    product = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    ratio = log_ratio(shares, product)
    plain = float(np.sum(np.maximum(shares, product) * KL.term(ratio)))  # 0 where the shares are products
    if method == "plug-in":
        value, name = plain, "plug-in"
    else:
        of_rows, of_columns = (entropy_of_counts(counts.sum(axis=axis), method) for axis in (1, 0))
        joint = entropy_of_counts(counts.ravel(), method)
        value, name = of_rows.value + of_columns.value - joint.value, f"{joint.method}, of each entropy"
    flags = ["undersampled"] if n < FEW_PER_CELL * table.size else []
    if n == 1:
        return Estimate(value=value, method=name, flags=tuple(flags), reason="one observation")
    if min(table.shape) == 1:
        reason = "one of the variables has one value, and so no information to share"
        return Estimate(value=value, method=name, flags=tuple(flags), reason=reason)
    ratio = np.where(table > 0, ratio, 0.0)
    first_order = math.sqrt(float(np.sum(shares * np.square(ratio - plain))) / n)
    se = max(first_order, math.sqrt(0.5 * (table.shape[0] - 1) * (table.shape[1] - 1)) / n)
    most = math.log(min(counts.shape))
    low, high = _Interactions(table).interval(plain)
    if low == 0:
        flags.insert(0, "indistinguishable_from_zero")
    return Estimate(
        value=value,
        se=se,
        interval=(low, min(high, most)),
        method=f"{name}; interval by inversion of a simulated test",
        flags=tuple(flags),
    )


def _plug_in(tables: Array, n: float) -> Array:
    """Plug-in mutual information of tables of n counts each; shape (m,)."""
    of_cells, of_rows, of_columns = (
        special.xlogy(part, part).sum(axis=tuple(range(1, part.ndim)))
        for part in (tables, tables.sum(axis=2), tables.sum(axis=1))
    )
    return np.asarray((of_cells - of_rows - of_columns) / n + math.log(n))


class _Interactions:
    """Laws with the margins of a table and a multiple of its interactions."""

    def __init__(self, table: Array) -> None:
        self.n = float(table.sum())
        smooth = table + 0.5
        smooth = smooth / smooth.sum()
        self.margins = smooth.sum(axis=1), smooth.sum(axis=0)
        product = np.outer(*self.margins)
        self._log_product, self._interactions = np.log(product), np.log(smooth / product)
        self._count = int(min(max(_DRAWS // table.size, _LEAST_TABLES), _TABLES))

    def law(self, t: float) -> Array:
        """Probabilities of the cells at t times the interactions, by iterative proportional fitting."""
        power = t * self._interactions
        law = np.exp(self._log_product + power - power.max())
        for _ in range(_SWEEPS):
            law = law * (self.margins[0] / law.sum(axis=1))[:, None]
            columns = law.sum(axis=0)
            law = law * (self.margins[1] / columns)
            if np.max(np.abs(columns - self.margins[1])) < _MARGINS:
                break
        return np.asarray(law / law.sum())

    def information(self, t: float) -> float:
        """Mutual information of the law."""
        return float(_plug_in(self.law(t)[None], 1.0)[0])

    def plug_ins(self, t: float) -> Array:
        """Plug-in estimates from tables drawn from the law, from one seed, so that they move with t smoothly."""
        law = self.law(t)
        drawn = np.random.default_rng(0).multinomial(round(self.n), law.ravel(), size=self._count)
        return _plug_in(drawn.reshape(self._count, *law.shape).astype(float), self.n)

    def interval(self, observed: float) -> tuple[float, float]:
        """Ends between which no law is rejected by the plug-in observed."""
        slack = 1e-9 * max(1.0, observed)  # a plug-in that is equal but for rounding is as far out
        independent = self.plug_ins(0.0)
        low, shown = 0.0, float(np.median(independent))
        if _highest(independent) < observed - slack:
            seen = min(observed, float(np.median(self.plug_ins(2.0**_FARTHEST)))) - slack
            low = self._where(lambda t: seen - _highest(self.plug_ins(t)))
        if observed <= shown:
            self._interactions = np.outer(*(np.linspace(-1.0, 1.0, len(margin)) for margin in self.margins))
        shown = max(observed, shown) + slack
        high = self._where(lambda t: shown + _highest(-self.plug_ins(t)))
        return low, high

    def _where(self, excess: Callable[[float], float]) -> float:
        """Mutual information of the law up to which something is positive; infinite where it is for all."""
        from scipy import optimize

        at = functools.cache(lambda power: excess(2.0**power))
        near = 0.0
        while at(near + 1.0) > 0:
            near += 1.0
            if near >= _FARTHEST:
                return math.inf
        while near > _NEAREST and not at(near) > 0:
            near -= 1.0
        end = optimize.brentq(at, near, near + 1.0, xtol=_EXACT) if at(near) > 0 else near
        return self.information(2.0**end)


def _highest(plug_ins: Array) -> float:
    """The plug-in that is as high or higher with probability 0.025: counted, and of few, of large tables, as normal."""
    if len(plug_ins) == _TABLES:
        return float(np.sort(plug_ins)[-round(_TAIL * _TABLES)])
    return float(np.mean(plug_ins) - special.ndtri(_TAIL) * np.std(plug_ins, ddof=1))
