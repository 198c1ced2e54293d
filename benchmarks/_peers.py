"""Other libraries that fit one law to one column, each with the same parameters free as here.

A peer is a function of the name of a law and the data. It gives what to time, and how to get the log-likelihood of
what that returned; or None where it has no such law with those parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from _common import TRUTH, family_of, quiet
from scipy import stats

# SciPy's law, and what it holds fixed, so that both fit the same parameters.
SCIPY: dict[str, tuple[Any, dict[str, float]]] = {
    "normal": (stats.norm, {}),
    "exponential": (stats.expon, {"floc": 0}),
    "lognormal": (stats.lognorm, {"floc": 0}),
    "rayleigh": (stats.rayleigh, {"floc": 0}),
    "half_normal": (stats.halfnorm, {"floc": 0}),
    "inverse_gaussian": (stats.invgauss, {"floc": 0}),
    "gamma": (stats.gamma, {"floc": 0}),
    "inverse_gamma": (stats.invgamma, {"floc": 0}),
    "beta": (stats.beta, {"floc": 0, "fscale": 1}),
    "uniform": (stats.uniform, {}),
    "pareto": (stats.pareto, {"floc": 0}),
    "laplace": (stats.laplace, {}),
    "logistic": (stats.logistic, {}),
    "gumbel": (stats.gumbel_r, {}),
    "cauchy": (stats.cauchy, {}),
    "weibull": (stats.weibull_min, {"floc": 0}),
    "frechet": (stats.invweibull, {"floc": 0}),
    "loglogistic": (stats.fisk, {"floc": 0}),
    "lomax": (stats.lomax, {"floc": 0}),
    "von_mises": (stats.vonmises, {"fscale": 1}),
    "student_t": (stats.t, {}),
    "gpd": (stats.genpareto, {"floc": 0}),
    "gev": (stats.genextreme, {}),
    "skew_normal": (stats.skewnorm, {}),
}

OPENTURNS = {
    "normal": "NormalFactory",
    "beta": "BetaFactory",
    "laplace": "LaplaceFactory",
    "logistic": "LogisticFactory",
    "gumbel": "GumbelFactory",
    "student_t": "StudentFactory",
    "uniform": "UniformFactory",
    "rayleigh": "RayleighFactory",
    "exponential": "ExponentialFactory",
    "lognormal": "LogNormalFactory",
    "gamma": "GammaFactory",
    "weibull": "WeibullMinFactory",
    "inverse_gaussian": "InverseNormalFactory",
    "gev": "GeneralizedExtremeValueFactory",
    "poisson": "PoissonFactory",
    "von_mises": "VonMisesFactory",
    "frechet": "FrechetFactory",
    "pareto": "ParetoFactory",
}
"""Factories of the laws, as its users call them; a known location and scale are given where a factory takes them."""

_OPENTURNS_KNOWN = {
    "beta": ((2, 3), (0.0, 1.0)),
    "exponential": ((1,), (0.0,)),
    "rayleigh": ((1,), (0.0,)),
    "lognormal": ((2,), (0.0,)),
    "gamma": ((2,), (0.0,)),
    "weibull": ((2,), (0.0,)),
    "frechet": ((2,), (0.0,)),
    "pareto": ((2,), (0.0,)),
}

SURPYVAL = {
    "normal": "Normal",
    "exponential": "Exponential",
    "lognormal": "LogNormal",
    "rayleigh": "Rayleigh",
    "gamma": "Gamma",
    "weibull": "Weibull",
    "beta": "Beta",
    "logistic": "Logistic",
    "loglogistic": "LogLogistic",
    "uniform": "Uniform",
    "gumbel": "GumbelLEV",
    "poisson": "Poisson",
    "negative_binomial": "NegativeBinomial",
}


@dataclass(frozen=True)
class Task:
    """What to time, and the log-likelihood of what it returned."""

    fit: Callable[[], Any]
    llf: Callable[[Any], float]


class PeerError(Exception):
    """A peer raised; what it said is the message."""


def attempt(call: Callable[..., Any], *args: Any) -> Any:
    """Call a peer, in silence."""
    with quiet():
        try:
            return call(*args)
        except Exception as error:  # anything that a library raises on data of its own law is a failed fit
            raise PeerError(f"{type(error).__name__}: {error}") from error


def _scipy(name: str, x: np.ndarray) -> Task | None:
    if name not in SCIPY:
        return None
    law, fixed = SCIPY[name]
    return Task(lambda: law.fit(x, **fixed), lambda params: float(np.sum(law.logpdf(x, *params))))


def _free_logpdf(name: str, x: np.ndarray) -> tuple[Callable[..., np.ndarray], list[float]] | None:
    """SciPy's log-density as a function of the free parameters, and their true values."""
    if name in ("uniform", "pareto"):
        return None  # their maximum is where the density ends: no general optimiser finds it
    law = family_of(name)
    if name in ("poisson", "negative_binomial"):
        frozen = law.to_scipy(**TRUTH[name])
        return frozen.dist.logpmf, list(map(float, frozen.args))
    if name not in SCIPY:
        return None
    scipy_law, fixed = SCIPY[name]
    frozen = law.to_scipy(**TRUTH[name])
    shapes, loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    start = list(map(float, shapes))
    start += [] if "floc" in fixed else [float(loc)]
    start += [] if "fscale" in fixed else [float(scale)]
    k = len(shapes)

    def logpdf(rows: np.ndarray, *free: float) -> np.ndarray:
        rest = list(free[k:])
        at = 0.0 if "floc" in fixed else rest.pop(0)
        width = 1.0 if "fscale" in fixed else rest.pop(0)
        return np.asarray(scipy_law.logpdf(rows, *free[:k], at, width))

    return logpdf, start


