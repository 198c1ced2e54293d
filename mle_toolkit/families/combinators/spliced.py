"""Composite laws: one for the body of the data, another for its tail, joined at a cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from mle_toolkit._typing import Array, Join
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.by_both_tails import ByBothTails
from mle_toolkit.families.combinators.joints import (
    FARTHEST,
    as_a_point,
    begin_of,
    crossing,
    mover,
    slope_at_zero,
    slope_by_log,
)
from mle_toolkit.families.combinators.parts import climbed, fitted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, UNIT, Interval
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp
from mle_toolkit.options import choice, number

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_START_CUTS = (0.25, 0.5, 0.75, 0.9)
"""Quantiles of the data at which searches for a cut begin; where it has a profile, at the third."""

_FEW_CUTS = 20
"""Cuts that are tried at a time, ever nearer to the best."""

_STEPS_OF_SCALE = 80
"""Halvings of an interval of the log of a scale, 1400 long at first: down to rounding."""


_Slopes = Callable[..., tuple[list[Array], list[Array]]]
"""Derivatives of the log-density of a part at x, and at the cut; of x, its parameters and the cut."""


class Spliced(ByBothTails):
    r"""A law up to a cut, and another beyond it.

    .. math:: f(x) = \begin{cases} (1 - w)\, f_b(x) / F_b(u) & x \le u \\ w\, f_t(x) / S_t(u) & x > u \end{cases}

    Parameters
    ----------
    body, tail : Family
        Continuous laws whose parameters are numbers. A tail that begins at a parameter (Pareto's ``xm``) begins at the
        cut; one on [0, ∞), as the generalized Pareto and exponential laws, is that of the excess x - u; of any other
        what lies beyond the cut counts.
    at : float or None
        The cut u, or None where it is the parameter ``cut``.
    join : {"free", "continuous", "smooth"}
        The weight of the tail is the parameter ``weight``; or it makes the density continuous; or, besides, a parameter
        of the body, its location or scale, makes the slope continuous.

    Notes
    -----
    Sources: Cooray & Ananda (2005), Scand. Actuarial J., 321-334, and Scollnik (2007), ibid., 20-33 (lognormal-Pareto);
    Klugman, Panjer & Willmot (2012), Loss Models, sec. 5.2.6. A cut that is estimated is found by its profile at and
    between the observations, and has no standard error but where the law is smooth. Cuts at which body or tail has no
    maximum, as a lognormal body that only rises up to the cut, are passed over.
    """

    kind, of_several = "spliced", True
    takes = {"at": float | None, "join": str}  # noqa: RUF012

    def __init__(self, body: Family, tail: Family, at: float | None, join: str) -> None:
        self.body, self.tail, self.at, self.join = body, tail, at, join
        self.constants = {} if at is None else {"at": at}
        self.name = f"{body.name}-{tail.name} splice"
        self.pinned = begin_of(tail)
        self.excess = self.pinned is None and tail.support.lower == 0 and tail.support.closed_lower
        self.settled = mover(body) if join == "smooth" else None
        self.support = _hull(body, tail, excess=self.excess or self.pinned is not None)
        self.parameters = self._declared()
        begins_at_cut = self.excess or self.pinned is not None
        of_body = made_with(self._body_scores, body.score, body.tail_scores)
        of_tail = made_with(self._tail_scores, tail.score, _all_of_it if begins_at_cut else tail.tail_scores)
        self.score = None if join == "smooth" else made_with(self._score, of_body, of_tail)
        if at is None and join != "smooth":
            self.from_sample = self._scan

    def _declared(self) -> tuple[Parameter, ...]:
        body = [p for p in self.body.parameters if p.name != self.settled]
        tail = [p for p in self.tail.parameters if p.name != self.pinned]
        both = {p.name for p in body} & {p.name for p in tail}
        moves = self._moves_with_the_unit
        inner = [
            Parameter(
                f"{p.name}_{side}" if p.name in both else p.name,
                p.domain,
                p.typical,
                p.role if moves else "shape",
                p.regular,
                p.natural,
            )
            for side, some in (("body", body), ("tail", tail))
            for p in some
        ]
        if self.join == "free":
            inner.insert(0, Parameter("weight", UNIT, typical=(0.1, 0.5)))
        if self.at is None:
            line = self.body.support.lower < 0
            role: Any = ("location" if self.body.has_location else "scale") if moves else "shape"
            low, high = self.body.support.lower, self.tail_end
            domain = REAL if line and np.isinf(high) else Interval(low, high)
            inner.append(Parameter("cut", domain, typical=(0.8, 2.0), role=role, regular=self.join == "smooth"))
        return tuple(inner)

    @property
    def tail_end(self) -> float:
        """Where the cut must be below."""
        return np.inf if self.excess or self.pinned is not None else self.tail.support.upper

    @property
    def _moves_with_the_unit(self) -> bool:
        """Whether body and tail may be moved alike: by location and scale, or by scale; excesses by scale alone."""
        if not (self.body.has_scale and self.tail.has_scale):
            return False
        return self.body.has_location == self.tail.has_location or (self.body.has_location and self.excess)

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """Body and tail, the cut, and how they are joined."""
        return (self.body, self.tail), {"at": self.at, "join": self.join}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return spliced(parts[0], parts[1], others["at"], others["join"])

    # --- parameters ---------------------------------------------------------------------------------------------------

    def _parted(self, params: Sequence[Any]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...], Any]:
        """Logs of the weights of tail and body, the parameters of body and of tail, and the cut."""
        rest = list(params)
        cut = self.at if self.at is not None else rest.pop()
        weight = rest.pop(0) if self.join == "free" else None
        n_body = len(self.body.parameters) - (self.settled is not None)
        body, tail = rest[:n_body], rest[n_body:]
        if self.pinned is not None:
            tail.insert(self.tail.param_names.index(self.pinned), cut)
        if self.settled is not None:
            place = self.body.param_names.index(self.settled)
            body.insert(place, self._settled_value(body, tail, cut, place))
        with np.errstate(all="ignore"):
            if weight is None:
                body_end, tail_begin = self._ends(tuple(body), tuple(tail), cut)
                log_w = -np.logaddexp(0.0, tail_begin - body_end)  # w t = (1 - w) b at the cut
                log_rest = -np.logaddexp(0.0, body_end - tail_begin)
            else:
                log_w, log_rest = np.log(weight), np.log1p(-np.asarray(weight))
        return (log_w, log_rest), tuple(body), tuple(tail), cut

    def _ends(self, body: tuple[Any, ...], tail: tuple[Any, ...], cut: Any) -> tuple[Any, Any]:
        """Log-densities of body and tail, each of mass one, at the cut."""
        at = np.asarray(cut, dtype=float)
        return self._body_logpdf(at, body, cut), self._tail_logpdf(at, tail, cut)

    def _body_logpdf(self, x: Array, body: tuple[Any, ...], cut: Any) -> Array:
        law = Distribution.at(self.body, body)
        return np.asarray(self.body.logpdf(x, *body) - law.logcdf(np.asarray(cut, dtype=float)))

    def _tail_logpdf(self, x: Array, tail: tuple[Any, ...], cut: Any) -> Array:
        if self.pinned is not None:
            return np.asarray(self.tail.logpdf(x, *tail))
        if self.excess:
            return np.asarray(self.tail.logpdf(x - cut, *tail))
        law = Distribution.at(self.tail, tail)
        return np.asarray(self.tail.logpdf(x, *tail) - law.logsf(np.asarray(cut, dtype=float)))

    def _settled_value(self, body: Sequence[Any], tail: Sequence[Any], cut: Any, place: int) -> Any:
        """The location or scale of the body at which its slope at the cut is that of the tail, by bisection.

        Of a law moved by it, u d log f / dx falls as u moves outwards, from before its mode to its tail.
        """
        role = self.body.parameters[place].role
        with np.errstate(all="ignore"):
            begin = slope_at_zero if self.excess else slope_by_log
            wanted = begin(self.tail, tuple(tail), cut)

        def value(v: Any) -> Any:
            return {"scale": cut * np.exp(-v), "rate": np.exp(v) / cut}.get(role, np.log(cut) - v)

        def excess(v: Any) -> Any:
            return slope_by_log(self.body, (*body[:place], value(v), *body[place:]), cut) - wanted

        with np.errstate(all="ignore"):
            if np.ndim(wanted) == 0:
                return float(value(crossing(excess)))
            low, high = np.full(np.shape(wanted), -FARTHEST), np.full(np.shape(wanted), FARTHEST)
            for _ in range(_STEPS_OF_SCALE):
                middle = 0.5 * (low + high)
                steeper = excess(middle) < 0
                low, high = np.where(steeper, low, middle), np.where(steeper, middle, high)
            found = 0.5 * (low + high)
            lost = np.abs(found) > 0.99 * FARTHEST  # no place of the body has this slope
            return np.where(lost, np.nan, value(found))

    def determined(self, *params: Any) -> dict[str, Any]:
        """What the joint settles, by name: the weight of the tail, and the parameter of the body; the cut too."""
        (log_w, _), body, _, cut = self._parted(params)
        found = {"weight": np.exp(log_w), "cut": cut}
        if self.settled is not None:
            found[self.settled] = body[self.body.param_names.index(self.settled)]
        return {name: float(value) if np.ndim(value) == 0 else value for name, value in found.items()}

    # --- the law ------------------------------------------------------------------------------------------------------

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        (log_w, log_rest), body, tail, cut = self._parted(params)
        with np.errstate(all="ignore"):  # each piece is computed everywhere, and used where it holds
            low = log_rest + self._body_logpdf(x, body, cut)
            high = log_w + self._tail_logpdf(np.maximum(x, cut), tail, cut)
            values = np.where(x <= cut, low, high)
        return np.where(np.isnan(values), -np.inf, values)

    def _score(self, of_body: _Slopes, of_tail: _Slopes, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives; none by a cut, where there is no derivative."""
        (log_w, _), body, tail, cut = self._parted(params)
        in_body, weight = x <= cut, np.exp(log_w)
        with np.errstate(all="ignore"):
            body_slopes, at_body = of_body(x, body, cut)
            tail_slopes, at_tail = of_tail(np.maximum(x, cut), tail, cut)
            free = self.join == "free"
            slopes = [np.where(in_body, -1 / (1 - weight), 1 / weight)] if free else []
            # The weight that makes the density continuous moves with both: log w - log(1 - w) = b(u) - t(u).
            moves = 0.0 if free else np.where(in_body, -weight, 1 - weight)
            slopes += [np.where(in_body, s, 0.0) + moves * e for s, e in zip(body_slopes, at_body, strict=True)]
            for name, s, e in zip(self.tail.param_names, tail_slopes, at_tail, strict=True):
                if name != self.pinned:
                    slopes.append(np.where(in_body, 0.0, s) - moves * e)
        return (*slopes, *([] if self.at is not None else [np.zeros(np.shape(x))]))

    def _body_scores(
        self, score: Score, tails: TailScores, x: Array, body: tuple[Any, ...], cut: Any
    ) -> tuple[list[Array], list[Array]]:
        """Derivatives of `_body_logpdf` at x, and at the cut."""
        at = _one_each(cut, body)
        ends = tails(at, *body)[0]
        both = [[s - e for s, e in zip(score(where, *body), ends, strict=True)] for where in (np.asarray(x), at)]
        return both[0], both[1]

    def _tail_scores(
        self, score: Score, tails: TailScores, x: Array, tail: tuple[Any, ...], cut: Any
    ) -> tuple[list[Array], list[Array]]:
        """Derivatives of `_tail_logpdf` at x, and at the cut."""
        at = _one_each(cut, tail)
        ends = tails(at, *tail)[1]
        both = [
            [s - e for s, e in zip(score(where - cut if self.excess else where, *tail), ends, strict=True)]
            for where in (np.asarray(x), at)
        ]
        return both[0], both[1]

    def _logs(self, x: Array, params: Sequence[Any]) -> tuple[Array, Array]:
        """Logs of the tails at x."""
        (log_w, log_rest), body, tail, cut = self._parted(params)
        x, at = np.asarray(x, dtype=float), np.asarray(cut, dtype=float)
        with np.errstate(all="ignore"):
            of_body = Distribution.at(self.body, body)
            below = log_rest + np.minimum(of_body.logcdf(np.minimum(x, at)) - of_body.logcdf(at), 0.0)
            of_tail = Distribution.at(self.tail, tail)
            y = np.maximum(x, at)
            above = of_tail.logsf(y - at if self.excess else y)
            if not self.excess and self.pinned is None:
                above = np.minimum(above - of_tail.logsf(at), 0.0)
            above = log_w + above
            inside = x <= at
            return np.where(inside, below, log1mexp(above)), np.where(inside, log1mexp(below), above)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._logs(x, params)[0]

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._logs(x, params)[1]

    def _quantile(self, below: Array, above: Array, params: tuple[Any, ...]) -> Array:
        (log_w, log_rest), body, tail, cut = self._parted(params)
        at = np.asarray(cut, dtype=float)
        of_body, of_tail = Distribution.at(self.body, body), Distribution.at(self.tail, tail)
        with np.errstate(all="ignore"):
            low = of_body.ppf(np.clip(np.exp(np.log(below) - log_rest + of_body.logcdf(at)), 0.0, 1.0))
            beyond = np.zeros(()) if self.excess or self.pinned is not None else of_tail.logsf(at)
            high = of_tail.isf(np.clip(np.exp(np.log(above) - log_w + beyond), 0.0, 1.0))
            high = high + at if self.excess else high
            x = np.where(below <= np.exp(log_rest), np.minimum(low, at), np.maximum(high, at))
        return np.where((below >= 0) & (above >= 0), x, np.nan)

    # --- the fit ------------------------------------------------------------------------------------------------------

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        tail = self.tail.in_unit(0.0 if self.excess else centre, scale)
        at = None if self.at is None else (self.at - centre) / scale
        return Spliced(self.body.in_unit(centre, scale), tail, at, self.join)

    def check(self, sample: Sample) -> None:
        """Raise where a known cut leaves too few observations on a side of it."""
        if self.at is None:
            super().check(sample)
            return
        few = sample.sketch()
        for side, law, rows in (("up to", self.body, few.x <= self.at), ("beyond", self.tail, few.x > self.at)):
            needed = max(1, sum(p.name not in (self.pinned, self.settled) for p in law.parameters))
            distinct = len(np.unique(few.x[rows]))
            if distinct < needed:
                raise DegenerateDataError(
                    f"{self.name}: {distinct} distinct values {side} the cut, {self.at:g}, cannot determine "
                    f"{needed} parameter{'s' if needed > 1 else ''} of {law.name} there. Move the cut."
                )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Fits of the body to what is below the cut, and to all, and of the tail to what is beyond."""
        quantiles = _START_CUTS if self.join == "smooth" else _START_CUTS[2:3]
        cuts = [self.at] if self.at is not None else [sample.quantile(q) for q in quantiles]
        return [params for cut in cuts for params in self._starts_at(sample, cut)]

    def _starts_at(self, sample: Sample, cut: float) -> list[tuple[Any, ...]]:
        below, above = np.flatnonzero(sample.x <= cut), np.flatnonzero(sample.x > cut)
        if len(below) < 2 or len(above) < 2:
            return []
        beyond = sample.take(above)
        if self.excess:
            beyond = beyond.with_values(beyond.x - cut, beyond.weight)
        tails = [fitted(self.tail, beyond)]
        if not self.excess and self.pinned is None:
            tails.append(fitted(self.tail, sample))  # a law with a mode bends to what is beyond alone
        share = beyond.nobs / sample.nobs
        found = []
        for body in (fitted(self.body, points) for points in (sample.take(below), sample)):
            for tail in tails:
                if body is None or tail is None:
                    continue
                own = [v for name, v in zip(self.body.param_names, body, strict=True) if name != self.settled]
                own += [v for name, v in zip(self.tail.param_names, tail, strict=True) if name != self.pinned]
                own = [share, *own] if self.join == "free" else own
                found.append((*own, cut) if self.at is None else tuple(own))
        return found

    def _scan(self, sample: Sample) -> tuple[Any, ...]:
        """The cut of the highest profile, at and just before the observations and between them; and the rest there.

        All that is compared is refined from the maximum at the cut before, so that a cut costs a few steps.
        """
        from scipy import optimize

        x = np.unique(sample.x if sample.in_memory else sample.sketch().x)
        few = len(self.parameters)
        if len(x) < 2 * few + 2:
            raise DegenerateDataError(f"{self.name}: {len(x)} distinct values cannot show a cut. Give it: at=...")
        ends = x[few:-few]
        seen: dict[float, float] = {}
        best: tuple[float, tuple[Any, ...]] | None = None

        def value(cut: float) -> float:
            nonlocal best
            if cut not in seen:
                law = Spliced(self.body, self.tail, cut, self.join)
                starts = law._starts_at(sample, cut) if best is None else [best[1]]
                tops = [climbed(law, sample, start, polished=True) for start in starts]
                found = [params for params in tops if params is not None]
                values = [(sample.mean(partial(_height, law, params)), params) for params in found]
                seen[cut], params = max(values, key=lambda item: item[0], default=(-np.inf, ()))
                if np.isfinite(seen[cut]) and (best is None or seen[cut] > best[0]):
                    best = seen[cut], params
            return seen[cut]

        low, high = 0, len(ends) - 1
        while True:
            tried = np.unique(np.linspace(low, high, min(_FEW_CUTS, high - low + 1)).astype(int))
            heights = [value(float(ends[k])) for k in tried]
            top = int(np.argmax(heights))
            low, high = int(tried[max(top - 1, 0)]), int(tried[min(top + 1, len(tried) - 1)])
            if high - low <= 2:
                break
        for a, b in zip(ends[low:high], ends[low + 1 : high + 1], strict=True):
            value(float(np.nextafter(b, -np.inf)))
            optimize.minimize_scalar(
                lambda share, a=a, b=b: min(-value(float(a + share * (b - a))), 1e300),
                bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-6},
            )  # fmt: skip
        if best is None:
            raise DegenerateDataError(f"{self.name}: no cut was found at which body and tail have a maximum.")
        return (*best[1], max(seen, key=lambda cut: seen[cut]))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of body and tail, in their places; of a smooth law with a free cut either of both alone."""
        if self.settled is not None:
            return self._alone() if self.at is None else ()
        first, n_body = int(self.join == "free"), len(self.body.parameters)
        found = []
        for near in self.body.limits:
            n = len(near.family.parameters)
            if near.family.all_scalar and near.family.support == self.body.support:
                law = Spliced(near.family, self.tail, self.at, self.join)
                embed = _embedded(near.embed, first, n)
                found.append(Limit(law, embed))
        for near in self.tail.limits:
            n = len(near.family.parameters)
            same = near.family.support == self.tail.support and self.pinned is None and begin_of(near.family) is None
            if near.family.all_scalar and same:
                law = Spliced(self.body, near.family, self.at, self.join)
                found.append(Limit(law, _embedded(near.embed, first + n_body, n)))
        return tuple(found)

    def _alone(self) -> tuple[Limit, ...]:
        """The body where the cut is beyond all data; a tail that begins at the cut where the body is a point there."""
        n_tail = len(self.tail.parameters) - (self.pinned is not None)
        place = self.body.param_names.index(self.settled or "")

        def body_alone(*params: Any) -> tuple[Any, ...]:
            return (*params[:place], *params[place + 1 :], *[np.nan] * n_tail, np.inf)

        limits = [Limit(self.body, body_alone)] if np.isinf(self.tail_end) else []
        shrunk = None if self.pinned is None else as_a_point(self.body, place)
        if self.pinned is not None and shrunk is not None:
            begin = self.tail.param_names.index(self.pinned)

            def tail_alone(*params: Any) -> tuple[Any, ...]:
                return (*shrunk, *params[:begin], *params[begin + 1 :], params[begin])

            limits.append(Limit(self.tail, tail_alone))
        return tuple(limits)

    def __repr__(self) -> str:
        at = "" if self.at is None else f", at={self.at:g}"
        join = "" if self.join == "free" else f", join={self.join}"
        return f"spliced({self.body!r}, {self.tail!r}{at}{join})"


def spliced(body: Any, tail: Any, at: float | None = None, join: Join = "free") -> Family:
    """A composite law: ``body`` up to a cut, ``tail`` beyond it, as lognormal losses with a Pareto tail.

    Parameters
    ----------
    body, tail : str, Family or scipy.stats distribution
        Continuous laws. A Pareto tail begins at the cut; generalized Pareto, exponential and other laws on [0, ∞) are
        those of the excess over it; of any other law what lies beyond the cut counts.
    at : float, optional
        The cut; by default it is estimated, as the parameter ``cut``.
    join : {"free", "continuous", "smooth"}
        ``"free"``: the probability of the tail is the parameter ``weight``, and the density may jump at the cut;
        ``"continuous"``: that probability makes it continuous; ``"smooth"``: and the location or scale of the body,
        which is then no parameter, makes its slope continuous, which needs a body of positive numbers.

    Returns
    -------
    Family
        With ``weight`` (if free), the parameters of the body, those of the tail, and ``cut`` (if not given); a name
        that both have gets ``_body`` and ``_tail``.

    Raises
    ------
    ParameterError
        If a law is not continuous or has parameters that are arrays, or the cut is not inside of both.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> x = [0.1, 0.2, 0.4, 0.9, 1.8, 2.5, 4.0, 7.0]
    >>> fit = mle.fit(x, mle.spliced("exponential", "pareto", at=2.0))
    >>> round(fit.params["weight"], 9), round(fit.params["alpha"], 6)
    (0.375, 1.383092)
    """
    laws = part(body, "spliced"), part(tail, "spliced")
    for law in laws:
        if law.discrete or not law.all_scalar or law.per_row:
            raise ParameterError(f"spliced: {law.name} is not a continuous law whose parameters are numbers.")
        if law.period is not None:
            raise ParameterError(f"spliced: {law.name} is a law on the circle, which has no tail.")
    join = choice(join, "spliced: join", get_args(Join))
    made = Spliced(*laws, None if at is None else number(at, "spliced: at"), join)
    if any(not p.regular for p in laws[0].parameters) or (
        made.pinned is None and not all(p.regular for p in laws[1].parameters)
    ):
        irregular = laws[0] if any(not p.regular for p in laws[0].parameters) else laws[1]
        raise ParameterError(
            f"spliced: {irregular.name} has an end or a kink at a parameter, and so no place in a splice."
        )
    if at is not None and not (laws[0].support.lower < at < min(made.tail_end, laws[0].support.upper)):
        raise ParameterError(
            f"spliced: the cut, {at:g}, is not inside of both laws, {laws[0].name} and {laws[1].name}."
        )
    tail_slopes = made.excess or laws[1].score is not None
    if join == "smooth" and (made.settled is None or not tail_slopes or laws[0].support.lower != 0):
        raise ParameterError(
            "spliced: smooth needs a body of positive numbers with a scale and laws with a score, as lognormal and "
            'Pareto; use join="continuous".'
        )
    return made


def _one_each(cut: Any, params: tuple[Any, ...]) -> Array:
    """The cut, as often as there are laws: once, or once a row."""
    return np.broadcast_to(cut, np.broadcast_shapes((1,), np.shape(cut), *map(np.shape, params)))


def _all_of_it(x: Array, *params: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """`Family.tail_scores` where a law begins: all is above, whatever the parameters."""
    return (-np.inf,) * len(params), (0.0,) * len(params)


def _height(law: Family, params: tuple[Any, ...], x: Array) -> Array:
    return law.logpdf(x, *params)


def _embedded(embed: Any, first: int, count: int) -> Any:
    """Take parameters of a limit for those of a part of a splice."""
    return lambda *p: (*p[:first], *embed(*p[first : first + count]), *p[first + count :])


def _hull(body: Family, tail: Family, *, excess: bool) -> Interval:
    high = np.inf if excess else tail.support.upper
    closed = body.support.closed_lower
    return Interval(body.support.lower, high, "lower" if closed else "neither")


MAKERS = (spliced,)
"""The functions here that make laws of laws."""
