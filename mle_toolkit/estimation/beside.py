"""Whether a likelihood rises from a limiting law into the family, or that law is far below: then it is no maximum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import HELD_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.estimation.contained import RELATIVE, ROUNDING
from mle_toolkit.estimation.maximum import LITTLE_NATS, Maximum, objective_near
from mle_toolkit.estimation.starts import domains_of, in_unit
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.relations import Limit
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.numerics.newton import decrement_of, newton_step

_LADDER = np.arange(-14.0, 15.0, 2.0)
"""Where a parameter is tried that is at its end at a limit: powers of e, or logits."""

_HOPELESS = 0.1
"""Nats per observation by which a law may be below the limit, and falling, after which none farther away is tried."""

_FAR, _NEXT = 500.0, 3.0
"""The same of one that goes with it, at most; and how far it is, as a rule, from one place to the next."""


_SHORT = 1.0
"""Longest Newton step, in natural changes, that foretells what there is to be gained."""

_TIMES = 10.0
"""How often what it foretells a law must be below another one to be far below it."""


def nearest_of(found: Maximum, limit: Limit, law: Family, fixed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Coefficients of a regression, which its limit has too, to begin from; None of a law without covariates.

    Where one of them runs off, those of the same name are none of the limit's.
    """
    if not isinstance(law, Model):
        return None
    there = limit.embed(*law.unpack(np.ones(sum(p.size for p in law.parameters))))
    pairs = zip(found.family.param_names, found.family.unpack(found.theta), there, strict=True)
    own = {name: value for name, value, end in pairs if np.all(np.isfinite(end))}
    same = {
        name: own[name]
        for name, term in law.linear.items()
        if name in own and name not in fixed and np.size(own[name]) == term.size and np.all(np.isfinite(own[name]))
    }
    return same or None


def is_far_below(law: Family, found: Maximum, sample: Sample, start: Mapping[str, Any] | None) -> bool:
    """Whether a limiting law is seen to be far below a maximum, so that it need not be climbed.

    By one pass, at a point near its own maximum: there the step of Newton's method is short, and what it gains is a
    small part of what the law is below.

    Parameters
    ----------
    law : Family
    found : Maximum
    sample : Sample
    start : mapping of str to value, or None
        Parameters of the law, in the unit of the data; unless all are there, nothing is seen.
    """
    if start is None or any(name not in start for name in law.param_names):
        return False
    likelihood = Likelihood(law, sample)
    theta = np.concatenate([in_unit(law, likelihood, name, start[name]) for name in law.param_names])
    free = [True] * len(law.parameters)
    objective = objective_near(likelihood, domains_of(likelihood.family), theta, free, charted=False)
    if not objective.at_once:
        return False
    u = objective.coordinates.from_theta(theta)
    gradient = objective.gradient(u)
    step, convex = newton_step(gradient, objective.hessian(u))
    if not (convex and np.abs(step).max() <= _SHORT):
        return False
    gain = decrement_of(gradient, step) * likelihood.nobs
    loglik = (likelihood.log_jacobian - objective.value(u)) * likelihood.nobs
    return bool(found.loglik - loglik > LITTLE_NATS + _TIMES * gain)


def above_limit(settled: Maximum) -> dict[str, Any] | None:
    """The best law that differs from a limiting one in the parameter at its end, where it is better; None if none is.

    From a start far away a search may run to a limit past a maximum. Where a likelihood rises from the limit, it is
    higher already where that parameter is large, or near its end, and all others are as at the limit.

    Where two parameters go together, the second follows the first so that the median stays where the limit has it.
    Places are tried from the end on, up to where the law is far below the limit and falls.

    Parameters
    ----------
    settled : Maximum
        At a limit, at which one or two parameters, numbers, are at the ends of their domains, and all others are in the
        inside.

    Returns
    -------
    dict of str to value, or None
        Parameters in the unit of the data.
    """
    family, likelihood = settled.family, settled.likelihood
    ends = [family.param_names.index(name) for name in settled.boundary]
    if settled.limit is None or not 1 <= len(ends) <= 2 or likelihood.data.n_rows > HELD_ROWS:
        return None
    k, *second = sorted(ends, key=lambda at: family.parameters[at].role == "scale")
    domain = family.parameters[k].domain
    others = [settled.theta[place] for at, place in enumerate(family.places) if at not in ends]
    if not isinstance(domain, Interval) or not all(np.all(np.isfinite(other)) for other in others):
        return None
    if np.isnan(settled.theta).any():
        return None  # a parameter that has no meaning at the limit may have any value beside it
    follow = _with_the_median_of(settled.limit, family, second[0]) if second else lambda theta: theta
    thetas, values = [], []
    ladder = _LADDER[::-1] if settled.theta[family.places[k]] == domain.upper else _LADDER
    least = settled.loglik / likelihood.nobs - likelihood.log_jacobian - _HOPELESS
    for value in np.asarray(domain.from_real(ladder)).tolist():
        theta = settled.theta.copy()
        theta[family.places[k]] = value
        followed = follow(theta)
        if followed is not None:
            thetas.append(followed)
            values.append(likelihood.mean_loglik(likelihood.unit.params_to_unit(family, followed)))
            if len(values) > 1 and values[-1] < min(values[-2], least):
                break
    if not values:
        return None
    best = int(np.argmax(np.nan_to_num(values, nan=-np.inf)))
    if not is_above((values[best] + likelihood.log_jacobian) * likelihood.nobs, settled.loglik):
        return None
    return dict(zip(family.param_names, family.unpack(thetas[best]), strict=True))


def is_above(loglik: float, limit: float) -> bool:
    """Whether a log-likelihood is above that of a limiting law by more than both are rounded."""
    return loglik > limit + ROUNDING + RELATIVE * abs(limit)


def _with_the_median_of(limit: Maximum, family: Family, k: int) -> Callable[[Array], Array | None]:
    """Set one parameter so that a law gives what is below the median of its limit the probability that this gives it.

    None where no value does, or the law is of several numbers at once, or one a row.
    """
    from scipy import optimize

    domain, place = family.parameters[k].domain, family.places[k]
    law = Distribution.at(limit.family, limit.family.unpack(limit.theta))
    several = not family.all_scalar or not limit.family.all_scalar or not law.is_one
    if not isinstance(domain, Interval) or several:
        return lambda _: None
    middle = float(law.ppf(0.5))
    share, where = float(law.cdf(middle)), np.array(middle)
    # Inside its support a law's own formula needs no more; a law without one is asked as a whole.
    cdf = family.cdf or (lambda x, *params: Distribution.at(family, params).cdf(x))

    last: float | None = None

    def followed(theta: Array) -> Array | None:
        nonlocal last
        theta = theta.copy()

        def gap(u: float) -> float:
            theta[place] = domain.from_real(np.array([u]))
            return float(cdf(where, *family.unpack(theta))) - share

        with np.errstate(all="ignore"):
            low, high = (-_FAR, _FAR) if last is None else (last - _NEXT, last + _NEXT)
            if not gap(low) * gap(high) < 0:
                low, high = -_FAR, _FAR
                if not gap(low) * gap(high) < 0:
                    return None
            last = float(optimize.brentq(gap, low, high, xtol=1e-12))
            gap(last)
        return theta

    return followed
