"""Classifiers judged in the currency of likelihood: cross-entropy, its gradients, and what becomes of the information.

A classifier states a probability for every class. The cross-entropy of the labels and these statements (log loss) is
the negative log-likelihood per observation of a Bernoulli or categorical law whose parameters differ from row to row,
so to train by it is maximum likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special

from mle_toolkit._typing import Array, InformationUnit
from mle_toolkit.data.frames import check_same_index
from mle_toolkit.information.estimate import Estimate, nats_per
from mle_toolkit.information.forecasts import (
    binary_forecasts,
    binary_labels,
    distributions_of,
    labels_of,
    log_softmax,
    logit_rows,
    mean_of,
    one_given,
    shares_of,
    sums_of,
    times_unit,
    two_classes,
    two_columns,
)
from mle_toolkit.information.model_free import FEW_PER_CELL

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# --- cross-entropy ----------------------------------------------------------------------------------------------------


def binary_cross_entropy(
    y: Any, p: Any = None, *, logits: Any = None, weights: Any = None, unit: InformationUnit = "nat"
) -> Estimate:
    r"""Mean code length of events under stated probabilities: the log loss of a binary classifier.

    .. math:: -\frac1W \sum_i w_i \bigl[y_i \log p_i + (1 - y_i) \log(1 - p_i)\bigr], \qquad p_i = \sigma(z_i)

    Parameters
    ----------
    y : array_like of shape (n,)
        1 where the event happened, 0 where not; numbers between are soft labels.
    p : array_like of shape (n,), or number
        Stated probabilities of the event.
    logits : array_like of shape (n,), or number
        Their log-odds z, instead of ``p``. Far from 0 they say more than probabilities can: 1 - p keeps its digits.
    weights : array_like of shape (n,), optional
        How many observations each row stands for.
    unit : {"nat", "bit", "dit"} or float
        Unit of information, or base of the logs.

    Returns
    -------
    Estimate
        Exact for the data; the standard error is that of the mean, for observations drawn anew. Infinite where an
        event happened whose probability was 0, with the rows in ``reason``: nothing is clipped.

    Raises
    ------
    DataError
        If labels or probabilities are missing, outside [0, 1], or of different lengths.
    ParameterError
        If not exactly one of ``p`` and ``logits`` is given, or the unit is unknown.

    Notes
    -----
    From logits the terms are :math:`y\,s(-z) + (1 - y)\,s(z)` with :math:`s(z) = \log(1 + e^z)`, which is
    :math:`\max(z, 0) - z y + \log(1 + e^{-|z|})` without its cancellation.

    Examples
    --------
    >>> loss = binary_cross_entropy([1, 0, 1, 1], [0.9, 0.2, 0.8, 0.5])
    >>> round(loss.value, 6), round(loss.to("bit").value, 6)
    (0.311199, 0.448965)
    >>> binary_cross_entropy([0, 1], logits=[-800, 800]).value
    0.0
    >>> binary_cross_entropy([0, 1, 1], [0.5, 0.0, 1.0]).reason
    '1 of 3 observations has a label that its forecast held impossible, the first in row 1; each such costs inf.'
    """
    check_same_index(y, "y", p=p, logits=logits, weights=weights)
    labels, weighed, rows = binary_labels(y, weights)
    if one_given(p, logits) == "p":
        stated = binary_forecasts(p, len(labels), "p")[rows]
        terms = np.asarray(-special.xlogy(labels[rows], stated) - special.xlog1py(1 - labels[rows], -stated))
    else:
        z = binary_forecasts(logits, len(labels), "logits")[rows]
        terms = times_unit(labels[rows], np.logaddexp(0, -z)) + times_unit(1 - labels[rows], np.logaddexp(0, z))
    return mean_of(terms, weighed, rows).to(unit)


def binary_cross_entropy_gradient(y: Any, logits: Any, *, weights: Any = None) -> Array:
    r"""Gradient of the `binary_cross_entropy` by the logits, in nats.

    .. math:: \frac{\partial}{\partial z_i} = \frac{w_i}{W} \bigl(\sigma(z_i) - y_i\bigr)

    Parameters
    ----------
    y, weights
        As there.
    logits : array_like of shape (n,), or number

    Returns
    -------
    ndarray of shape (n,)

    Notes
    -----
    Computed as :math:`(1 - y)\,\sigma(z) - y\,\sigma(-z)`, which keeps its digits where the label is all but certain.

    Examples
    --------
    >>> binary_cross_entropy_gradient([1, 0], logits=[0.0, 0.0])
    array([-0.25,  0.25])
    """
    check_same_index(y, "y", logits=logits, weights=weights)
    labels, weighed, rows = binary_labels(y, weights)
    z = binary_forecasts(logits, len(labels), "logits")
    return shares_of(weighed, rows, len(labels)) * ((1 - labels) * special.expit(z) - labels * special.expit(-z))


def categorical_cross_entropy(
    y: Any, p: Any = None, *, logits: Any = None, weights: Any = None, unit: InformationUnit = "nat"
) -> Estimate:
    r"""Mean code length of classes under stated probabilities: the log loss of a classifier.

    .. math:: -\frac1W \sum_i w_i \sum_k y_{ik} \log p_{ik}, \qquad p_{ik} = e^{z_{ik}} / \sum_l e^{z_{il}}

    Parameters
    ----------
    y : array_like of shape (n,) or (n, k)
        Class of every row, as its number from 0 to k - 1; or a row of k shares that sum to 1 (one-hot, soft labels).
    p : array_like of shape (n, k)
        Stated probabilities, which sum to 1 in every row. They are not rescaled.
    logits : array_like of shape (n, k)
        Log-probabilities up to a constant in every row, instead of ``p``; -inf for an impossible class.
    weights, unit
        As in `binary_cross_entropy`.

    Returns
    -------
    Estimate
        As of `binary_cross_entropy`.

    Raises
    ------
    DataError
        If labels or probabilities are missing, outside [0, 1], do not sum to 1, or differ in shape.
    ParameterError
        If not exactly one of ``p`` and ``logits`` is given, or the unit is unknown.

    Examples
    --------
    >>> loss = categorical_cross_entropy([0, 2, 1], [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    >>> round(loss.value, 6)
    0.498703
    >>> categorical_cross_entropy([0, 0], logits=[[1000.0, 0.0], [1000.0, 0.0]]).value
    0.0
    """
    check_same_index(y, "y", p=p, logits=logits, weights=weights)
    if one_given(p, logits) == "p":
        stated = distributions_of(p, "p")
        labels, weighed, rows = labels_of(y, stated.shape, weights)
        terms = -np.sum(special.xlogy(labels[rows], stated[rows]), axis=1)
    else:
        z = logit_rows(logits)
        labels, weighed, rows = labels_of(y, z.shape, weights)
        terms = -np.sum(times_unit(labels[rows], log_softmax(z[rows])), axis=1)
    return mean_of(terms, weighed, rows).to(unit)


def categorical_cross_entropy_gradient(y: Any, logits: Any, *, weights: Any = None) -> Array:
    r"""Gradient of the `categorical_cross_entropy` by the logits, in nats.

    .. math:: \frac{\partial}{\partial z_{ik}} = \frac{w_i}{W} \bigl(p_{ik} - y_{ik}\bigr)

    Parameters
    ----------
    y, weights
        As there.
    logits : array_like of shape (n, k)

    Returns
    -------
    ndarray of shape (n, k)

    Notes
    -----
    Computed as :math:`p_{ik} (1 - y_{ik}) - y_{ik} (1 - p_{ik})`, where 1 - p is the sum of the other probabilities, so
    that it keeps its digits where the label is all but certain.

    Examples
    --------
    >>> categorical_cross_entropy_gradient([0, 2], logits=[[0.0, 0.0, 0.0], [0.0, 0.0, np.log(2.0)]])
    array([[-0.33333333,  0.16666667,  0.16666667],
           [ 0.125     ,  0.125     , -0.25      ]])
    """
    check_same_index(y, "y", logits=logits, weights=weights)
    z = logit_rows(logits)
    labels, weighed, rows = labels_of(y, z.shape, weights)
    p = special.softmax(z, axis=1)
    others = 1 - p
    most = (np.arange(len(p)), np.argmax(p, axis=1))  # the only entries that may be near 1
    rest = p.copy()
    rest[most] = 0
    others[most] = np.sum(rest, axis=1)
    return shares_of(weighed, rows, len(p))[:, None] * (p * (1 - labels) - labels * others)


# --- the report -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """Where a log loss comes from: ``score = uncertainty - discrimination + miscalibration``, in nats.

    Attributes
    ----------
    miscalibration : float
        What is lost because stated probabilities are not the frequencies that follow them (reliability, MCB).
    discrimination : float
        What is gained because these frequencies differ from the base rate (resolution, DSC).
    uncertainty : float
        Entropy of the labels: the log loss of always stating the base rate (UNC).
    n_groups : int
        Groups of forecasts in which frequencies were taken.
    method : str
        How the groups were made.
    """

    miscalibration: float
    discrimination: float
    uncertainty: float
    n_groups: int
    method: str

    @property
    def score(self) -> float:
        """The log loss that was decomposed; it equals the mean of the terms up to rounding."""
        return self.uncertainty - self.discrimination + self.miscalibration

    @property
    def refinement(self) -> float:
        """Log loss after recalibration: uncertainty - discrimination."""
        return self.uncertainty - self.discrimination


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Reliability diagram of the forecasts of one event, by isotonic recalibration (CORP).

    Attributes
    ----------
    forecast : ndarray of shape (m,)
        Distinct stated probabilities, increasing.
    recalibrated : ndarray of shape (m,)
        What they should have been, given the data: the non-decreasing frequencies that fit best.
    frequency : ndarray of shape (m,)
        Share of events among the observations of each forecast.
    weight : ndarray of shape (m,)
        Observations of each forecast.
    decomposition : Decomposition
        Of the log loss for this event against all else.
    """

    forecast: Array
    recalibrated: Array
    frequency: Array
    weight: Array
    decomposition: Decomposition


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifierReport:
    """What a classifier tells about its labels, in nats. Made by `information_report`; ``str()`` shows it as a table.

    Attributes
    ----------
    nobs : float
        Number of observations.
    base_rates : tuple of float
        Share of every class among the labels.
    label_entropy : float
        Entropy of the base rates: what labels cost without a classifier.
    log_loss : Estimate
        Cross-entropy of labels and forecasts, per observation; ``log_loss.to("bit")`` for other units.
    information_gained : Estimate
        Label entropy less log loss: what the forecasts told. Negative for forecasts worse than the base rate.
    kl_to_base_rate : float
        Mean divergence of the forecasts from the base rate: what they claimed to tell. On average a calibrated
        classifier gains what it claims; an overconfident one claims more.
    by_forecast : Decomposition
        Frequencies within groups of equal forecasts, which is exact, and says little where forecasts seldom repeat.
    calibration : mapping of int to Calibration
        Isotonic recalibration of each class against the rest; of two classes, of class 1 only.
    flags : tuple of str
        ``impossible_event``; ``few_observations_per_forecast`` (below five, so ``by_forecast`` says little);
        ``absent_class``.
    reasons : mapping of str to str
        Why something is infinite, by its name.
    """

    nobs: float
    base_rates: tuple[float, ...]
    label_entropy: float
    log_loss: Estimate
    information_gained: Estimate
    kl_to_base_rate: float
    by_forecast: Decomposition
    calibration: Mapping[int, Calibration]
    flags: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram: recalibrated against stated probabilities, one line a class.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            New ones by default.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(4.5, 4.5), layout="constrained").add_subplot()
        ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
        for label, at in self.calibration.items():
            parts = at.decomposition
            (line,) = ax.plot(
                at.forecast,
                at.recalibrated,
                marker=".",
                label=f"class {label}: MCB {parts.miscalibration:.3f}, DSC {parts.discrimination:.3f}",
            )
            ax.vlines(at.forecast, 0, 0.1 * at.weight / at.weight.max(), color=line.get_color(), alpha=0.4)
        ax.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
            xlabel="stated probability",
            ylabel="recalibrated probability",
            title=f"log loss {self.log_loss.value:.4f} nat of {self.label_entropy:.4f}",
        )
        ax.legend(loc="upper left", fontsize="small")
        return ax

    def __str__(self) -> str:
        classes = ", ".join(f"{rate:.4g}" for rate in self.base_rates)
        lines = [f"{self.nobs:g} observations of {len(self.base_rates)} classes with base rates {classes}", ""]
        lines += _columns([("", "nat", "bit", "± nat"), *self._main_rows()])
        loss = ("nat: log loss = UNC - DSC + MCB", "UNC", "DSC", "MCB", "groups")
        lines += ["", *_columns([loss, *self._decompositions()])]
        if self.flags:
            lines += ["", f"flags: {', '.join(self.flags)}"]
        lines += [f"{name.replace('_', ' ')}: {reason}" for name, reason in self.reasons.items()]
        return "\n".join(lines)

    def _main_rows(self) -> list[tuple[str, ...]]:
        gained, loss = self.information_gained, self.log_loss
        return [
            _row("label entropy", self.label_entropy, ""),
            _row("log loss", loss.value, "" if loss.se is None else f"{loss.se:.4f}"),
            _row("information gained", gained.value, "" if gained.se is None else f"{gained.se:.4f}"),
            _row("KL to the base rate", self.kl_to_base_rate, ""),
        ]

    def _decompositions(self) -> list[tuple[str, ...]]:
        named = {"by unique forecasts": self.by_forecast}
        for label, at in self.calibration.items():
            against = "" if len(self.calibration) == 1 else f", class {label} against the rest"
            named["isotonic" + against] = at.decomposition
        return [
            (
                name,
                f"{parts.uncertainty:z.4f}",
                f"{parts.discrimination:z.4f}",
                f"{parts.miscalibration:z.4f}",
                str(parts.n_groups),
            )
            for name, parts in named.items()
        ]


