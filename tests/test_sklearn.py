"""Estimators for scikit-learn keep its rules, and give what `regress` and `fit` give."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import mle_toolkit as mle
from mle_toolkit.sklearn import DistributionClassifier, DistributionEstimator, DistributionRegressor

EXACT = "the check's responses are a linear function of X, so the likelihood has no maximum: refused by name"
WIDE = "the check has more columns than rows, so the maximum is not unique: refused by name"
SEPARATED = "a plane separates the check's classes, so the likelihood has no maximum: refused by name"

EXPECTED = {
    DistributionRegressor: {
        "check_sample_weights_shape": EXACT,
        "check_sample_weights_not_overwritten": EXACT,
        "check_regressors_no_decision_function": EXACT,
        "check_sample_weight_equivalence_on_dense_data": WIDE,
    },
    DistributionClassifier: {
        "check_estimators_overwrite_params": SEPARATED,
        "check_dont_overwrite_parameters": SEPARATED,
        "check_estimators_fit_returns_self": SEPARATED,
        "check_readonly_memmap_input": SEPARATED,
        "check_positive_only_tag_during_fit": SEPARATED,
        "check_sample_weight_equivalence_on_dense_data": WIDE,
        "check_f_contiguous_array_estimator": SEPARATED,
        "check_methods_sample_order_invariance": SEPARATED,
        "check_methods_subset_invariance": SEPARATED,
        "check_fit2d_1feature": SEPARATED,
        "check_dict_unchanged": SEPARATED,
        "check_fit2d_predict1d": SEPARATED,
        "check_sample_weights_shape": SEPARATED,
        "check_sample_weights_not_overwritten": SEPARATED,
        "check_pipeline_consistency": SEPARATED,
        "check_estimators_pickle": SEPARATED,
        "check_classifiers_classes": SEPARATED,
    },
}


@pytest.mark.filterwarnings("ignore")  # the checks look at warnings themselves
@parametrize_with_checks(
    [DistributionRegressor(), DistributionClassifier(), DistributionEstimator()],
    expected_failed_checks=lambda estimator: EXPECTED.get(type(estimator), {}),
    xfail_strict=False,  # some are left to chance: a row more or less separates classes or does not
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


RNG = np.random.default_rng(20_240_101)
X = RNG.normal(size=(120, 2))
COUNTS = RNG.poisson(np.exp(0.5 + 0.6 * X[:, 0])).astype(float)
DIED = (RNG.random(120) < 1 / (1 + np.exp(-X[:, 1]))).astype(float)
DESIGN = np.column_stack([np.ones(120), X])


def test_regressor_is_regress():
    model = DistributionRegressor("negbin", formulas={"size": "~ x1"}).fit(X, COUNTS)
    fit = mle.regress(COUNTS, DESIGN, "negbin", size=DESIGN[:, [0, 2]])
    np.testing.assert_allclose(model.fit_.coefficients, fit.coefficients, rtol=1e-8)
    assert model.score(X, COUNTS) == pytest.approx(-fit.cross_entropy, rel=1e-12)
    np.testing.assert_allclose(model.predict(X), np.exp(DESIGN @ np.asarray(fit.params["mu"])), rtol=1e-8)
    assert np.all(np.diff([model.predict_quantile(X, p)[0] for p in (0.1, 0.5, 0.9)]) >= 0)


def test_classifier_scores_by_its_log_loss():
    labels = np.where(DIED == 1, "yes", "no")
    model = DistributionClassifier().fit(X, labels)
    p = model.predict_proba(X)[:, 1]
    assert model.classes_.tolist() == ["no", "yes"]
    loss = mle.information.binary_cross_entropy(DIED, p).value
    assert model.score(X, labels) == pytest.approx(-loss, rel=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)).sum(axis=1), 1.0, rtol=1e-12)


def test_three_classes_are_a_categorical_regression():
    """As scikit-learn's own without a penalty gives them, and as `regress` does."""
    from sklearn.linear_model import LogisticRegression

    utility = np.column_stack([np.zeros(120), X[:, 0] - 0.5, 0.8 * X[:, 1]])
    labels = np.array(["bus", "car", "walk"])[np.argmax(utility + RNG.gumbel(size=(120, 3)), axis=1)]
    model = DistributionClassifier().fit(X, labels)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, labels)
    assert model.classes_.tolist() == ["bus", "car", "walk"]
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
    fit = mle.regress(labels, DESIGN, "categorical")
    assert model.score(X, labels) == pytest.approx(-fit.cross_entropy, rel=1e-12)
    with pytest.raises(mle.MleError, match="class 'walk' have the weight 0"):
        DistributionClassifier().fit(X, labels, sample_weight=labels != "walk")


