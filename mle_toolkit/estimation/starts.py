"""Where a search begins: starts, domains and natural changes of the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL, Domain, Interval, NonZero
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.model_starts import by_least_squares
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit


def direct_route(likelihood: Likelihood) -> Any:
    """The closed form or one-dimensional root that gives the maximum, as a function to call; None if there is none."""
    family = likelihood.family
    if not family.parameters:
        return lambda: ()
    if likelihood.plain and (means := likelihood.by_means) is not None:
        from_means = means.law.from_means
        return None if from_means is None else lambda: from_means(means.statistics)
    from_sample = family.from_sample if likelihood.plain else None
    large = likelihood.data.n_rows > 4 * SKETCH_ROWS
    if large and (likelihood.twin is not None or family.climbs) and not family.entropy_attained:
        return None  # Newton's method on sums, which are compiled or from where a subsample is best, takes fewer passes
    if not likelihood.data.in_memory and not family.entropy_attained and all(p.regular for p in family.parameters):
        return None  # nor does it need rows that are not held
    return None if from_sample is None else lambda: from_sample(likelihood.sample)


def starts_of(
    family: Family,
    likelihood: Likelihood,
    domains: Sequence[Domain],
    given: Mapping[str, Array],
    start: Mapping[str, Any] | None,
    few: Likelihood | None = None,
) -> list[Array]:
    """Where to begin: the values given, and the family's own choice for the others; in the unit of the likelihood.

    It chooses by a few rows; by default a subsample.
    """
    wanted = {name: in_unit(family, likelihood, name, value) for name, value in (start or {}).items()}
    if all(p.name in given or p.name in wanted for p in family.parameters):
        candidates = [np.concatenate([np.ravel({**given, **wanted}[p.name]) for p in family.parameters])]
    else:
        candidates = _own_starts(likelihood, likelihood.on_sketch() if few is None else few)
    starts: list[Array] = []
    for theta in candidates:
        parts = split(family, theta)
        for k, parameter in enumerate(family.parameters):
            if parameter.name in given:
                parts[k] = np.atleast_1d(given[parameter.name])
            elif parameter.name in wanted:
                parts[k] = np.atleast_1d(wanted[parameter.name])
            else:
                parts[k] = _into(domains[k], parts[k])
        settled = np.concatenate(parts)
        if not any(settled.tobytes() == other.tobytes() for other in starts):
            starts.append(settled)
    if start is not None:
        return starts[:1]
    return _widened(likelihood, starts, given) if given else starts


_WIDER = tuple(2.0**k for k in range(1, 11))


def _widened(likelihood: Likelihood, starts: list[Array], given: Mapping[str, Array]) -> list[Array]:
    """Starts; where what is known ends the support of all of them short of the data, with scales that reach them."""
    family = likelihood.family
    scale = [k for k, p in enumerate(family.parameters) if p.role == "scale" and p.regular and p.name not in given]
    few = likelihood.on_sketch()
    with np.errstate(all="ignore"):
        if len(scale) != 1 or not family.all_scalar or any(few.mean_loglik(theta) > -np.inf for theta in starts):
            return starts
        wide = np.eye(len(family.parameters))[scale[0]]
        further = [theta * np.where(wide > 0, factor, 1.0) for factor in _WIDER for theta in starts]
        return next(([theta] for theta in further if few.mean_loglik(theta) > -np.inf), starts)


def _own_starts(likelihood: Likelihood, few: Likelihood) -> list[Array]:
    family = likelihood.family
    if not likelihood.plain:
        if family.candidates is not None:
            candidates = [joined(family, params) for params in family.candidates(few.sample)]
            possible = [theta for theta in candidates if few.mean_loglik(theta) > -np.inf]
            if possible:
                return possible
        completed = _completed(family, few.sample)
        one = isinstance(family, Model) and family.base.one_maximum_of_intervals
        if one and (explained := _explained(family, completed, few)):  # to one maximum any way leads
            return explained
        # Points may look like a law that the intervals rule out: midpoints of bins are nearly uniform, and a uniform
        # law ends where the last bin begins that is open. And a law may need more points than there are intervals.
        length = few.sample.maximum - few.sample.minimum
        others = few.sample.as_points, partial(_quartiles_of_intervals, few.sample)
        first = [few.as_points] if completed is None else [completed, few.as_points]
        for points in chain(first, (of_length(length) for of_length in others)):
            starts = [] if points is None else starts_of_points(family, points)
            if any(few.mean_loglik(theta) > -np.inf for theta in starts):
                return starts
        return _explained(family, completed, few) or _guesses(family, few)
    sketch = few.as_points
    start = family.given(sketch.known).start  # constants of each row are those of the rows of the sketch
    if start is not None:
        proposed = start(sketch)
        many = proposed if isinstance(proposed, list) else [proposed]
        return [joined(family, params) for params in many]
    direct = direct_route(few)
    if direct is not None:
        return [joined(family, direct())]
    return _guesses(family, few)


_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
"""Of whose multiples the fractions fill the unit interval most evenly, in any stretch of rows."""


def _completed(family: Family, sample: Sample) -> Sample | None:
    """Points in place of the durations of a regression, of which the censored ones last on.

    For up to the mean of an exponential law, which is all time over all events, spread evenly over the rows. None of
    other laws, and of other data.
    """
    if not family.per_row or family.discrete or family.support.lower != 0.0 or not np.isinf(family.support.upper):
        return None
    is_open, weight = sample.upper == np.inf, sample.weight
    events = float(np.count_nonzero(~is_open) if weight is None else np.sum(weight * ~is_open))
    if not (0.0 < events < sample.nobs):
        return None
    points = sample.as_points()
    left = float(np.add.reduce(points.x if weight is None else weight * points.x)) / events
    turns = (np.arange(sample.n_rows) + 1.0) * _GOLDEN
    share = turns - np.floor(turns)
    return points.with_values(points.x + np.where(is_open, left * share, 0.0), points.weight, points.known)


def _explained(family: Family, completed: Sample | None, few: Likelihood) -> list[Array]:
    """Where least squares of the completed durations of a regression lead; none where they fit all, or lead nowhere."""
    if completed is None or not isinstance(family, Model):
        return []
    explained = by_least_squares(family.given(completed.known), completed)
    if explained is None or explained.is_perfect:
        return []
    theta = joined(family, explained.coefficients)
    return [theta] if few.mean_loglik(theta) > -np.inf else []


def _quartiles_of_intervals(sample: Sample, length: float) -> Sample | None:
    """Three points in place of each interval, of which an open one has the length given; None of what has more."""
    points = sample.as_points(length)
    if sample.is_multivariate or sample.known or sample.n_rows > _FEW_INTERVALS:
        return None
    middle = points.lower
    half = np.where(np.isinf(sample.lower) | np.isinf(sample.upper), 0.5 * length, middle - sample.lower)
    x = np.concatenate([middle - 0.5 * half, middle, middle + 0.5 * half])
    return points.with_values(x, None if points.weight is None else np.tile(points.weight / 3, 3))


def starts_of_points(family: Family, points: Sample) -> list[Array]:
    """Starts from points in place of intervals, as far as the law can have them; none if that is too few."""
    family = family.given(points.known)
    possible = family.support.contains(points.x)
    if family.per_row:
        ordinary = [
            0.5 * sum(p.typical) if isinstance(p.domain, Interval) else p.domain.from_real(np.zeros(p.domain.n_free))
            for p in family.parameters
        ]
        with np.errstate(all="ignore"):
            possible &= np.isfinite(family.logpdf(points.x, *ordinary))
    if not possible.any():
        return []
    points = points if possible.all() else points.take(possible)
    family = family.given(points.known)
    try:
        family.check(points)
        likelihood = Likelihood(family, points, Unit())
        return _own_starts(likelihood, likelihood.on_sketch())
    except NoMaximumError:
        return []


_FEW_INTERVALS = 100
"""Rows up to which there may be fewer points than a law needs to begin from."""


def _guesses(family: Family, sketch: Likelihood) -> list[Array]:
    """Starts for a law that offers none: the best of a coarse grid over its parameters and the size of the data."""
    import itertools

    sample = sketch.as_points
    middle = sample.quantile(0.5)
    spread = (sample.quantile(0.75) - sample.quantile(0.25)) or float(np.sqrt(sample.var())) or 1.0
    size = float(sample.mean(np.abs)) or 1.0
    grids = []
    for parameter in family.parameters:
        domain = parameter.domain
        low, high = parameter.typical
        if not isinstance(domain, Interval):
            grids.append([domain.from_real(np.zeros(domain.n_free))])
            continue
        grid: list[float]
        if parameter.role == "location":
            grid = [middle]
        elif parameter.role == "scale":
            grid = [spread, size]
        elif parameter.role == "rate":
            grid = [1.0 / spread, 1.0 / size]
        elif np.isfinite(domain.lower) and np.isfinite(domain.upper):
            grid = [domain.lower + share * (domain.upper - domain.lower) for share in (0.1, 0.5, 0.9)]
        elif np.isfinite(domain.lower) or np.isfinite(domain.upper):
            sign, end = (1.0, domain.lower) if np.isfinite(domain.lower) else (-1.0, domain.upper)
            away = {0.1, 1.0, 10.0, abs(low - end), abs(high - end), spread, size, 1 / size}
            grid = [end + sign * distance for distance in sorted(away) if distance > 0]
        else:
            grid = sorted({0.0, -1.0, 1.0, low, high, middle})
        grids.append([np.atleast_1d(value) for value in grid])
    scored = []
    for combination in itertools.islice(itertools.product(*grids), 4_000):
        theta = np.concatenate(combination)
        value = sketch.mean_loglik(theta)
        if np.isfinite(value):
            scored.append((value, tuple(theta.tolist())))
    scored.sort(reverse=True)
    return [np.array(theta) for _, theta in scored[:3]] or [np.concatenate([g[0] for g in grids])]


def domains_of(family: Family) -> list[Domain]:
    """Domains of the parameters, as declared."""
    return [parameter.domain for parameter in family.parameters]


def natural_domains(family: Family, domains: Sequence[Domain], theta: Array) -> list[Domain]:
    """Domains of the parameters, those of arrays in coordinates that are natural near ``theta``."""
    if family.all_scalar:
        parts = zip(domains, theta.tolist(), strict=True)
        return [domain.side(value) if isinstance(domain, NonZero) else domain for domain, value in parts]
    natural = family.domains_at(*family.unpack(theta))
    return [own if isinstance(own, Interval) else at for own, at in zip(domains, natural, strict=True)]


def bounded_domains(
    family: Family, likelihood: Likelihood, bounds: Mapping[str, tuple[float | None, float | None]]
) -> list[Domain]:
    """Domains of the parameters, narrowed by the bounds, in the unit of the likelihood."""
    domains = domains_of(likelihood.family)
    for name in bounds:
        k = family.param_names.index(name)
        parameter = family.parameters[k]
        domain = domains[k]
        if not isinstance(domain, Interval):
            raise ParameterError(f"{family.name}: a vector parameter such as {parameter.name} takes no bounds.")
        low, high = _bound_values(family, likelihood, parameter.name, bounds[parameter.name])
        if not low < high or high <= domain.lower or low >= domain.upper:
            raise ParameterError(
                f"{family.name}: bounds {bounds[parameter.name]} leave no value of {parameter.name} "
                f"in its domain {parameter.domain}."
            )
        domains[k] = Interval(max(low, domain.lower), min(high, domain.upper))
    return domains


def _bound_values(
    family: Family, likelihood: Likelihood, name: str, bound: tuple[float | None, float | None]
) -> tuple[float, float]:
    low, high = bound
    return (
        -np.inf if low is None else float(in_unit(family, likelihood, name, low)[0]),
        np.inf if high is None else float(in_unit(family, likelihood, name, high)[0]),
    )


def natural_changes(likelihood: Likelihood, theta: Array, free: Sequence[bool]) -> Array:
    """Natural change of each parameter on the whole line: the scale of the law for a location, else 1.

    Where derivatives are differences, of a law without a score or of intervals, the natural change is measured, as the
    one that costs about half a nat per observation. Of what is not free it is not needed.
    """
    family = likelihood.family
    scale = next((float(v) for role, v in zip(family.roles, theta, strict=True) if role == "scale"), 1.0)
    natural: list[float] = []
    for p, is_free in zip(family.parameters, free, strict=True):
        if p.role == "location" and 0 < scale < np.inf:
            natural += [scale] * p.size
        elif is_free and p.domain == REAL and (family.score is None or not likelihood.plain):
            natural.append(_half_nat(likelihood, theta, len(natural)))
        else:
            natural += [1.0] * p.size
    return np.array(natural)


def _half_nat(likelihood: Likelihood, theta: Array, k: int) -> float:
    """Change of one parameter that costs about half a nat per observation, to a factor of 2; 1 if none does.

    Of a direction it is a radian at most: beyond a turn all comes again.
    """
    small = likelihood.for_start if likelihood.is_cheap else likelihood.on_sketch()
    here = small.mean_loglik(theta)

    def cost(step: float) -> float:
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        return here - 0.5 * (small.mean_loglik(up) + small.mean_loglik(down))

    period = likelihood.family.period
    most = 1e300 if period is None else period / (2 * np.pi)
    step = min(1.0, most)
    if cost(step) > 0.5:
        while step > 1e-300 and cost(step / 2) > 0.5:
            step /= 2
        return step
    while step < most and cost(step) < 0.5:
        step *= 2
    return step if step < most else min(1.0, most)


def in_unit(family: Family, likelihood: Likelihood, name: str, value: Any) -> Array:
    """Value of one parameter, moved into the unit of the likelihood."""
    theta = np.concatenate(
        [np.ravel(np.asarray(value, dtype=float)) if p.name == name else np.ones(p.size) for p in family.parameters]
    )
    moved = likelihood.unit.params_to_unit(family, theta)
    return split(family, moved)[family.param_names.index(name)]


def joined(family: Family, params: Sequence[Any]) -> Array:
    """The vector of all parameters, from their values; the inverse of `split`."""
    if family.all_scalar:
        return np.array(params, dtype=float)
    return np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in params])


def split(family: Family, theta: Array) -> list[Array]:
    """The values of each parameter, cut from the vector of all."""
    return [theta[place] for place in family.places]


def _into(domain: Domain, value: Array) -> Array:
    """A starting value strictly inside a domain that bounds may have narrowed."""
    if not isinstance(domain, Interval):
        return value
    v = float(value[0])
    if domain.lower < v < domain.upper:
        return value
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        return np.array([0.5 * (domain.lower + domain.upper)])
    if np.isfinite(domain.lower):
        return np.array([domain.lower + max(1e-2, 1e-2 * abs(domain.lower))])
    return np.array([domain.upper - max(1e-2, 1e-2 * abs(domain.upper))])
