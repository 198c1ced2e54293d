"""compare(): the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Solver
from mle_toolkit.comparison.candidates import KINDS, candidates_and_others, guess_of, look_like_counts, zeros_apart
from mle_toolkit.comparison.results import Comparison
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.exposure import with_exposure
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, MleError
from mle_toolkit.estimation.asked import checked_options
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.written import families_of
from mle_toolkit.fitting import Fit, fit_without_warning
from mle_toolkit.information.fits import entropy_for, information_report
from mle_toolkit.options import function

if TYPE_CHECKING:
    from mle_toolkit.information.model_free import SampleEntropy


def compare(
    data: Any,
    families: Any = None,
    *,
    weights: Any = None,
    exposure: Any = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: Solver | None = None,
    nan_policy: NanPolicy = "raise",
    rng: Any = None,
    on_fit: Callable[[str, Fit | str, int, int], None] | None = None,
) -> Comparison:
    """Fit several families to the same data, and rank them.

    Parameters
    ----------
    data : array_like, Series or Sample
        One column of observations; a table of shape (n, d) for families of vectors, `Sample.rows` if none is named. Or,
        alone, a list of fits of one data set, or a dict of them by name: regressions too, of other laws, links and
        formulas.
    families : str, or sequence of (str, Family, scipy.stats distribution or Fit), optional
        What to compare: a list, or names with commas between them, ``"gamma, lognormal"``. A `Fit` must be of the same
        data. By default `candidates`: all registered families that could apply to these data; of ``"counts"`` or of
        ``"measurements"`` where that is said instead of names.
    weights, exposure, fixed, bounds, start, solver, nan_policy, rng : optional
        As for `fit`, for every family. One that lacks a parameter named there goes to the failures.
    on_fit : callable, optional
        Called after each law with its name, its fit or the reason why it has none, and how many of how many laws are
        done. Laws of many parameters, whose fits take longest, come last.

    Returns
    -------
    Comparison
        A family that cannot be fitted is in its ``failures`` with the reason, and does not stop the others; so is one
        whose fit is not certified, which is in ``uncertified`` as well.

    Raises
    ------
    ComparisonError
        If fits are of different data, or densities are mixed with probabilities of counts.
    DataError, UnknownNameError
        If the data are not usable, or a family does not exist.

    Examples
    --------
    >>> result = compare([1.1, 0.4, 2.7, 1.9, 0.8, 3.2], ["gamma", "weibull"])
    >>> result.best.family.name, float(result.table["delta_ce"][1].round(6))
    ('weibull', 0.010566)
    """
    options = checked_options(fixed, bounds, start, solver, rng)
    if on_fit is not None:
        function(on_fit, "on_fit", "lambda name, fit, done, count: print(name)")
    if families is None and (given := _fits_in(data)) is not None:
        return _compared(given)
    if exposure is not None:
        data, weights = with_exposure(data, weights, exposure, nan_policy), None
    not_tried: dict[str, str] = {}
    guess = None
    if families is None or (isinstance(families, str) and families in KINDS):
        data, weights = _counted(Sample.of(data, weights, nan_policy=nan_policy)), None
        families, not_tried, guess = _candidates_of(data, families)
    elif isinstance(families, str):
        families = families_of(families)
    elif isinstance(families, (Family, Fit)) or not isinstance(families, Iterable) or not getattr(families, "ndim", 1):
        families = [families]
    asked = [item if isinstance(item, Fit) else get_family(item) for item in families]
    if not asked and not not_tried:
        raise ComparisonError("nothing to compare: families is empty.")
    of_vectors = any((item.family if isinstance(item, Fit) else item).multivariate for item in asked)
    sample = Sample.of(data, weights, nan_policy=nan_policy, multivariate=of_vectors)
    if not any(isinstance(item, Fit) or not item.discrete for item in asked):
        sample = _counted(sample)
    _check_one_measure({law.name: law for law in (i.family if isinstance(i, Fit) else i for i in asked)}, sample)
    names: list[str] = []
    for item in asked:
        names.append(_label(item, set(names)))
        if isinstance(item, Fit):
            _check_same_data(item, sample)
    found: dict[str, Fit | str] = {}
    entropy: SampleEntropy | None = None
    for done, place in enumerate(sorted(range(len(asked)), key=lambda k: _length(asked[k])), start=1):
        item, name = asked[place], names[place]
        try:
            at = item if isinstance(item, Fit) else fit_without_warning(sample, item, **options)
            if at.certificate.ok:
                entropy = _report(at, sample, entropy)
            found[name] = at
        except Exception as error:  # a law of the user's own may raise anything, and must not stop the others
            law = item.family if isinstance(item, Fit) else item
            reason = str(error) if isinstance(error, MleError) else f"{type(error).__name__}: {error}"
            found[name] = reason.removeprefix(f"{law.name}: ")
        if on_fit is not None:
            on_fit(name, found[name], done, len(asked))
    return Comparison(sample, *_by_outcome({name: found[name] for name in names}), not_tried, guess)


def _candidates_of(sample: Sample, kind: str | None) -> tuple[tuple[str, ...], dict[str, str], str | None]:
    """Laws that could apply, why others could not, and what was guessed of the data."""
    rates = "exposure" in sample.known  # which only counts have
    counts = (rates or look_like_counts(sample)) if kind is None else kind == "counts"
    guess = guess_of(sample, counts) if kind is None and not rates else None
    families, not_tried = candidates_and_others(sample, counts)
    if not counts and (n_zeros := zeros_apart(sample)):
        guess = (
            f"{n_zeros:g} of {sample.nobs:g} values are 0, more than are any other: each law gives 0 a probability, "
            f"pi, and the others a density; if 0 is the rounding of small values, say so: "
            f"compare(Sample.rounded(x, step))"
        )
    return families, not_tried, guess


def _by_outcome(found: Mapping[str, Fit | str]) -> tuple[dict[str, Fit], dict[str, str], dict[str, Fit]]:
    """Certified fits, why the others failed, and those of them that have a place nevertheless."""
    fits: dict[str, Fit] = {}
    uncertified: dict[str, Fit] = {}
    failures: dict[str, str] = {}
    for name, at_or_why in found.items():
        if isinstance(at_or_why, str):
            failures[name] = at_or_why
        elif at_or_why.certificate.ok:
            fits[name] = at_or_why
        else:
            failures[name] = at_or_why.certificate.message
            if at_or_why.certificate.verdict is not Verdict.INEXACT:
                uncertified[name] = at_or_why
    return fits, failures, uncertified


def _length(item: Fit | Family) -> int:
    """How long a fit takes, roughly: laws of a few parameters have sums or closed forms that others lack."""
    return 0 if isinstance(item, Fit) else len(item.parameters)


def _fits_in(data: Any) -> dict[str, Fit] | None:
    """Fits by name, where fits are all that was given."""
    items = data.values() if isinstance(data, Mapping) else data if isinstance(data, (list, tuple)) else ()
    if not items or not all(isinstance(item, Fit) for item in items):
        return None
    if isinstance(data, Mapping):
        return {str(name): fit for name, fit in data.items()}
    from mle_toolkit.regression.results import RegressionFit, described

    named: dict[str, Fit] = {}
    for fit in data:
        label = described(fit) if isinstance(fit, RegressionFit) else _label(fit, set(named))
        names = (label, *(f"{label} #{k}" for k in range(2, len(data) + 2)))
        named[next(name for name in names if name not in named)] = fit
    return named


def _compared(given: Mapping[str, Fit]) -> Comparison:
    """Rank fits that there are."""
    from mle_toolkit.regression import RegressionFit

    sample = next(iter(given.values())).sample
    laws = {name: fit.model.base if isinstance(fit, RegressionFit) else fit.family for name, fit in given.items()}
    _check_one_measure(laws, sample)
    fits, uncertified, failures = {}, {}, {}
    for name, fit in given.items():
        _check_same_data(fit, sample)
        if fit.certificate.ok:
            fits[name] = fit
        else:
            failures[name], uncertified[name] = fit.certificate.message, fit
    return Comparison(sample, fits, failures, uncertified)


def _counted(sample: Sample) -> Sample:
    """The sample; as a table, which is held, where its rows are not and it can be tabulated."""
    return sample if sample.in_memory else sample.tabulated()


def _report(fit: Fit, sample: Sample, shared: SampleEntropy | None) -> SampleEntropy | None:
    """Compute all that the table needs of a fit, with the entropy of the data that all fits share; return that."""
    if not sample.in_memory:
        fit.once("information", lambda: information_report(fit))
        return None
    own = entropy_for(fit.family, fit.sample) if shared is None or fit.family.per_row else shared
    fit.once("information", lambda: information_report(fit, own))
    return shared if fit.family.per_row else own


def _check_one_measure(laws: Mapping[str, Family], sample: Sample) -> None:
    """Raise where likelihoods are of different things, or have different units: probabilities here, densities there."""
    beside = set(sample.known)
    settled = {n: law.resolve(sample) if beside & set(law.constant_defaults) else law for n, law in laws.items()}
    kinds = {law.outcomes: name for name, law in settled.items()}
    if len(kinds) > 1:
        more = max(kinds, key=len)
        raise ComparisonError(
            f"{kinds[more]} is a law of each observation and its {' and '.join(more)}, and "
            f"{kinds[min(kinds, key=len)]} of the observation alone: their likelihoods are of different data. Compare "
            f"laws of the same."
        )
    if not sample.is_exact and not np.any(sample.lower == sample.upper):
        return  # of intervals every law gives probabilities
    of_counts = [name for name, law in laws.items() if law.discrete]
    of_measurements = [name for name, law in laws.items() if not law.discrete]
    if of_counts and of_measurements:
        raise ComparisonError(
            f"probabilities of counts ({', '.join(of_counts)}) cannot be compared with densities "
            f"({', '.join(of_measurements)}): their likelihoods have different units. Compare them apart."
        )
    for value in sorted({a for law in laws.values() for a in law.atoms}):
        if not sample.in_memory or not np.any((sample.lower == value) & (sample.upper == value)):
            continue
        possible = {name: law for name, law in laws.items() if law.support.contains(np.array(value))}
        sure = [name for name, law in possible.items() if value in law.atoms]
        dense = [name for name in possible if name not in sure]
        if dense:
            raise ComparisonError(
                f"where x = {value:g}, {', '.join(sure)} gives a probability and {', '.join(dense)} a density: their "
                f"likelihoods have different units. Compare them apart, or give each law a probability there: "
                f"hurdle(...), inflated(..., at={value:g})."
            )


def _check_same_data(fit: Fit, sample: Sample) -> None:
    if fit.maximum is None:
        raise ComparisonError(f"{fit.family.name}: this fit was loaded without its data; fit the data again.")
    what = fit.sample.difference(sample)
    if what is not None:
        raise ComparisonError(
            f"{fit.family.name}: the fit is of other data ({fit.sample!r}) than these ({sample!r}): {what}. "
            f"Likelihoods compare only for the same rows, in the same order, with the same censoring, windows and "
            f"weights."
        )


def _label(item: Fit | Family, taken: set[str]) -> str:
    """Name of a family; with its constants, or a number, where the name is taken."""
    law = item.family if isinstance(item, Fit) else item
    if law.name not in taken:
        return law.name
    constants = ", ".join(f"{k}={v}" for k, v in law.constants.items() if np.ndim(v) == 0 and v is not None)
    label = f"{law.name} ({constants})" if constants else law.name
    number = 2
    while label in taken:
        label = f"{law.name} #{number}"
        number += 1
    return label
