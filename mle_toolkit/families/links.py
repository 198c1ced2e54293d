"""Links: how a linear predictor becomes a parameter.

A link g takes a parameter to the line, ``g(parameter) = predictor``; what a fit needs is its inverse h with two
derivatives. Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., sec. 2.2.3 and 4.3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.special import log1mexp, softplus

_STEP = 1e-5
"""Relative step of the differences by which the bend of a link of another package is taken."""


@dataclass(frozen=True)
class Link:
    """A link between a parameter and its linear predictor.

    Parameters
    ----------
    name : str
    predictor : callable
        g: the predictor, of a parameter.
    inverse : callable
        h with its derivatives: ``inverse(predictor) -> (value, slope, bend)``.
    rescaled : callable, optional
        ``rescaled(c) -> (factor, shift)`` such that ``h(factor * eta + shift) = c * h(eta)`` for every eta; None where
        there are no such numbers. With it a fit is the same in any unit.
    logit : callable, optional
        Of a probability: its logit with two derivatives by the predictor, where it rounds to 0 or 1 too.
    """

    name: str
    predictor: Callable[[Any], Array]
    inverse: Callable[[Array], tuple[Array, Array, Array]]
    rescaled: Callable[[float], tuple[float, float]] | None = None
    logit: Callable[[Array], tuple[Array, Array, Array]] | None = None

    def value(self, eta: Array) -> Array:
        """The parameter, of its predictor."""
        with np.errstate(all="ignore"):
            return self.inverse(np.asarray(eta, dtype=float))[0]

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        if _LINKS.get(self.name) is self:
            return get_link, (self.name,)
        if hasattr(self.predictor, "inverse_deriv"):  # made of a link of statsmodels
            return get_link, (self.predictor,)
        return Link, (self.name, self.predictor, self.inverse, self.rescaled, self.logit)


def _identity(eta: Array) -> tuple[Array, Array, Array]:
    return eta, np.ones_like(eta), np.zeros_like(eta)


def _log(eta: Array) -> tuple[Array, Array, Array]:
    value = np.exp(eta)
    return value, value, value


def _logit(eta: Array) -> tuple[Array, Array, Array]:
    value = special.expit(eta)
    slope = value * special.expit(-eta)
    return value, slope, slope * -np.tanh(0.5 * eta)


def _logit_of_probit(eta: Array) -> tuple[Array, Array, Array]:
    below, above = special.log_ndtr(eta), special.log_ndtr(-eta)
    log_density = -0.5 * eta * eta - 0.5 * np.log(2 * np.pi)
    rising, falling = np.exp(log_density - below), np.exp(log_density - above)
    return below - above, rising + falling, falling * (falling - eta) - rising * (rising + eta)


def _logit_of_cloglog(eta: Array) -> tuple[Array, Array, Array]:
    hazard = np.exp(eta)
    slope = hazard / -np.expm1(-hazard)
    return log1mexp(-hazard) + hazard, slope, slope * (1 - hazard / np.expm1(hazard))


def _logit_of_loglog(eta: Array) -> tuple[Array, Array, Array]:
    value, slope, bend = _logit_of_cloglog(-eta)
    return -value, slope, -bend


def _logit_of_cauchit(eta: Array) -> tuple[Array, Array, Array]:
    (below, density, change), above = _cauchit(eta), _cauchit(-eta)[0]
    both = below * above
    return np.log(below) - np.log(above), density / both, change / both - (density / both) ** 2 * (above - below)


def _probit(eta: Array) -> tuple[Array, Array, Array]:
    slope = np.exp(-0.5 * eta * eta) / np.sqrt(2 * np.pi)
    return special.ndtr(eta), slope, -eta * slope


def _cloglog(eta: Array) -> tuple[Array, Array, Array]:
    hazard = np.exp(eta)
    slope = np.exp(eta - hazard)
    return -np.expm1(-hazard), slope, slope * (1 - hazard)


def _loglog(eta: Array) -> tuple[Array, Array, Array]:
    hazard = np.exp(-eta)
    slope = np.exp(-eta - hazard)
    return np.exp(-hazard), slope, slope * (hazard - 1)


def _cauchit(eta: Array) -> tuple[Array, Array, Array]:
    slope = 1 / (np.pi * (1 + eta * eta))
    # The arc tangent of the reciprocal keeps the digits of the lower tail.
    value = np.where(eta < 0, np.arctan2(1.0, -eta) / np.pi, 0.5 + np.arctan(eta) / np.pi)
    return value, slope, -2 * np.pi * eta * slope * slope


def _inverse(eta: Array) -> tuple[Array, Array, Array]:
    value = 1 / eta
    return value, -value * value, 2 * value**3


def _inverse_squared(eta: Array) -> tuple[Array, Array, Array]:
    value = 1 / np.sqrt(eta)
    return value, -0.5 * value / eta, 0.75 * value / (eta * eta)


def _sqrt(eta: Array) -> tuple[Array, Array, Array]:
    # Of a square both roots give the value: the predictor of this link is the positive one.
    root = np.where(eta > 0, eta, np.nan)
    return root * root, 2 * root, np.full_like(eta, 2.0)


def _softplus(eta: Array) -> tuple[Array, Array, Array]:
    slope = special.expit(eta)
    return softplus(eta), slope, slope * special.expit(-eta)


def _softplus_predictor(value: Any) -> Array:
    v = np.asarray(value, dtype=float)
    return np.asarray(v + np.log(-np.expm1(-v)))


_LINKS = {
    link.name: link
    for link in (
        Link("identity", lambda v: np.asarray(v, dtype=float), _identity, lambda c: (c, 0.0)),
        Link("log", lambda v: np.log(v), _log, lambda c: (1.0, float(np.log(c)))),
        Link("logit", lambda v: special.logit(v), _logit, logit=_identity),
        Link("probit", lambda v: special.ndtri(v), _probit, logit=_logit_of_probit),
        Link("cloglog", lambda v: np.log(-np.log1p(-np.asarray(v))), _cloglog, logit=_logit_of_cloglog),
        Link("loglog", lambda v: -np.log(-np.log(v)), _loglog, logit=_logit_of_loglog),
        Link("cauchit", lambda v: -1 / np.tan(np.pi * np.asarray(v)), _cauchit, logit=_logit_of_cauchit),
        Link("inverse", lambda v: 1 / np.asarray(v, dtype=float), _inverse, lambda c: (1 / c, 0.0)),
        Link("inverse_squared", lambda v: np.asarray(v, dtype=float) ** -2, _inverse_squared, lambda c: (c**-2, 0.0)),
        Link("sqrt", lambda v: np.sqrt(v), _sqrt, lambda c: (float(np.sqrt(c)), 0.0)),
        Link("softplus", _softplus_predictor, _softplus),
    )
}


OfLogit = Callable[[Array, Array], tuple[Array, Array, Array]]
"""Takes observations and logits; log-probabilities with two derivatives by the logit."""


def by_logit_through(of_logit: OfLogit | None, link: Link) -> OfLogit | None:
    """A function of the logit as one of the predictor; None where the link says nothing of logits."""
    if of_logit is None or link.logit is None:
        return None
    return of_logit if link.name == "logit" else partial(_through, of_logit, link.logit)


def _through(of_logit: OfLogit, logit: Callable[..., Any], x: Array, eta: Array) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        at, slope, bend = logit(eta)
        far = ~np.isfinite(slope)  # such a row has run off, and moves nothing
        slope, bend = np.where(far, 0.0, slope), np.where(far, 0.0, bend)
        value, by, second = of_logit(x, at)
        return value, by * slope, second * slope * slope + by * bend


def links() -> tuple[str, ...]:
    """Names of the links.

    Examples
    --------
    >>> links()[:4]
    ('identity', 'log', 'logit', 'probit')
    """
    return tuple(_LINKS)


def usual_link(domain: Interval) -> Link:
    """The link for a parameter of this domain, where none was asked for."""
    if (domain.lower, domain.upper) == (0.0, 1.0):
        return get_link("logit")
    return get_link("log" if domain.lower == 0.0 and domain.upper == np.inf else "identity")


def get_link(link: Any) -> Link:
    """Find a link by its name, or make one of a statsmodels link.

    Parameters
    ----------
    link : str, Link, or link of statsmodels
        One of `links`; a statsmodels link has ``inverse``, ``inverse_deriv`` and is called for the predictor.

    Raises
    ------
    UnknownNameError
        If there is no link of that name.
    ParameterError
        If it is no link.

    Examples
    --------
    >>> get_link("log").value([0.0, 1.0]).round(6).tolist()
    [1.0, 2.718282]
    """
    if isinstance(link, Link):
        return link
    if isinstance(link, type):
        link = link()
    if isinstance(link, str):
        name = link.lower().replace("-", "_").replace(" ", "_")
        if name not in _LINKS:
            raise UnknownNameError(f"unknown link {link!r}; known: {', '.join(_LINKS)}.")
        return _LINKS[name]
    if not all(callable(getattr(link, part, None)) for part in ("inverse", "inverse_deriv", "__call__")):
        raise ParameterError(f"link: expected a name ({', '.join(_LINKS)}) or a statsmodels link, got {link!r:.60}.")

    def inverse(eta: Array) -> tuple[Array, Array, Array]:
        step = _STEP * np.maximum(1.0, np.abs(eta))
        bend = (link.inverse_deriv(eta + step) - link.inverse_deriv(eta - step)) / (2 * step)
        return np.asarray(link.inverse(eta)), np.asarray(link.inverse_deriv(eta)), np.asarray(bend)

    return Link(type(link).__name__.lower(), link, inverse)