@pytest.mark.parametrize(("family", "columns"), [("gamma", 2), ("multivariate_normal", 2)])
def test_density_is_fit(family, columns):
    data = np.exp(X[:, :columns])
    model = DistributionEstimator(family).fit(data)
    parts = [data] if family.startswith("multivariate") else list(data.T)
    fits = [mle.fit(part, family) for part in parts]
    assert model.score(data) == pytest.approx(sum(fit.llf for fit in fits) / len(data), rel=1e-12)
    drawn = model.sample(3, random_state=1)
    assert drawn.shape == (3, columns)
    np.testing.assert_array_equal(drawn, model.sample(3, random_state=1))


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (DistributionRegressor("poisson"), COUNTS),
        (DistributionClassifier(links={"p": "probit"}), DIED),
        (DistributionEstimator("logistic"), None),
    ],
    ids=["regressor", "classifier", "density"],
)
def test_weights_are_repetitions_and_copies_predict_the_same(model, y):
    times = np.arange(len(X)) % 3
    again = np.repeat(np.arange(len(X)), times)
    weighted = clone(model).fit(X, y, sample_weight=times)
    repeated = clone(model).fit(X[again], None if y is None else y[again])
    copied = pickle.loads(pickle.dumps(weighted))
    scores = [one.score(X, y, sample_weight=times) for one in (weighted, repeated, copied)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-9)
    assert scores[2] == scores[0]


def test_scaling_in_a_pipeline_moves_nothing():
    """Nor does any other affine recoding of the columns: the held-out scores are those of the bare model."""
    bare = cross_val_score(DistributionRegressor("poisson"), X, COUNTS, cv=3)
    scaled = cross_val_score(make_pipeline(StandardScaler(), DistributionRegressor("poisson")), X, COUNTS, cv=3)
    np.testing.assert_allclose(scaled, bare, rtol=1e-9)


def test_grid_search_chooses_the_law_that_made_the_data():
    search = GridSearchCV(DistributionRegressor(), {"family": ["normal", "poisson", "geometric"]}, cv=3)
    assert search.fit(X, COUNTS).best_params_ == {"family": "poisson"}


def test_separated_classes_are_an_error():
    with pytest.raises(mle.MleError):
        DistributionClassifier().fit(X[:, :1], X[:, 0] > 0)


def test_names_of_columns_are_names_of_terms():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["dose", "age"])
    model = DistributionRegressor("normal", formulas={"sigma": "~ age"}).fit(frame, COUNTS)
    assert list(model.fit_.params["mu"].index) == ["Intercept", "dose", "age"]
    assert list(model.fit_.params["sigma"].index) == ["Intercept", "age"]


def test_dummies_of_all_levels_are_an_error_or_dropped():
    """As the encoders of scikit-learn make them, beside a column of ones."""
    dummies = np.eye(3)[RNG.integers(0, 3, size=120)]
    wide = np.hstack([X, dummies])
    with pytest.raises(mle.errors.NoMaximumError, match="collinear"):
        DistributionRegressor("poisson").fit(wide, COUNTS)
    with pytest.warns(mle.FitWarning, match="1 collinear columns are dropped"):
        model = DistributionRegressor("poisson", collinear="drop").fit(wide, COUNTS)
    fewer = DistributionRegressor("poisson").fit(wide[:, :-1], COUNTS)
    np.testing.assert_allclose(model.predict(wide), fewer.predict(wide[:, :-1]), rtol=1e-10)
    with pytest.warns(mle.FitWarning, match="dropped"):
        classes = DistributionClassifier(collinear="drop").fit(np.hstack([X, np.ones((120, 1))]), DIED)
    with_ones = np.hstack([X, np.ones((120, 1))])
    np.testing.assert_allclose(classes.predict_proba(with_ones),
                               DistributionClassifier().fit(X, DIED).predict_proba(X), rtol=1e-10)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "said"),
    [(["a", None], "60 of 120 labels are missing; the first is that of row 1"),
     (["a", np.nan], "contains NaN"),
     (["a", 1], "some labels are words, as 'a', and some are not, as 1")],
)  # fmt: skip
def test_labels_without_an_order_are_refused(labels, said):
    with pytest.raises(ValueError, match=said):
        DistributionClassifier().fit(X, np.array(labels * 60, dtype=object))
