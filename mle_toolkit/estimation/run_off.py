"""What a search that ran off says: a boundary, or a likelihood without a maximum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE, Certificate, Verdict
from mle_toolkit.estimation.maximum import SAME_NATS, Maximum, free_names
from mle_toolkit.estimation.newton import FAR
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.relations import Limit

STILL_RISING = 1e-3
"""Slope, in nats per observation and coordinate, above which a likelihood that has run off is unbounded."""


_EXPLAINED = 1e-7
"""Nats per observation below which intervals count as certain under a law."""


_FURTHER = (1.0, 5.0, 25.0)
"""How much farther a parameter that has run off is followed, in natural changes."""

_STEADY, _BEFORE = 0.99, (-25.0, -20.0, -6.0, -5.0)
"""Share of its slope that a likelihood without a bound keeps so far on, at the least: it is linear but for what falls
exponentially; and where it is looked at, before where it was left, if numbers do not go further: the last of them, as
the place of a spike, are rounded."""


class StillRisingError(NoMaximumError):
    """A likelihood rises where a search had to stop, but not steadily: it may have a bound."""


def settle_run_off(found: Maximum, first: Array) -> Maximum:
    """Settle a search that followed the likelihood towards the end of a parameter's domain.

    Where the likelihood still rises there it is unbounded, and that is raised; where it has become flat, the end of the
    domain is where the maximum is, and the parameter counts as at the boundary.

    Raises
    ------
    UnboundedLikelihoodError
    StillRisingError
        If it rises there, but less and less, or cannot be followed.
    """
    data = found.likelihood.data
    if any(found.free):
        check_not_certain(found)
    u, start = found.coordinates, found.objective.coordinates.from_theta(first)
    # A search that came back from a start far out has not run off.
    far = [
        not abs(at - begin) < FAR and not abs(at) < abs(begin)
        for at, begin in zip(u.tolist(), start.tolist(), strict=True)
    ]
    if not any(far) or _is_well_placed(found, np.array(far)):
        return found
    names = list(dict.fromkeys(name for name, away in zip(free_names(found), far, strict=True) if away))
    slopes = found.objective.gradient(u).tolist()
    rising = any(away and not abs(g) < STILL_RISING for away, g in zip(far, slopes, strict=True))
    elsewhere = None if found.family.unbounded is None else found.family.unbounded(data, found.known)
    if elsewhere is not None:
        if found.family.limits and not rising:
            return found  # on its way to a limit, away from where the likelihood is unbounded
        raise unbounded(
            found.family,
            f"the search found no local maximum of an unbounded likelihood: {elsewhere}.",
            data,
            found.method,
        )
    if rising or _rises_beyond(found, np.array(far)):
        if _has_a_limit_there(found, names):
            return found  # on its way to a limit, with which it will be compared
        if not _rises_steadily(found, np.array(far)):
            raise StillRisingError(found.family.name)
        why = only_event(data) or "are there ties, or fewer distinct values than parameters?"
        raise unbounded(
            found.family,
            f"the likelihood is unbounded as {', '.join(names)} runs to the end of its domain (log-likelihood "
            f"{found.loglik:.6g} and rising): {why.rstrip('?')}{'?' if why.endswith('?') else '.'}",
            data,
            found.method,
            names,
        )
    if _leaves_the_doubles(found, np.array(far)) and not found.measured().decrement <= DECREMENT_TOLERANCE:
        return found  # it may rise further, where no number can follow it
    settled = _at_their_ends(found, names)
    if settled.is_certified:
        return settled
    # What goes with them, as they follow it, may have been left a little nearer.
    behind = [
        name
        for k, (name, at, begin) in enumerate(zip(free_names(found), u.tolist(), start.tolist(), strict=True))
        if name not in names and abs(at - begin) > FAR / 2 and found.approached([k])
    ]
    return _at_their_ends(found, [*names, *dict.fromkeys(behind)]) if behind else settled


def _is_well_placed(found: Maximum, far: NDArray[np.bool_]) -> bool:
    """Whether a search came to a maximum in which the data place well what is far from its start."""
    seen = found.measured()
    errors = np.array(seen.errors)
    if not seen.decrement <= DECREMENT_TOLERANCE or len(errors) != len(far) or not np.all(errors[far] < 0.5 * FAR):
        return False  # not known to be a maximum, so its certificate, dear for a law that runs off, is not needed
    return found.certify().verdict is Verdict.INTERIOR


def _at_their_ends(found: Maximum, names: Sequence[str]) -> Maximum:
    free = [ok and p.name not in names for ok, p in zip(found.free, found.family.parameters, strict=True)]
    return replace(found, free=tuple(free), boundary=tuple(names))


def _has_a_limit_there(found: Maximum, names: Sequence[str]) -> bool:
    """Whether the law tends to another where these run to: in a window, or at the ends of domains that are finite."""
    window = found.likelihood.data.outer_window
    seen = () if window is None or not found.family.all_scalar else found.family.limits_in_window(*window)
    if any(_is_way_to(limit, found, names) for limit in seen):
        return True
    domains = [p.domain for p in found.family.parameters if p.name in names]
    return bool(found.family.limits) and all(
        isinstance(domain, Interval) and math.isfinite(domain.lower) and math.isfinite(domain.upper)
        for domain in domains
    )


def _is_way_to(limit: Limit, found: Maximum, names: Sequence[str]) -> bool:
    """Whether a limit is where some parameters run to: to infinity, or to 0."""
    here = dict(zip(found.family.param_names, found.family.unpack(found.theta_in_unit), strict=True))
    for sign in (1.0, -1.0):
        there = limit.embed(*[sign] * len(limit.family.parameters))
        at = dict(zip(found.family.param_names, there, strict=True))
        if all(at[name] == 0 or math.isinf(at[name]) for name in names):
            large = all(math.isinf(at[name]) == (abs(here[name]) > 1) for name in names)
            if large and all(at[name] >= 0 or here[name] < 0 for name in names):
                return True
    return False


def check_not_certain(found: Maximum) -> None:
    """Raise where all intervals have points in common, and the law has concentrated there."""
    certain = not found.likelihood.has_points and found.loglik > -_EXPLAINED * found.likelihood.nobs
    if certain and _have_common_points(found.likelihood.data):
        message = (
            f"{found.family.name}: all intervals have points in common, so the likelihood has no maximum: it tends to "
            f"1 as the law concentrates there. Narrower intervals, or fixed parameters, are needed."
        )
        raise NoMaximumError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method=found.method))


def check_several_values(family: Family, sample: Sample) -> None:
    """Raise where a density concentrates on the one value that windows show, as it does without them.

    Raises
    ------
    DegenerateDataError
    """
    exact = sample.in_memory and not (sample.is_plain or family.discrete or family.multivariate)
    if not exact or sample.lower[0] != sample.lower[-1]:
        return
    if np.all(sample.lower == sample.lower[0]) and np.all(sample.upper == sample.lower[0]):
        family.check(sample.with_values(sample.lower, sample.weight, sample.known))


def _rises_beyond(found: Maximum, far: NDArray[np.bool_]) -> bool:
    """Whether the likelihood is higher beyond the point at which parameters that have run off were left."""
    u, nobs = found.coordinates, found.likelihood.nobs
    here = found.objective.value(u)
    with np.errstate(all="ignore"):
        values = [found.objective.value(u + np.where(far, np.sign(u) * d, 0.0)) for d in _FURTHER]
    return any((here - value) * nobs > SAME_NATS * max(1.0, abs(here * nobs)) for value in values)


def _rises_steadily(found: Maximum, far: NDArray[np.bool_]) -> bool:
    """Whether the likelihood rises on, as far as it is followed, without slowing: rises that slow may be finite."""
    u = found.coordinates
    out = np.where(far, np.sign(u), 0.0)

    def slopes(places: Sequence[float]) -> Array:
        with np.errstate(all="ignore"):
            return -np.diff([found.objective.value(u + d * out) for d in places]) / np.diff(places)

    ahead = slopes((0.0, *_FURTHER))
    if not (np.isfinite(ahead).all() and (ahead >= 0).all()):
        ahead = slopes(_BEFORE)
    return bool(ahead[0] > 0 and ahead[-1] > _STEADY * ahead[0])


def _leaves_the_doubles(found: Maximum, far: NDArray[np.bool_]) -> bool:
    """Whether what has run off is as far as numbers go, so that nothing can be seen beyond."""
    u = found.coordinates
    with np.errstate(all="ignore"):
        return not math.isfinite(found.objective.value(u + np.where(far, np.sign(u) * _FURTHER[0], 0.0)))


def _have_common_points(data: Sample) -> bool:
    """Whether there are points that every interval ``(lower, upper]`` holds."""
    return bool(np.max(data.lower) < np.min(data.upper))


def unbounded(
    family: Family, why: str, data: Sample, method: str, run_off: Sequence[str] = ()
) -> UnboundedLikelihoodError:
    """The error for a likelihood that has no bound, with the way out that these data have.

    Parameters
    ----------
    family : Family
    why : str
        A sentence, with its full stop.
    data : Sample
    method : str
    run_off : sequence of str
        Parameters that run to the end of their domain.
    """
    right, left = bool(np.isposinf(data.upper).any()), bool(np.isneginf(data.lower).any())
    known = f"fix what is known: {_fixing(family, run_off, weibayes=right)}" if run_off else ""
    if only_event(data) is not None:
        # Rounding would not help: the only event would be an interval that all others hold.
        way = f"Observe longer, fit a law of fewer parameters, as the exponential{known and ', or ' + known}."
    else:
        arguments = "time, step, event=event" if right else "x, step, observed=observed" if left else "x, step"
        rounded = f"If the data are rounded, as all measurements are, the likelihood of Sample.rounded({arguments})"
        way = f"{rounded} is bounded{known and '; or ' + known}."
    message = f"{family.name}: {why} {way}"
    return UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method=method))


def _fixing(family: Family, names: Sequence[str], *, weibayes: bool) -> str:
    """How to fix the first of some parameters."""
    name = names[0]
    shape = family.parameters[family.param_names.index(name)].role == "shape"
    return f"fixed={{{name!r}: ...}}" + (" (Weibayes)" if weibayes and shape else "")


def only_event(data: Sample) -> str | None:
    """In words, that all that is exact is one value that every interval allows; None where it is not so."""
    point = data.lower == data.upper
    if data.is_exact or not point.any():
        return None
    value = float(data.lower[point][0])
    if np.any(data.lower[point] != value) or np.any(data.lower > value) or np.any(data.upper < value):
        return None
    number = int(np.count_nonzero(point))
    if np.isposinf(data.upper[~point]).all():
        event = "the only event" if number == 1 else f"the one time of all {number} events"
        return f"all censored times lie before {event}, {value:g}"
    event = "the only exact observation" if number == 1 else f"all {number} exact observations"
    return f"every interval holds the value of {event}, {value:g}"
