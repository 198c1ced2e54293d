"""Designs of many levels: the entries that are not zero stand for the whole."""

import numpy as np
import pytest

from mle_toolkit.data.formulas import of_formula
from mle_toolkit.data.sparse import SparseDesign, missing_rows, without_column

N_ROWS, N_LEVELS = 9_000, 130


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    levels = np.array([f"g{k:03d}" for k in range(N_LEVELS)])
    code, group = rng.integers(0, N_LEVELS, N_ROWS), rng.integers(0, 3, N_ROWS)
    return {"g": levels[code], "x": rng.normal(size=N_ROWS), "b": group}


def by_hand(frame):
    """Columns of ``x + C(g) + x:C(g)``, in the order of their names, of plain comparisons."""
    levels = sorted(set(frame["g"]))
    dummies = [np.where(frame["g"] == level, 1.0, 0.0) for level in levels]
    return np.column_stack([np.ones(N_ROWS), frame["x"], *dummies[1:], *(frame["x"] * d for d in dummies[1:])])


@pytest.fixture(scope="module")
def pair(frame):
    design, matrix = of_formula("x + C(g) + x:C(g)", frame)
    assert isinstance(matrix, SparseDesign)
    assert design.names[:3] == ("Intercept", "x", "C(g)[T.g001]")
    return matrix, by_hand(frame)


def test_whole(pair):
    sparse, dense = pair
    assert sparse.shape == dense.shape
    assert len(sparse) == len(dense)
    assert np.array_equal(np.asarray(sparse), dense)


def test_few_levels_are_held_whole(frame):
    assert isinstance(of_formula("x + C(b)", frame)[1], np.ndarray)


@pytest.mark.parametrize("rows", [slice(10, 200), np.array([5, 3, 8999]), slice(None)], ids=["slice", "places", "all"])
def test_rows_and_columns(pair, rows):
    sparse, dense = pair
    assert np.array_equal(np.asarray(sparse[rows]), dense[rows])
    mask = np.zeros(dense.shape[1], dtype=bool)
    mask[[0, 3, 7, 150]] = True
    for columns in (np.array([7, 1, 140, 0]), mask, slice(1, 40), [0, 1], [5, 2, 200]):
        assert np.array_equal(np.asarray(sparse[rows][:, columns]), dense[rows][:, columns])
    for k in (0, 1, 2, 137):
        assert np.array_equal(sparse[rows, k], dense[rows, k])
    assert np.array_equal(sparse[4], dense[4])
    assert np.array_equal(np.asarray(without_column(sparse, 0)), dense[:, 1:])


def test_products(pair):
    sparse, dense = pair
    rng = np.random.default_rng(8)
    right, left = rng.normal(size=dense.shape[1]), rng.normal(size=N_ROWS)
    np.testing.assert_allclose(sparse @ right, dense @ right, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(left @ sparse, left @ dense, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(abs(sparse) @ np.abs(right), np.abs(dense) @ np.abs(right), rtol=1e-12)
    np.testing.assert_allclose(sparse.squares(np.abs(left), right), np.abs(left) @ np.square(dense - right), rtol=1e-11)


def test_new_levels_and_missing_rows(frame, pair):
    design, _ = of_formula("x + C(g) + x:C(g)", frame)
    other = {"g": frame["g"].copy(), "x": frame["x"].copy()}
    other["g"][3], other["x"][5] = "new", np.nan
    matrix = design.matrix(other, unseen="nan")
    assert isinstance(matrix, SparseDesign)
    assert np.flatnonzero(missing_rows(matrix)).tolist() == [3, 5]
    rest = np.delete(np.arange(N_ROWS), [3, 5])
    assert np.array_equal(np.asarray(matrix[rest]), pair[1][rest])
    # Columns none of which is held whole still say which rows are missing.
    assert np.flatnonzero(missing_rows(matrix[:, 10:20])).tolist() == [3, 5]


def test_without_a_constant(frame):
    design, matrix = of_formula("0 + C(g)", frame)
    assert isinstance(matrix, SparseDesign)
    assert np.array_equal(np.asarray(matrix), np.array(sorted(set(frame["g"]))) == frame["g"][:, None])
    assert len(design.names) == N_LEVELS