def information_report(y: Any, p: Any, *, weights: Any = None) -> ClassifierReport:
    r"""Judge the forecasts of a classifier, whatever made them: a regression, a neural network, a person.

    Parameters
    ----------
    y : array_like of shape (n,) or (n, k)
        Labels: 0, 1 (or numbers between) with ``p`` of shape (n,); class numbers or rows of shares with (n, k).
    p : array_like of shape (n,) or (n, k)
        Stated probabilities, of class 1 or of every class. Two columns are the same as the second one.
    weights : array_like of shape (n,), optional
        How many observations each row stands for.

    Returns
    -------
    ClassifierReport

    Raises
    ------
    DataError
        If labels or probabilities are missing, outside [0, 1], do not sum to 1, or differ in shape.

    Notes
    -----
    With groups b of forecasts f, their shares w, and their frequencies :math:`\bar y_b`, the log loss is

    .. math:: H(\bar y) - \sum_b w_b\,\mathrm{KL}(\bar y_b \| \bar y) + \sum_b w_b\,\mathrm{KL}(\bar y_b \| f_b)

    exactly if the forecasts of a group are equal (Bröcker 2009, Quarterly Journal of the Royal Meteorological Society
    135). Where few are, groups of neighbours are taken such that frequencies do not decrease with the forecast, by
    pooling adjacent violators, which makes the recalibrated log loss the least of all monotone ones; then
    miscalibration = log loss - recalibrated log loss (CORP: Dimitriadis, Gneiting & Jordan 2021, PNAS 118).

    Examples
    --------
    >>> report = information_report([0, 0, 1, 0, 1, 1, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8])
    >>> print(report)
    8 observations of 2 classes with base rates 0.5, 0.5
    <BLANKLINE>
                            nat     bit   ± nat
    label entropy        0.6931  1.0000
    log loss             0.5697  0.8219  0.2122
    information gained   0.1234  0.1781  0.2122
    KL to the base rate  0.1927  0.2781
    <BLANKLINE>
    nat: log loss = UNC - DSC + MCB     UNC     DSC     MCB  groups
    by unique forecasts              0.6931  0.1308  0.0074       2
    isotonic                         0.6931  0.1308  0.0074       2
    <BLANKLINE>
    flags: few_observations_per_forecast
    """
    check_same_index(y, "y", p=p, weights=weights)
    stated = two_columns(p)
    labels, weighed, rows = labels_of(two_classes(y, stated), stated.shape, weights)
    labels, stated = labels[rows], stated[rows]
    w = np.ones(len(rows)) if weighed.weight is None else weighed.weight
    base = np.sum(w[:, None] * labels, axis=0) / weighed.nobs
    label_entropy = float(np.sum(special.entr(base)))
    loss = mean_of(-np.sum(special.xlogy(labels, stated), axis=1), weighed, rows)
    gains = np.sum(special.xlogy(labels, stated) - special.xlogy(labels, base), axis=1)
    gained = mean_of(gains, weighed, rows, method="label entropy - log loss")
    by_forecast = _by_equal_forecasts(labels, stated, w, base)
    of = [1] if stated.shape[1] == 2 else range(stated.shape[1])
    reasons = {} if np.isfinite(loss.value) else {"log_loss": str(loss.reason)}
    flags = list(loss.flags)
    claimed = float(np.sum(w * np.sum(special.rel_entr(stated, base), axis=1))) / weighed.nobs
    absent = np.flatnonzero(base == 0)
    if len(absent):
        flags.append("absent_class")
    if np.isinf(claimed):
        reasons["kl_to_base_rate"] = (
            f"class {absent[0]} is not among the labels, so any other probability than 0 is infinitely far from it."
        )
    if weighed.nobs < FEW_PER_CELL * by_forecast.n_groups:
        flags.append("few_observations_per_forecast")
    return ClassifierReport(
        nobs=weighed.nobs,
        base_rates=tuple(base.tolist()),
        label_entropy=label_entropy,
        log_loss=loss,
        information_gained=gained,
        kl_to_base_rate=claimed,
        by_forecast=by_forecast,
        calibration={
            k: _calibration(labels[:, k], stated[:, k], np.sum(np.delete(stated, k, axis=1), axis=1), w) for k in of
        },
        flags=tuple(flags),
        reasons=reasons,
    )


