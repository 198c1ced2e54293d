"""Comparison: fits of several laws to the same data, ranked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.comparison.words import flags_of, listed, params_text
from mle_toolkit.data.rows import Block
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, DataError, UnknownNameError
from mle_toolkit.fitting import Fit
from mle_toolkit.information.estimate import Z95
from mle_toolkit.information.model_free import weighted_se
from mle_toolkit.report.record import jsonable

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit.estimation.maximum import Maximum
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.inference.confidence_set import ConfidenceSet
    from mle_toolkit.inference.nonnested import VuongTest
    from mle_toolkit.inference.scores import HeldOut
    from mle_toolkit.inference.selection import SelectionBootstrap
    from mle_toolkit.report.page.sections import Drawing, Page
    from mle_toolkit.report.plots.canvas import Pictures


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
                    "params": params_text(fit),
                    "verdict": str(fit.certificate.verdict),
                    "flags": ", ".join(flags_of(fit)),
                }
            )
        return rows

    def difference(self, fit: Fit, other: Fit) -> tuple[float, float]:
        """Cross-entropy of one fit less that of another, and the standard error of the paired difference; nats.

        The entropy of the data drops out, so this is the difference of their divergences from the data.
        """
        for one in (fit, other):
            if not isinstance(one, Fit):
                raise ComparisonError(f"difference: expected two fits, got {options.shown(one)}.")
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
        one, other = fit.at_maximum, first.at_maximum
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
        >>> from mle_toolkit import compare
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
        statistic: Literal["max", "range"] = "max",
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

    def weights(
        self, kind: Literal["akaike", "stacking"] = "akaike", *, held_out: HeldOut | None = None, rng: Any = None
    ) -> dict[str, float]:
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
        if options.choice(kind, "kind of weights", ("akaike", "stacking")) == "akaike":
            aic = np.array([fit.aic for fit in self.fits.values()])
            relative = np.exp(-0.5 * (aic - aic.min()))
            return dict(zip(self.fits, (relative / relative.sum()).tolist(), strict=True))
        from mle_toolkit.inference.confidence_set import stacking_weights

        scores = held_out or self.cross_validated(rng=rng)
        return dict(zip(scores.names, stacking_weights(scores).tolist(), strict=True))

    def vuong(
        self,
        first: str | None = None,
        second: str | None = None,
        method: Literal["shi", "vuong"] = "shi",
        case: Literal["nested", "overlapping", "non-nested"] | None = None,
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
        >>> from mle_toolkit import compare
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
        >>> from mle_toolkit import compare
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
        return {name: fit.at_maximum for name, fit in self.fits.items()}

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
                    row | {"params": dict(fit.params), "flags": flags_of(fit)}
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
            notes.append(f"ranked by {self.criterion.upper()}; ΔKL (delta_ce) is the exact difference to the first")
            notes += self.in_words()
        reasons: dict[str, list[str]] = {}
        for name, why in self.not_tried.items():
            reasons.setdefault(why, []).append(name)
        return notes + [f"not tried: {', '.join(names)}: {why}" for why, names in reasons.items()]

    def in_words(self) -> list[str]:
        """Which models the data tell apart from the first."""
        first, *alike = self.groups[0]
        if alike:
            return [f"the data cannot tell {listed(alike)} from {first}"]
        others = "all others" if not self.uncertified else "all others that are certified"
        return [f"the data tell {first} from {others}"]

    def page(self, drawing: Drawing) -> Page:
        """What stands on the page that `mle_toolkit.report` writes."""
        from mle_toolkit.report.page.sections import of_comparison

        return of_comparison(self, drawing)

    def plot(self, **options: Any) -> Pictures:
        """Draw the ranking with its intervals, and the densities beside it.

        Parameters
        ----------
        **options
            Of `mle_toolkit.plot.ranking_over_densities`: ``axes``, ``label``.

        Returns
        -------
        ndarray of matplotlib Axes, of shape (2,)
            A notebook shows them; ``axes.savefig("ranking.png")`` writes them.
        """
        from mle_toolkit.report.plot import ranking_over_densities

        return ranking_over_densities(self, **options)

    def __str__(self) -> str:
        from mle_toolkit.report.ranking import ranking_text

        return ranking_text(self)

    def __repr__(self) -> str:
        ranked = " < ".join(self.fits) or "nothing certified"
        return f"Comparison({ranked}; {len(self.failures)} failed)"

    def _repr_html_(self) -> str:
        from mle_toolkit.report.ranking import ranking_html

        return ranking_html(self)


_COLUMNS = (
    "rank", "group", "family", "cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "kl_predictive", "llf", "k",
    "aic", "delta_aic", "akaike_weight", "bic", "tic", "optimism", "params", "verdict", "flags",
)  # fmt: skip


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
