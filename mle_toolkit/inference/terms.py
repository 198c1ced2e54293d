"""What each term of a regression is worth, and tests of hypotheses about its coefficients.

Twice the fall of the log-likelihood without a term is about chi-squared (Wilks 1938); divided by twice the number of
observations it is what the term gains, in nats an observation: the divergence that it takes away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.inference import nested
from mle_toolkit.inference.covariance import CovKind
from mle_toolkit.inference.nested import NestedTest
from mle_toolkit.inference.restrictions import (
    Restricted,
    null_of,
    rank_of,
    restricted,
    score_statistic,
    wald_statistic,
)
from mle_toolkit.likelihood.spans import outside
from mle_toolkit.options import choice

Kind = Literal["II", "III"]


@dataclass(frozen=True)
class TermTest:
    """A test of one term.

    Attributes
    ----------
    parameter, term : str
    df : int
        Columns of the term that are free.
    statistic : float
        Twice a log-likelihood difference, or what is about that for large samples.
    p_value : float
        From the chi-squared law.
    nats : float
        Statistic over twice the number of observations: the gain by the term, nats an observation.
    share : float
        Of the gain of the whole model over the law without covariates.
    """

    parameter: str
    term: str
    df: int
    statistic: float
    p_value: float
    nats: float
    share: float


def anova(
    maximum: Maximum,
    sample: Sample,
    terms: Mapping[str, Mapping[str, slice]],
    to_data: Array,
    places: Mapping[str, slice],
    kind: str = "II",
    test: str = "lr",
    cov: CovKind = "observed",
) -> list[TermTest]:
    """Test every term of every formula.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
        What it is the maximum for.
    terms : mapping of str to mapping of str to slice
        By parameter, by term: its columns. An intercept is no term.
    to_data : ndarray of shape (m, p)
        Coefficients as they are reported, of all parameters as `Maximum.theta` has them.
    places : mapping of str to slice
        Where those of each parameter stand.
    kind : {"II", "III"}
        Against the model without the terms that contain the term, or against the whole model. The second depends on how
        factors are coded.
    test : {"lr", "wald", "score"}
    cov : {"observed", "sandwich"}
        Covariance of Wald's tests.

    Raises
    ------
    ParameterError
        If an option is unknown, or the model is not at a maximum.
    """
    kind = choice(kind, "kind of anova", get_args(Kind))
    test = nested.checked(maximum, test)
    gain = maximum.loglik - null_of(maximum, sample).loglik
    everything = Restricted(maximum, sample, np.zeros(len(maximum.theta)), np.eye(len(maximum.theta)))
    larger: dict[tuple[str, tuple[str, ...]], Restricted] = {}
    found = []
    for name, by_term in terms.items():
        for term, columns in by_term.items():
            above = tuple(other for other in by_term if kind == "II" and _contains(other, term))
            if (name, above) not in larger:
                matrix = _rows_of(to_data, places[name], [by_term[other] for other in above])
                larger[name, above] = (
                    restricted(maximum, sample, matrix, np.zeros(len(matrix))) if above else everything
                )
            base = larger[name, above]
            matrix = _rows_of(to_data, places[name], [columns]) @ base.plane
            if not len(matrix):
                continue
            statistic, df = _statistic(base, matrix, np.zeros(len(matrix)), test, cov)
            nats = statistic / (2 * sample.nobs)
            p_value = float(special.chdtrc(df, statistic))
            share = nats * sample.nobs / gain if gain > 0 else np.nan
            found.append(TermTest(name, term, df, statistic, p_value, nats, share))
    return found


def _contains(term: str, other: str) -> bool:
    """Whether a term is an interaction of another with more."""
    return set(factors_of(other)) < set(factors_of(term))


def factors_of(term: str) -> list[str]:
    """Factors of a term: what colons outside of brackets separate.

    Examples
    --------
    >>> factors_of("C(a, levels=['p:q']):log(x)")
    ["C(a, levels=['p:q'])", 'log(x)']
    """
    factors, depth = [""], 0
    for sign in term:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == ":" and depth == 0:
            factors.append("")
        else:
            factors[-1] += sign
    return factors


def _rows_of(to_data: Array, place: slice, columns: Sequence[slice]) -> Array:
    """The rows by which some columns of a parameter are zero."""
    own = to_data[place]
    rows = np.concatenate([own[where] for where in columns]) if columns else own[:0]
    return rows[np.any(rows != 0, axis=1)]  # coefficients that were given are of no test


def _statistic(base: Restricted, matrix: Array, values: Array, test: str, cov: CovKind) -> tuple[float, int]:
    df = rank_of(matrix)
    maximum = base.maximum
    if test == "wald":
        statistic = wald_statistic(maximum, matrix, values, cov)
        if np.isnan(statistic):
            raise ParameterError('test: a coefficient has no standard error; use test="lr".')
        return statistic, df
    smaller = restricted(maximum, base.sample, matrix, values)
    if test == "score":
        if maximum.limit is not None or smaller.maximum.limit is not None:
            raise ParameterError('test: the maximum is at the boundary, where there is no score test; use test="lr".')
        return score_statistic(maximum, smaller), df
    statistic = 2 * (maximum.loglik - smaller.maximum.loglik)
    if statistic < -2 * nested.ROUNDING * max(1.0, 1e-6 * abs(maximum.loglik)):
        raise ComparisonError(
            f"test: the smaller model has the higher log-likelihood, by {-0.5 * statistic:.3g} nats, so the fit of the "
            f"larger is not its maximum; fit it again from another start."
        )
    return max(statistic, 0.0), df


# --- hypotheses -------------------------------------------------------------------------------------------------------


def parsed(text: str, names: Sequence[str], main: str) -> tuple[Array, Array]:
    """Read linear hypotheses: ``"x1 = x2"``, ``"2*x1 + x2 = 3, sigma[z] = 0"``.

    Parameters
    ----------
    text : str
        Hypotheses with commas between; one without ``=`` says that it is 0.
    names : sequence of str
        Of all coefficients: ``"mu[x1]"``.
    main : str
        The parameter whose coefficients may be named without it: ``"x1"``.

    Returns
    -------
    matrix : ndarray of shape (r, p)
    values : ndarray of shape (r,)

    Raises
    ------
    ParameterError
        If a name is unknown, or it is not linear.

    Examples
    --------
    >>> matrix, values = parsed("x1 = 2*x2 + 1", ["mu[Intercept]", "mu[x1]", "mu[x2]", "sigma"], "mu")
    >>> matrix.tolist(), values.tolist()
    ([[0.0, 1.0, -2.0, 0.0]], [1.0])
    """
    places = {name: k for k, name in enumerate(names)}
    for k, name in enumerate(names):
        if name.startswith(f"{main}["):
            places.setdefault(name[len(main) + 1 : -1], k)
    longest_first = sorted(places, key=len, reverse=True)
    pattern = re.compile(r"(?<![\w.])(" + "|".join(re.escape(name) for name in longest_first) + r")(?![\w.(\[])")
    marked = pattern.sub(lambda found: f"\0{places[found.group(1)]}\0", text)
    rows, values = [], []
    for hypothesis in marked.split(","):
        sides = hypothesis.split("=")
        if len(sides) > 2:
            raise ParameterError(f"test: expected one = in a hypothesis, got {_named(hypothesis, names)!r}.")
        row, constant = np.zeros(len(names)), 0.0
        for sign, side in zip((1.0, -1.0), sides, strict=False):
            coefficients, number = _linear(side, len(names), names)
            row, constant = row + sign * coefficients, constant + sign * number
        if not row.any():
            raise ParameterError(
                f"test: {_named(hypothesis, names).strip()!r} is about no coefficient; there are {', '.join(names)}."
            )
        rows.append(row)
        values.append(-constant)
    return np.array(rows), np.array(values)


_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PIECE = re.compile(
    rf"\s*(?P<sign>[+-])?\s*(?:(?P<factor>{_NUMBER})\s*\*\s*)?"
    rf"(?:\0(?P<place>\d+)\0(?:\s*(?P<by>[*/])\s*(?P<times>{_NUMBER}))?|(?P<number>{_NUMBER}))\s*"
)


def _linear(text: str, size: int, names: Sequence[str]) -> tuple[Array, float]:
    """Coefficients and constant of a sum."""
    row, constant, at = np.zeros(size), 0.0, 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None or (at > 0 and piece["sign"] is None):
            raise ParameterError(
                f"test: {_named(text, names).strip()!r} is no sum of numbers times coefficients; the coefficients are "
                f"{', '.join(names)}."
            )
        value = (-1.0 if piece["sign"] == "-" else 1.0) * float(piece["factor"] or 1.0)
        if piece["place"] is None:
            constant += value * float(piece["number"])
        else:
            times = float(piece["times"] or 1.0)
            row[int(piece["place"])] += value / times if piece["by"] == "/" else value * times
        at = piece.end()
    if not text.strip():
        raise ParameterError("test: a side of a hypothesis is empty.")
    return row, constant


def _named(text: str, names: Sequence[str]) -> str:
    return re.sub("\0(\\d+)\0", lambda found: names[int(found.group(1))], text)


def linear_test(
    maximum: Maximum,
    sample: Sample,
    matrix: Array,
    values: Array,
    null: str,
    method: str = "lr",
    cov: CovKind = "observed",
) -> NestedTest:
    """Test linear hypotheses about coefficients.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
    matrix : ndarray of shape (r, p)
        Of all parameters as `Maximum.theta` has them.
    values : ndarray of shape (r,)
    null : str
        The hypotheses in words.
    method : {"lr", "wald", "score"}
    cov : {"observed", "sandwich"}
        Covariance of Wald's test.
    """
    method = nested.checked(maximum, method)
    everything = Restricted(maximum, sample, np.zeros(len(maximum.theta)), np.eye(len(maximum.theta)))
    statistic, df = _statistic(everything, matrix, values, method, cov)
    return nested.test_result(method, null, statistic, df, 0, ())


def compare_with_regression(full: Maximum, smaller: Maximum, null: str) -> NestedTest:
    """Test a smaller regression of the same data by the likelihood ratio.

    Parameters
    ----------
    full, smaller : Maximum
        The smaller one has fewer columns, or known numbers, or a law that is the limit of the larger's at the end of
        a number.
    null : str
        What the smaller one is called.

    Raises
    ------
    ParameterError
        If the smaller one is not nested in the larger.
    """
    nested.checked(full, "lr")
    nested.check_verdict(smaller, "smaller")
    large, small = full.model, smaller.model
    vanished = 0
    if small.base.name != large.base.name:
        if not any(limit.family.name == small.name for limit in large.limits):
            raise ParameterError(
                f"test: {small.name} is not known to be nested in {large.name}; see compare([...]).vuong()."
            )
        vanished = sum(p.name not in small.param_names for p in large.parameters)
    why = outside(large, small)
    if why is not None:
        raise ParameterError(f"test: {why}; see compare([...]).vuong().")
    for name, value in full.known.items():
        if name in large.linear or smaller.known.get(name) != value:
            raise ParameterError(f"test: {name} is known in the larger model, and must be the same in the smaller.")
    df = _free(full) - _free(smaller)
    if df < 1:
        raise ParameterError("test: the smaller model has as many free coefficients as the larger.")
    return nested.likelihood_ratio(full, smaller, null, df, vanished)


def _free(maximum: Maximum) -> int:
    return sum(p.domain.n_free for p in maximum.family.parameters if p.name not in maximum.fixed)
