r"""Divergence between two members of one family, in forms that keep their digits where the two are close.

Within an exponential family the divergence is that of Bregman, A(η_q) - A(η_p) - (η_q - η_p)·∇A(η_p), of the log of the
normalising constant (Nielsen & Nock 2010). Taken literally it cancels: for gamma laws of shapes 1e8 and 1e8 + 1 nothing
is left. Here it is written by the two excesses e^x - 1 - x and t - log(1 + t), and by that of log Γ.

Bijections leave a divergence as it is: a lognormal law is a normal one of log x, and so on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit.families.base import Family, Image, SpecialCase
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.maps import SAME
from mle_toolkit.families.nesting import special_case
from mle_toolkit.information.expectations import registered_name
from mle_toolkit.information.pointwise import KL, exp_excess, log_ratio
from mle_toolkit.information.pointwise import log_excess as elementwise_log_excess

Params = Mapping[str, Any]


def log_excess(t: Any) -> float:
    """Give ``t - log(1 + t)``, summed over the elements."""
    return float(np.sum(elementwise_log_excess(np.asarray(t, dtype=float))))


_TAYLOR = 60
"""Terms of the series of log Γ; at half of its radius the last is 1e-18 of the first."""


def log_gamma_excess(a: Any, b: Any) -> float:
    """Give ``log Γ(b) - log Γ(a) - (b - a) ψ(a)``, summed over the elements; never negative."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    total = 0.0
    for start, gap, end in zip(a.ravel().tolist(), (b - a).ravel().tolist(), b.ravel().tolist(), strict=True):
        if abs(gap) <= 0.5 * start:
            n = np.arange(2, _TAYLOR + 2)
            # ψ^(n-1)(a) / n! = (-1)^n ζ(n, a) / n, and a^n ζ(n, a) neither over- nor underflows where ζ does.
            scaled = _scaled_hurwitz(n, start)
            total += float(np.sum((-gap / start) ** n * scaled / n))
        else:
            total += math.lgamma(end) - math.lgamma(start) - gap * float(special.psi(start))
    return total


def _scaled_hurwitz(n: Any, a: float) -> Any:
    """Give ``a^n ζ(n, a)``: sum over k of (1 + k/a)^-n."""
    from mle_toolkit.families.zeta import scaled_zeta

    if a >= 1.0:
        return scaled_zeta(n.astype(float), a)
    return 1.0 + (a / (1.0 + a)) ** n * scaled_zeta(n.astype(float), 1.0 + a)


def _bernoulli(p: float, q: float) -> float:
    """Divergence between two probabilities of an event."""
    shares_p, shares_q = np.array([p, 1 - p]), np.array([q, 1 - q])
    return _shares(shares_p, shares_q)


def _shares(p: Any, q: Any) -> float:
    d = log_ratio(p, q)
    return float(np.sum(np.where(np.maximum(p, q) > 0, np.maximum(p, q) * KL.term(d), 0.0)))


def _ratio(p: float, q: float) -> float:
    """``r - 1 - log r`` at r = p / q, from the difference."""
    return log_excess((p - q) / q)


def _normal(p: Params, q: Params) -> float:
    s, t = p["sigma"], q["sigma"]
    return 0.5 * (log_excess((s - t) / t * ((s + t) / t)) + float((p["mu"] - q["mu"]) / t) ** 2)


def _gamma(p: Params, q: Params) -> float:
    a, b, s, t = p["shape"], q["shape"], p["scale"], q["scale"]
    stretch = (s - t) / t
    log_stretch = math.log1p(stretch) if abs(stretch) < 0.5 else math.log(s) - math.log(t)
    return log_gamma_excess(a, b) + float(a * log_excess(stretch) + (a - b) * log_stretch)


def _beta(p: Params, q: Params) -> float:
    parts = log_gamma_excess([p["a"], p["b"]], [q["a"], q["b"]])
    return parts - log_gamma_excess(p["a"] + p["b"], q["a"] + q["b"])


def _dirichlet(p: Params, q: Params) -> float:
    return log_gamma_excess(p["alpha"], q["alpha"]) - log_gamma_excess(np.sum(p["alpha"]), np.sum(q["alpha"]))


def _poisson(p: Params, q: Params) -> float:
    m, n = p["mu"], q["mu"]
    return float(n) if m == 0 else float(m * log_excess((n - m) / m))


def _geometric(p: Params, q: Params) -> float:
    return _bernoulli(p["prob"], q["prob"]) / float(p["prob"])


def _negbin(p: Params, q: Params) -> float | None:
    if p["size"] != q["size"]:
        return None
    size, m, n = p["size"], p["mu"], q["mu"]
    if m == 0:
        return float(size * math.log1p(n / size))
    # Both terms by the excess of a ratio: m log(m/n) - (size + m) log((size + m)/(size + n)).
    return float(m * log_excess((n - m) / m) - (size + m) * log_excess((n - m) / (size + m)))


def _inverse_gaussian(p: Params, q: Params) -> float:
    away = q["lam"] / p["mu"] * ((p["mu"] - q["mu"]) / q["mu"]) ** 2
    return 0.5 * (_ratio(q["lam"], p["lam"]) + float(away))


def _laplace(p: Params, q: Params) -> float:
    gap = abs(p["loc"] - q["loc"]) / p["scale"]
    return _ratio(p["scale"], q["scale"]) + float(p["scale"] / q["scale"] * exp_excess(np.asarray(-gap)))


def _pareto(p: Params, q: Params) -> float:
    return float(q["alpha"] * _log_quotient(p["xm"], q["xm"])) + _ratio(q["alpha"], p["alpha"])


def _log_quotient(p: float, q: float) -> float:
    return math.log1p((p - q) / q) if abs(p - q) < 0.5 * q else math.log(p) - math.log(q)


