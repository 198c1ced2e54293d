"""What a measure was asked of: laws, arrays of probabilities, counts or samples; and how it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.excess import log_ratio
from mle_toolkit.information.estimate import Estimate, nats_per, unit_name
from mle_toolkit.information.laws import as_distribution
from mle_toolkit.information.pointwise import Divergence
from mle_toolkit.information.probabilities import pair_of_probabilities

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution


Result = Any
"""An `Estimate`, or an ndarray of values for a batch of arrays."""


FAR = 0.5
"""Value of 1 - ∫ p^α q^(1-α) above which the logarithm is taken of the integral itself."""


# --- what they share --------------------------------------------------------------------------------------------------


def only_one(**given: Any) -> None:
    """Raise unless exactly one of several arguments is given."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        what = "none was given" if not names else f"got {' and '.join(names)}"
        raise ParameterError(f"give one of {', '.join(given)}; {what}.")


def two_of(sample: Any, who: str) -> tuple[Any, Any]:
    """The two samples of a pair."""
    if not (isinstance(sample, tuple) and len(sample) == 2):
        raise ParameterError(f"{who}: sample must be a tuple of two samples, (x, y); got {type(sample).__name__}.")
    return sample


def law_of(q: Any, who: str) -> Distribution:
    """The law of one argument, which must be one."""
    law = as_distribution(q)
    if law is None:
        raise ParameterError(f"{who}: a sample is compared with a law, such as mle.distribution(...); got {q!r:.60}.")
    return law


def laws_of(p: Any, q: Any, who: str) -> tuple[Distribution, Distribution] | None:
    """Both arguments as laws; None where both are arrays."""
    if p is None or q is None:
        raise ParameterError(
            f"{who}: takes two laws or arrays of probabilities, p and q; {'p' if p is None else 'q'} is missing."
        )
    laws = as_distribution(p), as_distribution(q)
    if laws[0] is not None and laws[1] is not None:
        return laws[0], laws[1]
    if laws[0] is None and laws[1] is None:
        return None
    array = "p" if laws[0] is None else "q"
    raise ParameterError(
        f"{who}: one argument is a law, and {array} is an array of probabilities. Give "
        f'mle.distribution("categorical", probs={array}) if its outcomes are 0, 1, ...; or observations as sample=.'
    )


def of_terms(measure: Divergence, p: Array, q: Array, axis: int | None) -> Array:
    """Sum the terms of a divergence of probabilities."""
    larger = np.maximum(p, q)
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.where(larger > 0, larger * measure.term(log_ratio(p, q)), 0.0)
    return np.asarray(np.sum(terms, axis=axis))


def result_of(values: Any, unit: str | float, why_infinite: Callable[[], str] | None = None) -> Result:
    """One value as an Estimate, several as an array; given in nats, or without a unit where that is empty."""
    values = np.asarray(values, dtype=float)
    factor = nats_per(unit) if unit else 1.0
    if values.ndim:
        return values / factor
    value = float(values)
    reason = why_infinite() if why_infinite is not None and math.isinf(value) else None
    return Estimate(value=value / factor, method="exact", unit=unit_name(unit), reason=reason)


def transformed(estimate: Estimate, value: float, slope: float) -> Estimate:
    """A function of an estimate that is no information: without a unit, with the errors by its slope."""
    scaled = [None if error is None else error * slope for error in (estimate.se, estimate.error)]
    interval = None
    if estimate.interval is not None and scaled[0] is not None:
        from mle_toolkit.information.model_free import around

        interval = around(value, scaled[0])
    return Estimate(
        value=value,
        se=scaled[0],
        interval=interval,
        error=scaled[1],
        method=estimate.method,
        unit="",
        flags=estimate.flags,
        reason=estimate.reason,
    )


def impossible(p: Array, q: Array, *, both: bool = False) -> str:
    """Where the divergence of arrays is infinite."""
    place = np.argwhere((p > 0) & (q == 0))
    names = ("q", "p", p)
    if both and not len(place):
        place, names = np.argwhere((q > 0) & (p == 0)), ("p", "q", q)
    if not len(place):
        return "the largest terms are beyond the range of double numbers"
    index = tuple(place[0].tolist())
    return f"{names[0]} is 0 at {list(index)}, where {names[1]} is {names[2][index]:g}"


def bounded(measure: Divergence, most: float, p: Any, q: Any, who: str, axis: int, rng: Any) -> Result:
    """A divergence that is finite whatever p and q are: an Estimate between laws, else an array."""
    laws = laws_of(p, q, who)
    if laws is None:
        return of_terms(measure, *pair_of_probabilities(p, q, axis), axis)
    from mle_toolkit.information.between import bounded_divergence

    return bounded_divergence(measure, most, *laws, rng)
