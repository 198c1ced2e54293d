"""Measures of information and of how far two laws are apart, of whatever the user has.

Conventions
-----------
``p`` and ``q`` are arrays of probabilities, or laws: a `Distribution`, a `Fit`, a frozen distribution of scipy.stats or
one of its random variables. The direction is that of the arguments: ``kl_divergence(p, q)`` is KL(p ‖ q), the mean over
p of log(p/q). Probabilities have to sum to one along ``axis`` and are never made to; arrays broadcast as in
`scipy.stats.entropy`. One pair of laws gives an `Estimate`, a batch of arrays an ndarray of values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.excess import log_ratio
from mle_toolkit.information.estimate import Estimate, nats_per, unit_name
from mle_toolkit.information.laws import as_distribution
from mle_toolkit.information.pointwise import (
    JEFFREYS,
    JS,
    KL,
    SQUARED_HELLINGER,
    TOTAL_VARIATION,
    Divergence,
    affinity,
    power_integral,
)
from mle_toolkit.information.probabilities import pair_of_probabilities, probabilities, shares_of, table_of

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution

Unit = str | float
Result = Any
"""An `Estimate`, or an ndarray of values for a batch of arrays."""

_FAR = 0.5
"""Value of 1 - ∫ p^α q^(1-α) above which the logarithm is taken of the integral itself."""


# --- what one law has -------------------------------------------------------------------------------------------------


def self_information(p: Any, *, unit: Unit = "nat") -> Result:
    r"""Self-information of events: :math:`-\log p`, infinite for an impossible one.

    Parameters
    ----------
    p : float or array_like
        Probabilities; they need not sum to one.
    unit : {"nat", "bit", "dit"} or float
        Unit, or base of the logs.

    Returns
    -------
    Estimate or ndarray

    Examples
    --------
    >>> float(self_information(0.125, unit="bit"))
    3.0
    """
    p = probabilities(p, "p", None)
    with np.errstate(divide="ignore"):
        values = 0.0 - np.log(p)
    return _result(values, unit, lambda: "the event has probability 0")


def entropy(
    p: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    method: str | None = None,
    axis: int = 0,
    unit: Unit = "nat",
    rng: Any = None,
) -> Result:
    r"""Shannon entropy :math:`-\sum p\log p`; of a continuous law the differential entropy.

    Parameters
    ----------
    p : array_like or law
        Probabilities along ``axis``, or a law.
    counts : array_like of shape (K,)
        Instead of p: how often each of K values was seen.
    sample : array_like or Sample
        Instead of p: observations of a continuous law, of shape (n,) or (n, d).
    method : str
        Estimator for counts (default "plug-in") or sample (default "spacing"; "nearest-neighbour" for vectors).
    axis : int
        Axis of an array along which probabilities sum to one.
    unit : {"nat", "bit", "dit"} or float
        Unit, or base of the logs.
    rng : None, int or Generator
        Source of randomness, for laws of vectors without a formula.

    Returns
    -------
    Estimate or ndarray
        With how it was computed; a batch of arrays gives values.

    Raises
    ------
    DataError
        If probabilities do not sum to one, or counts or the sample cannot be used.

    Examples
    --------
    >>> float(entropy([0.5, 0.25, 0.25], unit="bit"))
    1.5
    >>> entropy(counts=[4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1]).value.__round__(12)
    1.968382408728
    """
    _only_one(p=p, counts=counts, sample=sample)
    if counts is not None:
        from mle_toolkit.information.counts import entropy_of_counts

        return entropy_of_counts(counts, "plug-in" if method is None else method).to(unit)
    if sample is not None:
        from mle_toolkit.information.samples import entropy_of_sample

        return entropy_of_sample(sample, method).to(unit)
    if method is not None:
        raise ParameterError("entropy: method says how to estimate from counts= or sample=; of p it is exact.")
    law = as_distribution(p)
    if law is not None:
        from mle_toolkit.information.between import entropy_of

        return entropy_of(law, rng).to(unit)
    values = np.sum(special.entr(probabilities(p, "p", axis)), axis=axis)
    return _result(values, unit)


def joint_entropy(p: Any = None, *, counts: Any = None, method: str | None = None, unit: Unit = "nat") -> Estimate:
    """Entropy of several variables together.

    Parameters
    ----------
    p : array_like
        Joint probabilities, one axis a variable, that sum to one.
    counts : array_like
        Instead of p: a table of counts.
    method : str
        Estimator for counts; see `entropy`.
    unit : {"nat", "bit", "dit"} or float

    Examples
    --------
    >>> float(joint_entropy([[0.25, 0.25], [0.25, 0.25]], unit="bit"))
    2.0
    """
    _only_one(p=p, counts=counts)
    flat = np.ravel(np.asarray(p if counts is None else counts))
    if counts is None:
        estimate: Estimate = entropy(flat, method=method, unit=unit)
    else:
        estimate = entropy(counts=flat, method=method, unit=unit)
    return estimate


def conditional_entropy(p: Any = None, *, counts: Any = None, given: int = 1, unit: Unit = "nat") -> Estimate:
    """Entropy of one variable that is left when the other is known: H(X, Y) - H(Y).

    Parameters
    ----------
    p : array_like of shape (K, L)
        Joint probabilities of X (rows) and Y (columns).
    counts : array_like of shape (K, L)
        Instead of p: a table of counts, which gives the plug-in estimate with its standard error.
    given : {0, 1}
        Axis of the variable that is known: 1 gives H(X | Y), 0 gives H(Y | X).
    unit : {"nat", "bit", "dit"} or float

    Examples
    --------
    >>> float(conditional_entropy([[0.25, 0.25], [0.5, 0.0]], given=0, unit="bit"))
    0.5
    """
    _only_one(p=p, counts=counts)
    if given not in (0, 1):
        raise ParameterError(f"conditional_entropy: given is 0 (rows are known) or 1 (columns are); got {given!r}.")
    table, n = table_of(p, counts)
    known = np.sum(table, axis=1 - given, keepdims=True)
    return _mean_over_table(table, -log_ratio(table, np.broadcast_to(known, table.shape)), n, unit)


def mutual_information(
    p: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    method: str | None = None,
    unit: Unit = "nat",
    **options: Any,
) -> Estimate:
    """Information that two variables have in common: KL(joint ‖ product of the margins).

    Parameters
    ----------
    p : array_like of shape (K, L)
        Joint probabilities.
    counts : array_like of shape (K, L)
        Instead of p: a table of counts. 2 n times the plug-in estimate is the G statistic of independence.
    sample : tuple of two array_like
        Instead of p: x and y, observed in pairs, continuous; nearest neighbours, never clipped at zero. See
        `mle_toolkit.information.samples.mutual_information_of_sample`.
    method : str, optional
        For counts "plug-in", the default, or a method of `entropy`, as "miller-madow", "grassberger", "chao-shen" or
        "nsb", for each of H(X) + H(Y) - H(X, Y); for a sample "ksg1", "ksg2" or "lnc". The interval from counts is the
        same for all methods: it allows for the bias itself.
    unit : {"nat", "bit", "dit"} or float
    **options
        Of the estimator from a sample: ``k``, ``rng``.

    Examples
    --------
    >>> round(float(mutual_information([[0.5, 0.0], [0.0, 0.5]], unit="bit")), 12)
    1.0
    """
    _only_one(p=p, counts=counts, sample=sample)
    if sample is not None:
        from mle_toolkit.information.samples import mutual_information_of_sample

        x, y = _two_of(sample, "mutual_information")
        return mutual_information_of_sample(x, y, method=method, **options).to(unit)
    if options:
        raise TypeError(f"mutual_information: {next(iter(options))!r} is an option for sample= only.")
    table, n = table_of(p, counts)
    if n is not None:
        from mle_toolkit.information.dependence import mutual_information_of_counts

        return mutual_information_of_counts(np.round(table * n), "plug-in" if method is None else method).to(unit)
    if method is not None:
        raise ParameterError("mutual_information: method is for counts= or sample=; of p it is exact.")
    product = np.outer(np.sum(table, axis=1), np.sum(table, axis=0))
    return Estimate(value=float(_of_terms(KL, table, product, None)), method="exact").to(unit)


# --- how far two laws are apart ---------------------------------------------------------------------------------------


def cross_entropy(
    p: Any = None,
    q: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    axis: int = 0,
    unit: Unit = "nat",
    rng: Any = None,
) -> Result:
    r"""Mean code length of p under q: :math:`-\sum p\log q`, or minus the expected log-density of q under p.

    Parameters
    ----------
    p : array_like or law
    q : array_like or law
    counts : array_like of shape (K,)
        Instead of p: how often each of the K values was seen, that ``q`` gives probabilities of.
    sample : array_like or Sample
        Instead of p: observations, against a law ``q``: the mean negative log-likelihood.
    axis, unit, rng
        As for `kl_divergence`.

    Examples
    --------
    >>> round(float(cross_entropy([0.5, 0.5], [0.75, 0.25], unit="bit")), 12)
    1.207518749639
    """
    if counts is not None or sample is not None:
        from mle_toolkit.information.against import counts_against, sample_against

        _only_one(p=p, counts=counts, sample=sample)
        if sample is not None:
            return sample_against(sample, _law(q, "cross_entropy"))[0].to(unit)
        return counts_against(*shares_of(counts, q))[0].to(unit)
    laws = _laws(p, q, "cross_entropy")
    if laws is not None:
        from mle_toolkit.information.between import cross_entropy_between

        return cross_entropy_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    with np.errstate(divide="ignore"):
        values = 0.0 - np.sum(special.xlogy(p, q), axis=axis)
    return _result(values, unit, lambda: _impossible(p, q))


def kl_divergence(
    p: Any = None,
    q: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    axis: int = 0,
    unit: Unit = "nat",
    rng: Any = None,
) -> Result:
    r"""Kullback-Leibler divergence KL(p ‖ q): :math:`\sum p\log(p/q)`, the cross-entropy less the entropy of p.

    Parameters
    ----------
    p : array_like or law
        What is true: the mean is taken over p.
    q : array_like or law
        The model.
    counts : array_like of shape (K,)
        Instead of p: how often each of the K values was seen, that ``q`` gives probabilities of.
    sample : array_like or Sample, or tuple of two array_like
        Instead of p: observations, against a law ``q``; or a pair of samples, the second instead of q.
    axis : int
        Axis of arrays along which probabilities sum to one.
    unit : {"nat", "bit", "dit"} or float
        Unit, or base of the logs.
    rng : None, int or Generator
        Source of randomness, where the mean has to be taken over random numbers.

    Returns
    -------
    Estimate or ndarray
        Its method says how it was found: "exact" for arrays, "closed form", "quadrature" or "sum" with a bound of the
        error, "Monte Carlo" with a standard error. Where it is infinite, its reason says why.

    Raises
    ------
    DataError
        If probabilities do not sum to one.
    ParameterError
        If the laws are of different dimensions, or one on the circle and one on the line.

    Notes
    -----
    Two laws of one family, or whose sufficient statistics have known means, have closed forms (Gil, Alajaji & Linder
    2013; Nielsen & Nock 2010). Sums of p log(p/q) - p + q, which are not negative, keep their digits where p and q
    are close.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> p, q = mle.distribution("gamma", shape=2, scale=1), mle.distribution("gamma", shape=3, scale=0.5)
    >>> mle.kl_divergence(p, q)
    Estimate(0.190921 nat; closed form)
    >>> mle.kl_divergence([0.5, 0.5], [1.0, 0.0])
    Estimate(inf nat; exact; because q is 0 at [1], where p is 0.5)
    """
    if counts is not None or sample is not None:
        _only_one(p=p, counts=counts, sample=sample)
        return _kl_of_data(q, counts, sample, rng).to(unit)
    laws = _laws(p, q, "kl_divergence")
    if laws is not None:
        from mle_toolkit.information.between import kl_between

        return kl_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    return _result(_of_terms(KL, p, q, axis), unit, lambda: _impossible(p, q))


def jeffreys_divergence(p: Any, q: Any, *, axis: int = 0, unit: Unit = "nat", rng: Any = None) -> Result:
    """Jeffreys' divergence: KL(p ‖ q) + KL(q ‖ p). Parameters as for `kl_divergence`.

    Examples
    --------
    >>> round(float(jeffreys_divergence([0.5, 0.5], [0.75, 0.25])), 12)
    0.274653072167
    """
    laws = _laws(p, q, "jeffreys_divergence")
    if laws is not None:
        from mle_toolkit.information.between import jeffreys_between

        return jeffreys_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    return _result(_of_terms(JEFFREYS, p, q, axis), unit, lambda: _impossible(p, q, both=True))


def js_divergence(p: Any, q: Any, *, axis: int = 0, unit: Unit = "nat", rng: Any = None) -> Result:
    """Jensen-Shannon divergence: mean of the divergences of p and q from their middle; at most log 2.

    Parameters as for `kl_divergence`. Its root is a metric (Endres & Schindelin 2003).

    Examples
    --------
    >>> float(js_divergence([1.0, 0.0], [0.0, 1.0], unit="bit"))
    1.0
    """
    values = _bounded(JS, math.log(2.0), p, q, "js_divergence", axis, rng)
    return values.to(unit) if isinstance(values, Estimate) else _result(values, unit)


def renyi_divergence(p: Any, q: Any, alpha: float, *, axis: int = 0, unit: Unit = "nat", rng: Any = None) -> Result:
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
    laws = _laws(p, q, "renyi_divergence")
    if laws is not None:
        return _renyi_between(*laws, alpha, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    if alpha > 0:
        near = _of_terms(power_integral(alpha), p, q, axis)
        near = near if alpha > 1 else -near
    else:
        near = np.full(np.sum(p, axis=axis).shape, -1.0)
    with np.errstate(divide="ignore"):
        direct = np.log(_of_terms(affinity(alpha), p, q, axis))
        values = np.where(near > -_FAR, np.log1p(np.maximum(near, -_FAR)), direct) / (alpha - 1)
    return _result(values, unit, lambda: _impossible(p, q) if alpha > 1 else "p and q have no outcome in common")


def hellinger_distance(p: Any, q: Any, *, axis: int = 0, rng: Any = None) -> Result:
    r"""Hellinger's distance: :math:`\sqrt{1 - \sum\sqrt{p q}}`, from 0 to 1.

    Examples
    --------
    >>> round(float(hellinger_distance([0.5, 0.5], [0.75, 0.25])), 12)
    0.184591911283
    """
    squared = _bounded(SQUARED_HELLINGER, 1.0, p, q, "hellinger_distance", axis, rng)
    if not isinstance(squared, Estimate):
        return _result(np.sqrt(squared), "")
    root = math.sqrt(squared.value)
    return _transformed(squared, root, 0.5 / root if root > 0 else 0.0)


def total_variation(p: Any, q: Any, *, axis: int = 0, rng: Any = None) -> Result:
    """Total variation distance: half the sum of :math:`|p - q|`, the largest difference of an event's probabilities.

    Examples
    --------
    >>> float(total_variation([0.5, 0.5], [0.75, 0.25]))
    0.25
    """
    value = _bounded(TOTAL_VARIATION, 1.0, p, q, "total_variation", axis, rng)
    return _transformed(value, value.value, 1.0) if isinstance(value, Estimate) else _result(value, "")


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
        return _transformed(value, value.value, 1.0) if isinstance(value, Estimate) else value
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
        return between_samples(*_two_of(sample, "wasserstein_distance"))
    laws = _laws(p, q, "wasserstein_distance")
    if laws is not None:
        from mle_toolkit.information.transport import between_laws

        if values is not None:
            raise ParameterError("wasserstein_distance: values= belongs to arrays of probabilities.")
        return between_laws(*laws)
    from mle_toolkit.information.transport import between_probabilities

    return _result(between_probabilities(*pair_of_probabilities(p, q, axis), values, axis), "")


# --- what they share --------------------------------------------------------------------------------------------------


def _only_one(**given: Any) -> None:
    """Raise unless exactly one of several arguments is given."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        what = "none was given" if not names else f"got {' and '.join(names)}"
        raise ParameterError(f"give one of {', '.join(given)}; {what}.")


