"""What one law is of another: a limit, a special case, the law of a function of x, itself in other parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.maps import SAME, Map
from mle_toolkit.numerics.sent import SentByValue

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family


@dataclass(frozen=True)
class LimitOfGroups(SentByValue):
    """A law by which a limit is found for many groups at once: it takes in several limits, as one through their ends.

    Parameters
    ----------
    family : Family
        Its maximum in the interior is that of one of these limits.
    embed : callable
        Takes its parameters, returns those of the declaring family, as `Limit.embed` does.
    takes : callable
        Takes maxima, of shape (n, p); tells which of them are this limit's.
    beside : callable
        Takes maxima, of shape (n, p); returns the laws near them in the family, in the parameters of its chart for
        groups, from which a climb must lead back.
    """

    family: Family
    embed: Callable[..., tuple[float, ...]]
    takes: Callable[[Array], Mask]
    beside: Callable[[Array], Array]


@dataclass(frozen=True)
class Limit(SentByValue):
    """A family that the declaring family tends to as parameters go to an end of their domain.

    Parameters
    ----------
    family : Family
        The limiting law.
    embed : callable
        Takes the parameters of the limiting law, returns those of the declaring family (infinite or zero
        where they are at the end): ``lambda mu, sigma: (np.inf, mu, sigma)`` for Student's t.
    last : bool
        The law goes on beyond this end, and its likelihood without a bound: a maximum in the interior is preferred,
        though it be lower.
    of_groups : LimitOfGroups, optional
        How it is found for many groups at once, where ``family`` does not serve for that.
    above : callable, optional
        Takes exact observations whose maximum this is to doubles; tells by how many nats a maximum of the declaring
        family, whose parameters are beyond them, is higher.
    charted : callable, optional
        Takes the parameters of the limiting law, returns those of the declaring family's chart, which are all numbers
        there: for regressions, where those that are declared do not say where the limiting law is.
    at : tuple of str
        Names of parameters that are at an end which another one sets: of a mode at the end of a support.
    given : mapping of str to float
        Parameters of the limiting law that are known from the data: of a threshold, the first observation.
    """

    family: Family
    embed: Callable[..., tuple[float, ...]]
    last: bool = False
    of_groups: LimitOfGroups | None = None
    above: Callable[[Sample], float] | None = None
    charted: Callable[..., tuple[float, ...]] | None = None
    at: tuple[str, ...] = ()
    given: Mapping[str, float] = field(default_factory=dict)

    def known(self, family: Family, fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of the limiting law that are known where some of the declaring family are.

        Those of the same name; of laws whose parameters are numbers also those of which alone, as a straight line, a
        known one is made: -2 lam for the degrees of freedom of a generalized hyperbolic law. And those that are given.
        """
        law = self.family
        known = {**self.given, **{name: value for name, value in fixed.items() if name in law.param_names}}
        if not (law.all_scalar and family.all_scalar):
            return known
        low, high = ([p.typical[k] for p in law.parameters] for k in (0, 1))
        here = self.embed(*low)
        moved = [self.embed(*low[:j], high[j], *low[j + 1 :]) for j in range(len(low))]
        for name in sorted(name for name, value in fixed.items() if name not in known and np.ndim(value) == 0):
            place = family.param_names.index(name)
            makers = [j for j in range(len(low)) if moved[j][place] != here[place]]
            if len(makers) == 1 and math.isfinite(here[place]):
                (j,) = makers
                slope = (moved[j][place] - here[place]) / (high[j] - low[j])
                value = low[j] + (fixed[name] - here[place]) / slope
                again = self.embed(*low[:j], value, *low[j + 1 :])[place]
                if law.parameters[j].domain.contains(value) and math.isclose(again, fixed[name], rel_tol=ROUNDED):
                    known.setdefault(law.param_names[j], value)
        return known


ROUNDED = 1e-12
"""Relative difference that rounding leaves between a known parameter and that made of the limiting law's."""


