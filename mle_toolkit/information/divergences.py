"""Divergences and distances between two laws, besides that of Kullback and Leibler."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import InformationUnit
from mle_toolkit.errors import ParameterError
from mle_toolkit.information.asked import (
    FAR,
    Result,
    bounded,
    impossible,
    laws_of,
    of_terms,
    result_of,
    transformed,
    two_of,
)
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.measures import kl_divergence
from mle_toolkit.information.pointwise import JEFFREYS, JS, SQUARED_HELLINGER, TOTAL_VARIATION, affinity, power_integral
from mle_toolkit.information.probabilities import pair_of_probabilities

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution


def jeffreys_divergence(p: Any, q: Any, *, axis: int = 0, unit: InformationUnit = "nat", rng: Any = None) -> Result:
    """Jeffreys' divergence: KL(p ‖ q) + KL(q ‖ p). Parameters as for `kl_divergence`.

    Examples
    --------
    >>> round(float(jeffreys_divergence([0.5, 0.5], [0.75, 0.25])), 12)
    0.274653072167
    """
    laws = laws_of(p, q, "jeffreys_divergence")
    if laws is not None:
        from mle_toolkit.information.between import jeffreys_between

        return jeffreys_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    return result_of(of_terms(JEFFREYS, p, q, axis), unit, lambda: impossible(p, q, both=True))


def js_divergence(p: Any, q: Any, *, axis: int = 0, unit: InformationUnit = "nat", rng: Any = None) -> Result:
    """Jensen-Shannon divergence: mean of the divergences of p and q from their middle; at most log 2.

    Parameters as for `kl_divergence`. Its root is a metric (Endres & Schindelin 2003).

    Examples
    --------
    >>> float(js_divergence([1.0, 0.0], [0.0, 1.0], unit="bit"))
    1.0
    """
    values = bounded(JS, math.log(2.0), p, q, "js_divergence", axis, rng)
    return values.to(unit) if isinstance(values, Estimate) else result_of(values, unit)


def renyi_divergence(
    p: Any, q: Any, alpha: float, *, axis: int = 0, unit: InformationUnit = "nat", rng: Any = None
) -> Result:
    r"""Rényi's divergence of order alpha: :math:`\log\left(\sum p^\alpha q^{1-\alpha}\right) / (\alpha - 1)`.

    Parameters
    ----------
    p, q, axis, unit, rng
        As for `kl_divergence`.
    alpha : float
        Order, from 0 on; 1 gives the divergence of Kullback and Leibler.

    Examples
    --------
    >>> round(float(renyi_divergence([0.5, 0.5], [0.75, 0.25], 2.0)), 12)
    0.287682072452
    """
    if not 0 <= alpha < math.inf:
        raise ParameterError(f"renyi_divergence: alpha must be a finite number from 0 on; got {alpha!r}.")
    if alpha == 1:
        return kl_divergence(p, q, axis=axis, unit=unit, rng=rng)
    laws = laws_of(p, q, "renyi_divergence")
    if laws is not None:
        return _renyi_between(*laws, alpha, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    if alpha > 0:
        near = of_terms(power_integral(alpha), p, q, axis)
        near = near if alpha > 1 else -near
    else:
        near = np.full(np.sum(p, axis=axis).shape, -1.0)
    with np.errstate(divide="ignore"):
        direct = np.log(of_terms(affinity(alpha), p, q, axis))
        values = np.where(near > -FAR, np.log1p(np.maximum(near, -FAR)), direct) / (alpha - 1)
    return result_of(values, unit, lambda: impossible(p, q) if alpha > 1 else "p and q have no outcome in common")


def hellinger_distance(p: Any, q: Any, *, axis: int = 0, rng: Any = None) -> Result:
    r"""Hellinger's distance: :math:`\sqrt{1 - \sum\sqrt{p q}}`, from 0 to 1.

    Examples
    --------
    >>> round(float(hellinger_distance([0.5, 0.5], [0.75, 0.25])), 12)
    0.184591911283
    """
    squared = bounded(SQUARED_HELLINGER, 1.0, p, q, "hellinger_distance", axis, rng)
    if not isinstance(squared, Estimate):
        return result_of(np.sqrt(squared), "")
    root = math.sqrt(squared.value)
    return transformed(squared, root, 0.5 / root if root > 0 else 0.0)


def total_variation(p: Any, q: Any, *, axis: int = 0, rng: Any = None) -> Result:
    """Total variation distance: half the sum of :math:`|p - q|`, the largest difference of an event's probabilities.

    Examples
    --------
    >>> float(total_variation([0.5, 0.5], [0.75, 0.25]))
    0.25
    """
    value = bounded(TOTAL_VARIATION, 1.0, p, q, "total_variation", axis, rng)
    return transformed(value, value.value, 1.0) if isinstance(value, Estimate) else result_of(value, "")


def chi2_divergence(p: Any, q: Any, *, axis: int = 0, rng: Any = None) -> Result:
    """Pearson's χ² divergence: sum of (p - q)² / q. With shares of n observations as p, n times it is χ².

    Examples
    --------
    >>> round(float(chi2_divergence([0.5, 0.5], [0.75, 0.25])), 12)
    0.333333333333
    """
    return _power(p, q, 2.0, 1.0, "chi2_divergence", axis, rng)


def power_divergence(p: Any, q: Any, lambda_: float, *, axis: int = 0, rng: Any = None) -> Result:
    r"""Power divergence of Cressie & Read (1984): :math:`\sum p\left[(p/q)^\lambda - 1\right] / (\lambda(\lambda+1))`.

    Parameters
    ----------
    p, q, axis, rng
        As for `kl_divergence`.
    lambda_ : float
        1 gives half of χ², 0 gives KL(p ‖ q), -1 KL(q ‖ p), -1/2 four times the squared Hellinger distance.

    Examples
    --------
    >>> round(float(power_divergence([0.5, 0.5], [0.75, 0.25], 1.0)), 12)
    0.166666666667
    """
    if not math.isfinite(lambda_):
        raise ParameterError(f"power_divergence: lambda_ must be a finite number; got {lambda_!r}.")
    if lambda_ in (0, -1):
        value = kl_divergence(p, q, axis=axis, rng=rng) if lambda_ == 0 else kl_divergence(q, p, axis=axis, rng=rng)
        return transformed(value, value.value, 1.0) if isinstance(value, Estimate) else value
    return _power(p, q, lambda_ + 1, 1 / abs(lambda_ * (lambda_ + 1)), "power_divergence", axis, rng)


def wasserstein_distance(
    p: Any = None, q: Any = None, *, values: Any = None, sample: Any = None, axis: int = 0
) -> Result:
    r"""Wasserstein-1 distance: :math:`\int |F_p - F_q|\,dx`, the work to move one law into the other; data's unit.

    Parameters
    ----------
    p, q : array_like or law
        Laws of numbers.
    values : array_like of shape (K,)
        Numbers that arrays give probabilities of, in ascending order; 0, ..., K - 1 by default.
    sample : tuple of two array_like
        Instead of p and q: two samples, for the distance of their empirical distributions.
    axis : int

    Examples
    --------
    >>> float(wasserstein_distance([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]))
    1.0
    """
    if sample is not None:
        from mle_toolkit.information.transport import between_samples

        if p is not None or q is not None:
            raise ParameterError("wasserstein_distance: sample= stands for both p and q; give no other.")
        return between_samples(*two_of(sample, "wasserstein_distance"))
    laws = laws_of(p, q, "wasserstein_distance")
    if laws is not None:
        from mle_toolkit.information.transport import between_laws

        if values is not None:
            raise ParameterError("wasserstein_distance: values= belongs to arrays of probabilities.")
        return between_laws(*laws)
    from mle_toolkit.information.transport import between_probabilities

    return result_of(between_probabilities(*pair_of_probabilities(p, q, axis), values, axis), "")


def _power(p: Any, q: Any, alpha: float, factor: float, who: str, axis: int, rng: Any) -> Result:
    """A multiple of the integral of p^alpha q^(1 - alpha), less one."""
    laws = laws_of(p, q, who)
    measure = power_integral(alpha)
    if laws is not None:
        from mle_toolkit.information.between import power_between

        estimate = power_between(measure, *laws, alpha, rng)
        return transformed(estimate, factor * estimate.value, factor)
    p, q = pair_of_probabilities(p, q, axis)
    values = factor * of_terms(measure, p, q, axis)
    return result_of(values, "", lambda: impossible(p, q, both=alpha < 0))


def _renyi_between(p: Distribution, q: Distribution, alpha: float, rng: Any) -> Estimate:
    from mle_toolkit.information.between import power_between

    near = power_between(power_integral(alpha), p, q, alpha, rng) if alpha > 0 else None
    if near is not None and (alpha > 1 or near.value < FAR):
        sign = 1.0 if alpha > 1 else -1.0
        inside, part = 1.0 + sign * near.value, near
        value = math.log1p(sign * near.value) if math.isfinite(near.value) else math.inf
    else:
        part = power_between(affinity(alpha), p, q, alpha, rng)
        inside = part.value
        if inside == 0:
            return Estimate(
                value=math.inf, method=part.method, reason=f"no mass is common to {p.family.name} and {q.family.name}"
            )
        value = math.log(inside)
    slope = 1 / (abs(alpha - 1) * inside)
    result = transformed(part, value / (alpha - 1), slope)
    return replace(result, unit="nat")