def _statsmodels(name: str, x: np.ndarray) -> Task | None:
    found = _free_logpdf(name, x)
    if found is None:
        return None
    from statsmodels.base.model import GenericLikelihoodModel

    logpdf, start = found

    class Model(GenericLikelihoodModel):  # as its documentation shows it: the log-density, the rest by differences
        def nloglikeobs(self, params: np.ndarray) -> np.ndarray:
            return -logpdf(self.endog, *params)

    names = [f"p{k}" for k in range(len(start))]

    def fit() -> Any:
        model = Model(x, np.ones((len(x), 1)), extra_params_names=names[1:])
        return model.fit(start_params=start, method="bfgs", maxiter=500, disp=0, skip_hessian=True)

    return Task(fit, lambda result: float(np.sum(logpdf(x, *result.params))))


def _iminuit(name: str, x: np.ndarray) -> Task | None:
    found = _free_logpdf(name, x)
    if found is None:
        return None
    from iminuit import Minuit
    from iminuit.cost import UnbinnedNLL

    logpdf, start = found
    names = [f"p{k}" for k in range(len(start))]

    def fit() -> Any:
        return Minuit(UnbinnedNLL(x, logpdf, log=True, name=names), *start).migrad()

    return Task(fit, lambda minuit: float(np.sum(logpdf(x, *minuit.values))))


def _openturns(name: str, x: np.ndarray) -> Task | None:
    if name not in OPENTURNS:
        return None
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    sample = ot.Sample.BuildFromPoint(x)
    factory = getattr(ot, OPENTURNS[name])()
    if name in _OPENTURNS_KNOWN:
        indices, values = _OPENTURNS_KNOWN[name]
        factory.setKnownParameter(indices, values)
    return Task(lambda: factory.build(sample), lambda law: float(np.sum(np.asarray(law.computeLogPDF(sample)))))


def _surpyval(name: str, x: np.ndarray) -> Task | None:
    if name not in SURPYVAL:
        return None
    import surpyval

    law = getattr(surpyval, SURPYVAL[name])
    return Task(lambda: law.fit(x), lambda model: -float(model.neg_ll()))


def _of_location_and_scale(name: str) -> Any:
    """SciPy's law if nothing is held fixed; fitter and distfit free every location."""
    law, fixed = SCIPY.get(name, (None, {"": 0.0}))
    return None if fixed else law


def _fitter(name: str, x: np.ndarray) -> Task | None:
    law = _of_location_and_scale(name)
    if law is None:
        return None
    from fitter import Fitter

    def fit() -> Any:
        found = Fitter(x, distributions=[law.name], timeout=600)
        found.fit(progress=False, max_workers=1)  # one law: nothing to do at the same time
        return found.fitted_param[law.name]

    return Task(fit, lambda params: float(np.sum(law.logpdf(x, *params))))


def _distfit(name: str, x: np.ndarray) -> Task | None:
    law = _of_location_and_scale(name)
    if law is None:
        return None
    from distfit import distfit

    def fit() -> Any:
        return distfit(distr=[law.name], verbose="silent").fit_transform(x, verbose="silent")["model"]["params"]

    return Task(fit, lambda params: float(np.sum(law.logpdf(x, *params))))


PEERS: dict[str, Callable[[str, np.ndarray], Task | None]] = {
    "scipy": _scipy,
    "statsmodels": _statsmodels,
    "iminuit": _iminuit,
    "openturns": _openturns,
    "surpyval": _surpyval,
    "fitter": _fitter,
    "distfit": _distfit,
}


def is_installed(peer: str) -> bool:
    """Whether a peer can be imported."""
    return find_spec(peer) is not None