def _two_of(sample: Any, who: str) -> tuple[Any, Any]:
    if not (isinstance(sample, tuple) and len(sample) == 2):
        raise ParameterError(f"{who}: sample must be a tuple of two samples, (x, y); got {type(sample).__name__}.")
    return sample


def _law(q: Any, who: str) -> Distribution:
    law = as_distribution(q)
    if law is None:
        raise ParameterError(f"{who}: a sample is compared with a law, such as mle.distribution(...); got {q!r:.60}.")
    return law


def _laws(p: Any, q: Any, who: str) -> tuple[Distribution, Distribution] | None:
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


def _of_terms(measure: Divergence, p: Array, q: Array, axis: int | None) -> Array:
    """Sum the terms of a divergence of probabilities."""
    larger = np.maximum(p, q)
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.where(larger > 0, larger * measure.term(log_ratio(p, q)), 0.0)
    return np.asarray(np.sum(terms, axis=axis))


def _result(values: Any, unit: Unit, why_infinite: Callable[[], str] | None = None) -> Result:
    """One value as an Estimate, several as an array; given in nats, or without a unit where that is empty."""
    values = np.asarray(values, dtype=float)
    factor = nats_per(unit) if unit else 1.0
    if values.ndim:
        return values / factor
    value = float(values)
    reason = why_infinite() if why_infinite is not None and math.isinf(value) else None
    return Estimate(value=value / factor, method="exact", unit=unit_name(unit), reason=reason)


