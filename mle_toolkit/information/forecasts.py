"""Labels and forecasts of classifiers, checked: probabilities that are some, classes that were named."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.checks import any_in_row
from mle_toolkit.data.frames import to_column, to_rows
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.model_free import around, weighted_se
from mle_toolkit.information.probabilities import probabilities

Rows = np.ndarray[Any, np.dtype[np.intp]]


# --- sums -------------------------------------------------------------------------------------------------------------


def mean_of(terms: Array, weighed: Sample, rows: Rows, method: str = "exact: nll / nobs") -> Estimate:
    """Weighted mean of the terms with its standard error; infinite ones are counted and said."""
    impossible = np.flatnonzero(np.isinf(terms))
    if len(impossible):
        n = len(impossible)
        return Estimate(
            value=float(terms[impossible[0]]),
            method=method,
            flags=("impossible_event",),
            reason=f"{n} of {len(terms)} observations {'has a label that its' if n == 1 else 'have labels that their'} "
            f"forecast held impossible, the first in row {rows[impossible[0]]}; each such costs inf.",
        )
    weight = weighed.weight
    value = float(np.sum(terms if weight is None else weight * terms)) / weighed.nobs + 0.0  # no -0
    se = weighted_se(terms, weighed)
    return Estimate(
        value=value, se=se, interval=around(value, se), method=method, reason="one observation" if se is None else None
    )


def sums_of(group: Rows, values: Array) -> Array:
    """Sums of values by group."""
    return np.asarray(np.bincount(group, weights=values))


def times_unit(share: Array, cost: Array) -> Array:
    """Multiply with 0 times anything infinite being 0: what cannot happen costs nothing."""
    with np.errstate(invalid="ignore"):
        return np.where(share == 0, 0.0, share * cost)


def shares_of(weighed: Sample, rows: Rows, n: int) -> Array:
    """Share of every row in the mean, 0 for rows of weight 0."""
    shares = np.zeros(n)
    shares[rows] = (1.0 if weighed.weight is None else weighed.weight) / weighed.nobs
    return shares


def log_softmax(z: Array) -> Array:
    """Logs of probabilities; near 1 as -log(1 + the rest), which keeps the digits of small costs."""
    most = np.argmax(z, axis=1)[:, None]
    lead = z - np.take_along_axis(z, most, axis=1)
    rest = np.exp(lead)
    np.put_along_axis(rest, most, 0.0, axis=1)
    return np.asarray(lead - np.log1p(np.sum(rest, axis=1))[:, None])


# --- checked input ----------------------------------------------------------------------------------------------------


def one_given(p: Any, logits: Any) -> str:
    """Which of the two forms of forecasts was given."""
    if (p is None) == (logits is None):
        raise ParameterError("give the forecasts either as probabilities, p, or as logits.")
    return "logits" if p is None else "p"


def binary_labels(y: Any, weights: Any) -> tuple[Array, Sample, Rows]:
    """Labels between 0 and 1, the weights, and the rows whose weight is not 0."""
    labels = to_column(y, "y")[0]
    _check_unit("y", labels, "labels of a binary classifier are 0, 1, or between")
    return labels, *_weigh(weights, len(labels))


def binary_forecasts(given: Any, n: int, what: str) -> Array:
    """One probability, or logit, of the second class a row."""
    values = np.full(n, float(given)) if np.ndim(given) == 0 else _column_of(given, what)
    if len(values) != n:
        raise DataError(f"{what}: expected one a label, {n}; got {len(values)}.")
    if what == "p":
        _check_unit("p", values, "expected probabilities; pass log-odds as logits=")
    else:
        _check_rows(np.isnan(values), "logits: {n} missing (NaN), the first in row {row}.")
    return values


def _column_of(given: Any, what: str) -> Array:
    if _is_table(given):
        raise DataError(
            f"{what}: expected one number an observation, got a table; pass the column of class 1, "
            "or use categorical_cross_entropy."
        )
    return to_column(given, what)[0]


def two_columns(p: Any) -> Array:
    """Probabilities of every class, also where only that of class 1 is stated."""
    if _is_table(p):
        return distributions_of(p, "p")
    stated = to_column(p, "p")[0]
    _check_unit("p", stated, "expected probabilities")
    return np.column_stack([1 - stated, stated])


def two_classes(y: Any, stated: Array) -> Any:
    """Labels of two classes as rows of shares, so that soft labels may be single numbers."""
    if stated.shape[1] != 2 or _is_table(y):
        return y
    labels = to_column(y, "y")[0]
    _check_unit("y", labels, "labels of two classes are 0, 1, or between")
    return np.column_stack([1 - labels, labels])


def distributions_of(given: Any, what: str) -> Array:
    """Rows of probabilities, each of sum 1."""
    values = to_rows(given, what)
    # An array is checked as it was given: the sums of narrower floats are rounded more.
    probabilities(given if type(given) is np.ndarray else values, what, axis=1)
    return values


def logit_rows(logits: Any) -> Array:
    """Logits of all classes, one row a row."""
    z = to_rows(logits, "logits")
    _check_rows(any_in_row(np.isnan(z)), "logits: {n} rows have missing entries (NaN), the first is row {row}.")
    no_law = any_in_row(np.isposinf(z)) | ~any_in_row(~np.isneginf(z))
    _check_rows(no_law, "logits: {n} rows hold +inf, or only -inf, which is no distribution; the first is row {row}.")
    return z


def labels_of(y: Any, shape: tuple[int, ...], weights: Any) -> tuple[Array, Sample, Rows]:
    """Labels as rows of shares, the weights, and the rows whose weight is not 0."""
    n, k = shape
    if _is_table(y):
        labels = distributions_of(y, "y")
        if labels.shape != shape:
            raise DataError(f"y: expected labels of the shape of the forecasts, {shape}; got {labels.shape}.")
        return labels, *_weigh(weights, n)
    classes = to_column(y, "y")[0]
    if len(classes) != n:
        raise DataError(f"y: expected one label a forecast, {n}; got {len(classes)}.")
    _check_rows(np.isnan(classes), "y: {n} missing (NaN), the first in row {row}.")
    off = (classes != np.rint(classes)) | (classes < 0) | (classes >= k)
    _check_rows(
        off,
        f"y: expected class numbers from 0 to {k - 1}, one for each column of the forecasts; {{n}} of {n} are not, the "
        f"first is {classes[np.argmax(off)]:g} in row {{row}}. np.unique(y, return_inverse=True) numbers other labels.",
    )
    return np.eye(k)[classes.astype(np.intp)], *_weigh(weights, n)


def _weigh(weights: Any, n: int) -> tuple[Sample, Rows]:
    """Row numbers as a sample, which checks the weights and leaves out rows of weight 0."""
    if n == 0:
        raise DataError("y: no observations.")
    weighed = Sample(np.arange(n), weights)
    return weighed, weighed.x.astype(np.intp)


def _check_unit(what: str, values: Array, expected: str) -> None:
    _check_rows(any_in_row(np.isnan(values)), what + ": {n} rows have missing entries (NaN), the first is row {row}.")
    off = (values < 0) | (values > 1)
    if off.any():
        row = int(np.argmax(any_in_row(off)))
        raise DataError(
            f"{what}: {off.sum()} of {off.size} values lie outside [0, 1], the first is {values[off][0]:g} in row "
            f"{row}: {expected}."
        )


def _is_table(given: Any) -> bool:
    try:
        return np.ndim(given) == 2
    except ValueError:  # rows of unequal length, which `to_rows` refuses
        return True


def _check_rows(off: Mask, message: str) -> None:
    if off.any():
        raise DataError(message.format(n=int(off.sum()), row=int(np.argmax(off))))
