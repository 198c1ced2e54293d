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
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, CountsMethod, InformationUnit, PairsMethod, SampleMethod
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.excess import log_ratio
from mle_toolkit.information.asked import (
    Result,
    impossible,
    law_of,
    laws_of,
    of_terms,
    only_one,
    result_of,
    two_of,
)
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.laws import as_distribution
from mle_toolkit.information.pointwise import KL
from mle_toolkit.information.probabilities import pair_of_probabilities, probabilities, shares_of, table_of
from mle_toolkit.options import text

# --- what one law has -------------------------------------------------------------------------------------------------


def self_information(p: Any, *, unit: InformationUnit = "nat") -> Result:
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
    return result_of(values, unit, lambda: "the event has probability 0")


def entropy(
    p: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    method: CountsMethod | SampleMethod | None = None,
    axis: int = 0,
    unit: InformationUnit = "nat",
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
    only_one(p=p, counts=counts, sample=sample)
    if method is not None:
        text(method, "method", "the name of a method, a text")
    if counts is not None:
        from mle_toolkit.information.counts import entropy_of_counts

        return entropy_of_counts(counts, "plug-in" if method is None else method).to(unit)
    if sample is not None:
        from mle_toolkit.information.spacings import entropy_of_sample

        return entropy_of_sample(sample, method).to(unit)
    if method is not None:
        raise ParameterError("entropy: method says how to estimate from counts= or sample=; of p it is exact.")
    law = as_distribution(p)
    if law is not None:
        from mle_toolkit.information.between import entropy_of

        return entropy_of(law, rng).to(unit)
    values = np.sum(special.entr(probabilities(p, "p", axis)), axis=axis)
    return result_of(values, unit)


def joint_entropy(
    p: Any = None, *, counts: Any = None, method: CountsMethod | None = None, unit: InformationUnit = "nat"
) -> Estimate:
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
    only_one(p=p, counts=counts)
    flat = np.ravel(np.asarray(p if counts is None else counts))
    if counts is None:
        estimate: Estimate = entropy(flat, method=method, unit=unit)
    else:
        estimate = entropy(counts=flat, method=method, unit=unit)
    return estimate


def conditional_entropy(
    p: Any = None, *, counts: Any = None, given: int = 1, unit: InformationUnit = "nat"
) -> Estimate:
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
    only_one(p=p, counts=counts)
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
    method: CountsMethod | PairsMethod | None = None,
    unit: InformationUnit = "nat",
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
    only_one(p=p, counts=counts, sample=sample)
    if sample is not None:
        from mle_toolkit.information.mutual import mutual_information_of_sample

        x, y = two_of(sample, "mutual_information")
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
    return Estimate(value=float(of_terms(KL, table, product, None)), method="exact").to(unit)


# --- how far two laws are apart ---------------------------------------------------------------------------------------


def cross_entropy(
    p: Any = None,
    q: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    axis: int = 0,
    unit: InformationUnit = "nat",
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

        only_one(p=p, counts=counts, sample=sample)
        if sample is not None:
            return sample_against(sample, law_of(q, "cross_entropy"))[0].to(unit)
        return counts_against(*shares_of(counts, q))[0].to(unit)
    laws = laws_of(p, q, "cross_entropy")
    if laws is not None:
        from mle_toolkit.information.between import cross_entropy_between

        return cross_entropy_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    with np.errstate(divide="ignore"):
        values = 0.0 - np.sum(special.xlogy(p, q), axis=axis)
    return result_of(values, unit, lambda: impossible(p, q))


def kl_divergence(
    p: Any = None,
    q: Any = None,
    *,
    counts: Any = None,
    sample: Any = None,
    axis: int = 0,
    unit: InformationUnit = "nat",
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
        only_one(p=p, counts=counts, sample=sample)
        return _kl_of_data(q, counts, sample, rng).to(unit)
    laws = laws_of(p, q, "kl_divergence")
    if laws is not None:
        from mle_toolkit.information.between import kl_between

        return kl_between(*laws, rng).to(unit)
    p, q = pair_of_probabilities(p, q, axis)
    return result_of(of_terms(KL, p, q, axis), unit, lambda: impossible(p, q))


def _mean_over_table(table: Array, terms: Array, n: float | None, unit: InformationUnit) -> Estimate:
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

        return kl_of_samples(*two_of(sample, "kl_divergence"), rng=rng)
    return sample_against(sample, law_of(q, "kl_divergence"))[1]
