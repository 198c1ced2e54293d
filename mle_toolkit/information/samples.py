"""Entropy, divergence and mutual information of samples of continuous laws, without a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information.estimate import Z95, Estimate
from mle_toolkit.information.model_free import (
    COUNTS_ADVICE,
    FEW_OBSERVATIONS,
    MOST_ROUNDING_ERROR,
    MOST_TIES,
    Rows,
    SampleEntropy,
    around,
    around_divergence,
    rounding_step,
    spacing_entropy,
)
from mle_toolkit.information.neighbours import (
    NO_LEVEL_ADVICE,
    NOT_ROOT_N,
    kozachenko_leonenko,
    neighbour_entropy,
    rounding_of_columns,
)

LEAST_NEIGHBOURS = 3
"""Neighbours that the ball of an adaptive k has at least, of either sample: with 1 the variance is twice as large, with
10 the bias (from simulations of normal and exponential laws in one and three dimensions)."""

MOST_NEIGHBOURS = 10
"""Neighbours counted in such a ball: beyond, the variance of the log of a distance to them, 1/k, is small already."""

SUBSAMPLES = 50
"""Subsamples for a standard error, which is then known to 10 %."""

SUBSAMPLE_ROWS = 2_000
"""Rows, of both samples together, above which subsamples are smaller than halves."""

_FAR = 3.0
"""Times its usual distance to others that a row of y is away from a row of x where the latter is outside of y."""

_MOST_OUTSIDE = 0.02
"""Share of rows of x outside of y above which their divergence is too low: it is 0.013 at most for normal and
exponential laws for which the estimate is right within 0.1 nats at n = 200, and 0.06 to 0.1 where it is half of it."""

_MI_TERMS = {
    "ksg1": "Kraskov-Stögbauer-Grassberger 1",
    "ksg2": "Kraskov-Stögbauer-Grassberger 2",
    "lnc": "Kraskov-Stögbauer-Grassberger 2 with local correction for nonuniformity",
}
"""Methods for mutual information, and their names."""

_SATURATION = 0.1
"""Rise of an estimate of mutual information with log n, from subsamples, above which it is too low for want of pairs.
It is 1 where the estimate is saturated, near log n, and below 0.05 for normal pairs of correlation 0.7."""

_LNC_NEIGHBOURS = 5
_LNC_SHARE = 0.5
"""Share of its box that the neighbours of a pair fill, below which the density is not constant there. With five
neighbours and this share the mean estimate is within 0.2 of the truth for normal x and x with noise of 1e-6 to 0.5, for
n = 100, 500 and 3,000 (simulated)."""

_LNC_BIAS = 0.15
"""What the correction leaves of bias, as a standard deviation, from the same simulations."""

Spacings = tuple[Rows, Rows, Array]
"""Numbers of the observations at the lower and upper end of every spacing, and what is added to its log."""

_TIES_ADVICE = (
    "The entropy of rounded values is that of how often each was seen: entropy(counts=...); plus the log of the step "
    "it approximates the entropy of the measurements."
)


def entropy_of_sample(x: Any, method: str | None = None, *, window: int | None = None) -> Estimate:
    r"""Estimate the differential entropy of the law that a sample comes from.

    Parameters
    ----------
    x : array_like of shape (n,) or (n, d), or Sample
        Exact observations.
    method : str, optional
        With the order statistics x_1 ≤ ... ≤ x_n and the window m:

        - ``"spacing"``, the default for single numbers: two-sided spacings on a scale of logs, logits or inverse
          hyperbolic sines, see `mle_toolkit.information.model_free.spacing_entropy`;
        - ``"vasicek"``: :math:`\frac1n\sum\log\frac{n}{2m}(x_{i+m} - x_{i-m})`, x_1 and x_n standing for what is beyond
          them (Vasicek 1976, J. R. Stat. Soc. B 38, 54-59);
        - ``"van-es"``: :math:`\frac{1}{n-m}\sum_{i \le n-m}\log(x_{i+m} - x_i) + \psi(n + 1) - \psi(m)` (van Es 1992,
          Scand. J. Stat. 19, 61-72);
        - ``"ebrahimi"``: Vasicek's with the number of spacings that a window really has, in place of 2 m (Ebrahimi,
          Pflughoeft & Soofi 1994, Stat. Probab. Lett. 20, 225-234);
        - ``"nearest-neighbour"``, the default for vectors: distances to the fifth neighbour after whitening, see
          `mle_toolkit.information.neighbours.kozachenko_leonenko`.
    window : int, optional
        m of "vasicek", "van-es" and "ebrahimi", at least 1 and below n / 2; by default, as in SciPy,
        :math:`\lfloor\sqrt n + 1/2\rfloor`.

    Returns
    -------
    Estimate
        In nats. The standard error is that of the mean of the log of the estimated density, that of "spacing" for all
        four by spacings. It leaves out the bias: at n = 1000 below 0.005 for "spacing" whatever the tails, and up to
        0.2 for the three others, which work on the scale of x. Flagged ``ties`` for rounded data, with the effect of
        rounding as the error.

    Raises
    ------
    DataError
        If the entropy cannot be estimated: too few observations, too many ties, or censored data.
    ParameterError
        If there is no such method, or it has no such window, or is for single numbers only.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=1000)  # whose entropy is log(2 π e) / 2 = 1.419
    >>> entropy_of_sample(x)
    Estimate(1.39463 ± 0.024 nat, 95% in (1.347, 1.442); two-sided 10-spacings of asinh x, digamma-corrected)
    """
    sample = _sample(x, "x")
    vectors = sample.is_multivariate and sample.dimension > 1
    if method is None:
        found = neighbour_entropy(sample) if sample.is_multivariate else spacing_entropy(sample)
    elif method == "nearest-neighbour":
        rows = sample if sample.is_multivariate else sample.with_values(sample.x.reshape(-1, 1), sample.weight)
        found = kozachenko_leonenko(rows)
    elif method not in ("spacing", *_WINDOWED):
        known = ", ".join(("spacing", *_WINDOWED, "nearest-neighbour"))
        raise ParameterError(f"unknown method {method!r} for the entropy of a sample; choose {known}.")
    elif vectors:
        raise ParameterError(
            f'method {method!r} is for single numbers, got vectors of {sample.dimension}; use "nearest-neighbour".'
        )
    elif method == "spacing":
        found = neighbour_entropy(sample) if sample.is_multivariate else spacing_entropy(sample)
    else:
        return _windowed_entropy(np.sort(_observations(sample, "x")[:, 0]), method, window)
    if window is not None:
        raise ParameterError(f"window: only {', '.join(_WINDOWED)} have one to choose.")
    return _estimate_of(found)


def _estimate_of(found: SampleEntropy) -> Estimate:
    """The estimate, or an error with the reason why there is none."""
    if found.estimate is not None:
        return found.estimate
    raise DataError(f"entropy of the sample: {_reason(found)}{' ' + _TIES_ADVICE if found.ties > 0 else ''}")


def _reason(found: SampleEntropy) -> str:
    """Why there is no estimate, without what to do about a model of the data."""
    return str(found.reason).removesuffix(COUNTS_ADVICE).removesuffix(NO_LEVEL_ADVICE).rstrip()


# --- samples as rows --------------------------------------------------------------------------------------------------


def _sample(x: Any, name: str) -> Sample:
    """A sample of single numbers or of vectors, by the shape of the data."""
    if isinstance(x, Sample):
        sample = x
    else:
        shape = getattr(x, "shape", None)
        nested = isinstance(x, (list, tuple)) and len(x) > 0 and np.ndim(x[0]) == 1
        sample = Sample.of(x, multivariate=nested or (shape is not None and len(shape) == 2))
    if not sample.is_exact:
        raise DataError(f"{name}: censored or grouped observations have no density without a model; fit one.")
    return sample


def _observations(sample: Sample, name: str) -> Array:
    """One row an observation, as often as it was seen, of shape (n, d)."""
    rows = sample.x.reshape(sample.n_rows, -1)
    if sample.weight is None:
        return rows
    if sample.weight_kind == "reliability" or np.any(sample.weight != np.floor(sample.weight)):
        raise DataError(f"{name}: this method counts observations, so weights must be whole numbers of them.")
    return np.repeat(rows, sample.weight.astype(np.intp), axis=0)


def _check_neighbours(k: int, most: int) -> None:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= most:
        raise ParameterError(f"k: a whole number of neighbours from 1 to {most} for data of this size, got {k!r}.")


def _rounding(rows: Array, name: str) -> Array:
    """Step to which each column is rounded, 0 for those that are not."""
    steps, ties = rounding_of_columns(rows, len(rows))
    if np.any(np.isnan(steps)):
        raise DataError(
            f"{name}: {100 * ties:.2g} % of the numbers in a column repeat others, though they lie on no grid: a "
            f"continuous law has no ties. For counts or categories use the table of how often each was seen."
        )
    return steps


def _check_rounding(error: float, name: str) -> float | None:
    """The effect of rounding on a result, None without rounding."""
    if error > MOST_ROUNDING_ERROR:
        raise DataError(
            f"{name}: values repeat, as if rounded, too coarsely for distances between neighbours: they change the "
            f"result by up to {error:.2g} nats. Get data at higher resolution, or bin them and use the counts."
        )
    return error if error > 0 else None


# --- one-dimensional spacings on the scale of x -----------------------------------------------------------------------


def _vasicek(n: int, m: int) -> Spacings:
    low, high = np.maximum(np.arange(n) - m, 0), np.minimum(np.arange(n) + m, n - 1)
    return low, high, np.full(n, math.log(n / (2 * m)))


def _ebrahimi(n: int, m: int) -> Spacings:
    low, high, _ = _vasicek(n, m)
    return low, high, math.log(n) - np.log(high - low)


def _van_es(n: int, m: int) -> Spacings:
    low = np.arange(n - m)
    return low, low + m, np.full(n - m, special.psi(n + 1) - special.psi(m))


_WINDOWED: dict[str, tuple[Callable[[int, int], Spacings], str]] = {
    "vasicek": (_vasicek, "Vasicek"),
    "van-es": (_van_es, "van Es"),
    "ebrahimi": (_ebrahimi, "Ebrahimi"),
}
"""Method: its spacings, of n observations with window m; and its name."""


def _windowed_entropy(x: Array, method: str, window: int | None) -> Estimate:
    n = len(x)
    if n < 3:
        raise DataError(f"entropy of the sample: {method} needs three observations or more, got {n}.")
    most = (n - 1) // 2
    m = min(math.floor(math.sqrt(n) + 0.5), most) if window is None else window
    if isinstance(m, bool) or not isinstance(m, (int, np.integer)) or not 1 <= m <= most:
        raise ParameterError(f"window: a whole number from 1 to {most} for {n} observations, got {m!r}.")
    ends, name = _WINDOWED[method]
    low, high, added = ends(n, int(m))
    gap = x[high] - x[low]
    ties = 1.0 - (1 + np.count_nonzero(np.diff(x))) / n
    said = f"entropy of the sample: {100 * ties:.2g} % of the observations repeat others"
    if not np.all(gap > 0):
        raise DataError(f"{said}, so that spacings vanish. {_TIES_ADVICE}")
    flags = ["few_observations"] if n < FEW_OBSERVATIONS else []
    error = None
    if ties > MOST_TIES:
        step = rounding_step(x)
        if step == 0:
            raise DataError(f"{said}, though they lie on no grid: a continuous law has no ties. {_TIES_ADVICE}")
        error = float(np.mean(np.square(step / gap))) / 12
        if error > MOST_ROUNDING_ERROR:
            raise DataError(
                f"{said}; they look rounded to multiples of {step:.6g}, too coarse for spacings. {_TIES_ADVICE}"
            )
        flags.append("ties")
    # All estimators by spacings share the variance of log p(x) to first order, which the wide windows of these smooth.
    terms = spacing_entropy(Sample(x))
    se = None if terms.estimate is None else terms.estimate.se
    value = float(np.mean(np.log(gap) + added))
    return Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        error=error,
        method=f"{name}, window {m}",
        flags=tuple(flags),
        reason=None if se is not None else _reason(terms),
    )


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

    first, second = (_observations(_sample(data, name), name) for data, name in ((x, "x"), (y, "y")))
    d = first.shape[1]
    if second.shape[1] != d:
        raise DataError(f"x has {d} numbers an observation and y {second.shape[1]}; give both the same columns.")
    n, m = len(first), len(second)
    if n < 2:
        raise DataError("x: one observation has no neighbour; two or more are needed.")
    if k is not None:
        _check_neighbours(k, min(n - 1, m))
    steps_x, steps_y = _rounding(first, "x"), _rounding(second, "y")
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
        error = _check_rounding(0.5 * d * float(np.mean(effect)), "x, y")
        flags.append("ties")
    if d >= NOT_ROOT_N:
        flags.append("not_root_n")
    if _share_outside(tree, other, nearest) > _MOST_OUTSIDE:
        flags.append("x_outside_y")

    value = float(np.mean(terms)) + math.log(m / (n - 1))

    def of_subsample(fraction: float, generator: np.random.Generator) -> float:
        rows_x, rows_y = (_some_rows(count, fraction, generator) for count in (n, m))
        parts = _divergence_terms(d, *_distances(z_x[rows_x], cKDTree(z_y[rows_y]), k)[:2], k)
        return float(np.mean(parts[0])) + math.log(len(rows_y) / (len(rows_x) - 1))

    se, reason = _subsampled_se(of_subsample, (n, m), (k or LEAST_NEIGHBOURS) + 1, rng)
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
    own = cKDTree(x).query(x, k=np.arange(2, min(most + 1, len(x)) + 1), workers=_workers(x))[0]
    other, nearest = y.query(x, k=np.arange(1, min(most, y.n) + 1), workers=_workers(x))
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


# --- mutual information -----------------------------------------------------------------------------------------------


def mutual_information_of_sample(
    x: Any, y: Any, *, k: int | None = None, method: str | None = None, rng: Any = None
) -> Estimate:
    r"""Estimate the mutual information of x and y, observed in pairs, from numbers of neighbours.

    With the largest of all differences of coordinates as the distance, :math:`\varepsilon_i` that of pair i to its k-th
    neighbour, and :math:`n_x(i)` the number of other x at a distance of less than :math:`\varepsilon_i`:

    .. math:: \hat I_1 = \psi(k) + \psi(n) - \frac1n\sum_i [\psi(n_x(i) + 1) + \psi(n_y(i) + 1)]

    and, n_x being the number of other x no farther than the farthest in x of the k neighbours, n_y likewise:

    .. math:: \hat I_2 = \psi(k) - \frac1k + \psi(n) - \frac1n\sum_i [\psi(n_x(i)) + \psi(n_y(i))]

    Source: Kraskov, Stögbauer & Grassberger (2004), Phys. Rev. E 69, 066138, equations 8 and 9. Columns are divided by
    their standard deviations first.

    Both take the density for constant over the box of the k neighbours, and so saturate near log n where the pairs lie
    close to a line. Method ``"lnc"``, for pairs of numbers, subtracts from the second the mean log of the share of this
    box that the neighbours fill, the box along their principal axes standing for that, where it is below one half (Gao,
    Ver Steeg & Galstyan 2015, Proc. Mach. Learn. Res. 38, 277-286, section 4; the threshold is ours).

    Parameters
    ----------
    x, y : array_like of shape (n,) or (n, d)
        Row i of both is pair i.
    k : int, optional
        Neighbours: more have less variance and more bias. By default 3, and 5 for "lnc".
    method : {"ksg1", "ksg2", "lnc"}, optional
        By default the first, and for pairs of numbers "lnc" where that still rises with their number.
    rng : None, int or numpy.random.Generator
        Of the standard error; the value has nothing random.

    Returns
    -------
    Estimate
        In nats. It may be negative, by chance, where x and y are nearly independent, and stays so. The standard error
        is from 50 subsamples of the pairs without replacement (of half of them, or fewer of many). Flags:
        ``indistinguishable_from_zero``; ``ties`` for rounded data; ``not_root_n`` from four dimensions of x and y
        together; ``few_observations``; ``strong_dependence`` where "lnc" was chosen, whose interval allows for a bias
        of 0.15 beside the standard error; ``saturated`` where the value still rises with the number of pairs, so that
        it is a lower bound and the interval has no upper end. Infinite where x and y determine each other along lines
        to the last digit.

    Raises
    ------
    DataError
        If x and y are not pairs, or a column is constant or so tied that distances vanish or numbers of neighbours
        depend on the grid.
    ParameterError
        If there is no such method, or there are not k neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000))
    >>> print(mutual_information_of_sample(x, x + noise, rng=0))  # log(2) / 2 = 0.347
    0.357346 ± 0.041 nat, 95% in (0.2776, 0.4371)
    """
    if method is not None:
        options.choice(method, "method", tuple(_MI_TERMS))
    first, second = (_observations(_sample(data, name), name) for data, name in ((x, "x"), (y, "y")))
    n = len(first)
    if len(second) != n:
        raise DataError(f"x has {n} observations and y {len(second)}; mutual information is of pairs.")
    if n < 2:
        raise DataError("x, y: one pair has no neighbour; two or more are needed.")
    _check_neighbours(3 if k is None else k, n - 1)
    steps = [_rounding(first, "x"), _rounding(second, "y")]
    # In order of a coordinate, neighbouring rows ask for the same part of a tree, which is faster.
    order = np.argsort(first[:, 0])
    first, second = first[order], second[order]
    scaled = []
    for rows, name in ((first, "x"), (second, "y")):
        sd = rows.std(axis=0)
        constant = np.flatnonzero(np.ptp(rows, axis=0) == 0)
        if len(constant):
            raise DataError(
                f"{name}: column {constant[0]} is constant, so it has no density, and shares no information."
            )
        scaled.append((rows - rows.mean(axis=0)) / sd)
    generator = options.generator(rng)
    found = _of_pairs(scaled[0], scaled[1], method or "ksg1", k, generator)
    distance, k = found.distance, found.k
    if not np.all(distance > 0):
        raise DataError(
            f"{np.count_nonzero(distance == 0)} of {n} pairs equal {k} others, so that distances vanish: laws with "
            "densities have no ties. For counts or categories use mutual_information(counts=...)."
        )
    flags = ["few_observations"] if n < FEW_OBSERVATIONS else []
    error = None
    if any(np.any(step > 0) for step in steps):
        # On a grid, an open interval of half-width ε = j steps has 2 j - 1 points where 2 j steps fit: a share of
        # step / (2 ε) is missing from the number of neighbours in each column.
        widths = sum(float(np.sum(step / rows.std(axis=0))) for step, rows in zip(steps, (first, second), strict=True))
        missing = widths * float(np.mean(0.5 / distance))
        error = _check_rounding(missing, "x, y")
        flags.append("ties")
    if scaled[0].shape[1] + scaled[1].shape[1] >= NOT_ROOT_N:
        flags.append("not_root_n")
    of_numbers = scaled[0].shape[1] + scaled[1].shape[1] == 2
    if method is None and found.saturates and of_numbers and n > 2 * _LNC_NEIGHBOURS:
        found = _of_pairs(scaled[0], scaled[1], "lnc", None, generator)
        flags.insert(0, "strong_dependence")
    if found.value == math.inf:
        reason = "x and y determine each other, as far as double numbers show"
        return Estimate(value=math.inf, method=found.name, flags=tuple(flags), reason=reason)
    se = found.se
    interval, near_zero = around_divergence(found.value, se)
    if found.saturates and se is not None:
        # The value still rises with the number of pairs: it is a lower bound, and no end above it is known.
        flags.insert(0, "saturated")
        interval, near_zero = (found.value - Z95 * se, math.inf), ()
    elif found.name == _MI_TERMS["lnc"] and se is not None:
        spread = math.hypot(se, _LNC_BIAS)
        interval = (found.value - Z95 * spread, found.value + Z95 * spread)
    return Estimate(
        value=found.value,
        se=se,
        interval=interval,
        error=error,
        method=f"{found.name}, k = {found.k}; standard error from subsamples",
        flags=(*near_zero, *flags),
        reason=found.reason,
    )


@dataclass(frozen=True)
class _OfPairs:
    """What one method says of all pairs and of subsamples of them."""

    value: float
    distance: Array
    se: float | None
    reason: str | None
    rise: float
    name: str
    k: int

    @property
    def saturates(self) -> bool:
        """Whether the value rises with the log of the number of pairs, as where they are too few to resolve it."""
        return self.rise > _SATURATION


def _of_pairs(x: Array, y: Array, method: str, k: int | None, generator: np.random.Generator) -> _OfPairs:
    n = len(x)
    if method == "lnc" and x.shape[1] + y.shape[1] > 2:
        raise ParameterError('method: "lnc" is for pairs of numbers, not of vectors.')
    if k is None:
        k = _LNC_NEIGHBOURS if method == "lnc" else 3
    _check_neighbours(k, n - 1)
    if method == "lnc" and k < 2:
        raise ParameterError(f'k: "lnc" needs two neighbours or more to see a direction; got {k}.')

    def terms_of(rows: Rows | slice) -> tuple[Array, Array]:
        if method == "lnc":
            return _lnc_terms(x[rows], y[rows], k)
        return _ksg_terms(x[rows], y[rows], k, method)

    terms, distance = terms_of(slice(None))
    value = float(np.mean(terms))
    if not math.isfinite(value):
        return _OfPairs(value, distance, None, None, 0.0, _MI_TERMS[method], k)
    drawn: list[float] = []
    shares: list[float] = []

    def of_subsample(fraction: float, generator: np.random.Generator) -> float:
        drawn.append(float(np.mean(terms_of(_some_rows(n, fraction, generator))[0])))
        shares.append(fraction)
        return drawn[-1]

    se, reason = _subsampled_se(of_subsample, (n,), k + 1, generator)
    rise = (value - float(np.mean(drawn))) / -math.log(shares[0]) if drawn else 0.0
    return _OfPairs(value, distance, se, reason, rise, _MI_TERMS[method], k)


def _lnc_terms(x: Array, y: Array, k: int) -> tuple[Array, Array]:
    """Terms of KSG 2 less the log-volume that the k neighbours do not fill; and the distance to the k-th.

    The neighbours of each pair lie in a box along the axes, over which KSG takes the density for constant, and in one
    along their principal axes. Where the second is much smaller, the pairs lie along a line, and it is what they fill.
    """
    terms, distance = _ksg_terms(x, y, k, "ksg2")
    from scipy.spatial import cKDTree

    pairs = np.hstack([x, y])
    nearest = cKDTree(pairs).query(pairs, k=np.arange(2, k + 2), p=np.inf, workers=_workers(x))[1]
    away = pairs[nearest] - pairs[:, None]
    axes = np.linalg.svd(away, full_matrices=False)[2]
    along_axes = np.abs(away).max(axis=1)
    along_principal = np.abs(np.einsum("nkd,ned->nke", away, axes)).max(axis=1)
    # A width of the order of the rounding of the coordinates is none.
    along_principal[along_principal <= 16 * np.finfo(float).eps * np.abs(pairs).max()] = 0.0
    with np.errstate(divide="ignore"):
        unfilled = np.log(along_principal).sum(axis=1) - np.log(along_axes).sum(axis=1)
    return terms - np.where(unfilled < math.log(_LNC_SHARE), unfilled, 0.0), distance


def _ksg_terms(x: Array, y: Array, k: int, method: str) -> tuple[Array, Array]:
    """Terms of the mean, and the distance of every pair to its k-th neighbour."""
    from scipy.spatial import cKDTree

    n = len(x)
    tree = cKDTree(np.hstack([x, y]))
    if method == "ksg1":
        distance = np.asarray(tree.query(tree.data, k=[k + 1], p=np.inf, workers=_workers(x))[0])[:, 0]
        counts = [_count_neighbours(part, distance, closed=False) for part in (x, y)]
        terms = special.psi(k) + special.psi(n) - special.psi(counts[0] + 1.0) - special.psi(counts[1] + 1.0)
        return np.asarray(terms), distance
    found, nearest = tree.query(tree.data, k=np.arange(1, k + 2), p=np.inf, workers=_workers(x))
    reach = [np.abs(part[nearest] - part[:, None]).max(axis=(1, 2)) for part in (x, y)]
    counts = [_count_neighbours(part, r, closed=True) for part, r in zip((x, y), reach, strict=True)]
    terms = special.psi(k) - 1.0 / k + special.psi(n) - special.psi(counts[0]) - special.psi(counts[1])
    return np.asarray(terms), np.asarray(found)[:, -1]


def _count_neighbours(x: Array, radius: Array, *, closed: bool) -> Array:
    """How many other rows are within the radius of each, those at exactly this distance included if ``closed``."""
    n, d = x.shape
    if not closed:
        radius = np.nextafter(radius, 0.0)
    if d > 1:
        from scipy.spatial import cKDTree

        inside = cKDTree(x).query_ball_point(x, radius, p=np.inf, return_length=True, workers=_workers(x))
        return np.asarray(inside - 1, dtype=float)
    order = np.argsort(x[:, 0])
    column, radius = x[order, 0], radius[order]
    low = np.searchsorted(column, column - radius, side="left")
    high = np.searchsorted(column, column + radius, side="right")
    # Sums are rounded; what counts are the differences, from which the tree had the radius.
    while np.any(move := (low > 0) & (column - column[low - 1] <= radius)):
        low[move] -= 1
    while np.any(move := column - column[low] > radius):
        low[move] += 1
    while np.any(move := (high < n) & (column[np.minimum(high, n - 1)] - column <= radius)):
        high[move] += 1
    while np.any(move := column[high - 1] - column > radius):
        high[move] -= 1
    number = np.empty(n)
    number[order] = high - low - 1
    return number


def _workers(x: Array) -> int:
    """All processors for many rows; of few, threads take longer to start than to answer."""
    return -1 if len(x) > SKETCH_ROWS else 1


# --- standard errors from subsamples ----------------------------------------------------------------------------------


def _some_rows(n: int, fraction: float, generator: np.random.Generator) -> Rows:
    """Rows drawn without replacement."""
    return np.asarray(generator.choice(n, size=round(fraction * n), replace=False), dtype=np.intp)


def _subsampled_se(
    estimate: Callable[[float, np.random.Generator], float], sizes: tuple[int, ...], least: int, rng: Any
) -> tuple[float | None, str | None]:
    """Standard error of an estimate with variance proportional to 1/n, from its spread over subsamples.

    Parameters
    ----------
    estimate : callable
        Estimate from a random fraction of the rows of every sample.
    sizes : tuple of int
        Rows of every sample.
    least : int
        Rows that every subsample needs for an estimate.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    se : float or None
    reason : str or None
        Why there is none.

    Notes
    -----
    A fraction f drawn without replacement varies about the whole sample with variance (1/f - 1) σ²/n, so that a half
    has the standard error itself: see Politis, Romano & Wolf (1999), Subsampling.
    """
    smallest = min(sizes)
    if smallest < 2 * max(least, 5):
        return None, f"{smallest} observations are too few for subsamples of {max(least, 5)}"
    fraction = min(0.5, max(SUBSAMPLE_ROWS / sum(sizes), 10 * least / smallest))
    generator = options.generator(rng)
    found = [estimate(fraction, generator) for _ in range(SUBSAMPLES)]
    return float(np.std(found, ddof=1)) * math.sqrt(fraction / (1 - fraction)), None
