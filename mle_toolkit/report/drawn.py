"""What pictures and records ask of fits, regressions and comparisons, beside what a report asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mle_toolkit.information.fits import FitLike
from mle_toolkit.report.content import ComparisonLike, RegressionLike

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mle_toolkit._typing import Array, IntervalBy, ResidualKind, TestBy
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.estimation.maximum import Maximum
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.inference.profile import Profile
    from mle_toolkit.likelihood.model import Model


class Drawn(FitLike, Protocol):
    """A fit as it is drawn and saved."""

    maximum: Maximum | None
    pieces: dict[str, Any]

    @property
    def distribution(self) -> Distribution: ...  # noqa: D102
    @property
    def at_maximum(self) -> Maximum: ...  # noqa: D102
    def loglike(self, params: Any = None) -> float: ...  # noqa: D102
    def plot(self, *, axes: Any = None, label: str | None = None, rng: Any = None) -> Any: ...  # noqa: D102
    def goodness_of_fit(self, *, n_resamples: int = 999, rng: Any = None, stop_after: int | None = None) -> Any: ...  # noqa: D102
    def cov_params(self, kind: Any = None) -> pd.DataFrame: ...  # noqa: D102
    def profile(self, name: str, alpha: float = 0.05, points: int = 41) -> Profile: ...  # noqa: D102
    def quantile(self, p: Any, alpha: float = 0.05, method: IntervalBy = "wald") -> Any: ...  # noqa: D102
    def hazard(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald") -> Any: ...  # noqa: D102
    def cumulative_hazard(self, t: Any, alpha: float = 0.05, method: IntervalBy = "wald") -> Any: ...  # noqa: D102
    def return_level(self, period: Any, alpha: float = 0.05, method: IntervalBy = "wald") -> Any: ...  # noqa: D102


class DrawnRegression(Drawn, RegressionLike, Protocol):
    """A regression as it is drawn and saved."""

    known: dict[str, float]
    pinned: dict[str, float]
    n_given: int
    rows: NDArray[np.intp]
    shifted: tuple[str, ...]

    @property
    def model(self) -> Model: ...  # noqa: D102
    @property
    def main(self) -> str: ...  # noqa: D102
    @property
    def coefficients(self) -> Array: ...  # noqa: D102
    @property
    def coefficient_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def places(self) -> Mapping[str, slice]: ...  # noqa: D102
    def conf_int(self, alpha: float = 0.05, method: IntervalBy = "wald") -> pd.DataFrame: ...  # noqa: D102
    def predict(self, frame: Any = None, what: Any = "mean", **others: Any) -> Any: ...  # noqa: D102
    def residuals(self, kind: ResidualKind = "quantile", rng: Any = None) -> Array: ...  # noqa: D102
    def anova(self, kind: Any = "II", test: TestBy = "lr") -> pd.DataFrame: ...  # noqa: D102
    def average_predictions(self, covariate: str, values: Any = None, *, alpha: float = 0.05) -> Any: ...  # noqa: D102


class DrawnComparison(ComparisonLike, Protocol):
    """A comparison as it is drawn."""

    @property
    def fits(self) -> Mapping[str, Drawn]: ...  # noqa: D102
    @property
    def best(self) -> Drawn: ...  # noqa: D102
    def in_words(self) -> list[str]: ...  # noqa: D102
    def plot(self, *, axes: Any = None, label: str | None = None) -> Any: ...  # noqa: D102
    @property
    def groups(self) -> Any: ...  # noqa: D102
    @property
    def sample(self) -> Sample: ...  # noqa: D102
    def difference(self, fit: Any, other: Any) -> tuple[float, float]: ...  # noqa: D102
