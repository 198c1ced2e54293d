"""The maximum over ends of supports and kinks, which no search can climb: profiles of them, in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.climb import NEAR_BOUND, TRUST, least_value
from mle_toolkit.estimation.climbed import Climbed, climbed_from
from mle_toolkit.estimation.irregular import candidates, has_run_off, highest, on_an_end, uphill
from mle_toolkit.estimation.maximum import Maximum, params_of
from mle_toolkit.estimation.run_off import check_not_certain
from mle_toolkit.estimation.starts import domains_of, in_unit, starts_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Domain, Interval
from mle_toolkit.likelihood.sums import Likelihood

_LOOKS_ANEW = 24
"""Looks for which the search of several others begins anew, for there may be more maxima than one."""

_TURNS = 20

_SAME_LOGLIK = 1e-11

_BEST_ENDS = 3
"""Ends beside which the highest point is looked for, at the first turn."""

_AWAY, _CLEAR = 1e-4, 1e-5
"""How far beside a top a profile is seen to be lower, and no end of an interval is: shares of the range of the data."""


@dataclass(eq=False)
class Profiles:
    """The likelihood as a function of irregular parameters, the others being the best for each of their values.

    Attributes
    ----------
    family : Family
    likelihood : Likelihood
    irregular : list of str
    fixed, bounds, start, solver
        What is asked of the search.
    search : callable
        By which the others are sought.
    """

    family: Family
    likelihood: Likelihood
    irregular: Sequence[str]
    fixed: Mapping[str, Any]
    bounds: Mapping[str, tuple[float | None, float | None]]
    start: Mapping[str, Any]
    solver: str | None
    search: Callable[..., Maximum]
    _best: Maximum | None = field(default=None, init=False)
    _spike: UnboundedLikelihoodError | None = field(default=None, init=False)
    _seen: list[tuple[Array, Array]] = field(default_factory=list, init=False)

    def highest(self) -> Maximum:
        """The maximum: at an end of an interval, or where the profile is smooth between two of them.

        Raises
        ------
        NoMaximumError
            If the likelihood is finite nowhere, or has no bound.
        """
        risen = self._risen
        self._at.update(risen)
        sought = [name for name in self.irregular if name not in risen]
        if not sought:
            self.height({})
        elif not (self._has_one_top and self._came_to_the_top(sought[0])):
            self._take_turns(sought)
        best = self._best
        if best is None:
            ends = " and ".join(self.irregular)
            raise self._spike or NoMaximumError(
                f"{self.family.name}: the log-likelihood is not finite for any value of {ends} that was tried, so no "
                f"search can begin. Give a start: fit(..., start={{...}})."
            )
        if self._spike is not None and best.boundary and not self.bounds:
            raise self._spike  # the best ran to the end of its domain as well: beside a value without a bound
        if not self.bounds:
            check_not_certain(best)
        run_off = tuple(name for name, value in self._at.items() if has_run_off(value, self.likelihood.data))
        return replace(best, fixed=tuple(self.fixed), run_off=run_off)

    def _take_turns(self, names: Sequence[str]) -> None:
        """Bring one parameter after the other to the highest point of its profile, then all together uphill."""
        data, last = self.likelihood.data, -np.inf
        for turn in range(_TURNS):
            for name in names:
                domain = self._domain(name)
                whole = isinstance(domain, Interval) and domain.integer
                profile = lambda v, name=name: self.height({name: v})  # noqa: E731
                tried = candidates(data, self._at[name], domain)
                best_ends = 1 if turn else _BEST_ENDS
                one_top = self._has_one_top
                self._at[name] = highest(profile, self._at[name], tried, best_ends, whole=whole, one_top=one_top)
            best = self._best
            if len(names) == 1 or best is None:
                break
            if not best.loglik - last > _SAME_LOGLIK * max(1.0, abs(best.loglik)):
                break
            last = best.loglik
            if not whole:
                self._at |= uphill(self.height, {name: self._at[name] for name in names}, data)

    def height(self, ends: Mapping[str, float]) -> float:
        """The highest log-likelihood where irregular parameters have these values; those left out are where they are.

        -inf too where the highest of all has been found.
        """
        best, family = self._best, self.family
        if best is not None and best.loglik >= self._bound - (NEAR_BOUND if best.method == TRUST else 0.0):
            return -np.inf
        if not all(self._is_allowed(name, value) for name, value in ends.items()):
            return -np.inf
        known = {**self.fixed, **self._at, **ends}
        start = {key: value for key, value in self.start.items() if key not in self._at}
        if best is not None and len(self._seen) >= (_LOOKS_ANEW if len(self._others) > 1 else 1):
            near = self._from_nearest(known)
            if near is not None and near.loglik <= best.loglik:
                return near.loglik
            there = dict(zip(family.param_names, params_of(best), strict=True)) if near is None else near.params
            start |= {name: there[name] for name in self._others}
        bounds = {key: bound for key, bound in self.bounds.items() if key not in self._at}
        try:
            found = self.search(family, self.likelihood, known, bounds, start or None, self.solver)
        except UnboundedLikelihoodError as error:
            self._spike = error
            return -np.inf
        except NoMaximumError as error:
            if error.certificate is not None:
                raise  # nothing is higher than where the law has concentrated in all intervals
            return -np.inf
        if np.isnan(found.loglik):
            return -np.inf
        self._seen.append((self._held(known), found.theta_in_unit))
        if best is None or found.loglik > best.loglik:
            self._best = found
        return found.loglik

    def _from_nearest(self, known: Mapping[str, float]) -> Climbed | None:
        """Where Newton's method leads from the others at the nearest values that were seen; None where nowhere."""
        if self.bounds or self.solver is not None or not self.family.all_scalar:
            return None
        held = self._held(known)
        away = np.abs(np.array([place for place, _ in self._seen]) - held).max(axis=1)
        theta = self._seen[int(np.argmin(away))][1].copy()
        theta[[not free for free in self._free]] = held
        value = -self.likelihood.mean_loglik(theta)
        if not value < np.inf:
            return None
        here = Climbed(self.likelihood, value, theta)
        end = climbed_from(self.likelihood, theta, self._free) if self._others else here
        if end is not None:
            self._seen.append((held, end.theta))
        return end

    def _held(self, known: Mapping[str, float]) -> Array:
        """Values of all that is known, in the unit of the likelihood."""
        names = [name for name in self.family.param_names if name in known]
        return np.concatenate([in_unit(self.family, self.likelihood, name, known[name]) for name in names])

    def _came_to_the_top(self, name: str) -> bool:
        """Whether Newton's method, on all parameters at once, comes to the one top of a profile: it is lower beside it.

        The likelihood is smooth between ends of intervals, of which none may be so near that differences reach it. To
        an observation with a kink, which is a top as a rule, it does not lead.
        """
        likelihood, family = self.likelihood, self.family
        if family.tail_scores is None or (likelihood.exact is not None and family.has_kinks()):
            return False
        theta = starts_of(family, likelihood, domains_of(family), {}, dict(self.start))[0]
        if not likelihood.mean_loglik(theta) > -np.inf:
            return False
        end = climbed_from(likelihood, theta)
        if end is None:
            return False
        there = end.params
        self.start = {**self.start, **there}
        data, top = likelihood.data, float(there[name])
        reach = data.maximum - data.minimum
        if not min(np.abs(ends - top).min() for ends in (data.lower, data.upper)) > _CLEAR * reach:
            return False
        height = self.height({name: top})
        if not (height > -np.inf and max(self.height({name: top + s * reach}) for s in (-_AWAY, _AWAY)) < height):
            return False
        self._at[name] = top
        return True

    @cached_property
    def _has_one_top(self) -> bool:
        """Whether a theorem says that the profile rises to one maximum and falls beyond it.

        Of a likelihood that is concave, in coordinates of which the parameter is the ratio of two.
        """
        free = not (self.fixed or self.bounds) and len(self.irregular) == 1
        return free and self.family.one_maximum_of_intervals and self.likelihood.data.window is None

    @cached_property
    def _at(self) -> dict[str, float]:
        """Where the irregular parameters are."""
        family, likelihood = self.family, self.likelihood
        theta = starts_of(family, likelihood, domains_of(family), {}, dict(self.start))[0]
        params = family.unpack(likelihood.unit.params_to_data(family, theta))
        begin = {**dict(zip(family.param_names, params, strict=True)), **self.fixed}
        return {name: on_an_end(float(begin[name]), likelihood.data) for name in self.irregular}

    @cached_property
    def _risen(self) -> dict[str, float]:
        """Ends that are best at an observation, whatever the other parameters are."""
        data, found = self.likelihood.data, {}
        exact = data.lower == data.upper
        if data.window is not None or self.bounds or not exact.any():
            return {}
        for name, side in self.family.rising_ends.items():
            censored = np.isposinf(data.upper) if side > 0 else np.isneginf(data.lower)
            if name in self.irregular and (exact | censored).all():
                points = data.lower[exact]
                found[name] = float(points.min() if side > 0 else points.max())
        return found

    @cached_property
    def _others(self) -> list[str]:
        return [name for name in self.family.param_names if name not in self.irregular and name not in self.fixed]

    @cached_property
    def _free(self) -> list[bool]:
        return [name in self._others for name in self.family.param_names]

    @cached_property
    def _bound(self) -> float:
        """The log-likelihood that no law passes."""
        return -least_value(self.likelihood) * self.likelihood.nobs

    def _domain(self, name: str) -> Domain:
        return self.family.parameters[self.family.param_names.index(name)].domain

    def _is_allowed(self, name: str, value: float) -> bool:
        low, high = self.bounds.get(name, (None, None))
        beyond = (low is not None and value < low) or (high is not None and value > high)
        return not beyond and bool(np.all(self._domain(name).contains(np.asarray(value))))