@dataclass(frozen=True)
class SpecialCase(SentByValue):
    """A smaller family that the declaring family is where some of its parameters have values inside their domains.

    Parameters
    ----------
    family : Family
        The smaller law.
    embed : callable
        Takes the parameters of the smaller law, returns those of the declaring family: ``lambda scale: (1.0, scale)``
        for the exponential among the gamma laws.
    at : tuple of str
        Names of the parameters of the declaring family that have the same values whatever those of the smaller law.
    beside : callable, optional
        Takes the parameters of the smaller law, returns laws of the declaring family on either side. For a family of
        which every likelihood is level at its smaller law, so that a climb may stop there.
    """

    family: Family
    embed: Callable[..., tuple[float, ...]]
    at: tuple[str, ...]
    beside: Callable[..., Sequence[tuple[float, ...]]] | None = None


@dataclass(frozen=True)
class ByEnd:
    """The declaring family with an end of its support as a parameter, on the side where it has one.

    Parameters
    ----------
    family : Family
        The same law, of which a location is the end of the support.
    embed : callable
        Takes its parameters, returns those of the declaring family.
    of : callable
        The rising function of x of which it is the law.
    """

    family: Family
    embed: Callable[..., tuple[float, ...]]
    of: Callable[[Array], Array] = np.asarray


@dataclass(frozen=True)
class Image(SentByValue):
    """A law that a function of x follows where x follows the declaring family.

    Parameters
    ----------
    family : Family
        The law of f(x).
    embed : callable
        Takes the parameters of the declaring family, returns those of the law of f(x): ``lambda meanlog, sdlog:
        (meanlog, sdlog)`` for the normal law of the log of a lognormal variable.
    of : Map
        The function f, one to one on the support; `SAME` where the declaring family is a special case of a larger one,
        which may say so itself instead.
    at : tuple of str
        With `SAME`: names of the parameters of the larger law that have the same values whatever those of the
        declaring family.
    """

    family: Family
    embed: Callable[..., tuple[float, ...]]
    of: Map = SAME
    at: tuple[str, ...] = ()


@dataclass(frozen=True)
class Along(SentByValue):
    """How one parameter that is declared moves with one of a chart: its predictor is that, and what the others add.

    The other parameters that are declared are functions of the other parameters of the chart.

    Parameters
    ----------
    declared : str
        The parameter that is declared, which a formula may model.
    charted : str
        The parameter of the chart, on the whole line.
    link : str
        Of the parameter that is declared: with it the predictor is the parameter of the chart plus a number.
    shift : callable
        Takes the other parameters of the chart, in order; returns that number.
    slopes : callable
        Takes them, returns its derivatives by them.
    """

    declared: str
    charted: str
    link: str
    shift: Callable[..., float]
    slopes: Callable[..., tuple[float, ...]]


@dataclass(frozen=True)
class Chart(SentByValue):
    """Other parameters of the same law, in which its likelihood is smooth and nearly quadratic.

    Parameters
    ----------
    law : Family
        The law in the other parameters, all of them numbers, with a score and second derivatives.
    outward : callable
        Takes these, returns those declared; not finite, or at an end of a domain, where they leave the doubles.
    inward : callable
        The inverse.
    slopes : callable
        Takes the other parameters, returns the derivatives of those declared by them; shape (p, p).
    of_groups : Family, optional
        The law in the other parameters with which many groups are maximised at once, each with parameters of its own;
        ``outward`` and ``slopes`` then take arrays of shape (n,), and give arrays of shape (n,), and (p, p, n). Without
        it groups are maximised in the parameters declared.
    on_logs : bool
        Whether that is the law of log x instead.
    along : Along, optional
        How the parameter that a formula models moves with one of these: regressions are then maximised in them too.
    serves : callable, optional
        Takes the parameters declared, returns whether the others serve there; by default they do everywhere. A search
        that begins where they do not is one in the parameters declared.
    """

    law: Family
    outward: Callable[..., tuple[float, ...]]
    inward: Callable[..., tuple[float, ...]]
    slopes: Callable[..., Array]
    of_groups: Family | None = None
    on_logs: bool = False
    along: Along | None = None
    serves: Callable[..., bool] | None = None

    def is_for(self, params: Sequence[float]) -> bool:
        """Whether a search that begins at these parameters as they are declared is one in the others."""
        return self.serves is None or self.serves(*params)
