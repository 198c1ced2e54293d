"""Entropy of counts: the plug-in, and the estimators that correct it for what was not seen.

All of them depend on the counts through few numbers: the distinct counts, how many cells have each, and how many cells
there are. Sums therefore run over distinct counts, of which n observations have less than sqrt(2 n).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import FEW_PER_CELL, around, weighted_se

Terms = tuple[float, Callable[[Array], Array]]
"""An estimator as a constant and a term of a count: its value is the constant plus the sum of terms over seen cells."""

_POSTERIOR_LOG_DROP = 45.0
"""How far below its maximum, in nats, the log-density of log β is left out: exp(-45) = 3e-20."""

_POSTERIOR_TOLERANCE = np.array([1e-9, 1e-6])
"""Relative change of the posterior mean and variance at which the step is halved no more; the error is then its square.
The log-likelihood of n observations is rounded at n times that of one, and no less can be asked of the variance."""

_MOST_POSTERIOR_NODES = 2**14


def entropy_of_counts(counts: Any, method: str = "plug-in") -> Estimate:
    r"""Estimate the entropy of a discrete law from how often each of its values was seen.

    Parameters
    ----------
    counts : array_like of shape (K,)
        Whole numbers, not negative. A value that is possible but was not seen counts 0: it matters to the methods that
        use K, which are "jeffreys", "laplace", "james-stein" and "nsb".
    method : str
        With n observations, shares :math:`\hat p_k = n_k / n`, and f1 values seen once, f2 twice:

        - ``"plug-in"``: :math:`-\sum \hat p_k \log \hat p_k`, about (K - 1) / (2 n) too low;
        - ``"miller-madow"``: plug-in + (values seen - 1) / (2 n) (Miller 1955);
        - ``"jeffreys"``, ``"laplace"``: the plug-in of :math:`(n_k + a) / (n + a K)`, a = 1/2 and 1;
        - ``"grassberger"``: :math:`\log n - \frac1n \sum n_k G(n_k)`,
          :math:`G(n) = \psi(n) + \frac{(-1)^n}2 [\psi(\frac{n+1}2) - \psi(\frac n2)]` (Grassberger 2003,
          arXiv:physics/0307138);
        - ``"chao-shen"``: shares times the coverage 1 - f1 / n, each term over its chance to be seen (Chao & Shen 2003,
          Environ. Ecol. Stat. 10, 429-443);
        - ``"chao-wang-jost"``: from the slope of the curve of new values against n (Chao, Wang & Jost 2013, Methods
          Ecol. Evol. 4, 1091-1100);
        - ``"james-stein"``: shares shrunk towards 1/K, by as much as the data say (Hausser & Strimmer 2009, J. Mach.
          Learn. Res. 10, 1469-1484);
        - ``"nsb"``: posterior mean under a mixture of symmetric Dirichlet priors that makes the prior of the entropy
          nearly flat (Nemenman, Shafee & Bialek 2002, Adv. Neural Inf. Process. Syst. 14).

    Returns
    -------
    Estimate
        In nats. The standard error is from the delta method ("plug-in", "jeffreys", "laplace", "james-stein"), the
        jackknife over observations ("miller-madow", "grassberger", "chao-shen", "chao-wang-jost"), or is the posterior
        standard deviation ("nsb"); none of them holds the bias. Flags: ``undersampled`` below five observations a
        value seen; ``mostly_unseen`` where more values were missed than seen, by Chao's estimate
        f1 (f1 - 1) / (2 (f2 + 1)) or, for methods that use K, by the counts of 0; ``prior_dominates`` where
        pseudo-counts, or the target of shrinkage, outweigh the data.

    Raises
    ------
    DataError
        If a count is negative, missing or not a whole number, or all are 0.
    ParameterError
        If there is no such method, or "nsb" is asked for a single value.

    Notes
    -----
    "miller-madow" is for many observations a value; "chao-shen", "chao-wang-jost" and "grassberger" for few; "nsb" for
    few observations of a law whose number of values is known.

    Examples
    --------
    >>> entropy_of_counts([4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1], "miller-madow")
    Estimate(2.15259 ± 0.19 nat, 95% in (1.774, 2.531); Miller-Madow; undersampled)
    """
    table = _Table.of(counts)
    if method == "plug-in":
        return _plug_in(table)
    if method in ("jeffreys", "laplace"):
        return _with_pseudo_counts(table, *{"jeffreys": (0.5, "Jeffreys"), "laplace": (1.0, "Laplace")}[method])
    if method in _CORRECTED:
        terms, name = _CORRECTED[method]
        return _estimate(table, _sum_of_terms(terms(table.summary), table), _jackknife_se(terms, table), name)
    if method == "grassberger":
        return _grassberger(table)
    if method == "james-stein":
        return _james_stein(table)
    if method == "nsb":
        return _nsb(table)
    known = ["plug-in", "jeffreys", "laplace", "grassberger", *_CORRECTED, "james-stein", "nsb"]
    raise ParameterError(f"unknown method {method!r} for the entropy of counts; choose {', '.join(known)}.")


@dataclass(frozen=True)
class _Summary:
    """What the corrections know of all cells together; numbers are of observations (n) and of cells."""

    n: float
    seen: float
    once: float
    twice: float


@dataclass(frozen=True)
class _Table:
    """A column of counts, by its distinct counts.

    Attributes
    ----------
    rows : ndarray of shape (K,)
        The counts as given.
    count, cells : ndarray of shape (U,)
        The distinct counts above 0, and how many cells have each.
    """

    rows: Array
    count: Array
    cells: Array

    @classmethod
    def of(cls, counts: Any) -> _Table:
        rows, _ = to_column(counts, "counts")
        if len(rows) == 0:
            raise DataError("counts: there are none.")
        wrong = np.flatnonzero(~(np.isfinite(rows) & (rows >= 0) & (rows == np.floor(rows))))
        if len(wrong):
            raise DataError(
                f"counts: {len(wrong)} of {len(rows)} are not whole numbers from 0; the first is counts[{wrong[0]}] = "
                f"{rows[wrong[0]]:g}. For probabilities use entropy(p), for measurements entropy(sample=x)."
            )
        if not rows.any():
            raise DataError(f"counts: all {len(rows)} are 0, so nothing was observed.")
        count, cells = np.unique(rows[rows > 0], return_counts=True)
        return cls(rows, count, cells.astype(float))

    @property
    def n(self) -> float:
        return float(np.sum(self.cells * self.count))

    @property
    def n_cells(self) -> int:
        return len(self.rows)

    @property
    def summary(self) -> _Summary:
        cells_with = dict(zip(self.count.tolist(), self.cells.tolist(), strict=True))
        return _Summary(self.n, float(self.cells.sum()), cells_with.get(1.0, 0.0), cells_with.get(2.0, 0.0))


def _estimate(
    table: _Table,
    value: float,
    se: float | None,
    name: str,
    *,
    weight_of_data: float = 1.0,
    reason: str | None = None,
) -> Estimate:
    """Put flags to a value, and a reason where its standard error says nothing.

    Parameters
    ----------
    weight_of_data : float
        Weight of the observed shares where they are averaged with others.
    """
    about = table.summary
    if reason is not None:
        se = None
    elif about.n == 1:
        se, reason = None, "one observation"
    elif about.seen == 1:
        se, reason = None, "one value seen, which says nothing about the spread of the entropy"
    elif se is not None:
        # Every law has the second-order variance (K - 1) / (2 n²); the first-order one is 0 for equal shares.
        se = max(se, weight_of_data**2 * math.sqrt((about.seen - 1) / 2) / about.n)
    flags = _flags(table, uses_cells=weight_of_data < 1) + (("prior_dominates",) if weight_of_data < 0.5 else ())
    return Estimate(value=value, se=se, interval=around(value, se), method=name, flags=flags, reason=reason)


def _plug_in(table: _Table) -> Estimate:
    """Entropy of the observed shares, as `counts_entropy` of the observations has it."""
    seen = table.rows[table.rows > 0]
    sample = Sample.table(np.arange(len(seen)), seen)
    share = seen / sample.nobs
    log_share = np.log(share)
    value = 0.0 - math.fsum((share * log_share).tolist())  # 0, not -0, for a single value
    return _estimate(table, value, weighted_se(log_share, sample), "plug-in")


def _flags(table: _Table, *, uses_cells: bool) -> tuple[str, ...]:
    about = table.summary
    missed = about.once * (about.once - 1) / (2 * (about.twice + 1))
    if uses_cells:
        missed = max(missed, table.n_cells - about.seen)
    flags = []
    if about.n < FEW_PER_CELL * about.seen:
        flags.append("undersampled")
    if missed > about.seen:
        flags.append("mostly_unseen")
    return tuple(flags)


# --- shares with pseudo-counts, and shrunk ones -----------------------------------------------------------------------


def _entropy_of_shares(share: Array, cells: Array) -> float:
    return 0.0 - math.fsum((cells * special.xlogy(share, share)).tolist())


def _spread(influence: Array, table: _Table) -> float:
    """Standard error from the influence of one more observation in a cell: its standard deviation over sqrt(n)."""
    mass = table.cells * table.count / table.n
    centre = float(np.sum(mass * influence))
    return math.sqrt(float(np.sum(mass * np.square(influence - centre))) / table.n)


def _with_pseudo_counts(table: _Table, a: float, name: str) -> Estimate:
    """Entropy of the posterior mean of the shares under a symmetric Dirichlet prior."""
    total = table.n + a * table.n_cells
    share = (table.count + a) / total
    empty = table.n_cells - table.summary.seen
    value = _entropy_of_shares(np.append(share, a / total), np.append(table.cells, empty))
    weight = table.n / total
    se = weight * _spread(np.log(share), table)
    return _estimate(table, value, se, f"{name} pseudo-counts", weight_of_data=weight)


def _james_stein(table: _Table) -> Estimate:
    r"""Shares shrunk to 1/K with the weight λ = (1 - Σp²) / ((n - 1) Σ(1/K - p)²), at most 1.

    The derivative of the entropy of q = λ / K + (1 - λ) p to p_i has the part -(1 - λ) log q_i of the share and, as λ
    depends on S = Σp², the part -Σ_j log q_j (1/K - p_j) · dλ/dS · 2 p_i.
    """
    n, target = table.n, 1.0 / table.n_cells
    share = table.count / n
    empty = table.n_cells - table.summary.seen
    cells, all_shares = np.append(table.cells, empty), np.append(share, 0.0)
    distance = float(np.sum(cells * np.square(all_shares - target)))
    spread = float(np.sum(cells * all_shares * (1.0 - all_shares)))
    shrunk_fully = spread >= (n - 1) * distance
    weight = 1.0 if shrunk_fully else spread / ((n - 1) * distance)
    shrunk = weight * target + (1 - weight) * all_shares
    value = _entropy_of_shares(shrunk, cells)
    name = f"James-Stein shrinkage, weight of 1/K {weight:.3g}"
    if weight == 0:  # one value seen, from which nothing can be shrunk
        return _estimate(table, value, None, name)
    if shrunk_fully:
        reason = "the shares are shrunk to 1/K wholly, so that nothing of their spread is left"
        return _estimate(table, value, None, name, weight_of_data=0.0, reason=reason)
    slope = -(1.0 + (n - 1) * weight) / ((n - 1) * distance)  # dλ/dS
    towards = float(np.sum(cells * special.xlogy(target - all_shares, shrunk)))
    influence = -(1 - weight) * np.log(shrunk[:-1]) - towards * slope * 2 * share
    return _estimate(table, value, _spread(influence, table), name, weight_of_data=1 - weight)


# --- sums of a term of each count -------------------------------------------------------------------------------------


def _miller_madow(about: _Summary) -> Terms:
    def term(count: Array) -> Array:
        return np.asarray(special.entr(count / about.n))

    return (about.seen - 1) / (2 * about.n), term


def _digamma(about: _Summary) -> Terms:
    def term(count: Array) -> Array:
        return np.asarray(-count * special.psi(count) / about.n)

    return math.log(about.n), term


def _chao_shen(about: _Summary) -> Terms:
    # Were all seen once, the coverage would be estimated as 0: take one of them for seen again, as R's entropy does.
    once = about.once if about.once < about.n else about.n - 1
    coverage = 1.0 - once / about.n

    def term(count: Array) -> Array:
        share = coverage * count / about.n
        chance_to_be_seen = -np.expm1(special.xlog1py(about.n, -share))  # 1 - (1 - p)^n
        return np.asarray(special.entr(share) / chance_to_be_seen)

    return 0.0, term


def _chao_wang_jost(about: _Summary) -> Terms:
    def term(count: Array) -> Array:
        return np.asarray(count / about.n * (special.psi(about.n) - special.psi(count)))

    return _unseen_entropy(about), term


def _unseen_entropy(about: _Summary) -> float:
    r"""What Chao, Wang & Jost add for values not seen.

    .. math:: \frac{f_1}{n} (1 - A)^{1 - n} \Big[-\log A - \sum_{r<n} \frac{(1 - A)^r}r\Big]
              = \frac{f_1}{n} \sum_{s \ge 0} \frac{(1 - A)^{s+1}}{n + s}
              = \frac{f_1 (1 - A)}{n^2} \int_0^\infty \frac{e^{-v}\,dv}{1 - (1 - A) e^{-v/n}}

    The first form cancels, the second may need n² terms. In the third the integrand is smooth in log v, with its
    nearest poles at a distance of π from the real line, so that the trapezoidal rule with steps of 1/8 is exact to
    rounding.
    """
    n, f1, f2 = about.n, about.once, about.twice
    if f1 == 0 or n == 1:
        return 0.0
    if f2 > 0:
        singletons, pairs = (n - 1) * f1, 2 * f2
    else:
        singletons, pairs = (n - 1) * (f1 - 1), 2.0
    a, complement = pairs / (singletons + pairs), singletons / (singletons + pairs)
    step = 0.125
    log_v = np.arange(math.log(min(n * a, 1.0)) - 40.0, math.log(750.0), step)
    v = np.exp(log_v)
    integral = step * float(np.sum(np.exp(log_v - v) / (a - complement * np.expm1(-v / n))))
    return f1 * complement / n**2 * integral


_CORRECTED: dict[str, tuple[Callable[[_Summary], Terms], str]] = {
    "miller-madow": (_miller_madow, "Miller-Madow"),
    "chao-shen": (_chao_shen, "Chao-Shen"),
    "chao-wang-jost": (_chao_wang_jost, "Chao-Wang-Jost"),
}


def _grassberger(table: _Table) -> Estimate:
    """The digamma estimator, with a term that alternates in sign between even and odd counts.

    To leave an observation out turns that sign, which says nothing of its variance: the signs of different cells are
    nearly independent and each has about 1/2 with it, so that they add their number over 4 n² to the variance.
    """
    about = table.summary
    sign = np.where(table.count % 2 == 0, 1.0, -1.0)
    half = 0.5 * table.count * sign * (special.psi((table.count + 1) / 2) - special.psi(table.count / 2))
    value = _sum_of_terms(_digamma(about), table) - math.fsum((table.cells * half).tolist()) / about.n
    se = _jackknife_se(_digamma, table)
    if se is not None:
        se = math.hypot(se, 0.5 * math.sqrt(about.seen) / about.n)
    return _estimate(table, value, se, "Grassberger 2003")


def _sum_of_terms(terms: Terms, table: _Table) -> float:
    constant, term = terms
    return constant + math.fsum((table.cells * term(table.count)).tolist())


def _jackknife_se(estimator: Callable[[_Summary], Terms], table: _Table) -> float | None:
    """Standard error from leaving out each observation in turn; None where all are of one value.

    An observation left out of a cell with count c turns the term of c into that of c - 1; the terms of all others
    change with the summary, which is the same for all c but 1, 2 and 3.
    """
    about = table.summary
    if about.seen == 1:
        return None
    n = about.n - 1
    without = {
        1: _Summary(n, about.seen - 1, about.once - 1, about.twice),
        2: _Summary(n, about.seen, about.once + 1, about.twice - 1),
        3: _Summary(n, about.seen, about.once, about.twice + 1),
        4: _Summary(n, about.seen, about.once, about.twice),
    }
    left_out = np.empty(len(table.count))
    for least, summary in without.items():
        here = table.count >= 4 if least == 4 else table.count == least
        if not here.any():
            continue
        terms = estimator(summary)
        count = table.count[here]
        fewer = terms[1](np.maximum(count - 1, 1.0)) if least > 1 else 0.0
        left_out[here] = _sum_of_terms(terms, table) - terms[1](count) + fewer
    observations = table.cells * table.count
    centre = float(np.sum(observations * left_out)) / about.n
    return math.sqrt(n / about.n * float(np.sum(observations * np.square(left_out - centre))))


# --- the mixture of Dirichlet priors ----------------------------------------------------------------------------------


def _nsb(table: _Table) -> Estimate:
    r"""Posterior mean and standard deviation of the entropy under the prior of Nemenman, Shafee & Bialek.

    Given β, the pseudo-count of every cell, the moments are those of Wolpert & Wolf (1995), Phys. Rev. E 52, 6841. The
    density of β is that which makes the prior mean of the entropy, ψ(K β + 1) - ψ(β + 1), uniform; it is integrated
    over log β by the trapezoidal rule, which on a smooth density that decays at both ends converges faster than any
    power of the step.
    """
    if table.n_cells == 1:
        raise ParameterError("nsb: the prior needs two values or more; give a count of 0 to those not seen.")
    low, high = _posterior_range(table)
    before, change, nodes = np.full(2, np.inf), math.inf, 129
    while change > 1.0 and nodes < _MOST_POSTERIOR_NODES:
        moments = _posterior_moments(np.linspace(low, high, nodes), table)
        change = float(np.max(np.abs(moments - before) / (_POSTERIOR_TOLERANCE * moments)))
        before, nodes = moments, 2 * nodes - 1
    mean, sd = float(before[0]), math.sqrt(before[1])
    return Estimate(
        value=mean,
        se=sd,
        interval=around(mean, sd),
        error=None if change <= 1.0 else mean * change * float(_POSTERIOR_TOLERANCE[0]),
        method=f"NSB, {table.n_cells} values: posterior mean and standard deviation",
        flags=_flags(table, uses_cells=True),
    )


def _posterior_range(table: _Table) -> tuple[float, float]:
    """Range of log β outside which the posterior is negligible, narrowed twice from all that could matter.

    To the left the density falls like a power of β, of at least the number of values seen, and to the right like 1/β
    from where β exceeds all counts.
    """
    low, high = -60.0, 60.0 + 2 * math.log(table.n)
    for _ in range(3):
        grid = np.linspace(low, high, 513)
        log_density = _log_posterior(grid, table)
        inside = np.flatnonzero(log_density > log_density.max() - _POSTERIOR_LOG_DROP)
        low, high = float(grid[max(inside[0] - 1, 0)]), float(grid[min(inside[-1] + 1, 512)])
    return low, high


def _log_posterior(log_beta: Array, table: _Table) -> Array:
    """Log-density of log β given the counts, up to a constant: through beta functions, which do not cancel."""
    k = table.n_cells
    beta = np.exp(log_beta)
    likelihood = special.betaln(k * beta, table.n)
    for count, cells in zip(table.count, table.cells, strict=True):
        likelihood = likelihood - cells * special.betaln(beta, count)
    return np.asarray(log_beta + np.log(_slope_of_prior_entropy(beta, k)) + likelihood)


def _slope_of_prior_entropy(beta: Array, k: int) -> Array:
    """K ψ₁(K β + 1) - ψ₁(β + 1), from its series in 1/β where the two cancel."""
    with np.errstate(over="ignore"):
        direct = k * special.polygamma(1, k * beta + 1) - special.polygamma(1, beta + 1)
        b = 1.0 / beta
        # ψ₁(z + 1) = 1/z - 1/(2 z²) + 1/(6 z³) - 1/(30 z⁵) + 1/(42 z⁷) - ...: Abramowitz & Stegun (1964), 6.4.12.
        series = b**2 * (
            (1 - 1 / k) / 2 - (1 - k**-2.0) * b / 6 + (1 - k**-4.0) * b**3 / 30 - (1 - k**-6.0) * b**5 / 42
        )
    return np.where(beta > 50, series, direct)


def _posterior_moments(log_beta: Array, table: _Table) -> Array:
    """Mean and variance of the entropy, over a grid of log β.

    Given β, with α = n_k + β and A = Σα, the variance of the entropy is
    Var[ψ(α + 1)] / (A + 1) + Σ α (α + 1) ψ₁(α + 1) / (A (A + 1)) - ψ₁(A + 1), where the first has the weights α / A:
    the second moment of Wolpert & Wolf less the square of the mean, with what cancels left out.
    """
    log_density = _log_posterior(log_beta, table)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    beta = np.exp(log_beta)
    total = table.n + table.n_cells * beta
    count = np.append(table.count, 0.0)
    cells = np.append(table.cells, table.n_cells - table.summary.seen)
    mean_psi, square_psi, curvature = np.zeros_like(beta), np.zeros_like(beta), np.zeros_like(beta)
    centre = special.psi(total / table.n_cells + 1)  # near all of them where the variance is small
    for c, number in zip(count, cells, strict=True):
        alpha = c + beta
        psi = special.psi(alpha + 1) - centre
        share = number * alpha / total
        mean_psi += share * psi
        square_psi += share * np.square(psi)
        curvature += share * (alpha + 1) / (total + 1) * special.polygamma(1, alpha + 1)
    mean = special.psi(total + 1) - centre - mean_psi
    variance = (square_psi - np.square(mean_psi)) / (total + 1) + curvature - special.polygamma(1, total + 1)
    posterior_mean = float(np.sum(weight * mean))
    spread = float(np.sum(weight * (variance + np.square(mean - posterior_mean))))
    return np.array([posterior_mean, spread])
