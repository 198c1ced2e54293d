"""What a search may not end below: the maximum of a law that the family contains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import NoMaximumError, SupportError
from mle_toolkit.estimation.starts import joined
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.relations import SpecialCase
from mle_toolkit.likelihood.audit import bound_of

if TYPE_CHECKING:
    from mle_toolkit.likelihood.sums import Likelihood

ROUNDING, RELATIVE = 1e-8, 1e-12
"""Nats, and share of the log-likelihood, by which a maximum may be below that of a law inside: where a search stops."""

_FITS_A_SKETCH = 10.0
"""Nats by which the maximum of a subsample may be above the value there of the maximum of the whole: some of every
parameter's."""

_FEW = 50

_STUCK = 1e-6
"""Nats from the maximum of a law inside at which a climb may have stopped since all likelihoods are level there."""


@dataclass(frozen=True)
class Inside:
    """The maximum of a law that a family contains.

    Attributes
    ----------
    law : Family
    loglik : float
        Of the sample; nats.
    theta : ndarray of shape (p,)
        Parameters of the family at which it is that law, in the unit of the data.
    """

    law: Family
    loglik: float
    theta: Array


class Found(Protocol):
    """What is asked of a maximum."""

    @property
    def family(self) -> Family: ...  # noqa: D102
    @property
    def likelihood(self) -> Likelihood: ...  # noqa: D102
    @property
    def loglik(self) -> float: ...  # noqa: D102
    @property
    def theta(self) -> Array: ...  # noqa: D102
    @property
    def theta_in_unit(self) -> Array: ...  # noqa: D102
    @property
    def n_starts(self) -> int: ...  # noqa: D102
    @property
    def n_agreeing(self) -> int: ...  # noqa: D102
    @property
    def is_certified(self) -> bool: ...  # noqa: D102


End = TypeVar("End")


def higher_inside(found: Found, best: Callable[[Family, Sample], Found]) -> Inside | None:
    """The highest maximum of the special cases of a family, where a search for that of the family ended below it.

    Parameters
    ----------
    found : Maximum
        Where the search ended, with all parameters free.
    best : callable
        Takes a law and a sample, returns the maximum.

    Notes
    -----
    Where theory knows one maximum only, or several starts agree on many exact observations, there is nothing to look
    for. Of a large sample a part is looked at. Where a climb of intervals stopped at a law inside at which the family
    is level, what is given is a law beside it, on the better side.
    """
    family, whole = found.family, found.likelihood
    if not family.special_cases or _is_alone(found) or _is_agreed(found):
        return None
    likelihood = whole if whole.data.n_rows <= 4 * SKETCH_ROWS else whole.on_sketch()
    own = found.loglik if likelihood is whole else _loglik(likelihood, found.theta_in_unit)
    slack = ROUNDING + RELATIVE * abs(own) if likelihood is whole else _FITS_A_SKETCH
    if not likelihood.has_points and own >= bound_of(family, likelihood) - slack:
        return None  # no law is higher
    highest: Inside | None = None
    data = likelihood.data
    cases = [case for case in family.special_cases if case.family.support.covers(data.minimum, data.maximum)]
    for case, at in maxima_inside(cases, data, best):
        law = case.family
        params = law.unpack(at.theta)
        if not at.loglik > max(own + slack, -np.inf if highest is None else highest.loglik):
            climbs = likelihood.plain and not family.per_row  # the law's own, past where it is level
            if case.beside is None or climbs or likelihood is not whole or abs(at.loglik - own) > _STUCK:
                continue
            sides = [joined(family, side) for side in case.beside(*params)]
            theta = max(sides, key=lambda side: _loglik(whole, whole.unit.params_to_unit(family, side)))
        else:
            theta = joined(family, case.embed(*params))
        if np.all(np.isfinite(theta)) and np.isfinite(at.loglik):
            highest = Inside(law, at.loglik, theta)
    return highest


def maxima_inside(
    cases: Iterable[SpecialCase], sample: Sample, best: Callable[[Family, Sample], End]
) -> Iterator[tuple[SpecialCase, End]]:
    """Those of some laws inside that take the sample and have a maximum, each with that."""
    for case in cases:
        try:
            case.family.check_support(sample)
            at = best(case.family, sample)
        except (NoMaximumError, SupportError):
            continue
        yield case, at


def _is_alone(found: Found) -> bool:
    """Whether by a theorem the likelihood has one maximum at most; of intervals also whether a climb came there."""
    family, likelihood = found.family, found.likelihood
    if likelihood.plain:
        return family.one_maximum or isinstance(family, ExponentialFamily)
    return family.one_maximum_of_intervals and likelihood.data.window is None and found.is_certified


def _is_agreed(found: Found) -> bool:
    """Whether all of several starts led there, on exact data that are not few."""
    return found.likelihood.plain and found.likelihood.data.n_rows > _FEW and 1 < found.n_starts == found.n_agreeing


def _loglik(likelihood: Likelihood, theta: Array) -> float:
    return (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * likelihood.nobs
