"""Log scores on data that a fit has not seen: cross-validation, leave-one-out, and the bootstrap's optimism."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Known
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, MleError, NoMaximumError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.covariance import inverse
from mle_toolkit.inference.resampling import FAILED, Replicator
from mle_toolkit.inference.rows import by_row, fitted_law, log_density
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.numerics.differences import central_each

if TYPE_CHECKING:
    import pandas as pd

LONG_STEP = 0.3
"""Newton step, in standard errors, beyond which leaving out a row is computed by a refit: below it the error of a
score is a few thousandths of a nat, and that of their mean a hundredth of its distance from the score of the whole."""

_AT_ONCE = 1 << 20
"""Second derivatives of rows that are held at a time."""

CHUNK = 50
"""Replicates a chunk; each chunk has a seed of its own."""

_STEP = 1e-4
"""Of the differences of scores, in coordinates in which one unit is a natural change of the law."""


@dataclass(frozen=True)
class HeldOut:
    """Log-densities of observations under laws that were fitted without them.

    Attributes
    ----------
    names : tuple of str
        The models.
    scores : ndarray of shape (m, n_models)
        Log-density of each left-out observation; -inf where a law excludes it, NaN where a fit without it failed.
    weight : ndarray of shape (m,)
        How often each counts: a row of a table may be left out in several folds.
    method : str
        How they were left out.
    failures : mapping of str to str
        Why a model has no scores.
    """

    names: tuple[str, ...]
    scores: Array = field(repr=False)
    weight: Array = field(repr=False)
    method: str
    weight_kind: str = "frequency"
    failures: Mapping[str, str] = field(default_factory=dict)

    def mean(self) -> Array:
        """Mean log score of each model, nats per observation; shape (n_models,)."""
        return np.asarray(self._mean(self.scores))

    def se(self, terms: Array) -> Array:
        """Standard error of the mean of one term an observation, by model; NaN where a term is not finite."""
        with np.errstate(invalid="ignore"):
            squares = np.square(terms - self._mean(terms))
        weight = self.weight if self.weight_kind == "frequency" else np.square(self.weight)
        return np.asarray(np.sqrt(np.sum(weight[:, None] * squares, axis=0)) / np.sum(self.weight))

    def _mean(self, terms: Array) -> Array:
        return np.asarray(np.sum(self.weight[:, None] * terms, axis=0) / np.sum(self.weight))

    @property
    def table(self) -> pd.DataFrame:
        """One row per model, best first.

        Returns
        -------
        DataFrame with columns

            family
                Name.
            score, score_se
                Mean log-density of the left-out observations, nats, and its standard error: minus the score estimates
                the cross-entropy on new data.
            delta, delta_se
                Score less that of the best model, and the standard error of the paired difference.
        """
        import pandas as pd

        mean = self.mean()
        order = np.lexsort((-mean, np.isnan(mean)))
        best = order[0]
        with np.errstate(invalid="ignore"):
            paired = self.scores - self.scores[:, [best]]
            delta = mean - mean[best]
        se, paired_se = self.se(self.scores), self.se(paired)
        return pd.DataFrame(
            {
                "family": [self.names[k] for k in order],
                "score": mean[order],
                "score_se": se[order],
                "delta": delta[order],
                "delta_se": paired_se[order],
            }
        )

    def __str__(self) -> str:
        text = self.table.to_string(index=False, float_format="{:.5g}".format)
        failed = [f"  {name}: {why}" for name, why in self.failures.items()]
        return "\n".join([text, self.method, *(["no score:", *failed] if failed else [])])


# --- folds ------------------------------------------------------------------------------------------------------------


def cross_validate(models: Mapping[str, Maximum], sample: Sample, folds: int = 10, rng: Any = None) -> HeldOut:
    """Score every observation under laws fitted without its fold; the same folds for all models.

    Parameters
    ----------
    models : mapping of str to Maximum
        Of the same sample.
    sample : Sample
    folds : int
        Into how many parts of nearly equal size the observations are dealt at random. Observations of a frequency table
        are dealt one by one.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional

    Raises
    ------
    ParameterError
        If there are not as many observations as folds, or fewer than two folds.
    """
    folds = options.whole(folds, "folds", 2)
    held = _dealt(sample, folds, options.generator(rng))
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    columns, failures = [], {}
    for name, maximum in models.items():
        parts = []
        for part in held:
            left_out = np.flatnonzero(part)
            try:
                law = _law_without(maximum, sample, weight - part, left_out)
            except MleError as error:
                failures[name] = f"without one of the folds: {error}"
                parts.append(np.full(len(left_out), np.nan))
                continue
            parts.append(log_density(law, sample.take(left_out)))
        columns.append(np.concatenate(parts))
    return HeldOut(
        names=tuple(models),
        scores=np.stack(columns, axis=1),
        weight=np.concatenate([part[part > 0] for part in held]),
        method=f"{folds}-fold cross-validation, the same folds for all",
        weight_kind=sample.weight_kind,
        failures=failures,
    )


def _dealt(sample: Sample, folds: int, rng: np.random.Generator) -> list[Array]:
    """Weights of the rows in each fold: whole rows, or single observations of a frequency table."""
    weight = sample.weight
    counted = weight is not None and sample.weight_kind == "frequency" and bool(np.all(weight == np.rint(weight)))
    size = int(sample.nobs) if counted else sample.n_rows
    if not 2 <= folds <= size:
        raise ParameterError(f"folds: expected a number from 2 to the {size} observations, got {folds!r}.")
    if weight is None or not counted:
        label = rng.permutation(np.arange(sample.n_rows) % folds)
        full = np.ones(sample.n_rows) if weight is None else weight
        return [np.where(label == k, full, 0.0) for k in range(folds)]
    left = weight.astype(np.int64)
    parts = []
    for k in range(folds):
        part = rng.multivariate_hypergeometric(left, (size - k + folds - 1) // folds, method="marginals")
        left = left - part
        parts.append(part.astype(float))
    return parts


def _law_without(
    maximum: Maximum, sample: Sample, weight: Array, left_out: NDArray[np.intp], *, beside: bool = False
) -> Distribution:
    """The law fitted to the other weights, for the rows that are left out where it differs by row."""
    sample = maximum.family.with_rows(sample)
    law = fitted_law(again(maximum, sample.reweighted(weight), beside=beside))
    return _of_rows(law, sample.take(left_out).known)


def again(found: Maximum, sample: Sample, *, beside: bool = False) -> Maximum:
    """The certified maximum for other data of the same law, with the same known parameters and bounds.

    With ``beside``, of nearly the same data, a certified one to which a climb leads from what was found.
    """
    family = found.family
    law = family.given(sample.known)
    smooth = found.limit is None and not found.boundary and not family.irregular(*family.unpack(found.theta))
    if beside and smooth and found.method != "closed-form":
        here = dict(zip(family.param_names, family.unpack(found.theta), strict=True))
        start = {name: value for name, value in here.items() if name not in found.known}
        with contextlib.suppress(NoMaximumError):
            near = maximise(law, sample, fixed=found.known, bounds=found.bounds, start=start)
            if near.limit is None and near.is_certified:
                return near
    new = maximise(law, sample, fixed=found.known, bounds=found.bounds)
    if not new.is_certified:
        raise NoMaximumError(f"{family.name}: {new.certify().message}", new.certify())
    return new


def _of_rows(law: Distribution, known: Known) -> Distribution:
    """A law of rows of which this is known."""
    return Distribution.at(law.family.given(known), law.in_order) if law.family.per_row else law


# --- leave-one-out ----------------------------------------------------------------------------------------------------


def leave_one_out(models: Mapping[str, Maximum], sample: Sample) -> HeldOut:
    """Score every observation under the laws fitted to all others, by one step of Newton's method each.

    Parameters
    ----------
    models : mapping of str to Maximum
        Of the same sample.
    sample : Sample

    Notes
    -----
    Without row i the log-likelihood has slope -s_i and information J - J_i at the estimate, so the estimate moves by
    about -(J - J_i)⁻¹ s_i. Rows that move it by more than `LONG_STEP` standard errors are left out by refits, and so
    are all rows of a law whose information does not describe its likelihood (ends of supports, kinks, boundaries).
    """
    columns, failures = [], {}
    refits: dict[str, int] = {}
    for name, maximum in models.items():
        scores, exact = _one_step(maximum, sample)
        refits[name] = len(exact)
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        once = np.minimum(1.0, weight) if sample.weight_kind == "frequency" else weight
        for row in exact:
            others = weight.copy()
            others[row] -= once[row]
            rows = np.array([row])
            try:
                law = _law_without(maximum, sample, others, rows, beside=True)
            except MleError as error:
                failures[name] = f"without row {row}: {error}"
                scores[row] = np.nan
                continue
            scores[row] = log_density(law, sample.take(rows))[0]
        columns.append(scores)
    some = ", ".join(f"{name} {count}" for name, count in refits.items() if count)
    return HeldOut(
        names=tuple(models),
        scores=np.stack(columns, axis=1),
        weight=np.ones(sample.n_rows) if sample.weight is None else sample.weight,
        method="leave-one-out by one Newton step" + (f"; rows refitted: {some}" if some else ""),
        weight_kind=sample.weight_kind,
        failures=failures,
    )


def _one_step(maximum: Maximum, sample: Sample) -> tuple[Array, NDArray[np.intp]]:
    """Scores of all rows, and the rows for which one step is too long to be trusted."""
    everything = np.arange(sample.n_rows)
    scores = log_density(fitted_law(maximum), sample)
    family = maximum.family
    irregular = [n for n in family.irregular(*family.unpack(maximum.theta)) if n not in maximum.fixed]
    if irregular or maximum.boundary or maximum.limit is not None:
        return scores, everything
    if len(maximum.coordinates) == 0:
        return scores, everything[:0]
    information = maximum.likelihood.nobs * maximum.objective.hessian(maximum.coordinates)
    if not np.all(np.isfinite(inverse(information))):
        return scores, everything
    once = np.ones(sample.n_rows)
    if sample.weight is not None:
        once = np.minimum(1.0, sample.weight) if sample.weight_kind == "frequency" else sample.weight
    is_long = np.zeros(sample.n_rows, dtype=bool)
    for rows, slope, curvature in row_derivatives(maximum, sample):
        others = information - once[rows, None, None] * curvature
        definite = np.linalg.eigvalsh(others)[:, 0] > 0
        others[~definite] = information
        step = -np.linalg.solve(others, (once[rows, None] * slope)[:, :, None])[:, :, 0]
        moved = np.einsum("ij,ij->i", step @ information, step)
        bent = np.einsum("ij,ij->i", (curvature @ step[:, :, None])[:, :, 0], step)
        scores[rows] += np.sum(slope * step, axis=1) - 0.5 * bent
        is_long[rows] = ~(moved <= LONG_STEP**2) | ~definite
    return scores, np.flatnonzero(is_long)


def row_derivatives(maximum: Maximum, sample: Sample) -> Iterator[tuple[slice, Array, Array]]:
    """Rows, the score of each, and its negative second derivatives: shapes (m, n_free) and (m, n_free, n_free).

    Of a regression, whose coefficients may be many, so few rows at a time that these are no large part of its design.
    """
    objective, u, data = maximum.objective, maximum.coordinates, maximum.likelihood.data
    whole = not isinstance(maximum.family, Model) or not np.array_equal(data.lower, sample.lower)
    step = sample.n_rows if whole else max(1, _AT_ONCE // max(1, len(u)) ** 2)
    for first in range(0, sample.n_rows, step):
        rows = slice(first, first + step)
        if step < sample.n_rows:
            some = data.take(rows)
            law = maximum.likelihood.family.given(some.known)
            objective = maximum.objective.on(Likelihood(law, some, maximum.likelihood.unit))
        curvature = -central_each(objective.score_rows, u, _STEP).swapaxes(0, 1)
        found = objective.score_rows(u), 0.5 * (curvature + curvature.transpose(0, 2, 1))
        slope, bent = (by_row(maximum, sample, part) for part in found) if whole else found
        yield rows, slope, bent


# --- the bootstrap ----------------------------------------------------------------------------------------------------


def resampled_counts(sample: Sample, n: int, rng: Any) -> Iterator[NDArray[np.int64]]:
    """How often each row is drawn in replicates of the sample; chunks of shape (at most `CHUNK`, n_rows).

    Raises
    ------
    ComparisonError
        If weights are not numbers of observations.
    """
    if sample.weight_kind == "reliability" or sample.nobs != round(sample.nobs):
        raise ComparisonError(
            "bootstrap: the weights are not numbers of observations, so there is no telling how many to draw."
        )
    share = np.full(sample.n_rows, 1 / sample.n_rows) if sample.weight is None else sample.weight / sample.nobs
    entropy = options.generator(rng).integers(0, 1 << 32, size=4, dtype=np.uint64).tolist()
    for k, seed in enumerate(np.random.SeedSequence(entropy).spawn(-(-n // CHUNK))):
        size = min(CHUNK, n - k * CHUNK)
        yield np.random.default_rng(seed).multinomial(round(sample.nobs), share / share.sum(), size=size)


def refitted_laws(maximum: Maximum, sample: Sample, counts: NDArray[np.int64]) -> list[Distribution | None]:
    """The law fitted to each replicate of a sample; None where it has no maximum."""
    sample = maximum.family.with_rows(sample)
    replicator = Replicator(maximum, sample, "nonparametric")
    draws = []
    for row in counts:
        drawn = sample.reweighted(row.astype(float))
        draws.append((maximum.family.given(drawn.known), drawn))
    refits = replicator.fit_one_by_one(draws)
    # A limiting law that was fitted has the constants of the rows that were drawn; here every row is to be scored.
    return [
        None if status == FAILED else _of_rows(refits.law(maximum.family, k), sample.known)
        for k, status in enumerate(refits.status.tolist())
    ]


def bootstrap_optimism(maximum: Maximum, sample: Sample, n: int = 200, rng: Any = None) -> Estimate:
    """By how much the log-likelihood overstates the fit on new data of the same size, by the bootstrap.

    Twice this, in the place of twice the number of parameters, makes of AIC the extended information criterion EIC.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
    n : int
        Number of replicates.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional

    Returns
    -------
    Estimate
        In nats; its ``error`` is the Monte-Carlo standard error.

    Notes
    -----
    The mean over replicates X* of l(X*; θ*) - l(X*; θ) + l(X; θ) - l(X; θ*), which has the same expectation as
    l(X*; θ*) - l(X; θ*) and far less variance: Konishi & Kitagawa (2008), Information Criteria and Statistical
    Modeling, sec. 8.4; Ishiguro, Sakamoto & Kitagawa (1997), AISM 49, 411-434.
    """
    n = options.whole(n, "n", 2)
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    at = log_density(fitted_law(maximum), sample)
    terms, failed = [], 0
    for counts in resampled_counts(sample, n, rng):
        for row, law in zip(counts, refitted_laws(maximum, sample, counts), strict=True):
            if law is None:
                failed += 1
                continue
            gain = log_density(law, sample) - at
            with np.errstate(invalid="ignore"):
                # A row that was not drawn may be impossible under the law of the replicate: its optimism is infinite.
                terms.append(float(np.sum(np.where(row > 0, row * gain, 0.0)) - np.sum(weight * gain)))
    if len(terms) < 2:
        raise ComparisonError(f"{maximum.family.name}: only {len(terms)} of {n} replicates could be fitted.")
    values = np.array(terms)
    finite = bool(np.all(np.isfinite(values)))
    return Estimate(
        value=float(np.mean(values)) if finite else math.inf,
        error=float(np.std(values, ddof=1)) / math.sqrt(len(values)) if finite else None,
        method=f"bootstrap of {len(values)} replicates" + (f", {failed} without a certified maximum" if failed else ""),
        reason="a mean over replicates has a Monte-Carlo error only",
    )
