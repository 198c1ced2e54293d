"""Identities of classifiers, of what two variables share, and of the two directions of the divergence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data import datasets
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import fit
from mle_toolkit.identities.fits import fitted_to
from mle_toolkit.identities.statements import ROUNDING, Identity, entropy_of, flat, minimize, pairs, shares_of, slopes
from mle_toolkit.information.classifiers import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    categorical_cross_entropy,
    categorical_cross_entropy_gradient,
    information_report,
)


def died_by_age() -> tuple[Array, Array]:
    """Who died after a heart transplant, and the design of its logistic regression on age."""
    heart = datasets.load("heart")
    age = heart["age"]
    return heart["died"], np.column_stack([np.ones(len(age)), (age - age.mean()) / age.std()])


def least_cross_entropy(y: Array, design: Array) -> Array:
    """Coefficients that minimise the binary cross-entropy, by its gradient."""
    result = minimize(
        lambda beta: binary_cross_entropy(y, logits=design @ beta).value,
        np.zeros(design.shape[1]),
        jac=lambda beta: design.T @ binary_cross_entropy_gradient(y, design @ beta),
        method="BFGS",
        options={"gtol": 1e-12},
    )
    return np.asarray(result.x)


def reweighted_least_squares(y: Array, design: Array, n_steps: int = 25) -> Array:
    """Coefficients of the logistic regression by IRLS, as generalised linear models are fitted."""
    beta: Any = np.zeros(design.shape[1])
    for _ in range(n_steps):
        mu = special.expit(design @ beta)
        weight = mu * (1 - mu)
        working = design @ beta + (y - mu) / weight
        beta = np.linalg.solve(design.T @ (weight[:, None] * design), design.T @ (weight * working))
    return np.asarray(beta)


def classifiers() -> Iterator[Identity]:
    """Cross-entropy of labels is the likelihood of Bernoulli and categorical laws."""
    y, design = died_by_age()
    data = "heart, death by age"
    bernoulli = fit(y, "bernoulli")
    yield Identity(
        statement="BCE at p̂ = Bernoulli NLL / n",
        data=data,
        left=binary_cross_entropy(y, bernoulli.params["p"]).value,
        right=bernoulli.cross_entropy,
        tolerance=ROUNDING,
    )
    beta = least_cross_entropy(y, design)
    z = design @ beta
    yield Identity(
        statement="BCE = mean max(z,0) - zy + log(1+e^-|z|)",
        data=data,
        left=binary_cross_entropy(y, special.expit(z)).value,
        right=math.fsum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))) / len(y),
        tolerance=ROUNDING,
    )
    n = len(y)
    by_differences = slopes(lambda at: n * binary_cross_entropy(y, logits=at).value, z, 1e-3)
    yield pairs("n ∂BCE/∂z = σ(z) - y", data, by_differences, special.expit(z) - y, 1e-9)
    curvature = np.diag(slopes(lambda at: n * binary_cross_entropy_gradient(y, at), z, 1e-3))
    sigma = special.expit(z)
    yield pairs("n ∂²BCE/∂z² = σ(z)(1 - σ(z))", data, curvature, sigma * (1 - sigma), 1e-9)
    irls = reweighted_least_squares(y, design)
    yield pairs("argmin BCE = IRLS", data, beta, irls, 1e-8 * np.abs(irls))
    report = information_report(y, special.expit(z))
    yield Identity(
        statement="H(ȳ) - BCE(p̂) = mean KL(p̂ ‖ ȳ)",
        data=data,
        left=report.information_gained.value,
        right=report.kl_to_base_rate,
        tolerance=1e-10,
    )
    above = (design[:, 1] > 0).astype(float)
    yield Identity(
        statement="separated: BCE → 0 as β → ∞",
        data="heart, older than the mean",
        left=binary_cross_entropy(above, logits=1e6 * design[:, 1]).value,
        right=0.0,
        tolerance=1e-300,
    )
    fitted = fitted_to("horse_kicks", "poisson")
    values, shares = shares_of(fitted.sample)
    stated = fitted.distribution.pdf(values)
    own = binary_cross_entropy(shares, shares).value
    yield Identity(
        statement="soft: BCE - h(y) = KL(Bern y ‖ Bern p)",
        data="horse kicks, poisson",
        left=binary_cross_entropy(shares, stated).value - own,
        right=math.fsum(special.rel_entr(shares, stated) + special.rel_entr(1 - shares, 1 - stated)) / len(shares),
        tolerance=1e-15,
    )
    yield Identity(
        statement="soft: least BCE = h(y), not 0",
        data="horse kicks, shares",
        left=own,
        right=math.fsum(special.entr(shares) + special.entr(1 - shares)) / len(shares),
        tolerance=ROUNDING,
    )
    eruptions = datasets.load("faithful")["eruptions"]
    kind = np.digitize(eruptions, [3.0, 4.0])
    categorical = fit(kind.astype(float), get_family("categorical", k=3))
    logits = np.tile(np.log(flat(categorical.params)) + 1.0, (len(kind), 1))
    data = "faithful, three kinds"
    yield Identity(
        statement="softmax CE = categorical NLL / n",
        data=data,
        left=categorical_cross_entropy(kind, logits=logits).value,
        right=categorical.cross_entropy,
        tolerance=2 * ROUNDING,
    )
    few = slice(0, 20)
    by_differences = slopes(
        lambda at: 20 * categorical_cross_entropy(kind[few], logits=at.reshape(20, 3)).value,
        logits[few].ravel(),
        1e-3,
    )
    yield pairs(
        "n ∂CE/∂z = softmax(z) - onehot(y)",
        data,
        20 * categorical_cross_entropy_gradient(kind[few], logits[few]).ravel(),
        by_differences,
        1e-9,
    )


def decompositions() -> Iterator[Identity]:
    """Where a log loss comes from."""
    y, design = died_by_age()
    data = "heart, forecasts to 0.1"
    stated = special.expit(design @ least_cross_entropy(y, design)).round(1)
    report = information_report(y, stated)
    for name, parts in (
        ("log loss = H(ȳ) - RES + REL", report.by_forecast),
        ("log loss = UNC - DSC + MCB (CORP)", report.calibration[1].decomposition),
    ):
        yield Identity(
            statement=name,
            data=data,
            left=report.log_loss.value,
            right=parts.score,
            tolerance=1e-15,
        )
    leukaemia = datasets.load("leukaemia")
    relapsed, treated, late = leukaemia["relapsed"], leukaemia["mercaptopurine"], leukaemia["weeks"] > 10
    stated = np.where(treated == 1, 0.5, 0.9)
    by_treatment = information_report(relapsed, stated).by_forecast
    data = "leukaemia"
    entropy = {
        "Y": _conditional_entropy(relapsed, np.zeros(len(relapsed))),
        "Y|f": _conditional_entropy(relapsed, stated),
        "Y|X": _conditional_entropy(relapsed, 2 * treated + late),
    }
    yield Identity(
        statement="log loss = calibration + refinement",
        data=data,
        left=binary_cross_entropy(relapsed, stated).value,
        right=by_treatment.miscalibration + by_treatment.refinement,
        tolerance=1e-15,
    )
    within = math.fsum(
        np.mean(stated == f) * _mutual_information(relapsed[stated == f], late[stated == f]) for f in (0.5, 0.9)
    )
    yield Identity(
        statement="refinement = H(Y | X) + I(Y; X | f)",
        data=data,
        left=by_treatment.refinement,
        right=entropy["Y|X"] + within,
        tolerance=1e-14,
    )
    yield Identity(
        statement="H(Y) - refinement = I(Y; f)",
        data=data,
        left=entropy["Y"] - by_treatment.refinement,
        right=_mutual_information(relapsed, stated == 0.9),
        tolerance=1e-14,
    )


def _conditional_entropy(y: Array, x: Array) -> float:
    """H(Y | X) of the empirical distribution."""
    groups = [y[x == value] for value in np.unique(x)]
    return math.fsum(len(g) / len(y) * entropy_of(np.array([np.mean(g), 1 - np.mean(g)])) for g in groups)


def _mutual_information(y: Any, x: Any) -> float:
    """I(Y; X) of two columns of 0 and 1, as a divergence from independence."""
    joint = np.array([[np.mean((y == a) & (x == b)) for b in (0, 1)] for a in (0, 1)])
    return math.fsum(special.rel_entr(joint, np.outer(joint.sum(axis=1), joint.sum(axis=0))).ravel())


def directions() -> Iterator[Identity]:
    """A normal law fitted to a bimodal one covers it if KL runs forward, and locks on a mode if it runs backward."""
    minutes = datasets.load("faithful")["eruptions"]
    short, long = minutes[minutes < 3], minutes[minutes >= 3]
    w = len(short) / len(minutes)
    grid = np.linspace(-2.0, 10.0, 4001)
    step = grid[1] - grid[0]

    def log_normal(m: float, s: float) -> Array:
        return np.asarray(-0.5 * np.square((grid - m) / s) - math.log(s * math.sqrt(2 * math.pi)))

    log_p = np.logaddexp(
        math.log(w) + log_normal(short.mean(), short.std()), math.log(1 - w) + log_normal(long.mean(), long.std())
    )

    def forward(at: Array) -> float:
        return float(step * np.sum(np.exp(log_p) * (log_p - log_normal(at[0], math.exp(at[1])))))

    def backward(at: Array) -> float:
        log_q = log_normal(at[0], math.exp(at[1]))
        return float(step * np.sum(np.exp(log_q) * (log_q - log_p)))

    def least(function: Callable[[Array], float], m: float, s: float) -> tuple[float, float]:
        def moved(by: Array) -> float:
            return function(np.array([m + s * by[0], math.log(s) + by[1]]))

        by = minimize(moved, [0.0, 0.0], jac=lambda at: slopes(moved, at, 1e-3), method="BFGS", tol=1e-9).x
        return m + s * float(by[0]), s * math.exp(by[1])

    mean = w * short.mean() + (1 - w) * long.mean()
    var = w * (short.var() + short.mean() ** 2) + (1 - w) * (long.var() + long.mean() ** 2) - mean**2
    data = "faithful, two normals"
    covering = least(forward, 3.0, 1.0)
    yield Identity(
        statement="argmin_N KL(p ‖ N): mean of p", data=data, left=covering[0], right=float(mean), tolerance=1e-6
    )
    yield Identity(
        statement="argmin_N KL(p ‖ N): deviation of p",
        data=data,
        left=covering[1],
        right=math.sqrt(var),
        tolerance=1e-6,
    )
    for name, mode in (("short", short), ("long", long)):
        yield Identity(
            statement=f"local argmin_N KL(N ‖ p): {name} mode of p",
            data=data,
            left=least(backward, float(mode.mean()), float(mode.std()))[0],
            right=float(mode.mean()),
            tolerance=0.02,  # of a minute: the other mode pulls a little
        )