def _transformed(estimate: Estimate, value: float, slope: float) -> Estimate:
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


def _impossible(p: Array, q: Array, *, both: bool = False) -> str:
    """Where the divergence of arrays is infinite."""
    place = np.argwhere((p > 0) & (q == 0))
    names = ("q", "p", p)
    if both and not len(place):
        place, names = np.argwhere((q > 0) & (p == 0)), ("p", "q", q)
    if not len(place):
        return "the largest terms are beyond the range of double numbers"
    index = tuple(place[0].tolist())
    return f"{names[0]} is 0 at {list(index)}, where {names[1]} is {names[2][index]:g}"


def _mean_over_table(table: Array, terms: Array, n: float | None, unit: Unit) -> Estimate:
    """Mean of terms over a joint law; with the standard error of the plug-in where it comes from n observations."""
    seen = table > 0
    value = math.fsum((table[seen] * terms[seen]).tolist())
    if n is None:
        return Estimate(value=value, method="exact").to(unit)
    from mle_toolkit.information.against import plug_in

    return plug_in(value, table, terms, n).to(unit)


def _kl_of_data(q: Any, counts: Any, sample: Any, rng: Any) -> Estimate:
    from mle_toolkit.information.against import counts_against, sample_against

    if counts is not None:
        return counts_against(*shares_of(counts, q))[1]
    if q is None:
        from mle_toolkit.information.samples import kl_of_samples

        return kl_of_samples(*_two_of(sample, "kl_divergence"), rng=rng)
    return sample_against(sample, _law(q, "kl_divergence"))[1]


