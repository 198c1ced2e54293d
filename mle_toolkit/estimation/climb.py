"""Climbing a likelihood from a start: Newton's method, and scipy.optimize behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE
from mle_toolkit.likelihood.coordinates import Objective

NEWTON_STEPS = 60
LONGEST_STEP = 3.0
"""Longest Newton step, in coordinates in which a unit is a natural change."""

_TRUSTED = 1e-4
"""Decrement per observation below which a step is taken without a look at the value: 0.014 natural changes."""

_SETTLED = 1e-11
"""Decrement, some millionths of a standard error, below which a step is not worth a pass over a large sample."""

_NEAR = 1.0
"""Decrement at which a subsample has told what it can: a fraction of *its* standard errors."""

_PROGRESS = 1e-3
"""Factor by which the decrement, a square, must fall for second derivatives to be kept."""

_FEWER, _MIDDLE_ROWS = 16, 500_000
"""A second subsample has that share of the sample, or so many rows: Newton's method then needs three passes in all."""

_HALVINGS = 30
"""How often a Newton step may be halved before another method has to take over."""

_RESCUE_STEPS, _RESCUE_LOOKS = 100, 300
"""How long the methods that take over from Newton's may go on: steps, and looks at the value for each coordinate."""

_LEAST_CURVATURE = 1e-3
"""Share of the largest curvature that a direction counts with where the information is not positive definite."""
SOLVERS = (
    "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP",
    "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
)  # fmt: skip
_WITHOUT_GRADIENT = {"Nelder-Mead", "Powell", "COBYLA", "COBYQA"}
_WITH_HESSIAN = {"Newton-CG", "dogleg", "trust-ncg", "trust-exact", "trust-krylov", "trust-constr"}
_TIGHT_OPTIONS: dict[str, dict[str, float]] = {
    "Nelder-Mead": {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000},
    "Powell": {"xtol": 1e-9, "ftol": 1e-13, "maxiter": 2_000},
    "L-BFGS-B": {"ftol": 1e-15, "gtol": 1e-10},
    "TNC": {"ftol": 1e-15, "gtol": 1e-10, "maxfun": 5_000},
    "SLSQP": {"ftol": 1e-15, "maxiter": 1_000},
    "COBYLA": {"tol": 1e-6, "maxiter": 5_000},
    "COBYQA": {"final_tr_radius": 1e-9},
    "Newton-CG": {"xtol": 1e-10},
    "trust-constr": {"gtol": 1e-10, "xtol": 1e-12},
}


