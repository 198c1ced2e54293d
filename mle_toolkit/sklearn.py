"""Estimators for scikit-learn: regressions, classifiers and densities by maximum likelihood.

They score by mean log-density, nats an observation, so that `cross_val_score` and `GridSearchCV` compare laws, links
and formulas by what held-out data cost: the cross-entropy, with its sign changed. scikit-learn is imported by this
module, and by nothing else; install it with ``pip install 'mle-toolkit[sklearn]'``.

Examples
--------
>>> import numpy as np
>>> from sklearn.model_selection import cross_val_score
>>> rng = np.random.default_rng(1)
>>> X = rng.normal(size=(200, 2))
>>> y = rng.poisson(np.exp(0.5 + X[:, 0]))
>>> scores = {law: cross_val_score(DistributionRegressor(law), X, y).mean() for law in ("poisson", "geometric")}
>>> max(scores, key=scores.get)
'poisson'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from mle_toolkit._typing import Array, Solver
from mle_toolkit.errors import DataError, MissingPackageError, ParameterError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import Fit, fit
from mle_toolkit.regression import RegressionFit, regress

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, DensityMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_is_fitted,
        check_random_state,
        validate_data,
    )
except ModuleNotFoundError:
    raise MissingPackageError("mle_toolkit.sklearn", "scikit-learn", "sklearn") from None

_INTERCEPT = "Intercept"


def _weights(sample_weight: Any, X: Array) -> Array | None:
    if sample_weight is None:
        return None
    return np.asarray(_check_sample_weight(sample_weight, X, dtype=float, ensure_non_negative=True))


class _Regression(BaseEstimator):  # type: ignore[misc]
    """What the regressor and the classifier share: a design of all columns, formulas for the other parameters."""

    fit_: RegressionFit

    def _frame(self, X: Any, names: tuple[str, ...]) -> Any:
        """The columns by name, those of an array are x0, x1, ..., with a column of ones before them."""
        import pandas as pd

        frame = pd.DataFrame(np.asarray(X, dtype=float), columns=list(names))
        if self.fit_intercept:
            frame.insert(0, _INTERCEPT, 1.0)
        return frame

    def _maximise(self, X: Array, y: Array, family: Any, sample_weight: Any) -> RegressionFit:
        names = getattr(self, "feature_names_in_", None)
        self._names = tuple(f"x{k}" for k in range(X.shape[1])) if names is None else tuple(names)
        if self.fit_intercept and _INTERCEPT in self._names:
            raise DataError(f"X: a column is called {_INTERCEPT!r}; rename it, or use fit_intercept=False.")
        weights = _weights(sample_weight, X)
        return regress(
            y, self._frame(X, self._names), family, weights=weights, links=self.links, solver=self.solver,
            collinear=self.collinear, **self.formulas or {},
        )  # fmt: skip

    def _seen(self, X: Any) -> Any:
        check_is_fitted(self)
        return self._frame(validate_data(self, X, reset=False), self._names)

    def predict_distribution(self, X: Any) -> Distribution:
        """The law of each row: its mean, variance, quantiles, density.

        Parameters
        ----------
        X : array_like of shape (n, k)

        Returns
        -------
        Distribution
            With an array for each parameter that differs from row to row.
        """
        frame = self._seen(X)
        law: Distribution = self.fit_.predict(frame, what="distribution")
        return law

    def _means(self, X: Any) -> Array:
        frame = self._seen(X)
        return np.asarray(self.fit_.predict(frame, what="mean"), dtype=float)

    def _log_density(self, X: Any, y: Array) -> Array:
        law = self.predict_distribution(X)
        return np.broadcast_to(law.logpdf(y), y.shape)


class DistributionRegressor(RegressorMixin, _Regression):  # type: ignore[misc]
    """Regression of any law on all columns, with formulas for its other parameters.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        The law of one row.
    links : mapping of str to link, optional
        By parameter, as for `mle_toolkit.regress`.
    formulas : mapping of str to str, optional
        Of other parameters, over the names of the columns, those of an array are x0, x1, ...: ``{"shape": "~ x1"}``.
        Or known constants of the law: ``{"n": 12}``.
    fit_intercept : bool
        Whether to add a column of ones.
    solver : str, optional
        As for `mle_toolkit.regress`.
    collinear : {"raise", "drop"}
        What to do with columns that those before them make up, as a constant one, or the last of the dummies of a
        factor: see `mle_toolkit.regress`.

    Attributes
    ----------
    fit_ : RegressionFit
        With coefficients, standard errors and certificate.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has names.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> engel = mle.datasets.load("engel")
    >>> X, y = engel["income"][:, None] / 1000, engel["food"] / 1000
    >>> model = DistributionRegressor("gamma", formulas={"shape": "~ x0"}).fit(X, y)
    >>> model.fit_.params["shape"].round(3).to_dict()
    {'Intercept': 4.708, 'x0': -1.123}
    >>> round(model.score(X, y), 4) == round(-model.fit_.cross_entropy, 4)
    True
    """

    def __init__(
        self,
        family: Any = "normal",
        *,
        links: Mapping[str, Any] | None = None,
        formulas: Mapping[str, Any] | None = None,
        fit_intercept: bool = True,
        solver: Solver | None = None,
        collinear: Literal["raise", "drop"] = "raise",
    ) -> None:
        self.family = family
        self.links = links
        self.formulas = formulas
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.collinear = collinear

    def __sklearn_tags__(self) -> Any:
        """Say that the score is no R²."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DistributionRegressor:
        """Maximise the likelihood.

        Parameters
        ----------
        X : array_like of shape (n, k)
        y : array_like of shape (n,)
        sample_weight : array_like of shape (n,), optional
            How many observations each row is.

        Raises
        ------
        MleError
            As `mle_toolkit.regress`, where no number would be right.
        """
        X, y = validate_data(self, X, y, y_numeric=True, ensure_min_samples=2)
        self.fit_ = self._maximise(X, np.asarray(y, dtype=float), self.family, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """The expected value of each row; shape (n,)."""
        return self._means(X)

    def predict_quantile(self, X: Any, p: float) -> Array:
        """The quantile of each row that is not exceeded with probability ``p``; shape (n,)."""
        return np.broadcast_to(self.predict_distribution(X).ppf(p), len(np.asarray(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean log-density of the observations under the laws of their rows; nats, the higher the better."""
        values = self._log_density(X, np.asarray(y, dtype=float))
        return float(np.average(values, weights=sample_weight))


class DistributionClassifier(ClassifierMixin, _Regression):  # type: ignore[misc]
    """Logistic regression, or with another link, by maximum likelihood: without a penalty, and certified.

    Two classes are a Bernoulli regression of the second of them; more are a categorical one (the multinomial logit)
    of the log-odds of all others against the first.

    Parameters
    ----------
    links : mapping of str to link, optional
        ``{"p": "probit"}``, of two classes only; the logit by default.
    fit_intercept : bool
        Whether to add a column of ones.
    solver : str, optional
        As for `mle_toolkit.regress`.
    collinear : {"raise", "drop"}
        What to do with columns that those before them make up, as a constant one, or the last of the dummies of a
        factor: see `mle_toolkit.regress`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    fit_ : RegressionFit
        With coefficients, standard errors and certificate.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has names.

    Notes
    -----
    Classes that planes through the columns separate have no maximum of the likelihood: coefficients run off to
    infinity. That is an error which names them, where penalised classifiers return the size of their penalty.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> heart = mle.datasets.load("heart")
    >>> model = DistributionClassifier().fit(heart["age"][:, None], heart["died"])
    >>> model.fit_.params["p"].round(4).to_dict()
    {'Intercept': -3.6221, 'x0': 0.0935}

    Of three classes:

    >>> force = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8.0])[:, None]
    >>> day = ["calm", "calm", "wind", "calm", "wind", "storm", "wind", "storm", "storm"]
    >>> DistributionClassifier().fit(force, day).predict_proba([[4.5]]).round(3)
    array([[0.072, 0.231, 0.697]])
    """

    def __init__(
        self,
        *,
        links: Mapping[str, Any] | None = None,
        fit_intercept: bool = True,
        solver: Solver | None = None,
        collinear: Literal["raise", "drop"] = "raise",
    ) -> None:
        self.links = links
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.collinear = collinear

    formulas = None

    def __sklearn_tags__(self) -> Any:
        """Say that it may label worse than classifiers that are made for it."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DistributionClassifier:
        """Maximise the likelihood.

        Parameters
        ----------
        X : array_like of shape (n, k)
        y : array_like of shape (n,)
            Labels of two classes or more.
        sample_weight : array_like of shape (n,), optional
            How many observations each row is.
        """
        X, y = validate_data(self, X, y, ensure_min_samples=2)
        _check_labels(y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = _weights(sample_weight, X)
        seen = np.unique(codes if weights is None else codes[weights > 0])
        if len(seen) < 2:
            raise DataError("y has one class only, so there is nothing to tell apart.")
        if len(self.classes_) == 2:
            self.fit_ = self._maximise(X, codes.astype(float), "bernoulli", sample_weight)
            return self
        if len(seen) < len(self.classes_):
            empty = self.classes_[np.setdiff1d(np.arange(len(self.classes_)), seen)[0]]
            raise DataError(f"y: all rows of the class {str(empty)!r} have the weight 0, so nothing is known of it.")
        self.fit_ = self._maximise(X, y, "categorical", sample_weight)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes; shape (n, n_classes)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Their logarithms; shape (n, n_classes)."""
        law = self.predict_distribution(X)
        n = len(np.asarray(X))
        columns = [np.broadcast_to(law.logpdf(np.full(n, float(k))), n) for k in range(len(self.classes_))]
        return np.stack(columns, axis=1)

    def predict(self, X: Any) -> Array:
        """The class of each row that is the most probable one; shape (n,)."""
        likely = np.argmax(self.predict_log_proba(X), axis=1)
        return np.asarray(self.classes_[likely])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean log-probability of the labels, which is minus the log loss; nats, the higher the better."""
        check_is_fitted(self)
        y = np.asarray(y)
        strange = np.flatnonzero(~np.isin(y, self.classes_))
        if len(strange):
            raise DataError(
                f"{len(strange)} labels are of no class that was seen; the first is {str(y[strange[0]])!r}."
            )
        values = self._log_density(X, np.searchsorted(self.classes_, y).astype(float))
        return float(np.average(values, weights=sample_weight))


class DistributionEstimator(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """A density by maximum likelihood: of each column by itself, or of rows by a law of vectors.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A law of numbers, for each column by itself, whose densities are multiplied; or one of vectors, as
        ``"multivariate_normal"``.
    solver : str, optional
        As for `mle_toolkit.fit`.

    Attributes
    ----------
    fits_ : list of Fit
        One a column; of a law of vectors one.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has names.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> from sklearn.model_selection import GridSearchCV
    >>> rivers = mle.datasets.load("rivers")["length"][:, None]
    >>> search = GridSearchCV(DistributionEstimator(), {"family": ["gamma", "lognormal", "weibull"]}).fit(rivers)
    >>> search.best_params_
    {'family': 'lognormal'}
    """

    def __init__(self, family: Any = "normal", *, solver: Solver | None = None) -> None:
        self.family = family
        self.solver = solver

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> DistributionEstimator:
        """Maximise the likelihood.

        Parameters
        ----------
        X : array_like of shape (n, k)
        y : object
            Not used.
        sample_weight : array_like of shape (n,), optional
            How many observations each row is.
        """
        X = np.asarray(validate_data(self, X, ensure_min_samples=2), dtype=float)
        weights = _weights(sample_weight, X)
        law = get_family(self.family)
        if law.per_row:
            raise ParameterError(f"{law.name}: constants per row do not go with a density of new rows.")
        parts = [X] if law.multivariate else list(X.T)
        self.fits_: list[Fit] = [fit(part, law, weights=weights, solver=self.solver) for part in parts]
        return self

    def score_samples(self, X: Any) -> Array:
        """Log-density of each row, nats; shape (n,)."""
        check_is_fitted(self)
        X = np.asarray(validate_data(self, X, reset=False), dtype=float)
        laws = [fitted.distribution for fitted in self.fits_]
        if laws[0].family.multivariate:
            return np.asarray(laws[0].logpdf(X))
        return np.asarray(sum(law.logpdf(column) for law, column in zip(laws, X.T, strict=True)))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log-density of the rows; nats, the higher the better."""
        return float(np.average(self.score_samples(X), weights=sample_weight))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> Array:
        """Draw rows from the fitted laws; shape (n_samples, k)."""
        check_is_fitted(self)
        seed = check_random_state(random_state).randint(2**31)
        rng = np.random.default_rng(seed)
        laws = [fitted.distribution for fitted in self.fits_]
        if laws[0].family.multivariate:
            return np.asarray(laws[0].rvs(n_samples, rng))
        return np.stack([law.rvs(n_samples, rng) for law in laws], axis=1)


def _check_labels(y: Array) -> None:
    """Refuse labels that have no order, because some are missing, or are words where others are numbers."""
    if y.dtype.kind != "O":
        return
    import pandas as pd

    missing = np.asarray(pd.isna(y))
    if missing.any():
        raise DataError(
            f"y: {np.count_nonzero(missing)} of {len(y)} labels are missing; the first is that of row "
            f"{np.argmax(missing)}. Leave these rows out."
        )
    kinds = {isinstance(label, str): label for label in y.tolist()}
    if len(kinds) > 1:
        raise DataError(f"y: some labels are words, as {kinds[True]!r}, and some are not, as {kinds[False]!r}.")
