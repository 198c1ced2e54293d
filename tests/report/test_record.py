"""A fit comes back from its record bit for bit, and from nothing else."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, MleError
from mle_toolkit.report.law_record import family_from_dict
from mle_toolkit.report.record import jsonable

X = stats.gamma(2.0).rvs(60, random_state=1)
LINDLEY = mle.Family.from_logpdf(
    lambda x, theta: 2 * np.log(theta) - np.log1p(theta) + np.log1p(x) - theta * x,
    {"theta": mle.POSITIVE},
    mle.POSITIVE,
    name="lindley",
)

FITS = {
    "closed form": lambda: mle.fit(X, "gamma"),
    "search": lambda: mle.fit(X, "student_t"),
    "limit": lambda: fit_quietly(np.linspace(-1.0, 1.0, 100), "student_t"),
    "endpoint": lambda: fit_quietly([0, 0, 0], "poisson"),
    "non-regular": lambda: mle.fit(X, "laplace"),
    "counts": lambda: mle.fit(mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), "poisson"),
    "fixed": lambda: mle.fit(X, "gamma", fixed={"shape": 2.0}),
    "reliability": lambda: mle.fit(mle.Sample(X, X, "reliability"), "gamma"),
    "constant": lambda: mle.fit([1, 2, 3, 3], mle.get_family("binomial", n=7)),
    "constants per row": lambda: mle.fit([1, 2, 3, 3], mle.get_family("binomial", n=[4, 4, 5, 6])),
    "vector": lambda: mle.fit([0, 1, 2, 1, 1, 0], "categorical"),
    "scipy": lambda: mle.fit(X, stats.nakagami),
    "scipy, location free": lambda: fit_quietly(X, mle.get_family(stats.norm, loc=None)),
    "scipy counts": lambda: mle.fit([1, 2, 3, 3], mle.get_family(stats.binom, n=7)),
    "own law": lambda: mle.fit(X, LINDLEY),
    "one observation": lambda: mle.fit([3.0], "exponential"),
}


@pytest.fixture(params=FITS)
def fit(request):
    return FITS[request.param]()


@pytest.fixture
def loaded(fit, tmp_path):
    fit.save(tmp_path / "fit.json")
    return mle.load(tmp_path / "fit.json")


def same(one, other):
    """Equal to the last bit, NaN and signed zeros included."""
    return np.asarray(one, dtype=float).tobytes() == np.asarray(other, dtype=float).tobytes()


def test_every_number_comes_back_bit_for_bit(fit, loaded):
    assert list(loaded.params) == list(fit.params)
    for name in fit.params:
        assert same(loaded.params[name], fit.params[name])
        assert same(loaded.bse[name], fit.bse[name])
    for name in ("llf", "nll", "nobs", "df_model", "aic", "aicc", "bic", "tic", "optimism", "cross_entropy"):
        assert same(getattr(loaded, name), getattr(fit, name)), name
    for alpha in (0.05, 0.3):
        pd.testing.assert_frame_equal(loaded.conf_int(alpha), fit.conf_int(alpha), check_exact=True)
    for kind in (None, "observed", "opg", "sandwich"):
        pd.testing.assert_frame_equal(loaded.cov_params(kind), fit.cov_params(kind), check_exact=True)


def test_what_was_said_comes_back_word_for_word(fit, loaded):
    assert repr(loaded.certificate) == repr(fit.certificate)
    assert loaded.information() == fit.information()
    assert loaded.information("bit") == fit.information("bit")
    assert loaded.kl == fit.kl
    assert loaded.summary().as_text() == fit.summary().as_text()
    assert repr(loaded) == repr(fit)


def test_the_law_comes_back(fit, loaded):
    assert loaded.family.name == fit.family.name
    assert repr(loaded.distribution) == repr(fit.distribution)
    if fit.family is not LINDLEY and not fit.family.per_row:
        points = np.array([0.0, 1.0, 2.0])
        np.testing.assert_array_equal(loaded.distribution.pdf(points), fit.distribution.pdf(points))


def test_a_loaded_fit_saves_the_same_record(fit, loaded):
    assert loaded.to_dict() == fit.to_dict()


def test_the_record_is_strict_json(fit):
    text = json.dumps(fit.to_dict(), allow_nan=False)
    assert jsonable(json.loads(text)) == fit.to_dict()


def test_a_boundary_fit_comes_back_as_its_limit(tmp_path):
    fit = FITS["limit"]()
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.params["df"] == np.inf
    assert loaded.distribution.family.name == "normal"


def test_expected_covariance_is_saved_if_it_was_computed(tmp_path):
    fit = FITS["closed form"]()
    fit.save(tmp_path / "without.json")
    with pytest.raises(DataError, match="loaded without its data"):
        mle.load(tmp_path / "without.json").cov_params("expected")
    expected = fit.cov_params("expected")
    fit.save(tmp_path / "with.json")
    pd.testing.assert_frame_equal(mle.load(tmp_path / "with.json").cov_params("expected"), expected, check_exact=True)


def test_a_law_of_ones_own_is_known_by_name_and_says_why_it_cannot_be_evaluated(tmp_path):
    fit = FITS["own law"]()
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.family.name == "lindley"
    with pytest.raises(MleError, match="lindley: a law of your own is saved by name only"):
        loaded.distribution.pdf(1.0)
    assert mle.Distribution(LINDLEY, loaded.params).pdf(1.0) == fit.distribution.pdf(1.0)


def test_a_registered_name_worn_by_another_law_is_not_taken_for_it(tmp_path):
    law = mle.Family.from_logpdf(lambda x, s: -np.log(s) - x / s, {"s": mle.POSITIVE}, mle.POSITIVE, name="gamma")
    mle.fit(X, law).save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").params == mle.fit(X, law).params


def test_a_scipy_law_of_ones_own_is_a_law_of_ones_own(tmp_path):
    class Twice(stats.rv_continuous):
        def _logpdf(self, x):
            return np.log(2.0) - 2.0 * x

    law = mle.get_family(Twice(a=0.0, name="norm"))
    mle.fit(X, law).save(tmp_path / "fit.json")
    with pytest.raises(MleError, match="saved by name only"):
        mle.load(tmp_path / "fit.json").distribution.pdf(1.0)


def test_what_needs_the_data_says_so(tmp_path):
    FITS["closed form"]().save(tmp_path / "fit.json")
    with pytest.raises(DataError, match="loaded without its data"):
        mle.load(tmp_path / "fit.json").logpdf_rows()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x,y\n1,2\n", "not a JSON file"),
        ("[1, 2]", "not a saved fit"),
        ('{"a": 1}', "not a saved fit: format is None"),
        ('{"format": "mle_toolkit.fit", "schema": 99}', "schema 99"),
        ('{"format": "mle_toolkit.fit", "schema": 1}', "damaged"),
    ],
)
def test_a_foreign_file_is_refused_by_what_it_is(tmp_path, content, message):
    path = tmp_path / "foreign.json"
    path.write_text(content)
    with pytest.raises(MleError, match=message):
        mle.load(path)


def test_a_saved_comparison_is_named_and_not_taken_for_a_damaged_fit(tmp_path):
    path = tmp_path / "comparison.json"
    path.write_text(json.dumps(mle.compare([1.0, 2.0, 4.0], ["exponential", "normal"]).to_dict()))
    with pytest.raises(MleError, match=r"'mle_toolkit.comparison', a table .*comparison.best.save"):
        mle.load(path)


@pytest.mark.parametrize("key", ["params", "certificate", "information", "family", "cov_params", "llf"])
def test_a_damaged_record_is_refused(tmp_path, key):
    record = FITS["closed form"]().to_dict()
    record[key] = None
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(record))
    with pytest.raises(MleError, match="damaged"):
        mle.load(path)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        mle.load(tmp_path / "nothing.json")


def test_numbers_of_numpy_become_plain_and_others_are_refused():
    assert jsonable({"a": np.float64(-np.inf), "b": np.array([1, 2]), "c": (np.bool_(True), None)}) == {
        "a": "-Infinity",
        "b": [1, 2],
        "c": [True, None],
    }
    with pytest.raises(TypeError, match="object"):
        jsonable(object())


JUNK = (
    None, True, "a", [], {}, -1, 0, 1.5, 10**400, 2**70, math.nan, "NaN", "Infinity", "\x00", [1], [[1]], {"a": 1},
    [[[[[1]]]]], "interior",
)  # fmt: skip


def _places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _edited(record, rng):
    record = json.loads(json.dumps(record))
    places = list(_places(record))
    *path, last = places[rng.integers(len(places))]
    owner = record
    for key in path:
        owner = owner[key]
    if rng.random() < 0.25:
        del owner[last]
    else:
        owner[last] = JUNK[rng.integers(len(JUNK))]
    return record


@pytest.mark.parametrize("name", FITS)
def test_any_edit_is_read_or_is_one_error_of_ours(tmp_path, name):
    """Whatever stands in a file, and wherever: a fit that can be shown, or one sentence with the path."""
    record, rng, path = FITS[name]().to_dict(), np.random.default_rng(7), tmp_path / "edited.json"
    for _ in range(60):
        path.write_text(json.dumps(_edited(record, rng)))
        try:
            assert repr(mle.load(path))
        except MleError as error:
            said = str(error)
        else:
            continue
        assert "\n" not in said


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (("certificate", "n_starts"), "a", "certificate.n_starts: expected a whole number"),
        (("certificate", "verdict"), "fine", "certificate.verdict: expected one of interior"),
        (("certificate", "eigenvalues", 0), "x", r"certificate.eigenvalues\[0\]: expected a number"),
        (("params", "shape"), "NaN", "params.shape: lies outside its domain"),
        (("params", "shape"), [1.0], r"params.shape: expected numbers of shape \(\), got shape \(1,\)"),
        (("bse",), {"shape": 1.0}, "bse.scale: missing"),
        (("family", "name"), "gama", "family: unknown family 'gama'; did you mean 'gamma'"),
        (("family", "constants"), {"n": 1}, "family: gamma: unknown constant 'n'"),
        (("llf",), -5.0, "derived.nll: is .*, and by the other numbers of the file 5"),
        (("nobs",), 0, "nobs: expected a number above 0"),
        (("cov_params", "observed"), [[1.0]], "cov_params.observed: expected a matrix of shape"),
        (("information", "entropy", "value"), {}, "information.entropy.value: expected a number"),
        (("weight_kind",), "freq", "weight_kind: expected frequency or reliability"),
        (("fixed",), ["rate"], r"fixed\[0\]: expected a parameter of gamma"),
    ],
)
def test_the_path_of_what_is_wrong_is_said(tmp_path, key, value, message):
    record = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma").to_dict()
    *path, last = key
    owner = record
    for step in path:
        owner = owner[step]
    owner[last] = value
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(record))
    with pytest.raises(MleError, match=message):
        mle.load(file)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"format": "mle_toolkit.fit", "schema": ' + "1" * 5_000 + "}", ""])
def test_files_that_json_cannot_read_are_errors_of_ours(tmp_path, content):
    path = tmp_path / "deep.json"
    path.write_text(content)
    with pytest.raises(MleError, match=r"deep\.json: "):
        mle.load(path)


def test_laws_within_laws_have_an_end():
    record = {"kind": "registered", "name": "gamma", "constants": {}}
    for _ in range(500):
        record = {"kind": "truncated", "of": [record], "lower": 0.0, "upper": 9.0, "name": "x"}
    with pytest.raises(MleError, match="12 deep at most"):
        family_from_dict(record)
