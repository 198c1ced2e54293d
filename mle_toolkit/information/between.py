r"""Divergences between two distributions.

In this order: a form of one family or of its images under bijections; expected sufficient statistics; for what is left,
quadrature or summation of non-negative terms of log-densities, with a bound of the error; for vectors, and for what
does not settle, means over random numbers with their standard error. Before all, where p has mass and q none, the
divergence of Kullback and Leibler is infinite, and the result says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.expectations import ONE, Statistic, Terms
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.integrals import Total, integral, smooth_sums_over_integers, sum_over_integers
from mle_toolkit.information.model_free import around
from mle_toolkit.information.pointwise import JEFFREYS, KL, Divergence
from mle_toolkit.information.same_law import divergence_within, in_unit_of, mapped

_MOST_CANCELLATION = 1e-10
"""Rounding error of a closed form, as a share of it, above which another way is taken."""

_ROUNDING = 4 * np.finfo(float).eps

_SAME_END = 1e-13
"""Difference of the ends of two supports, as a share of their size, that is rounding of the ends."""

_LOOSE = 1e-6
"""Error of an integral, as a share of it, from which it is flagged."""

_LEAST_LOG_MASS = -30.0
"""Log-density, times the size of x, from which a density of zero beside it is a hole in a law and no underflow."""

_WHOLE, _ROUNDED = 1e-8, 1e-11
"""Error of the sums of both laws up to which a sum by integrals counts, and share of it that is always its error."""

_DRAWS = 2**17
"""Random numbers that a mean is taken of."""


def kl_between(p: Distribution, q: Distribution, rng: Any = None) -> Estimate:
    """Give KL(p || q), nats."""
    _check_comparable(p, q)
    reason = why_singular(p, q)
    if reason is not None:
        return infinite(reason)
    if p.family.atoms or q.family.atoms:
        return _kl_of_mixed(p, q, rng)
    p, q = mapped(*in_unit_of(p, q))
    closed = closed_form(p, q)
    return divergence(KL, p, q, rng) if closed is None else closed


def _kl_of_mixed(p: Distribution, q: Distribution, rng: Any) -> Estimate:
    """KL of laws with values of their own: of which value it is, or none, and of the densities of the others."""
    (p_rest, p_share), (q_rest, q_share) = without_atoms(p), without_atoms(q)
    values = np.array(p.family.atoms)
    mass, theirs = p.pdf(values), q.pdf(values) if q.family.atoms else np.zeros(len(values))
    kinds = float(np.sum(special.rel_entr(mass, theirs)) + special.rel_entr(p_share, q_share))
    if math.isinf(kinds):
        return infinite(f"{q.family.name} has no density beside its values, where {p.family.name} has some")
    rest = kl_between(p_rest, q_rest, rng)
    if math.isinf(rest.value):
        return rest
    return replace(
        rest,
        value=kinds + p_share * rest.value,
        se=None if rest.se is None else p_share * rest.se,
        error=None if rest.error is None else p_share * rest.error,
        interval=None if rest.se is None else around(kinds + p_share * rest.value, p_share * rest.se),
    )


def without_atoms(law: Distribution) -> tuple[Distribution, float]:
    """The law of what is none of the values that have a probability of their own, and the probability of that."""
    if law.family.without_atoms is None:
        return law, 1.0
    rest = law.family.without_atoms(*law.in_order)
    return rest, 1.0 - float(np.sum(law.pdf(np.array(law.family.atoms))))


def closed_form(p: Distribution, q: Distribution) -> Estimate | None:
    """Give KL(p || q) by a formula, q positive wherever p is; None where there is none, or where it would cancel."""
    value = divergence_within(p, q)
    if value is not None and math.isinf(value):
        return infinite(f"an outcome that is possible under {p.family.name} has probability 0 under {q.family.name}")
    if value is not None and value >= 0:
        return Estimate(value=value, method="closed form")
    return _by_statistics(p, q)


def infinite(reason: str) -> Estimate:
    """An infinite divergence with its reason."""
    return Estimate(value=math.inf, method="supports and tails", reason=reason)


def cross_entropy_between(p: Distribution, q: Distribution, rng: Any = None) -> Estimate:
    """Give -E_p log q, nats."""
    _check_comparable(p, q)
    if p.family.discrete != q.family.discrete:
        raise ParameterError(
            f"cross-entropy: {_kinds(p, q)}; probabilities and densities have no common unit, so there is none."
        )
    divergence_of_them = kl_between(p, q, rng)
    if math.isinf(divergence_of_them.value):
        return divergence_of_them
    entropy = entropy_of(p, rng)
    return combined((entropy, divergence_of_them), entropy.value + divergence_of_them.value)


def combined(parts: tuple[Estimate, ...], value: float) -> Estimate:
    """A sum of estimates, with the sum of their errors and the methods of both."""
    infinite_part = next((part for part in parts if math.isinf(part.value)), None)
    if infinite_part is not None:
        return infinite_part
    errors = [part.error for part in parts if part.error is not None]
    spreads = [part.se for part in parts if part.se is not None]
    methods = dict.fromkeys(part.method for part in parts)
    method = "quadrature" if set(methods) == {"closed form", "quadrature"} else " and ".join(methods)
    se = math.hypot(*spreads) if spreads else None
    return Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        error=sum(errors) if errors else None,
        method=method,
        flags=tuple(dict.fromkeys(flag for part in parts for flag in part.flags)),
    )


def entropy_of(p: Distribution, rng: Any = None) -> Estimate:
    """Entropy, nats: differential entropy for a continuous law."""
    own = _own_entropy(p)
    if own is not None:
        return Estimate(value=own, method="closed form")
    if p.family.multivariate:
        return _mean_over_draws(-p.logpdf(p.rvs(_DRAWS, rng)))
    value = p.entropy()
    error = 1e-12 * max(1.0, abs(value))
    return Estimate(value=value, error=error, method=_numeric(p))


def _own_entropy(p: Distribution) -> float | None:
    """The entropy by a formula: of the family, or from its expected statistics."""
    if p.family.entropy is not None:
        return float(p.entropy())
    try:
        terms = log_density_terms(p)
        means = {statistic: expected(p, statistic) for statistic in terms or {}}
    except OverflowError:
        return None
    if not terms or any(mean is None or math.isinf(mean) for mean in means.values()):
        return None
    return -math.fsum(terms[statistic] * mean for statistic, mean in means.items() if mean is not None)


def jeffreys_between(p: Distribution, q: Distribution, rng: Any = None) -> Estimate:
    """Give KL(p || q) + KL(q || p), nats."""
    parts = kl_between(p, q, rng), kl_between(q, p, rng)
    if all(part.method == "closed form" for part in parts):
        return combined(parts, parts[0].value + parts[1].value)
    infinite_part = next((part for part in parts if math.isinf(part.value)), None)
    return infinite_part if infinite_part is not None else divergence(JEFFREYS, *mapped(*in_unit_of(p, q)), rng)


def bounded_divergence(measure: Divergence, most: float, p: Distribution, q: Distribution, rng: Any = None) -> Estimate:
    """Give a divergence that has its largest value where two laws have nothing in common."""
    _check_comparable(p, q)
    if p.family.discrete != q.family.discrete or (p.family.multivariate and why_singular(p, q) is not None):
        return Estimate(value=most, method="closed form", flags=("mutually singular",))
    return divergence(measure, *mapped(*in_unit_of(p, q)), rng)


def power_between(measure: Divergence, p: Distribution, q: Distribution, alpha: float, rng: Any = None) -> Estimate:
    """Integrate a power p^alpha q^(1 - alpha), infinite where one law has mass and the other none."""
    _check_comparable(p, q)
    reason = why_singular(p, q) if alpha > 1 else why_singular(q, p) if alpha < 0 else None
    if reason is not None:
        return infinite(reason)
    if p.family.discrete != q.family.discrete:
        return Estimate(value=0.0 if measure.name.startswith("affinity") else 1.0, method="closed form")
    return divergence(measure, *mapped(*in_unit_of(p, q)), rng)


# --- what can be said before ------------------------------------------------------------------------------------------


def _kinds(p: Distribution, q: Distribution) -> str:
    counts, measures = (p, q) if p.family.discrete else (q, p)
    return f"{counts.family.name} is a law of counts and {measures.family.name} one of measurements"


def _check_comparable(p: Distribution, q: Distribution) -> None:
    if p.family.multivariate != q.family.multivariate or (
        p.family.multivariate and p.family.dimension != q.family.dimension  # type: ignore[attr-defined]
    ):
        raise ParameterError(
            f"{p.family.name} and {q.family.name} are laws of different dimension, so that no divergence is defined."
        )
    turns = p.family.period, q.family.period
    if (turns[0] is None) != (turns[1] is None):
        raise ParameterError(
            f"{p.family.name} and {q.family.name}: one is a law on the circle, the other on the line; wrap one."
        )
    if turns[0] != turns[1]:
        raise ParameterError(
            f"{p.family.name} and {q.family.name}: one turn is {turns[0]:g} in the unit of the first and {turns[1]:g} "
            f"in that of the second; give both the same period."
        )


def why_singular(p: Distribution, q: Distribution) -> str | None:
    """Why some of the mass of p is where q has none, as far as that can be told from the supports; or None."""
    if p.family.discrete != q.family.discrete:
        return f"{_kinds(p, q)}, so that each gives probability 1 to what has probability 0 under the other"
    if p.family.multivariate:
        return _why_vectors_singular(p, q)
    if p.family.period is not None:
        return None
    of_q = q.family.atoms
    lonely = [a for a in p.family.atoms if p.pdf(a) > 0 and (a not in of_q or q.pdf(a) == 0)]
    if lonely:
        return f"{p.family.name} gives a probability to the value {lonely[0]:g} and {q.family.name} none"
    if p.family.atoms or of_q:
        (p, share), (q, _) = without_atoms(p), without_atoms(q)
        if share == 0:
            return None
    (p_low, p_high), (q_low, q_high) = _ends(p), _ends(q)
    if p_low < q_low and not _same_end(p_low, q_low, p):
        return f"{q.family.name} has no mass below {q_low:g}, where {p.family.name} has some: it begins at {p_low:g}"
    if p_high > q_high and not _same_end(p_high, q_high, p):
        return f"{q.family.name} has no mass above {q_high:g}, where {p.family.name} has some: it ends at {p_high:g}"
    return None


def _why_vectors_singular(p: Distribution, q: Distribution) -> str | None:
    if p.family.constants.get("n") != q.family.constants.get("n"):
        return "the numbers of trials differ, so that no outcome is possible under both"
    if p.family.on_simplex != q.family.on_simplex:
        names = f"{p.family.name} and {q.family.name}"
        return f"one of {names} lies on the simplex, which has no volume under the other"
    return None


def _ends(law: Distribution) -> tuple[float, float]:
    """The interval on which a law lives; for one of known ends, without the rounding of quantiles."""
    if law.family.lives_on is not None:
        return law.family.lives_on(*law.in_order)
    return law.ends


def _same_end(a: float, b: float, p: Distribution) -> bool:
    """Whether two ends differ by rounding only; ends that are parameters do not."""
    if a == b:
        return True
    if p.family.discrete or p.family.lives_on is not None:
        return False
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= _SAME_END * max(abs(a), abs(b))


# --- expected sufficient statistics -----------------------------------------------------------------------------------


def log_density_terms(q: Distribution) -> Terms | None:
    """Write the log-density on its support as a sum of statistics; None where it is no such sum.

    Raises
    ------
    OverflowError
        If a coefficient is beyond the range of doubles.
    """
    law, params = q.family, q.params.values()
    if law.terms is not None:
        return law.terms(*params)
    return None if law.power_of is None else law.power_of(*params).terms()


def expected(p: Distribution, statistic: Statistic) -> float | None:
    """Give the expected value of a statistic, infinite where it is; None where there is no formula.

    Raises
    ------
    OverflowError
        If it is finite, but beyond the range of doubles.
    """
    if statistic == ONE:
        return 1.0
    law, params = p.family, p.params.values()
    value = None if law.expected is None else law.expected(statistic, *params)
    if value is None and law.power_of is not None:
        return law.power_of(*params).expected(statistic)
    return value


def _by_statistics(p: Distribution, q: Distribution) -> Estimate | None:
    """KL(p || q) from the entropy of p and the expected statistics of q; None where a formula or digits are missing."""
    try:
        both = _terms_of_both(p, q)
        if both is None:
            return None
        of_p, of_q = both
        terms = {statistic: of_p.get(statistic, 0.0) - of_q.get(statistic, 0.0) for statistic in of_p | of_q}
        sizes = {statistic: abs(of_p.get(statistic, 0.0)) + abs(of_q.get(statistic, 0.0)) for statistic in terms}
        means = {statistic: expected(p, statistic) for statistic, c in terms.items() if c != 0}
    except OverflowError:
        return None
    if any(mean is None for mean in means.values()):
        return None
    endless = [statistic for statistic, mean in means.items() if mean is not None and math.isinf(mean)]
    if endless:
        largest = max(endless, key=lambda statistic: abs(statistic[1]))
        if terms[largest] < 0:
            return None  # it speaks for q: other terms outweigh it
        return infinite(f"the expected value of {_written(largest)} is infinite under {p.family.name}")
    finite = {statistic: float(mean) for statistic, mean in means.items() if mean is not None}
    value = math.fsum(terms[statistic] * mean for statistic, mean in finite.items())
    if not _ROUNDING * math.fsum(sizes[statistic] * abs(mean) for statistic, mean in finite.items()) <= (
        _MOST_CANCELLATION * value
    ):
        return None
    return Estimate(value=value, method="closed form")


def _equal(p: Distribution, q: Distribution) -> bool:
    """Whether two laws are one: the same family at the same parameters."""
    same_family = type(p.family) is type(q.family) and p.family.name == q.family.name and repr(p) == repr(q)
    return same_family and all(np.array_equal(p.params[k], q.params[k]) for k in p.params) and _same_constants(p, q)


def _same_constants(p: Distribution, q: Distribution) -> bool:
    ours, theirs = p.family.constants, q.family.constants
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[k], theirs[k]) for k in ours)


def _terms_of_both(p: Distribution, q: Distribution) -> tuple[Terms, Terms] | None:
    """Statistics of both log-densities, or the entropy of p for its own."""
    of_p, of_q = log_density_terms(p), log_density_terms(q)
    if of_q is None:
        return None
    if of_p is None:
        if p.family.entropy is None:
            return None
        of_p = {ONE: -p.entropy()}
    return of_p, of_q


def _written(statistic: Statistic) -> str:
    kind, *at = statistic
    forms = {"power": "x^{:g}", "exp": "exp({:g} x)", "abs": "|x - {:g}|"}
    return forms[kind].format(*at) if kind in forms else str(kind)


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numeric(p: Distribution) -> str:
    return "sum" if p.family.discrete else "quadrature"


def divergence(measure: Divergence, p: Distribution, q: Distribution, rng: Any = None) -> Estimate:
    """Integrate or sum one divergence between two laws of one kind; by random numbers where that fails."""
    if _equal(p, q) and not measure.name.startswith("affinity"):
        return Estimate(value=0.0, method="closed form")
    if p.family.multivariate:
        return _by_draws(measure, p, q, rng)
    try:
        total = _total(measure, p, q)
    except ArithmeticError:
        return _by_draws(measure, p, q, rng)
    if total.where:
        return infinite(
            f"the {measure.name} divergence of {p.family.name} from {q.family.name} grows beyond bound {total.where}"
        )
    flags = ("slowly converging",) if total.error > _LOOSE * total.value else ()
    return Estimate(value=total.value, error=total.error, method=_numeric(p), flags=flags)


def _total(measure: Divergence, p: Distribution, q: Distribution) -> Total:
    if p.family.atoms or q.family.atoms:
        return _total_of_mixed(measure, p, q)
    function = log_terms(measure, p, q)
    marks = sorted({*p.landmarks, *q.landmarks})
    if p.family.period is not None:
        turn = p.family.period
        begin = float(p.ends[0])
        middle = begin + 0.5 * turn
        return integral(function, [begin, begin + turn], [middle + math.remainder(m - middle, turn) for m in marks])
    ends = [*_ends(p), *_ends(q)]
    for k in (0, 1):
        if _same_end(ends[k], ends[k + 2], p):  # no mass lies between ends that differ by rounding
            ends[k] = ends[k + 2] = max(ends[k], ends[k + 2]) if k == 0 else min(ends[k], ends[k + 2])
    if p.family.discrete:
        low, high = min(ends[0], ends[2]), max(ends[1], ends[3])
        if p.is_wide or q.is_wide:
            found = _total_of_wide(measure, p, q, low, high, marks)
            if found is not None:
                return found
        return sum_over_integers(lambda k: np.exp(function(k)), low, high, float(np.rint(marks[0])) - 1)
    return integral(function, sorted(set(ends)), marks)


def _total_of_wide(
    measure: Divergence, p: Distribution, q: Distribution, low: float, high: float, marks: Sequence[float]
) -> Total | None:
    """A sum of very many terms by an integral; None where that does not give both laws a probability of 1."""
    if not (p.family.smooth_counts and q.family.smooth_counts):
        return None
    function = log_terms(measure, p, q, between=True)

    def mass_of(law: Distribution) -> Callable[[Array], Array]:
        return lambda x: np.exp(law.family.logpdf(x, *law.in_order))

    with np.errstate(all="ignore"):  # far out a probability may be nothing
        terms = mass_of(p), mass_of(q), lambda x: np.exp(function(x))
        found = smooth_sums_over_integers(terms, low, high, marks)
    if found is None:
        return None
    lost = max(abs(found[0] - 1), abs(found[1] - 1))
    return Total(found[2], max(lost, _ROUNDED) * found[2], "") if lost <= _WHOLE else None


def _total_of_mixed(measure: Divergence, p: Distribution, q: Distribution) -> Total:
    """Terms of the densities, and of each value to which a law gives a probability of its own."""
    (p_rest, p_share), (q_rest, q_share) = without_atoms(p), without_atoms(q)
    with np.errstate(divide="ignore"):
        shares = np.log(p_share), np.log(q_share)
    function = log_terms(measure, p_rest, q_rest, shares)
    ends = sorted({*_ends(p_rest), *_ends(q_rest)})
    total = integral(function, ends, sorted({*p_rest.landmarks, *q_rest.landmarks}))
    values = np.array(sorted({*p.family.atoms, *q.family.atoms}))
    log_p, log_q = (np.where(np.isin(values, law.family.atoms), law.logpdf(values), -np.inf) for law in (p, q))
    some = np.fmax(log_p, log_q) > -np.inf
    log_p, log_q = log_p[some], log_q[some]
    with np.errstate(invalid="ignore"):
        terms = np.exp(np.fmax(log_p, log_q) + measure.log_term(log_p - log_q))
    return replace(total, value=total.value + float(np.sum(terms)))


def log_terms(
    measure: Divergence,
    p: Distribution,
    q: Distribution,
    log_shares: tuple[float, float] = (0.0, 0.0),
    *,
    between: bool = False,
) -> Callable[[Array], Array]:
    """Log of the terms of a divergence, as a function of x, where each density has a share of its law.

    Of counts the terms ``between`` them are those of the formulas.
    """
    ends = [_ends(law) for law in (p, q)]
    anywhere = between or p.family.period is not None

    def function(x: Array) -> Array:
        log_p, log_q = (
            share + _log_density(law, x, within, anywhere)
            for law, within, share in zip((p, q), ends, log_shares, strict=True)
        )
        larger = np.fmax(log_p, log_q)
        with np.errstate(invalid="ignore", over="ignore"):
            d = np.where(larger > -np.inf, log_p - log_q, 0.0)
            terms = np.where(larger > -np.inf, larger + measure.log_term(np.where(np.isnan(d), 0.0, d)), -np.inf)
            # Inside both supports: beyond the range of doubles if far out, but a hole where there is mass.
            hole = np.isnan(log_p - log_q) & (larger + np.log1p(np.abs(x)) > _LEAST_LOG_MASS)
            empty = measure.log_term(np.where(np.isnan(log_q), np.inf, -np.inf))
            terms = np.where(np.isnan(log_p) | np.isnan(log_q), np.nan, terms)
            return np.asarray(np.where(hole, larger + empty, terms))

    return function


def _log_density(law: Distribution, x: Array, ends: tuple[float, float], anywhere: bool) -> Array:
    """Log-density; NaN inside the support of a continuous law where it is beyond the range of doubles, or a hole."""
    if anywhere:
        return np.asarray(law.family.logpdf(x, *law.in_order))
    value = law.logpdf(x)
    if law.family.discrete:
        return np.where(np.isnan(value), -np.inf, value)
    inside = (x > ends[0]) & (x < ends[1])
    return np.where(inside & ~np.isfinite(value), np.nan, value)


# --- random numbers ---------------------------------------------------------------------------------------------------


def _by_draws(measure: Divergence, p: Distribution, q: Distribution, rng: Any) -> Estimate:
    """Mean over draws, half of them from each law: each term relative to the middle of p and q."""
    generator = options.generator(rng)
    if measure is KL:
        return _kl_by_draws(p, q, generator)
    halves = []
    for law in (p, q):
        x = law.rvs(_DRAWS // 2, generator)
        d = _log_ratio_at(p, q, x)
        # max(p, q) / ((p + q) / 2) = 2 / (1 + exp(-|d|))
        halves.append(2.0 / (1.0 + np.exp(-np.abs(d))) * measure.term(d))
    if not all(np.all(np.isfinite(terms)) for terms in halves):
        return infinite(f"one of {p.family.name} and {q.family.name} gives values that are impossible under the other")
    value = 0.5 * float(np.mean(halves[0]) + np.mean(halves[1]))
    se = 0.5 * math.sqrt(sum(float(np.var(terms)) / len(terms) for terms in halves))
    return Estimate(value=value, se=se, interval=around(value, se), method=f"Monte Carlo, {_DRAWS} draws")


def _kl_by_draws(p: Distribution, q: Distribution, generator: np.random.Generator) -> Estimate:
    """Mean of log(p/q) over draws from p, with the control variate q/p - 1 where that lowers the variance."""
    d = _log_ratio_at(p, q, p.rvs(_DRAWS, generator))
    if not np.all(d < np.inf):
        share = float(np.mean(~(d < np.inf)))
        return infinite(f"{q.family.name} has no density at {100 * share:.2g} % of draws from {p.family.name}")
    plain = _mean_over_draws(d)
    backwards = _log_ratio_at(p, q, q.rvs(1000, generator))
    with np.errstate(over="ignore"):
        terms = np.exp(-d) - 1 + d
    if np.all(backwards > -np.inf) and np.all(np.isfinite(terms)):
        controlled = _mean_over_draws(terms)
        if controlled.se is not None and plain.se is not None and controlled.se < plain.se:
            return replace(controlled, method=f"{controlled.method} with a control variate")
    return plain


def _log_ratio_at(p: Distribution, q: Distribution, x: Array) -> Array:
    log_p, log_q = p.logpdf(x), q.logpdf(x)
    with np.errstate(invalid="ignore"):
        return np.asarray(log_p - log_q)


def _mean_over_draws(terms: Array) -> Estimate:
    value = float(np.mean(terms))
    se = float(np.std(terms)) / math.sqrt(len(terms))
    return Estimate(value=value, se=se, interval=around(value, se), method=f"Monte Carlo, {len(terms)} draws")