def _uniform(p: Params, q: Params) -> float:
    more = (q["b"] - p["b"]) + (p["a"] - q["a"])
    return math.log1p(more / (p["b"] - p["a"]))


def _discrete_uniform(p: Params, q: Params) -> float:
    more = (q["b"] - p["b"]) + (p["a"] - q["a"])
    return math.log1p(more / (p["b"] - p["a"] + 1))


def _cauchy(p: Params, q: Params) -> float:
    """Chyzak & Nielsen (2019)."""
    s, t = p["scale"], q["scale"]
    return math.log1p((s - t) / s * ((s - t) / t) / 4 + (p["loc"] - q["loc"]) / s * ((p["loc"] - q["loc"]) / t) / 4)


def _multivariate_normal(p: Params, q: Params) -> float:
    from scipy import linalg

    root = linalg.cholesky(q["cov"], lower=True)
    half = linalg.solve_triangular(root, p["cov"] - q["cov"], lower=True)
    excess = linalg.solve_triangular(root, half.T, lower=True)
    shift = linalg.solve_triangular(root, p["mean"] - q["mean"], lower=True)
    stretches = np.linalg.eigvalsh(0.5 * (excess + excess.T))  # of q's unit, less one
    return 0.5 * (log_excess(stretches) + float(np.sum(shift * shift)))


def _same_number(p: Distribution, q: Distribution) -> bool:
    return bool(p.family.constants["n"] == q.family.constants["n"])


_FORMS: dict[str, Callable[[Params, Params], float | None]] = {
    "normal": _normal,
    "exponential": lambda p, q: _ratio(p["scale"], q["scale"]),
    "gamma": _gamma,
    "beta": _beta,
    "dirichlet": _dirichlet,
    "poisson": _poisson,
    "bernoulli": lambda p, q: _bernoulli(p["p"], q["p"]),
    "geometric": _geometric,
    "negbin": _negbin,
    "inverse_gaussian": _inverse_gaussian,
    "laplace": _laplace,
    "pareto": _pareto,
    "uniform": _uniform,
    "discrete_uniform": _discrete_uniform,
    "cauchy": _cauchy,
    "multivariate_normal": _multivariate_normal,
}


def divergence_within(p: Distribution, q: Distribution) -> float | None:
    """Give KL(p || q) of two laws of one family, q positive wherever p is; None where there is no such form."""
    name = registered_name(p)
    if name != registered_name(q):
        return None
    if name == "binomial":
        return p.family.constants["n"] * _bernoulli(p.params["p"], q.params["p"]) if _same_number(p, q) else None
    if name == "multinomial":
        same = _same_number(p, q)
        return p.family.constants["n"] * _shares(p.params["probs"], q.params["probs"]) if same else None
    if name == "categorical":
        size = max(len(p.params["probs"]), len(q.params["probs"]))
        return _shares(*(np.pad(law.params["probs"], (0, size - len(law.params["probs"]))) for law in (p, q)))
    form = _FORMS.get(name)
    return None if form is None else form(p.params, q.params)


# --- bijections -------------------------------------------------------------------------------------------------------


def mapped(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Two laws between which the divergence is the same, but simpler: those of one function of x, or of one family."""
    for of_p in p.family.images:
        for of_q in q.family.images:
            if of_p.of is of_q.of and of_p.of is not SAME:
                return mapped(_in(of_p.family, of_p, p), _in(of_q.family, of_q, q))
    for large, small in ((p, q), (q, p)):
        case = special_case(large.family, small.family)
        if case is not None:
            inner = _in(large.family, case, small)
            both = (large, inner) if large is p else (inner, large)
            if divergence_within(*both) is not None:
                return both
    return p, q


def _in(family: Family, of: Image | SpecialCase, law: Distribution) -> Distribution:
    """A law by the parameters of another family, that of its image or one that it is a special case of."""
    return Distribution(family, dict(zip(family.param_names, of.embed(*law.params.values()), strict=True)))


def in_unit_of(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Both laws in the unit of p: its location 0, its scale 1, where both families can be moved so."""
    if any(law.family.constants or law.family.multivariate or not _declared(law) for law in (p, q)):
        return p, q
    roles = [[parameter.role for parameter in law.family.parameters] for law in (p, q)]
    if not all(any(role in ("scale", "rate", "log-scale", "location") for role in of) for of in roles):
        return p, q
    movable = all("location" in of for of in roles)
    centre = _value(p, "location", 0.0) if movable and "scale" in roles[0] else 0.0
    scale = _value(p, "scale", 1.0)
    if "scale" not in roles[0] and "log-scale" in roles[0]:
        scale = math.exp(_value(p, "log-scale", 0.0))
    if not (math.isfinite(scale) and scale > 0 and math.isfinite(1 / scale)):
        return p, q
    return _moved(p, centre, scale), _moved(q, centre, scale)


def _declared(law: Distribution) -> bool:
    """Whether the roles of the parameters tell all of how the law moves: not for laws built on others."""
    return registered_name(law) != "" and law.family.all_scalar


def _value(law: Distribution, role: str, default: float) -> float:
    return next((float(law.params[p.name]) for p in law.family.parameters if p.role == role), default)


def _moved(law: Distribution, centre: float, scale: float) -> Distribution:
    moves: dict[str, Callable[[float], float]] = {
        "location": lambda value: (value - centre) / scale,
        "scale": lambda value: value / scale,
        "rate": lambda value: value * scale,
        "log-scale": lambda value: value - math.log(scale),
        "shape": lambda value: value,
    }
    values = {p.name: moves[p.role](float(law.params[p.name])) for p in law.family.parameters}
    return Distribution(law.family, values)
