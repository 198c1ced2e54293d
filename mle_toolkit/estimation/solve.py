"""From a likelihood to its maximum: closed forms, searches, what a law contains, and its limits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import (
    DataError,
    MleError,
    NoMaximumError,
    ParameterError,
    RangeError,
    SupportError,
    UnboundedLikelihoodError,
)
from mle_toolkit.estimation.asked import Asked
from mle_toolkit.estimation.beside import above_limit, is_above, is_far_below, nearest_of
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE, Certificate, Verdict
from mle_toolkit.estimation.climb import is_minimum
from mle_toolkit.estimation.contained import higher_inside
from mle_toolkit.estimation.ended import by_its_end
from mle_toolkit.estimation.kinked import at_kinks
from mle_toolkit.estimation.local import local_inside, no_lower_local
from mle_toolkit.estimation.maximum import LITTLE_NATS, Maximum, in_domains, maximum_at, params_of
from mle_toolkit.estimation.run_off import check_several_values, only_event, unbounded
from mle_toolkit.estimation.search import by_search
from mle_toolkit.estimation.starts import direct_route, domains_of, joined, split, starts_of
from mle_toolkit.families.base import TOLD_APART, Family
from mle_toolkit.families.domain import Domain, Interval, NonZero
from mle_toolkit.families.relations import ROUNDED, Limit
from mle_toolkit.likelihood.audit import is_extreme
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.model_charts import ends_at_line
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

_Asking = ParamSpec("_Asking")
_Found = TypeVar("_Found")


def _errors_of_ours(search: Callable[_Asking, _Found]) -> Callable[_Asking, _Found]:
    """Say in an error of ours, with the name of the law, where its formulas leave the range of numbers."""

    @wraps(search)
    def guarded(*args: _Asking.args, **options: _Asking.kwargs) -> _Found:
        try:
            return search(*args, **options)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, MleError):
                raise
            family: Any = args[0] if args else options.get("family")
            message = (
                f"{family.name}: its formulas leave the range of floating-point numbers for these data ({error}). "
                f"Bring them to another unit, or remove values that are out of all proportion to the others."
            )
            raise NoMaximumError(message) from error

    return guarded


@_errors_of_ours
def maximise(
    family: Family,
    sample: Sample,
    *,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
) -> Maximum:
    """Find the maximum of the likelihood of a family for a sample.

    Parameters
    ----------
    family : Family
    sample : Sample
        Inside the support of the family.
    fixed : mapping of str to value, optional
        Parameters that are known.
    bounds : mapping of str to (lower, upper), optional
        Further limits on parameters; None for none.
    start : mapping of str to value, optional
        Where to start, instead of the family's own choice; parameters left out keep theirs.
    solver : str, optional
        ``"closed-form"``, ``"newton"``, or a method of `scipy.optimize.minimize`. By default the closed form or
        one-dimensional root where the family has one, else Newton's method, with a region of trust
        behind it.

    Raises
    ------
    NoMaximumError
        If there is no finite maximum and no limit that would be one.
    ParameterError
        If names or values in ``fixed``, ``bounds`` or ``start`` are not those of the family.
    """
    family = family.learned_again(sample)
    asked = Asked.of(family, fixed, bounds, start, solver)
    if sample.maxima is None or any(asked) or family.per_row:
        return _maximised(family, sample, asked)
    if family not in sample.maxima:
        sample.maxima[family] = _outcome(family, sample, asked)
    found: Maximum | MleError = sample.maxima[family]
    if isinstance(found, MleError):
        raise found.with_traceback(None)
    return found


def _outcome(family: Family, sample: Sample, asked: Asked) -> Maximum | MleError:
    try:
        return _maximised(family, sample, asked)
    except MleError as error:
        return error


def _maximised(family: Family, sample: Sample, asked: Asked) -> Maximum:
    try:
        found = _no_spike(family, sample, asked)
    except UnboundedLikelihoodError:
        local = None if any(asked) else local_inside(family, sample, maximise)
        if local is None:
            raise
        return local
    local = found if any(asked) else no_lower_local(found, sample, maximise)
    return found if local is not found and _at_limit(local, sample, {}).limit is not None else local


def _no_spike(family: Family, sample: Sample, asked: Asked) -> Maximum:
    found = _settled(family, sample, *asked)
    if not any(asked):
        check_several_values(family, sample)
    if family.spikes is not None and not any(asked) and found.likelihood.has_points:
        why = family.spikes(sample) if _is_on_its_way(found) else None
        if why is not None:
            message = f"the search found no local maximum of an unbounded likelihood: {why}. {family.without_spikes}"
            raise unbounded(family, message, sample, found.method)
    return found


def _is_on_its_way(found: Maximum) -> bool:
    """Whether a search stopped before a maximum; beside a spike derivatives may be lost, and it looks flat."""
    verdict = found.certify().verdict
    if verdict is Verdict.NOT_IDENTIFIED and found.limit is None and any(found.free):
        slopes = found.objective.gradient(found.coordinates)
        return bool(np.abs(slopes).max() * found.likelihood.nobs > _STEEP)
    return verdict is Verdict.NOT_CONVERGED


_STEEP = 1.0
"""Nats that a natural change brings where a likelihood is not flat."""


def _settled(
    family: Family,
    sample: Sample,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """What closed forms and searches find, compared with what the law contains and with its limits."""
    if not sample.is_plain:
        _check_intervals(family, sample, bounded=bool(bounds) or len(fixed) == len(family.parameters))
        if not bounds and family.n_free > 1:
            _check_only_event(family, sample, fixed)
        if family.checks_windows and not fixed and not bounds and np.all(sample.lower == sample.upper):
            family.check(sample)
    elif not fixed and not bounds:
        family.check(sample)
    likelihood = Likelihood(family, sample)
    direct = direct_route(likelihood)
    if solver == "closed-form" and (direct is None or fixed or bounds):
        reason = "has no closed form" if direct is None else "has no closed form with fixed or bounded parameters"
        raise ParameterError(f"{family.name} {reason}; leave solver=None.")
    if direct is not None and not fixed and not bounds and solver in (None, "closed-form") and start is None:
        maximum = _from_closed_form(family, likelihood, direct())
    elif family.from_intervals is not None and not any((sample.is_plain, sample.window, fixed, bounds, solver)):
        maximum = _from_intervals(family, family.from_intervals, sample)
    elif family.at_observations is not None and not bounds and sample.in_memory:
        maximum = _at_observations(family, family.at_observations, likelihood, fixed, start, solver)
    elif isinstance(family, Model) and family.kinked is not None and sample.in_memory and likelihood.exact is not None:
        if family.kinked.parameter in fixed:
            maximum = by_search(family, likelihood, fixed, bounds, start, solver)
        else:
            points = likelihood.exact
            maximum = at_kinks(family, family.kinked, points, likelihood, fixed, bounds, start, solver)
    else:
        maximum = by_search(family, likelihood, fixed, bounds, start, solver, _stands_at_limit)
    if bounds:
        return replace(maximum, bounds=bounds)
    if not fixed:
        maximum = by_its_end(_not_below_what_it_contains(maximum))
    if not family.limits and not _seen_limits(family, sample):
        return maximum
    settled = _at_limit(maximum, sample, fixed)
    if settled.limit is not None and (start is not None or solver is not None):
        # A start or a solver of the caller's may have missed an interior maximum that is above the limit.
        own = maximise(family, sample, fixed=fixed)
        return own if own.limit is None else settled
    if settled.limit is not None:
        settled = _not_below_what_is_beside(settled, fixed)
    if settled.limit is None and not in_domains(family, maximum.theta):
        message = (
            f"{family.name}: the maximum (log-likelihood {maximum.loglik:.8g}) is so near a limiting law that its "
            f"parameters leave the range of doubles. Fit {' or '.join(near.family.name for near in family.limits)}."
        )
        lost = Certificate(verdict=Verdict.NOT_CONVERGED, message=message, method=maximum.method)
        raise NoMaximumError(message, lost)
    if settled.limit is None and settled.local is not None and _at_limit(settled.local, sample, fixed).limit is None:
        return settled.local
    return settled


def _check_intervals(family: Family, sample: Sample, *, bounded: bool) -> None:
    """Raise where windows rule out counts, or intervals alone leave the likelihood without a maximum."""
    if family.discrete and sample.window is not None:
        low = sample.window[0]
        outside = np.flatnonzero((sample.lower == sample.upper) & (sample.lower <= low))
        if len(outside):
            row = outside[0]
            raise DataError(
                f"{family.name}: {len(outside)} of {sample.n_rows} counts are at the lower end of their window, which "
                f"is not in it; the first is row {number_of(row, sample.rows_given)}: {sample.lower[row]:g}, window "
                f"({low[row]:g}, ...]. Remove them, or begin the window one lower."
            )
    if bounded:
        return
    for ends, infinity, side in ((sample.upper, np.inf, "right"), (sample.lower, -np.inf, "left")):
        if (ends[:100] == infinity).all() and (ends == infinity).all():
            message = (
                f"{family.name}: all {sample.nobs:g} observations are {side}-censored, so the likelihood has no "
                f"maximum: it tends to 1 as the law moves out of their way. At least one observation must be bounded."
            )
            raise NoMaximumError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))


def _from_closed_form(family: Family, likelihood: Likelihood, params: Sequence[Any]) -> Maximum:
    theta = joined(family, params)
    boundary = _at_endpoints(family, theta)
    without_error = {*boundary, *family.irregular(*family.unpack(theta))}
    free = [p.name not in without_error for p in family.parameters]
    value = None
    if family.entropy_attained and family.entropy is not None:
        value = -float(family.entropy(*family.unpack(theta)))
    return maximum_at(family, likelihood, theta, free, "closed-form", value, boundary=boundary)


def _from_intervals(family: Family, from_intervals: Callable[[Sample], tuple[float, ...]], sample: Sample) -> Maximum:
    """The maximum as the family finds it from intervals: whatever the start, there is no other."""
    theta = joined(family, from_intervals(sample))
    irregular = family.irregular(*family.unpack(theta))
    free = [p.name not in irregular for p in family.parameters]
    return maximum_at(family, Likelihood(family, sample, Unit()), theta, free, "bisection")


def _at_endpoints(family: Family, theta: Array) -> tuple[str, ...]:
    if not family.has_endpoints:
        return ()
    closed = [p.domain.endpoints for p in family.parameters]
    return tuple(
        p.name
        for p, value, ends in zip(family.parameters, split(family, theta), closed, strict=True)
        if p.regular and any(np.any(value == end) for end in ends)
    )


_NEARER = (1e-1, 1e-2, 1e-3)
"""Spreads, relative to a point, of the laws that are tried on it."""

_CONCENTRATES = 1.0
"""Gain of log-likelihood, from each of those to the next, of a law whose density there grows without bound: the log of
10 is 2.3."""


def _check_only_event(family: Family, sample: Sample, fixed: Mapping[str, Any]) -> None:
    """Raise where all that is exact is one value that the intervals allow, and the law can concentrate there."""
    why = None if family.discrete or family.multivariate or family.per_row else only_event(sample)
    if why is None:
        return
    value = float(sample.lower[sample.lower == sample.upper][0])
    room = min(abs(value - end) or np.inf for end in (0.0, family.support.lower, family.support.upper))
    size = room if np.isfinite(room) else 1.0
    heights, thetas = [], []
    for spread in _NEARER:
        near = sample.with_values(value + spread * size * np.array([-1.0, 0.0, 1.0, 0.5, -0.5]), None)
        try:
            family.check_support(near)
            law = maximise(family.resolve(near), near, fixed=fixed)  # what was learned of the whole is not of these
        except (MleError, ArithmeticError):
            break
        at = law if law.limit is None else law.limit
        theirs = Likelihood(at.family, sample)
        in_its_unit = theirs.unit.params_to_unit(at.family, at.theta)
        heights.append((theirs.mean_loglik(in_its_unit) + theirs.log_jacobian) * theirs.nobs)
        thetas.append(law.theta)
    if len(heights) < 2 or not np.all(np.isfinite(heights)) or not np.all(np.diff(heights) > _CONCENTRATES):
        return
    with np.errstate(all="ignore"):
        moved = np.nan_to_num(np.abs(np.log(np.abs(thetas[-1] / thetas[0]))), posinf=1e300).tolist()
    # Without a location the scale is where the law is, and a shape how narrow.
    width = ("scale", "rate", "log-scale") if family.has_location else ("shape",)
    narrow = [k for k, p in enumerate(family.parameters) if p.role in width and p.name not in fixed]
    known = family.all_scalar and narrow
    names = [family.param_names[max(narrow, key=lambda k: moved[k])]] if known else []
    raise unbounded(
        family,
        f"the likelihood is unbounded: {why}, and it grows as the law concentrates there.",
        sample,
        "none",
        names,
    )


def _at_observations(
    family: Family,
    best_of: Callable[..., Any],
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """Where a search ends; or, where that is no maximum, the one with an end or a kink of the density at observations.

    A search by derivatives does not arrive there, or takes it for the end of a domain.
    """
    data, found, failure = likelihood.data, None, None
    try:
        found = by_search(family, likelihood, fixed, {}, start, solver, _stands_at_limit)
    except NoMaximumError as error:
        failure = error
    if found is not None and not found.boundary and found.certify().ok and not family.has_kinks(*params_of(found)):
        return found
    begin = starts_of(family, likelihood, domains_of(family), {}, start)[0]
    free = [p.regular and p.name not in fixed for p in family.parameters]
    nowhere = maximum_at(family, likelihood, begin, free, "start", fixed=tuple(fixed))
    near = nowhere if found is None else found

    def climbed(law: Family) -> Maximum | None:
        known = {name: value for name, value in fixed.items() if name in law.param_names}
        try:
            return maximise(law, data, fixed=known)
        except MleError:
            return None

    def loglik(params: Sequence[float]) -> float:
        theta = likelihood.unit.params_to_unit(family, joined(family, params))
        return (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * likelihood.nobs

    held = best_of(data, family.unpack(near.theta), fixed, climbed, loglik)
    if held is not None:
        certain = held.certify().ok
        least = (np.inf, -np.inf)[certain] if found is None else found.loglik + (LITTLE_NATS, -LITTLE_NATS)[certain]
        if held.loglik < least:
            held = None
    if held is not None:
        embed = held.family.embed
        theta = joined(family, embed(*held.family.unpack(held.theta)))
        return replace(near, theta=theta, limit=held, embed=embed, boundary=held.boundary, method=held.method)
    if failure is not None:
        raise failure
    return near


def _not_below_what_it_contains(found: Maximum) -> Maximum:
    """The maximum; where a special case of the law is higher than a search came, what a climb from there finds."""
    inside = higher_inside(found, maximise)
    if inside is None:
        return found
    family, likelihood = found.family, found.likelihood
    start = dict(zip(family.param_names, family.unpack(inside.theta), strict=True))
    image = maximum_at(family, likelihood, likelihood.unit.params_to_unit(family, inside.theta), found.free, "start")
    ends = [found, image]
    try:
        ends.append(by_search(family, likelihood, {}, {}, start, None))
    except UnboundedLikelihoodError:
        where = f"it is higher where the law is {inside.law.name} ({inside.loglik:.6g}), and without a bound beyond"
        return replace(found, elsewhere=where)
    except NoMaximumError:
        pass
    best = max(ends, key=lambda end: end.loglik)
    return best if best is found else replace(best, n_starts=found.n_starts + 1, n_agreeing=1)


def _not_below_what_is_beside(settled: Maximum, fixed: Mapping[str, Any]) -> Maximum:
    """The maximum; where the likelihood rises from a limiting law into the family, what a climb from there finds."""
    start = above_limit(settled)
    if start is None:
        return settled
    try:
        inside = by_search(settled.family, settled.likelihood, fixed, {}, start, None)
    except NoMaximumError:
        return settled
    if _is_a_little_above(inside.loglik, settled.loglik):
        inside = replace(inside, above=settled.boundary)
    if not (inside.loglik > settled.loglik and inside.certify().ok):
        return settled
    return replace(inside, n_starts=settled.n_starts + 1, n_agreeing=1)


def _is_a_little_above(loglik: float, limit: float) -> bool:
    """Whether a maximum is so little above a limiting law that it seems to run off to it.

    Of one that is farther above, parameters that seem to run off do so to another end.
    """
    return is_above(loglik, limit) and loglik <= limit + LITTLE_NATS


def _at_limit(found: Maximum, sample: Sample, fixed: Mapping[str, Any]) -> Maximum:
    """Compare with the limiting families; the maximum is the limit where no interior point beats it.

    Beyond a limit that is the last resort the likelihood has no bound: an interior maximum below it is a local one.
    """
    family = found.family
    if not sample.has_rows and found.is_certified:  # only sums of exponential families are kept: one maximum
        return found
    best: Maximum | None = None
    elsewhere = found.elsewhere
    above: tuple[str, ...] = ()
    # Two log-likelihoods that agree to this are one: the rounding of a sum of n terms.
    rounding = 1e-9 + 1e-13 * abs(found.loglik)
    lost = not in_domains(family, found.theta)
    if lost:  # no double tells this maximum from its limit, and the data do not either
        rounding = TOLD_APART if _has_arrived(found) else _BESIDE_LIMIT
    on_its_way = is_extreme(found.theta_in_unit) and not lost

    def equal(loglik: float) -> bool:
        """Whether a log-likelihood is that of the climb; to certify one that ran off takes long, so only if needed."""
        gap = abs(loglik - found.loglik)
        # It may have stopped on its way to a limit, where terms cancel.
        return gap <= rounding or (gap <= _DIGITS_LOST and on_its_way and not found.is_certified)

    for limit in (*family.limits_near(sample, *family.unpack(found.theta)), *_seen_limits(family, sample)):
        law = limit.family
        if (isinstance(law, Model) and ends_at_line(law)) or not _is_possible(law, sample):
            continue  # no climb arrives at a line
        shared = limit.known(family, fixed)
        if any(np.shape(shared[p.name]) != p.domain.shape for p in law.parameters if p.name in shared):
            continue  # a mixture that loses a component of which a parameter is known
        try:
            law, near = _resolved(law, sample), nearest_of(found, limit, law, shared)
            if is_far_below(law, found, sample, near):
                continue
            at = maximise(law, sample, fixed=shared, start=near)
        except NoMaximumError:
            continue
        theta = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in limit.embed(*law.unpack(at.theta))])
        named = dict(zip(family.param_names, split(family, theta), strict=True))
        if not all(np.allclose(named[name], np.ravel(value), rtol=ROUNDED, atol=0.0) for name, value in fixed.items()):
            continue
        named |= {name: np.ravel(np.asarray(value, dtype=float)) for name, value in fixed.items()}
        theta = np.concatenate([named[name] for name in family.param_names])
        as_high = at.loglik > found.loglik or equal(at.loglik)
        higher = as_high and (best is None or at.loglik > best.loglik + _ALIKE)
        # Where a higher limit has lost its digits there is no maximum to report, of the family neither.
        inexact = higher and at.certify().verdict is Verdict.INEXACT
        no_digits = inexact and at.loglik > found.loglik and not equal(at.loglik)
        ends = tuple(
            p.name
            for p in family.parameters
            if not np.all(np.isfinite(named[p.name]))
            or any(np.any(named[p.name] == e) for e in _ends(p.domain))
            or (isinstance(p.domain, NonZero) and np.any(named[p.name] == 0))
        )
        ends += limit.at
        if _is_a_little_above(found.loglik, at.loglik) and at.certify().ok:
            above += ends
        if higher and (at.certify().ok or no_digits):
            if limit.last and _is_inside(found, theta, ends):
                elsewhere = f"it is higher where the law is {law.name} ({at.loglik:.6g}), and without a bound beyond"
            else:
                short = max(0.0, found.loglik - at.loglik) if lost else 0.0
                if limit.above is not None and sample.is_plain and not fixed:
                    short = limit.above(sample)
                best = _through(replace(found, theta=theta, limit=at, embed=limit.embed, boundary=ends, short=short))
    same = best is None and (elsewhere, above) == (found.elsewhere, found.above)
    return found if same else best or replace(found, elsewhere=elsewhere, above=above)


def _has_arrived(found: Maximum) -> bool:
    """Whether a search whose parameters leave the doubles came to a maximum, and did not stop on its way."""
    with np.errstate(all="ignore"):  # so far out numbers may be lost
        return found.method == "newton" or is_minimum(found.objective, found.coordinates)


def _seen_limits(family: Family, sample: Sample) -> tuple[Limit, ...]:
    """Limits of a law as intervals and windows show it; none where they show one count, of which all laws are alike."""
    window = sample.seen_through
    if window is None or (family.discrete and np.floor(window[1]) <= np.floor(window[0]) + 1):
        return ()
    limits = partial(family.limits_in_window, *window)
    return limits() if sample.maxima is None else sample.once(("limits seen", family), limits)


def _stands_at_limit(likelihood: Likelihood, theta: Array) -> bool:
    """Whether parameters, in the unit of a likelihood, stand beside a limiting law that is at least as high.

    Beside is where both laws give nearly the same probability to each of the rows. A limit that leaves a parameter
    without a meaning, as a mixture of one component, is a saddle as often as an end: from there others may lead on.
    """
    family, sample = likelihood.family, likelihood.data
    if isinstance(family, Model) or family.per_row or not sample.in_memory:
        return False
    here = likelihood.unit.params_to_data(family, theta)
    loglik = (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * likelihood.nobs
    for limit in (*family.limits_near(sample, *family.unpack(here)), *_seen_limits(family, sample)):
        if not _is_possible(limit.family, sample):
            continue
        try:
            found = maximise(_resolved(limit.family, sample), sample, fixed=limit.given)
        except NoMaximumError:
            continue
        at = found if found.limit is None else found.limit
        if np.any(np.isnan(np.hstack([np.ravel(v) for v in limit.embed(*found.family.unpack(found.theta))]))):
            continue
        if not (0.0 <= at.loglik - loglik < _BESIDE_LIMIT and found.certify().ok):
            continue
        with contextlib.suppress(RangeError):
            own, theirs = (
                Likelihood(law, sample, Unit()).rows(v) for law, v in ((family, here), (at.family, at.theta))
            )
            if np.all(np.abs(own - theirs) < _BESIDE_LIMIT):
                return True
    return False


def _resolved(law: Family, sample: Sample) -> Family:
    """A limiting law with what is learned of it from the data: one for all where maxima are kept, which are by law."""
    return law.resolve(sample) if sample.maxima is None else sample.once(law, lambda: law.resolve(sample))


_BESIDE_LIMIT = 0.05
"""Nats, of all rows and of each, that a climb which is stuck may be off the limiting law that it was on its way to."""


_ALIKE = 1e-9
"""Nats by which a limiting law must be above one that comes before it."""

_DIGITS_LOST = 1e-5
"""Nats by which a log-likelihood may be too high by rounding where parameters have nearly run off."""


def _is_possible(law: Family, sample: Sample) -> bool:
    """Whether the support of a law holds a sample, of which intervals may reach beyond it."""
    if sample.is_exact:
        return law.support.covers(sample.minimum, sample.maximum)
    try:
        law.check_support(sample)
    except SupportError:
        return False
    return True


_AT_END = 1e-3
"""Distance from an end of a domain within which a search has run to it."""


def _is_inside(found: Maximum, limit: Array, names: Sequence[str]) -> bool:
    """Whether a search ended in a maximum, and not on its way to a limit at which some parameters are at their end."""
    family = found.family
    here, there = split(family, found.theta), split(family, limit)
    near = [
        np.all(np.abs(a - b) < _AT_END)
        for p, a, b in zip(family.parameters, here, there, strict=True)
        if p.name in names
    ]
    return not any(near) and found.measured().decrement <= DECREMENT_TOLERANCE


def _through(settled: Maximum) -> Maximum:
    """A maximum at a limit; where the limiting law is at a limit of its own, at that, whose parameters are numbers."""
    at = settled.limit
    if at is None or at.limit is None or at.held is not None or isinstance(settled.family, Model):
        return settled  # the coefficients of a model are carried over from one law to the next
    outer, inner = settled.embed, at.embed
    return replace(settled, limit=at.limit, embed=lambda *params: outer(*inner(*params)))


def _ends(domain: Domain) -> tuple[float, ...]:
    return (domain.lower, domain.upper) if isinstance(domain, Interval) else domain.endpoints
