"""Divergence between two samples of continuous laws, without a model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.errors import DataError
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import FEW_OBSERVATIONS, MOST_TIES, Rows, around_divergence
from mle_toolkit.information.neighbours import NOT_ROOT_N
from mle_toolkit.information.observations import (
    check_neighbours,
    check_rounding,
    observations_of,
    rounding_of,
    sample_of,
    some_rows,
    subsampled_se,
    workers_for,
)

LEAST_NEIGHBOURS = 3
"""Neighbours that the ball of an adaptive k has at least, of either sample: with 1 the variance is twice as large, with
10 the bias (from simulations of normal and exponential laws in one and three dimensions)."""


MOST_NEIGHBOURS = 10
"""Neighbours counted in such a ball: beyond, the variance of the log of a distance to them, 1/k, is small already."""


_FAR = 3.0
"""Times its usual distance to others that a row of y is away from a row of x where the latter is outside of y."""


_MOST_OUTSIDE = 0.02
"""Share of rows of x outside of y above which their divergence is too low: it is 0.013 at most for normal and
exponential laws for which the estimate is right within 0.1 nats at n = 200, and 0.06 to 0.1 where it is half of it."""


# --- divergence -------------------------------------------------------------------------------------------------------


def kl_of_samples(x: Any, y: Any, *, k: int | None = None, rng: Any = None) -> Estimate:
    r"""Estimate the divergence KL(p ‖ q) of the law q of ``y`` from the law p of ``x``, from distances to neighbours.

    With :math:`\rho_l(i)` the distance of x_i to its l-th neighbour among the other x, and :math:`\nu_k(i)` to its k-th
    among y, n and m their numbers:

    .. math:: \hat D = \frac1n\sum_i\Bigl[d\log\frac{\nu_{k_i}(i)}{\rho_{l_i}(i)} + \psi(l_i) - \psi(k_i)\Bigr]
              + \log\frac{m}{n-1}

    Source: Wang, Kulkarni & Verdú (2009), IEEE Trans. Inf. Theory 55, 2392-2405. Distances are Euclidean, after the
    linear map that makes the covariance of both samples together the identity, which changes no divergence.

    Parameters
    ----------
    x, y : array_like of shape (n,) or (n, d), and (m,) or (m, d), or Sample
        Independent observations of each law.
    k : int, optional
        :math:`k_i = l_i = k`. By default they adapt to the two densities, as in section III of the source: l_i and k_i
        are the numbers of x and of y, at most 10, in the smallest ball about x_i with three or more of each.
    rng : None, int or numpy.random.Generator
        Of the standard error; the value has nothing random.

    Returns
    -------
    Estimate
        In nats. It may be negative, by chance, where the two laws are nearly the same, and stays so. The standard error
        is from 50 subsamples of both samples without replacement (of half of the rows, or fewer of many), as a
        bootstrap would make ties. Flags: ``indistinguishable_from_zero``; ``x_outside_y`` where a part of x lies
        beyond the reach of y, so that the value is too low; ``not_root_n`` from four dimensions, where the bias
        outlasts the standard error; ``ties`` for rounded data; ``few_observations``.

    Raises
    ------
    DataError
        If the samples have different dimensions, lie in a hyperplane, or are so tied that distances vanish.
    ParameterError
        If there are not k neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> print(kl_of_samples(rng.normal(size=1000), rng.normal(1.0, 2.0, size=1000), rng=0))  # log 2 - 1/4 = 0.443
    0.535816 ± 0.04 nat, 95% in (0.4583, 0.6133)
    """
    from scipy.spatial import cKDTree

    first, second = (observations_of(sample_of(data, name), name) for data, name in ((x, "x"), (y, "y")))
    d = first.shape[1]
    if second.shape[1] != d:
        raise DataError(f"x has {d} numbers an observation and y {second.shape[1]}; give both the same columns.")
    n, m = len(first), len(second)
    if n < 2:
        raise DataError("x: one observation has no neighbour; two or more are needed.")
    if k is not None:
        check_neighbours(k, min(n - 1, m))
    steps_x, steps_y = rounding_of(first, "x"), rounding_of(second, "y")
    for rows, name in ((first, "x"), (second, "y")):
        _root_of_covariance(rows - rows.mean(axis=0), name)
    both = np.concatenate([first, second])
    both -= both.mean(axis=0)
    root = _root_of_covariance(both, "x, y")
    white = np.ascontiguousarray(np.linalg.solve(root, both.T).T)
    # In order of a coordinate, neighbouring rows ask for the same part of a tree: three times as fast in one dimension.
    z_x, z_y = (part[np.argsort(part[:, 0])] for part in (white[:n], white[n:]))

    tree = cKDTree(z_y)
    own, other, nearest = _distances(z_x, tree, k)
    shared, repeated = np.mean(other[:, 0] == 0), np.mean(own[:, 0] == 0)
    if max(shared, repeated) > MOST_TIES or np.any(own[:, (k or LEAST_NEIGHBOURS) - 1 :][:, :1] == 0):
        raise DataError(
            f"{100 * repeated:.2g} % of the rows of x equal another of x, and {100 * shared:.2g} % one of y: laws with "
            "densities have no ties. For rounded values, counts or categories use tables of how often each was seen."
        )
    terms, radius_own, radius_other = _divergence_terms(d, own, other, k)
    if not (np.all(radius_own > 0) and np.all(radius_other > 0)):
        raise DataError(
            f"{np.count_nonzero((radius_own == 0) | (radius_other == 0))} of {n} rows of x have their neighbours in "
            "the same place, so that distances vanish: laws with densities have no ties."
        )
    error = None
    flags = ["few_observations"] if min(n, m) < FEW_OBSERVATIONS else []
    if np.any(steps_x > 0) or np.any(steps_y > 0):
        # Rounding to a step s adds s²/12 to the variance of a number; here it is in whitened coordinates.
        squares = np.sum(np.square(np.linalg.inv(root)), axis=0) / 12
        noise_x, noise_y = float(squares @ np.square(steps_x)), float(squares @ np.square(steps_y))
        effect = 2 * noise_x / np.square(radius_own) + (noise_x + noise_y) / np.square(radius_other)
        error = check_rounding(0.5 * d * float(np.mean(effect)), "x, y")
        flags.append("ties")
    if d >= NOT_ROOT_N:
        flags.append("not_root_n")
    if _share_outside(tree, other, nearest) > _MOST_OUTSIDE:
        flags.append("x_outside_y")

    value = float(np.mean(terms)) + math.log(m / (n - 1))

    def of_subsample(fraction: float, generator: np.random.Generator) -> float:
        rows_x, rows_y = (some_rows(count, fraction, generator) for count in (n, m))
        parts = _divergence_terms(d, *_distances(z_x[rows_x], cKDTree(z_y[rows_y]), k)[:2], k)
        return float(np.mean(parts[0])) + math.log(len(rows_y) / (len(rows_x) - 1))

    se, reason = subsampled_se(of_subsample, (n, m), (k or LEAST_NEIGHBOURS) + 1, rng)
    interval, near_zero = around_divergence(value, se)
    how = f"{k}" if k is not None else f"{LEAST_NEIGHBOURS} to {MOST_NEIGHBOURS}, adapted"
    return Estimate(
        value=value,
        se=se,
        interval=interval,
        error=error,
        method=f"nearest neighbours, k = {how}; standard error from subsamples",
        flags=(*near_zero, *flags),
        reason=reason,
    )


def _root_of_covariance(away: Array, name: str) -> Array:
    """L of shape (d, d) with L Lᵀ the covariance of rows with mean 0; an error where they lie in a hyperplane."""
    n, d = away.shape
    # From a decomposition of the data: it keeps digits that products lose.
    root = np.asarray(np.linalg.qr(away / math.sqrt(n), mode="r"), dtype=float).T
    if n <= d or not np.all(np.abs(np.diag(root)) > 8 * np.finfo(float).eps * np.linalg.norm(root, axis=1)):
        why = "all observations are equal" if d == 1 and n > 1 else f"{n} rows lie in a hyperplane"
        raise DataError(f"{name}: {why}, so their law has no density to estimate.")
    return root


def _distances(x: Array, y: Any, k: int | None) -> tuple[Array, Array, Rows]:
    """Distances of each x to its nearest others and to the nearest y, of shapes (n, at most `MOST_NEIGHBOURS` or k).

    The third is the row of the nearest in y, which is a tree.
    """
    from scipy.spatial import cKDTree

    most = MOST_NEIGHBOURS if k is None else k
    own = cKDTree(x).query(x, k=np.arange(2, min(most + 1, len(x)) + 1), workers=workers_for(x))[0]
    other, nearest = y.query(x, k=np.arange(1, min(most, y.n) + 1), workers=workers_for(x))
    return np.asarray(own), np.asarray(other), np.asarray(nearest)[:, 0]


def _divergence_terms(d: int, own: Array, other: Array, k: int | None) -> tuple[Array, Array, Array]:
    """Terms of the mean, and the distances to neighbours from which they come, each of shape (n,)."""
    if k is not None:
        radius_own, radius_other = own[:, k - 1], other[:, k - 1]
        with np.errstate(divide="ignore", invalid="ignore"):  # distances of 0 are refused by who calls
            return d * (np.log(radius_other) - np.log(radius_own)), radius_own, radius_other
    least_own, least_other = (min(LEAST_NEIGHBOURS, part.shape[1]) - 1 for part in (own, other))
    ball = np.maximum(own[:, least_own], other[:, least_other])[:, None]
    inside, outside = np.count_nonzero(own <= ball, axis=1), np.count_nonzero(other <= ball, axis=1)
    row = np.arange(len(own))
    radius_own, radius_other = own[row, inside - 1], other[row, outside - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = d * (np.log(radius_other) - np.log(radius_own))
    return ratio + special.psi(inside) - special.psi(outside), radius_own, radius_other


def _share_outside(y: Any, other: Array, nearest: Rows) -> float:
    """Share of rows of x farther from y than y are from each other there, given the tree of y and what it found."""
    k = min(LEAST_NEIGHBOURS, y.n - 1, other.shape[1])
    if k == 0:
        return 1.0
    some = slice(None, None, 1 + len(other) // SKETCH_ROWS)
    usual = np.asarray(y.query(y.data[nearest[some]], k=[k + 1])[0])[:, 0]
    return float(np.mean(other[some, k - 1] > _FAR * usual))