def _bounded(measure: Divergence, most: float, p: Any, q: Any, who: str, axis: int, rng: Any) -> Result:
    """A divergence that is finite whatever p and q are: an Estimate between laws, else an array."""
    laws = _laws(p, q, who)
    if laws is None:
        return _of_terms(measure, *pair_of_probabilities(p, q, axis), axis)
    from mle_toolkit.information.between import bounded_divergence

    return bounded_divergence(measure, most, *laws, rng)


def _power(p: Any, q: Any, alpha: float, factor: float, who: str, axis: int, rng: Any) -> Result:
    """A multiple of the integral of p^alpha q^(1 - alpha), less one."""
    laws = _laws(p, q, who)
    measure = power_integral(alpha)
    if laws is not None:
        from mle_toolkit.information.between import power_between

        estimate = power_between(measure, *laws, alpha, rng)
        return _transformed(estimate, factor * estimate.value, factor)
    p, q = pair_of_probabilities(p, q, axis)
    values = factor * _of_terms(measure, p, q, axis)
    return _result(values, "", lambda: _impossible(p, q, both=alpha < 0))


def _renyi_between(p: Distribution, q: Distribution, alpha: float, rng: Any) -> Estimate:
    from mle_toolkit.information.between import power_between

    near = power_between(power_integral(alpha), p, q, alpha, rng) if alpha > 0 else None
    if near is not None and (alpha > 1 or near.value < _FAR):
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
    result = _transformed(part, value / (alpha - 1), slope)
    return replace(result, unit="nat")
