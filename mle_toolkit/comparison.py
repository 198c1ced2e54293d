"""compare() and what it returns."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.exposure import with_exposure
from mle_toolkit.data.rows import Block
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, DataError, MleError, ParameterError, SupportError, UnknownNameError
from mle_toolkit.estimation.asked import settled
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import families, family_class, get_family
from mle_toolkit.families.written import families_of
from mle_toolkit.fitting import Fit, _fit
from mle_toolkit.information.estimate import Z95
from mle_toolkit.information.fits import entropy_for, information_report
from mle_toolkit.information.model_free import rounding_step, weighted_se
from mle_toolkit.regression import RegressionFit
from mle_toolkit.regression.results import described
from mle_toolkit.report.record import jsonable

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from mle_toolkit.estimation.maximum import Maximum
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.inference.confidence_set import ConfidenceSet
    from mle_toolkit.inference.nonnested import VuongTest
    from mle_toolkit.inference.scores import HeldOut
    from mle_toolkit.inference.selection import SelectionBootstrap
    from mle_toolkit.information.model_free import SampleEntropy
    from mle_toolkit.report.page.sections import Drawing, Page

KINDS = ("counts", "measurements")
"""What may be said of data instead of naming families."""

MOST_DISTINCT_COUNTS = 2 / 3
"""Share of distinct values up to which whole numbers may be counts: counts repeat, measurements hardly do."""

HIGHEST_COUNT_FLOOR = 1 / 4
"""Smallest over largest value up to which whole numbers may be counts: minutes and years stay away from zero."""

LEAST_DELTA = 4.0
"""Difference of AIC below which models are not told apart, however small its standard error: Burnham & Anderson (2002),
Model Selection and Multimodel Inference, sec. 2.6, find considerably less support from 4 upwards."""

COMPARISON_FORMAT = "mle_toolkit.comparison"
COMPARISON_SCHEMA = 1


class Comparison:
    """Fits of several families to one data set, ranked.

    Made by `compare`; not by hand. Ranks follow AIC, which estimates the divergence on new data up to a constant; TIC
    for reliability weights, where AIC is not defined. Differences of cross-entropy are exact differences of divergence.

    Attributes
    ----------
    fits : dict of str to Fit
        The certified fits by name of the family, best first. Ranks, weights, differences and words rest on them alone.
    failures : dict of str to str
        Why a family has no place in the ranking, by its name: it could not be fitted, or its fit is not certified.
    uncertified : dict of str to Fit
        The fits of those of the ``failures`` that a search ended in: no maximum, or none that we can vouch for.
    not_tried : dict of str to str
        Why a family was left out where none were named, by its name.
    guess : str or None
        What whole numbers were taken for where no families were named, and how to say otherwise.
    sample : Sample
        The data.
    criterion : {"aic", "tic"}
        What the ranks follow.
    """

    def __init__(
        self,
        sample: Sample,
        fits: Mapping[str, Fit],
        failures: Mapping[str, str],
        uncertified: Mapping[str, Fit] | None = None,
        not_tried: Mapping[str, str] | None = None,
        guess: str | None = None,
    ) -> None:
        self.sample = sample
        self.failures = dict(failures)
        self.uncertified = dict(uncertified or {})
        self.not_tried = dict(not_tried or {})
        self.guess = guess
        self._se_of_pairs: dict[tuple[Distribution, Distribution], float] = {}
        self.criterion = "aic" if sample.weight_kind == "frequency" else "tic"
        value = {name: float(getattr(fit, self.criterion)) for name, fit in fits.items()}
        # NaN, of a TIC whose information is singular, goes last; equal ones keep their order.
        self.fits = dict(sorted(fits.items(), key=lambda item: (np.isnan(value[item[0]]), value[item[0]])))

    @property
    def best(self) -> Fit:
        """The first fit in rank.

        Raises
        ------
        ComparisonError
            If no fit is certified.
        """
        if not self.fits:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.failures.items())
            raise ComparisonError(f"{self._nothing}. {reasons}")
        return next(iter(self.fits.values()))

    @property
    def table(self) -> pd.DataFrame:
        """One row per certified fit, best first.

        Returns
        -------
        DataFrame with columns

            rank
                1 for the smallest AIC (TIC for reliability weights).
            group
                Models of one group are not told apart from its first: their criteria differ by less than `LEAST_DELTA`,
                or, where neither is a special case of the other, by less than 1.96 paired standard errors.
            family
                Name.
            cross_entropy
                nll / nobs, nats per observation; exact.
            delta_ce, delta_ce_se
                Cross-entropy less that of the first row: the difference of their divergences, exactly; and the
                standard error of the paired difference.
            kl, kl_se
                Divergence of the data from the law: cross-entropy minus the entropy of the data, one for all rows; NaN
                where that has no estimate.
            kl_predictive
                ``kl`` plus the optimism of the fit: the divergence to expect on new data.
            llf, k
                Log-likelihood, nats; number of free parameters.
            aic, delta_aic, akaike_weight, bic, tic
                Criteria; Akaike weights are proportional to exp(-delta_aic / 2) and sum to one.
            optimism
                tr(J⁻¹K), which TIC takes in the place of ``k``: far from ``k``, it hints that the model is wrong.
            params
                Estimates as text.
            verdict, flags
                Of the certificate; what to beware of.
        """
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=list(_COLUMNS))

    def _rows(self) -> list[dict[str, Any]]:
        if not self.fits:
            return []
        first = next(iter(self.fits.values()))
        aic = np.array([fit.aic for fit in self.fits.values()])
        weight = self.weights()
        group = {name: number for number, names in enumerate(self.groups, start=1) for name in names}
        rows = []
        for rank, (name, fit) in enumerate(self.fits.items(), start=1):
            report = fit.information()
            kl, predictive = report.kl, report.kl_predictive
            delta, delta_se = self.difference(fit, first)
            rows.append(
                {
                    "rank": rank,
                    "group": group[name],
                    "family": name,
                    "cross_entropy": fit.cross_entropy,
                    "delta_ce": delta,
                    "delta_ce_se": delta_se,
                    "kl": np.nan if kl is None else kl.value,
                    "kl_se": np.nan if kl is None or kl.se is None else kl.se,
                    "kl_predictive": np.nan if predictive is None else predictive.value,
                    "llf": fit.llf,
                    "k": fit.df_model,
                    "aic": fit.aic,
                    "delta_aic": float(aic[rank - 1] - aic.min()),
                    "akaike_weight": weight[name],
                    "bic": fit.bic,
                    "tic": fit.tic,
                    "optimism": fit.optimism,
                    "params": _params_text(fit),
                    "verdict": str(fit.certificate.verdict),
                    "flags": ", ".join(_flags(fit)),
                }
            )
        return rows

    def difference(self, fit: Fit, other: Fit) -> tuple[float, float]:
        """Cross-entropy of one fit less that of another, and the standard error of the paired difference; nats.

        The entropy of the data drops out, so this is the difference of their divergences from the data.
        """
        if fit is other:
            return 0.0, 0.0
        difference = fit.cross_entropy - other.cross_entropy
        if not self.sample.in_memory:
            return difference, self._se_by_blocks(fit, other, difference)
        se = weighted_se(np.asarray(other.logpdf_rows() - fit.logpdf_rows()), self.sample)
        return difference, np.nan if se is None else se

    def _se_by_blocks(self, fit: Fit, other: Fit, difference: float) -> float:
        """The standard error of a paired difference in a pass over rows that are not held; see `weighted_se`."""
        laws = fit.distribution, other.distribution
        if laws not in self._se_of_pairs:
            squared = self.sample.weight_kind == "reliability"
            squares = self.sample.fold(_SquaredDeviations(*laws, difference, squared))
            self._se_of_pairs[laws] = float(np.sqrt(squares)) / self.sample.nobs
        return self._se_of_pairs[laws]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Names of the models, best first, in groups that the data do not tell apart from the first of each."""
        left = list(self.fits)
        groups = []
        while left:
            first = self.fits[left[0]]
            together = tuple(name for name in left if self._alike(self.fits[name], first))
            groups.append(together)
            left = [name for name in left if name not in together]
        return tuple(groups)

    def _alike(self, fit: Fit, first: Fit) -> bool:
        """Whether the criteria of two fits differ by less than 1.96 standard errors of their paired difference."""
        from mle_toolkit.inference.nested import is_nested

        if fit is first:
            return True
        delta = float(getattr(fit, self.criterion) - getattr(first, self.criterion))
        if np.isnan(delta):  # a TIC whose information is singular
            delta = 2 * (first.llf - fit.llf)
        one, other = fit._at_maximum, first._at_maximum
        # Where one is a special case of the other, the difference is chi-squared, and not normal.
        se = 0.0 if is_nested(one, other) or is_nested(other, one) else self.difference(fit, first)[1]
        return not abs(delta) > max(2 * self.sample.nobs * Z95 * se, LEAST_DELTA)

    # --- on data that the fits have not seen --------------------------------------------------------------------------

    def cross_validated(self, folds: int = 10, rng: Any = None) -> HeldOut:
        """Score every observation under laws fitted without its fold; the same folds for all models.

        Parameters
        ----------
        folds : int
            Into how many parts the observations are dealt at random.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7).

        Returns
        -------
        HeldOut
            Its ``table`` ranks the mean log scores, with standard errors of the paired differences to the best.

        Examples
        --------
        >>> from mle_toolkit import datasets
        >>> x = datasets.load("rivers").sample()
        >>> compare(x, ["gamma", "weibull", "normal"]).cross_validated(rng=1).table["family"].tolist()
        ['gamma', 'weibull', 'normal']
        """
        from mle_toolkit.inference.scores import cross_validate

        return cross_validate(self._maxima(), self.sample, folds, rng)

    def leave_one_out(self) -> HeldOut:
        """Score every observation under the laws fitted to all others: by a Newton step, refits where it is long."""
        from mle_toolkit.inference.scores import leave_one_out

        return leave_one_out(self._maxima(), self.sample)

    def confidence_set(
        self,
        alpha: float = 0.05,
        *,
        held_out: HeldOut | None = None,
        statistic: str = "max",
        n: int = 1000,
        rng: Any = None,
    ) -> ConfidenceSet:
        """Find the models that the data cannot tell from the best, by their scores on held-out observations.

        Parameters
        ----------
        alpha : float
            The set holds the best model with probability ``1 - alpha`` at least, for large samples.
        held_out : HeldOut, optional
            Scores from `cross_validated` or `leave_one_out`; by default the first, with ten folds.
        statistic : {"max", "range"}
            T_max or T_R of Hansen, Lunde & Nason (2011).
        n : int
            Number of bootstrap resamples.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7).
        """
        from mle_toolkit.inference.confidence_set import confidence_set

        source = options.generator(rng)
        return confidence_set(held_out or self.cross_validated(rng=source), alpha, statistic, n, source)

    def weights(self, kind: str = "akaike", *, held_out: HeldOut | None = None, rng: Any = None) -> dict[str, float]:
        """Weights of the models, by name; they sum to 1.

        Parameters
        ----------
        kind : {"akaike", "stacking"}
            Proportional to exp(-AIC / 2), or those of the mixture of the fitted laws that scores best on held-out
            observations.
        held_out : HeldOut, optional
            For stacking: scores from `cross_validated` or `leave_one_out`; by default the first, with ten folds.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            For the folds.
        """
        if kind == "akaike":
            aic = np.array([fit.aic for fit in self.fits.values()])
            relative = np.exp(-0.5 * (aic - aic.min()))
            return dict(zip(self.fits, (relative / relative.sum()).tolist(), strict=True))
        if kind != "stacking":
            raise ParameterError(f'unknown kind of weights {kind!r}; choose "akaike" or "stacking".')
        from mle_toolkit.inference.confidence_set import stacking_weights

        scores = held_out or self.cross_validated(rng=rng)
        return dict(zip(scores.names, stacking_weights(scores).tolist(), strict=True))

    def vuong(
        self,
        first: str | None = None,
        second: str | None = None,
        method: str = "shi",
        case: str | None = None,
        rng: Any = None,
    ) -> VuongTest:
        """Test whether one of two laws is closer to the truth than the other.

        Parameters
        ----------
        first, second : str, optional
            Names of two models; by default the first two in rank.
        method : {"shi", "vuong"}
            Shi's version, which keeps its level also where the two fitted laws may be the same, or Vuong's.
        case : {"nested", "overlapping", "non-nested"}, optional
            For Vuong's: how the families lie to each other. By default nested where that is known, else overlapping,
            which tests first whether the two fitted laws are one.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            For the simulated critical value of Shi's.

        Raises
        ------
        ComparisonError
            If one law is the other at the boundary of its parameters (zero inflation), or a maximum is at a boundary.

        Examples
        --------
        >>> from mle_toolkit import datasets
        >>> x = datasets.load("rivers").sample()
        >>> compare(x, ["gamma", "lognormal"]).vuong(rng=1).closer
        'lognormal'
        """
        from mle_toolkit.inference.nonnested import vuong

        ranked = [name for name in self.fits if name not in (first, second)]
        names = (first or next(iter(ranked), ""), second or next((n for n in ranked if first or n != ranked[0]), ""))
        maxima = self._maxima()
        for name in names:
            if name in self.failures:
                raise ComparisonError(f"vuong: {name} is not certified: {self.failures[name]}")
            if name not in maxima:
                raise UnknownNameError(f"vuong: no model {name!r} to test; there are {', '.join(maxima) or 'none'}.")
        return vuong(maxima[names[0]], maxima[names[1]], self.sample, names, method, case, rng)

    def eic(self, n: int = 200, rng: Any = None) -> pd.DataFrame:
        """Rank by the extended information criterion, whose penalty is simulated by the bootstrap.

        Parameters
        ----------
        n : int
            Number of replicates.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7); the same replicates for all models.

        Returns
        -------
        DataFrame with columns ``family``, ``eic``, ``delta``, ``optimism``, ``optimism_error``
            Optimism in nats, with its Monte-Carlo error; infinite for a law that excludes observations it has not seen.
        """
        import pandas as pd

        from mle_toolkit.inference.scores import bootstrap_optimism

        seed = options.generator(rng).integers(1 << 63)
        found = {name: bootstrap_optimism(at, self.sample, n, seed) for name, at in self._maxima().items()}
        eic = np.array([-2 * self.fits[name].llf + 2 * estimate.value for name, estimate in found.items()])
        with np.errstate(invalid="ignore"):  # of laws that are all infinite, the difference is not known
            delta = eic - np.min(eic)
        table = pd.DataFrame(
            {
                "family": list(found),
                "eic": eic,
                "delta": delta,
                "optimism": [estimate.value for estimate in found.values()],
                "optimism_error": [np.nan if e.error is None else e.error for e in found.values()],
            }
        )
        return table.sort_values("eic", kind="stable", ignore_index=True)

    def bootstrap(
        self,
        n: int = 200,
        function: Callable[[Distribution], float] | None = None,
        alpha: float = 0.05,
        rng: Any = None,
    ) -> SelectionBootstrap:
        """Select by AIC and fit on resamples of the data: how sure the choice is, and what it adds to the uncertainty.

        Parameters
        ----------
        n : int
            Number of resamples.
        function : callable, optional
            Of the selected law: ``lambda law: law.ppf(0.99)``. Its percentile interval counts the selection too, which
            the intervals of the fit that was selected do not.
        alpha : float
            One minus the level of the interval.
        rng : None, int, SeedSequence, BitGenerator or Generator, optional
            Source of randomness (SPEC 7).

        Examples
        --------
        >>> from mle_toolkit import datasets
        >>> x = datasets.load("rivers").sample()
        >>> chosen = compare(x, ["lognormal", "inverse_gaussian"]).bootstrap(100, lambda law: law.ppf(0.95), rng=1)
        >>> next(iter(chosen.frequencies))
        'inverse_gaussian'
        """
        from mle_toolkit.inference.selection import bootstrap_selection

        return bootstrap_selection(self._maxima(), self.sample, n, function, alpha, rng)

    def _maxima(self) -> dict[str, Maximum]:
        """The maxima, where the rows that they are of can be drawn from."""
        if not self.sample.in_memory:
            raise DataError("the rows are read in blocks and not held; compare a column in memory, or a subsample.")
        if not self.fits:
            raise ComparisonError(f"{self._nothing}, so there is nothing to compare.")
        return {name: fit._at_maximum for name, fit in self.fits.items()}

    # --- presentation -------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Table and failures as JSON-ready values."""
        record: dict[str, Any] = jsonable(
            {
                "format": COMPARISON_FORMAT,
                "schema": COMPARISON_SCHEMA,
                "nobs": self.sample.nobs,
                "criterion": self.criterion,
                "unit": "nat",
                "table": [
                    row | {"params": dict(fit.params), "flags": _flags(fit)}
                    for row, fit in zip(self._rows(), self.fits.values(), strict=True)
                ],
                "failures": self.failures,
                "uncertified": self._uncertified_rows(),
                "not_tried": self.not_tried,
                "notes": self.notes(),
            }
        )
        return record

    @property
    def _nothing(self) -> str:
        return "no fit is certified" if self.uncertified else "no family could be fitted"

    def _uncertified_rows(self) -> list[dict[str, Any]]:
        """What the fits that are not certified ended in, by family."""
        return [
            {
                "family": name,
                "k": fit.df_model,
                "llf": fit.llf,
                "verdict": str(fit.certificate.verdict),
                "params": dict(fit.params),
                "reason": self.failures[name],
            }
            for name, fit in self.uncertified.items()
        ]

    @property
    def not_fitted(self) -> dict[str, str]:
        """Those of the ``failures`` that have no fit at all."""
        return {name: why for name, why in self.failures.items() if name not in self.uncertified}

    def notes(self) -> list[str]:
        """What belongs under the table."""
        notes = [] if self.guess is None else [self.guess]
        if not self.fits:
            notes.append(f"{self._nothing}, so there is no ranking")
        if self.fits:
            report = next(iter(self.fits.values())).information()
            if report.entropy is None:
                notes.append(f"no level of KL: {report.reasons['entropy']}")
            else:
                notes.append(f"entropy of the data: {report.entropy}, {report.entropy.method}")
        if len(self.fits) > 1:
            notes.append(f"ranked by {self.criterion.upper()}; delta_ce is the exact difference of KL to the first row")
            notes += self.in_words()
        reasons: dict[str, list[str]] = {}
        for name, why in self.not_tried.items():
            reasons.setdefault(why, []).append(name)
        return notes + [f"not tried: {', '.join(names)}: {why}" for why, names in reasons.items()]

    def in_words(self) -> list[str]:
        """Which models the data tell apart from the first."""
        first, *alike = self.groups[0]
        if alike:
            return [f"the data cannot tell {_listed(alike)} from {first}"]
        others = "all others" if not self.uncertified else "all others that are certified"
        return [f"the data tell {first} from {others}"]

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_comparison

        return of_comparison(self, drawing)

    def plot(self, **options: Any) -> NDArray[Any]:
        """Draw the ranking with its intervals, and the densities beside it.

        Parameters
        ----------
        **options
            Of `mle_toolkit.plot.ranking_over_densities`: ``axes``, ``label``.

        Returns
        -------
        ndarray of matplotlib Axes, of shape (2,)
            ``axes[0].figure.savefig("ranking.png")`` writes them.
        """
        from mle_toolkit.report.plot import ranking_over_densities

        return ranking_over_densities(self, **options)

    def __str__(self) -> str:
        shown = ("rank", "group", "family", "k", "cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "delta_aic")
        table = self.table[[*shown, "akaike_weight", "verdict", "params"]]
        lines = [] if table.empty else [table.to_string(index=False, float_format="{:.5g}".format)]
        lines += self.notes()
        if self.uncertified:
            lines.append("not certified, so without a place:")
            lines += [f"  {row['family']}: llf {row['llf']:.8g}: {row['reason']}" for row in self._uncertified_rows()]
        if self.not_fitted:
            lines.append("not fitted:")
            lines += [f"  {name}: {reason}" for name, reason in self.not_fitted.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        ranked = " < ".join(self.fits) or "nothing certified"
        return f"Comparison({ranked}; {len(self.failures)} failed)"

    def _repr_html_(self) -> str:
        parts = [self.table.to_html(index=False, float_format="{:.5g}".format)]
        parts += [f"<p>{html.escape(note)}</p>" for note in self.notes()]
        uncertified = {name: f"llf {fit.llf:.8g}: {self.failures[name]}" for name, fit in self.uncertified.items()}
        for title, reasons in (("not certified, so without a place", uncertified), ("not fitted", self.not_fitted)):
            items = "".join(f"<li>{html.escape(f'{name}: {why}')}</li>" for name, why in reasons.items())
            parts += [f"<p>{title}:</p><ul>{items}</ul>"] if items else []
        return "".join(parts)


_SHARED_ROWS = 20_000
"""Rows up to which the maxima of laws are kept with the observations, for laws that have them as limits."""

_COLUMNS = (
    "rank", "group", "family", "cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "kl_predictive", "llf", "k",
    "aic", "delta_aic", "akaike_weight", "bic", "tic", "optimism", "params", "verdict", "flags",
)  # fmt: skip


def compare(
    data: Any,
    families: Any = None,
    *,
    weights: Any = None,
    exposure: Any = None,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
    nan_policy: NanPolicy = "raise",
    rng: Any = None,
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
    options = settled(fixed, bounds, start, solver, rng)
    if families is None and (given := _fits_in(data)) is not None:
        return _compared(given)
    if exposure is not None:
        data, weights = with_exposure(data, weights, exposure, nan_policy), None
    not_tried: dict[str, str] = {}
    guess = None
    if families is None or (isinstance(families, str) and families in KINDS):
        data, weights = _counted(Sample.of(data, weights, nan_policy=nan_policy)), None
        rates = "exposure" in data.known  # which only counts have
        counts = (rates or look_like_counts(data)) if families is None else families == "counts"
        guess = _guess(data, counts) if families is None and not rates else None
        families, not_tried = _candidates(data, counts)
        if not counts and (n_zeros := zeros_apart(data)):
            guess = (
                f"{n_zeros:g} of {data.nobs:g} values are 0, more than are any other: each law gives 0 a probability, "
                f"pi, and the others a density; if 0 is the rounding of small values, say so: "
                f"compare(Sample.rounded(x, step))"
            )
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
    if not sample.is_plain and sample.in_memory and sample.n_rows <= _SHARED_ROWS:
        sample.once("maxima", dict)  # laws have limits in common, whose search takes long where rows are intervals
    fits: dict[str, Fit] = {}
    uncertified: dict[str, Fit] = {}
    failures: dict[str, str] = {}
    entropy: SampleEntropy | None = None
    for item in asked:
        name = _label(item, {*fits, *failures})
        if isinstance(item, Fit):
            _check_same_data(item, sample)
        try:
            found = item if isinstance(item, Fit) else _fit(sample, item, **options)
            certificate = found.certificate
            if certificate.ok:
                entropy = _report(found, sample, entropy)
                fits[name] = found
                continue
            failures[name] = certificate.message
            if certificate.verdict is not Verdict.INEXACT:
                uncertified[name] = found
        except Exception as error:  # a law of the user's own may raise anything, and must not stop the others
            law = item.family if isinstance(item, Fit) else item
            reason = str(error) if isinstance(error, MleError) else f"{type(error).__name__}: {error}"
            failures[name] = reason.removeprefix(f"{law.name}: ")
    return Comparison(sample, fits, failures, uncertified, not_tried, guess)


def _fits_in(data: Any) -> dict[str, Fit] | None:
    """Fits by name, where fits are all that was given."""
    items = data.values() if isinstance(data, Mapping) else data if isinstance(data, (list, tuple)) else ()
    if not items or not all(isinstance(item, Fit) for item in items):
        return None
    if isinstance(data, Mapping):
        return {str(name): fit for name, fit in data.items()}
    named: dict[str, Fit] = {}
    for fit in data:
        label = described(fit) if isinstance(fit, RegressionFit) else _label(fit, set(named))
        names = (label, *(f"{label} #{k}" for k in range(2, len(data) + 2)))
        named[next(name for name in names if name not in named)] = fit
    return named


def _compared(given: Mapping[str, Fit]) -> Comparison:
    """Rank fits that there are."""
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


def candidates(sample: Sample, counts: bool | None = None) -> tuple[str, ...]:
    """Names of the registered families that could apply to a sample.

    Those of counts, or the continuous ones, whose support holds all the data, or meets all intervals. Left out are
    families with a constant that must be given (the number of trials), and those that say why in ``only_if_asked``.

    Parameters
    ----------
    sample : Sample
    counts : bool, optional
        Whether the data are counts; by default `look_like_counts`.
    """
    return _candidates(sample, look_like_counts(sample) if counts is None else counts)[0]


def _candidates(sample: Sample, counts: bool) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the families that could apply, and why the others of the kind could not.

    Where many measurements are 0 they are hurdles, of the families that could apply to the others: a density has no
    probability for them.
    """
    if not counts and zeros_apart(sample):
        inner, others = _candidates(sample.take(np.flatnonzero(sample.x > 0)), counts)
        return tuple(f"hurdle({name})" for name in inner), others
    names, others = [], {}
    for name in families():
        law = family_class(name)
        if law.support.integer != counts or law.multivariate != sample.is_multivariate:
            continue
        needed = [constant for constant, default in law.constant_defaults.items() if default is ...]
        if needed:
            others[name] = f"{' and '.join(needed)} must be known: get_family(name, {needed[0]}=...)"
        elif "exposure" in sample.known and not law.rates:
            others[name] = "has no rate that an exposure could multiply"
        elif law.only_if_asked and "exposure" not in sample.known:
            others[name] = law.only_if_asked
        else:
            reason = _outside(get_family(name), sample)
            if reason is None:
                names.append(name)
            else:
                others[name] = reason
    return tuple(names), others


def _outside(law: Family, sample: Sample) -> str | None:
    """Why the support of a law does not hold a sample; None where it does."""
    support = law.support
    if not sample.is_exact:
        try:
            law.check_support(sample)
        except SupportError as error:
            return f"{len(error.outside)} of {sample.n_rows} rows lie outside {support}"
        return None
    if support.covers(sample.minimum, sample.maximum):
        return None
    if not sample.in_memory or sample.is_multivariate:
        return f"values from {sample.minimum:g} to {sample.maximum:g} are not all in {support}"
    outside = ~support.contains(sample.x)
    number = np.count_nonzero(outside) if sample.weight is None else np.sum(sample.weight[outside])
    distinct = np.unique(sample.x[outside])
    if len(distinct) == 0:
        return f"values from {sample.minimum:g} to {sample.maximum:g} are not all in {support}"
    what = f"{distinct[0]:g}" if len(distinct) == 1 else f"outside {support}"
    way = f": hurdle({law.name}) gives 0 a probability" if what == "0" and not law.discrete else ""
    return f"{number:g} value{' is' if number == 1 else 's are'} {what}{way}"


def zeros_apart(sample: Sample) -> float:
    """How many measurements are 0, where they are a kind of their own, as days without rain; else 0.

    That is, none is negative, some are positive, and 0 occurs more than once and more often than any other value, so
    that it is not one step of a rounding as the others are.

    Examples
    --------
    >>> zeros_apart(Sample([0.0, 0.0, 1.3, 0.4])), zeros_apart(Sample([0.0, 0.0, 0.1, 0.1, 0.3]))
    (2.0, 0.0)
    """
    if sample.is_multivariate or not sample.in_memory or not sample.is_plain or sample.minimum != 0:
        return 0.0
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    values, place = np.unique(sample.x, return_inverse=True)
    often = np.bincount(place, weights=weight)
    return float(often[0]) if len(values) > 1 and often[0] > 1 and often[0] > np.max(often[1:]) else 0.0


def _guess(sample: Sample, counts: bool) -> str | None:
    """What whole numbers were taken for; None where they could be nothing else, as what is censored."""
    if not sample.in_memory or sample.is_multivariate or not sample.is_integer or sample.minimum < 0:
        return None
    taken, other = KINDS if counts else KINDS[::-1]
    if not counts and sample.timed:
        return None
    return (
        f'whole numbers, taken for {taken}; if they are {other}, say so: compare(x, "{other}"), mle compare -d {other}'
    )


def look_like_counts(sample: Sample) -> bool:
    """Whether data look like counts: whole numbers from near zero, many of them equal, without a coarser grid.

    What has events, entries or censoring is a time, and no count; a table of counts may have one top class that is
    open, if it has nearly all numbers below.

    Examples
    --------
    >>> look_like_counts(Sample([0, 2, 1, 0, 0, 3])), look_like_counts(Sample([70, 50, 100, 70, 110, 50]))
    (True, False)
    """
    if not sample.in_memory or sample.timed or (sample.window is not None and not sample.has_one_window):
        return False  # counts would have been tabulated
    open_above = not sample.is_exact
    if not sample.is_exact:
        if np.any(np.isfinite(sample.lower) & np.isfinite(sample.upper) & (sample.lower < sample.upper)):
            return False  # bins and rounded values are of measurements
        if len(np.unique(sample.lower[np.isposinf(sample.upper)])) > 1:
            return False  # a table of counts has one top class; times are censored at many
        sample = sample.stand_ins()
    if sample.minimum < 0 or not sample.is_integer:
        return False
    distinct = np.unique(sample.x)
    if open_above and len(distinct) <= distinct[-1] - distinct[0]:
        return False  # a gap below the top class
    if len(distinct) == 1:
        return bool(distinct[0] <= 1)
    few = len(distinct) <= MOST_DISTINCT_COUNTS * sample.nobs
    low = sample.minimum <= max(1.0, HIGHEST_COUNT_FLOOR * sample.maximum)
    return bool(few and low and (len(distinct) < 3 or rounding_step(distinct) == 1.0))


def _report(fit: Fit, sample: Sample, shared: SampleEntropy | None) -> SampleEntropy | None:
    """Compute all that the table needs of a fit, with the entropy of the data that all fits share; return that."""
    if not sample.in_memory:
        fit._piece("information", lambda: information_report(fit))
        return None
    own = entropy_for(fit.family, fit.sample) if shared is None or fit.family.per_row else shared
    fit._piece("information", lambda: information_report(fit, own))
    return shared if fit.family.per_row else own


@dataclass(frozen=True)
class _SquaredDeviations:
    """Of a block of rows: squares of what two log-densities differ by, about a mean, weighted by weights or squares."""

    law: Distribution
    other: Distribution
    mean: float
    squared: bool

    def __call__(self, block: Block) -> Array:
        x, weight, *_ = block
        squares = np.square(self.other.logpdf(x) - self.law.logpdf(x) - self.mean)
        if weight is not None:
            squares *= np.square(weight) if self.squared else weight
        return np.asarray(np.sum(squares))


def _check_one_measure(laws: Mapping[str, Family], sample: Sample) -> None:
    """Raise where likelihoods are of different things, or have different units: probabilities here, densities there."""
    kinds = {law.outcomes: name for name, law in laws.items()}
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
    if fit._sample is None:
        raise ComparisonError(f"{fit.family.name}: this fit was loaded without its data; fit the data again.")
    what = fit._sample.difference(sample)
    if what is not None:
        raise ComparisonError(
            f"{fit.family.name}: the fit is of other data ({fit._sample!r}) than these ({sample!r}): {what}. "
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


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _params_text(fit: Fit) -> str:
    def shown(value: Any) -> str:
        numbers: Array = np.ravel(value)
        text = ", ".join(f"{v:.5g}" for v in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
        return f"[{text}]" if np.ndim(value) else text

    return ", ".join(f"{name}={shown(value)}" for name, value in fit.params.items())


def _flags(fit: Fit) -> list[str]:
    flags = list(fit.information().flags)
    certificate = fit.certificate
    if certificate.limit is not None:
        flags.append(f"limit: {certificate.limit}")
    if certificate.verdict is Verdict.NON_REGULAR:
        flags.append("aic_not_regular")  # the error of an end of the support is of another order than AIC assumes
    return flags