def _by_equal_forecasts(labels: Array, stated: Array, w: Array, base: Array) -> Decomposition:
    forecast, group = np.unique(stated, axis=0, return_inverse=True)
    group = group.ravel()  # NumPy 2.0 returns a column
    events, weight = np.column_stack([sums_of(group, w * column) for column in labels.T]), sums_of(group, w)
    frequency, share = events / weight[:, None], weight / np.sum(weight)
    return Decomposition(
        miscalibration=float(np.sum(share[:, None] * special.rel_entr(frequency, forecast))),
        discrimination=float(np.sum(share[:, None] * special.rel_entr(frequency, base))),
        uncertainty=float(np.sum(special.entr(base))),
        n_groups=len(weight),
        method="unique forecasts",
    )


def _calibration(label: Array, stated: Array, of_others: Array, w: Array) -> Calibration:
    """Pool adjacent violators among the distinct forecasts of one event."""
    forecast, group = np.unique(stated, return_inverse=True)
    weight, events = sums_of(group, w), sums_of(group, w * label)
    starts = optimize.isotonic_regression(events / weight, weights=weight).blocks[:-1]
    # The frequencies of the blocks are taken anew from the counts, so that 0 and 1 are exact.
    pooled = np.add.reduceat(events, starts) / np.add.reduceat(weight, starts)
    recalibrated = np.repeat(pooled, np.diff(np.append(starts, len(forecast))))
    base = float(np.sum(events) / np.sum(weight))

    def log_loss(p: Any, q: Any) -> Array:
        return -(special.xlogy(label, p) + special.xlogy(1 - label, q))

    given, best = log_loss(stated, of_others), log_loss(recalibrated[group], 1 - recalibrated[group])
    return Calibration(
        forecast=forecast,
        recalibrated=recalibrated,
        frequency=events / weight,
        weight=weight,
        decomposition=Decomposition(
            miscalibration=float(np.sum(w * (given - best)) / np.sum(w)),
            discrimination=float(np.sum(w * (log_loss(base, 1 - base) - best)) / np.sum(w)),
            uncertainty=float(special.entr(base) + special.entr(1 - base)),
            n_groups=len(starts),
            method="isotonic recalibration",
        ),
    )


# --- text -------------------------------------------------------------------------------------------------------------


def _row(name: str, nats: float, last: str) -> tuple[str, ...]:
    return name, f"{nats:z.4f}", f"{nats / nats_per('bit'):z.4f}", last


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in range(1, len(row)))]) for row in rows
    )
    return [line.rstrip() for line in lines]
