"""Entropy of a sample of vectors, without a model, from the distances between neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import (
    FEW_OBSERVATIONS,
    MOST_ROUNDING_ERROR,
    MOST_TIES,
    SampleEntropy,
    around,
    rounding_step,
    spacing_entropy,
    weighted_se,
)

NEIGHBOURS = 5
"""Which neighbour's distance counts: a fifth of the variance of the first one's, for little more bias."""

NOT_ROOT_N = 4
"""Dimension from which the bias, about n^(-2/d), outlasts the fluctuation, n^(-1/2) (Berrett, Samworth & Yuan 2019)."""

_ON_SIMPLEX = 1e-8
"""How far sums of positive rows may be from 1 for the rows to be shares."""

_SHARE_OF_NOISE = 0.2
"""Largest error of an entropy from rounding over that of the logs of distances between given pairs: neighbours are
chosen anew among the rounded. From simulations of normal vectors of two to five numbers."""

NO_LEVEL_ADVICE = "The difference of KL between models is exact all the same (compare them by delta_ce)."


def neighbour_entropy(sample: Sample) -> SampleEntropy:
    """Differential entropy of vectors: `kozachenko_leonenko`, but of one number, or a pair of shares, by spacings."""
    if sample.dimension == 1 or (sample.dimension == 2 and _are_shares(sample.x)):
        return spacing_entropy(sample.with_values(sample.x[:, 0], sample.weight))
    return kozachenko_leonenko(sample)


def kozachenko_leonenko(sample: Sample) -> SampleEntropy:
    r"""Differential entropy of vectors, from the distance of each to its fifth neighbour, after whitening.

    With z = L⁻¹ x, L Lᵀ being the covariance of the sample, and :math:`\varepsilon_i` the distance of z_i to its
    k-th neighbour:

    .. math:: \hat H = \psi(n) - \psi(k) + \log V_d + \frac dn \sum_i \log\varepsilon_i + \log|L|

    where V_d is the volume of the unit ball (Kozachenko & Leonenko 1987, Probl. Inf. Transm. 23, 95-101). For rows of
    shares, positive and with sum 1, the entropy is that of all shares but one, and z is made of their log-ratios to
    the last.

    Parameters
    ----------
    sample : Sample
        Of vectors.

    Returns
    -------
    SampleEntropy
        Flagged ``not_root_n`` from four dimensions, where the bias outlasts the standard error. Without an estimate,
        but with a reason, for reliability weights and for data so tied or rounded that neighbours say too little.
    """

    def unknown(reason: str, ties: float = 0.0) -> SampleEntropy:
        return SampleEntropy(estimate=None, ties=ties, reason=reason)

    rows, weight = sample.x, sample.weight
    count = round(sample.nobs)
    if weight is not None and sample.weight_kind == "reliability":
        return unknown("distances to neighbours have no place for reliability weights. " + NO_LEVEL_ADVICE)
    if weight is not None and np.any(weight != np.floor(weight)):
        return unknown("frequency weights that are not whole numbers leave no neighbours to count. " + NO_LEVEL_ADVICE)
    if count < 2:
        return unknown("the entropy of a continuous law cannot be estimated from one observation.")
    at = _Coordinates.of(rows)
    n, d = at.y.shape
    repeats = np.ones(n, dtype=np.intp) if weight is None else weight.astype(np.intp)
    away = at.y - (repeats @ at.y) / count
    # The root of the covariance from a decomposition of the data: it keeps digits that products lose.
    root = np.asarray(np.linalg.qr(away * np.sqrt(repeats / count)[:, None], mode="r"), dtype=float).T
    pivots = np.abs(np.diag(root))
    if n <= d or not np.all(pivots > 8 * np.finfo(float).eps * np.linalg.norm(root, axis=1)):
        return unknown("the rows lie in a hyperplane, so their law has no density to estimate.")
    steps, ties = rounding_of_columns(rows, count)
    said = f"{100 * ties:.2g} % of the numbers in a column repeat others"
    if np.any(np.isnan(steps)):
        return unknown(f"{said}, though they lie on no grid: a continuous law has no ties. {NO_LEVEL_ADVICE}", ties)
    k = min(NEIGHBOURS, count - 1)
    distance = _distances(np.asarray(np.linalg.solve(root, away.T), dtype=float).T, repeats, k)
    if not np.all(distance > 0):
        why = f" ({said}: rounded?)" if np.any(steps > 0) else ""
        return unknown(f"more than {k} observations are equal, so that distances vanish{why}. {NO_LEVEL_ADVICE}", ties)
    error = None
    flags = ["few_observations"] if count < FEW_OBSERVATIONS else []
    if np.any(steps > 0):
        # Rounding to a step s adds an error of variance s²/6 to a difference; here it is in whitened coordinates.
        white = np.sum(np.square(np.linalg.solve(root, at.directions)), axis=0)
        noise = np.square(at.slopes * steps) @ white / 6
        error = _SHARE_OF_NOISE * float(repeats @ (0.5 * d * noise / np.square(distance))) / count
        flags.append("ties")
        if error > MOST_ROUNDING_ERROR:
            said += f"; the data look rounded, too coarsely for distances between {count} observations"
            return unknown(f"{said}. {NO_LEVEL_ADVICE}", ties)
    if d >= NOT_ROOT_N:
        flags.append("not_root_n")
    log_volume = 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1)
    log_unit = log_volume + float(np.sum(np.log(pivots)))
    log_density = special.psi(k) - special.psi(count) - log_unit - d * np.log(distance) + at.log_slope
    value = -float(repeats @ log_density) / count
    se = weighted_se(log_density, sample)
    estimate = Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        error=error,
        method=f"distance to neighbour {k} of whitened {at.name}",
        flags=tuple(flags),
    )
    return SampleEntropy(estimate=estimate, log_density=log_density, ties=ties)


@dataclass(frozen=True)
class _Coordinates:
    """Where distances are measured: the rows themselves or, of shares, their log-ratios to the last.

    Attributes
    ----------
    y : ndarray of shape (n, d)
    log_slope : ndarray of shape (n,)
        Log of the volume of y for that of x.
    directions, slopes : ndarray of shape (d, D), (n, D)
        A change of number j of row i moves y by ``slopes[i, j] * directions[:, j]``.
    """

    y: Array
    log_slope: Array
    directions: Array
    slopes: Array
    name: str

    @classmethod
    def of(cls, x: Array) -> _Coordinates:
        n, d = x.shape
        if _are_shares(x):
            logs = np.log(x)
            directions = np.hstack([np.eye(d - 1), -np.ones((d - 1, 1))])
            return cls(logs[:, :-1] - logs[:, -1:], -logs.sum(axis=1), directions, 1 / x, "log-ratios")
        return cls(x, np.zeros(n), np.eye(d), np.ones((n, d)), "rows")


def _are_shares(x: Array) -> bool:
    return bool(np.all(x > 0) and np.all(np.abs(x.sum(axis=1) - 1) <= _ON_SIMPLEX))


def rounding_of_columns(x: Array, count: int) -> tuple[Array, float]:
    """Step to which each column is rounded, 0 without ties and NaN without a grid; and the largest share of ties."""
    steps = np.zeros(x.shape[1])
    most = 0.0
    for k, column in enumerate(x.T):
        ordered = np.sort(column)
        ties = 1.0 - (1 + np.count_nonzero(np.diff(ordered))) / count
        if ties > MOST_TIES:
            steps[k] = rounding_step(ordered) or np.nan
        most = max(most, ties)
    return steps, most


def _distances(z: Array, repeats: np.ndarray[Any, np.dtype[np.intp]], k: int) -> Array:
    """Distance of each row to its k-th neighbour, other observations in the same place counting."""
    from scipy.spatial import cKDTree

    # In order of a coordinate, neighbouring rows ask for the same part of the tree: three times as fast for d = 1.
    order = np.argsort(z[:, 0], kind="stable")
    tree = cKDTree(np.repeat(z[order], repeats[order], axis=0))
    distance = np.empty(len(z))
    distance[order] = np.asarray(tree.query(z[order], k=[k + 1], workers=-1)[0])[:, 0]
    return distance