def climb_in_levels(whole: Objective, small: Objective, u: Array, method: str) -> list[End]:
    """Climb the whole sample from the maximum of a small one, in few passes over the data."""
    hessian = small.hessian(u)
    if method == "newton" and whole.has_hessian and whole.likelihood.at_once:
        rows = min(whole.likelihood.data.n_rows // _FEWER, _MIDDLE_ROWS)
        near, done = _newton(Objective(whole.likelihood.on_sketch(rows), whole.coordinates), u, hessian, _NEAR)
        if done:
            u = near
    return climb(whole, [u], method, hessian)


@dataclass(frozen=True)
class End:
    """Where one search ended."""

    u: Array
    value: float
    method: str

def climb(objective: Objective, starts: Sequence[Array], method: str, hessian: Array | None = None) -> list[End]:
    """Climb from each start at which the data are possible; with second derivatives near one, from the first only."""
    ends = []
    for u in starts:
        if not np.isfinite(objective.value(u)):
            continue
        end, used = (u, "fixed") if len(u) == 0 else _minimise(objective, u, method, hessian)
        ends.append(End(end, objective.value(end), used))
        if hessian is not None:
            break
    return ends


def _minimise(objective: Objective, u: Array, method: str, hessian: Array | None) -> tuple[Array, str]:
    if method == "newton":
        end, done = _newton(objective, u, hessian)
        if done:
            return end, "newton"
        u = end if objective.value(end) < objective.value(u) else u
        u = _by_scipy(objective, u, "trust-exact", maxiter=_RESCUE_STEPS)
        end, done = _newton(objective, u)
        if done:
            return end, "trust-exact"
        u = _by_scipy(objective, u, "Nelder-Mead", maxfev=_RESCUE_LOOKS * len(u))  # at a kink derivatives lead nowhere
        method = "Nelder-Mead"
    else:
        u = _by_scipy(objective, u, method)
    end, done = _newton(objective, u)
    return (end if done else u), method


def _newton(
    objective: Objective, u: Array, hessian: Array | None = None, enough: float = DECREMENT_TOLERANCE
) -> tuple[Array, bool]:
    """Newton's method with step halving; says whether it ended in a minimum of the objective, to a decrement.

    Second derivatives, given for a point nearby or computed, are kept while each step gains two digits. Where they are
    not positive definite, far from the maximum, the step follows their eigenvectors by the size of their eigenvalues,
    which leads away from saddles.
    """
    nobs = objective.likelihood.nobs
    last, unchecked = np.inf, False
    for _ in range(NEWTON_STEPS):
        if objective.likelihood.at_once:
            hessian = None  # it comes with the gradient
        gradient = objective.gradient(u)
        fresh = hessian is None
        if hessian is None:
            hessian = objective.hessian(u)
        step, convex = _newton_step(gradient, hessian)
        decrement = -0.5 * float(gradient @ step) * nobs
        if not fresh and not (convex and decrement < _PROGRESS * last):
            hessian = objective.hessian(u)
            step, convex = _newton_step(gradient, hessian)
            decrement = -0.5 * float(gradient @ step) * nobs
        if not np.isfinite(decrement) or (unchecked and decrement > last):
            return u, False
        if decrement < _SETTLED and objective.likelihood.at_once:
            return u, convex
        if decrement < enough:
            # From this near, one step more leaves nothing but the certificate to do.
            return (u + step, True) if convex else (u, False)
        step *= min(1.0, LONGEST_STEP / float(np.max(np.abs(step))))
        # So near, the quadratic model is trusted without a look at the value; a decrement that grows will tell.
        unchecked = decrement < _TRUSTED * nobs
        if not unchecked:
            value = objective.value(u)
            for _ in range(_HALVINGS):
                if objective.value(u + step) < value:
                    break
                step *= 0.5
            else:
                return u, False
        u = u + step
        last = decrement
    return u, False


def _newton_step(gradient: Array, hessian: Array) -> tuple[Array, bool]:
    """Newton's step, and whether the second derivatives are positive definite; NaN where there is no step."""
    nothing = np.full_like(gradient, np.nan)
    if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
        return nothing, False
    curvatures, axes = np.linalg.eigh(hessian)
    convex = bool(curvatures[0] > 0)
    if not convex:
        size = np.abs(curvatures)
        curvatures = np.maximum(size, _LEAST_CURVATURE * float(size.max()))
        if not curvatures.all():
            return nothing, False
    return np.asarray(-axes @ ((gradient @ axes) / curvatures)), convex


def _by_scipy(objective: Objective, u: Array, method: str, **limits: int) -> Array:
    import warnings

    from scipy import optimize

    options: dict[str, Any] = dict(_TIGHT_OPTIONS.get(method, {"gtol": 1e-10})) | limits
    arguments: dict[str, Any] = {"method": method, "tol": options.pop("tol", None)}
    if method not in _WITHOUT_GRADIENT:
        arguments["jac"] = objective.gradient
    if method in _WITH_HESSIAN:
        arguments["hess"] = objective.hessian
    seen: dict[str, Any] = {"value": objective.value(u), "u": u}

    def value(v: Array) -> float:
        f = objective.value(v)
        if f < seen["value"]:
            seen["value"], seen["u"] = f, np.array(v)
        return f

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What SciPy warns of (precision loss, iteration limits) is judged by the certificate at the point itself.
        warnings.simplefilter("ignore")
        # A method that cannot go on has still seen its best point, which the certificate judges.
        with contextlib.suppress(ValueError, FloatingPointError, np.linalg.LinAlgError, ZeroDivisionError):
            minimize: Any = optimize.minimize
            minimize(value, u, options=options, **arguments)
    return np.asarray(seen["u"])
