"""A subsample's likelihood in place of the whole sample's, near a point at which both are known."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.passed import slope_sums
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.triangles import symmetric


class Surrogate(Likelihood):
    r"""A subsample's likelihood plus the parabola that makes it agree with the whole sample's at a point.

    .. math:: \ell_m(\theta) + (\ell_n - \ell_m)(\theta_0) + (\ell_n - \ell_m)'(\theta_0)\,h
              + \tfrac12 h^\top (\ell_n - \ell_m)''(\theta_0)\,h, \quad h = \theta - \theta_0

    After Jordan, Lee & Yang (2019), JASA 114, 668-681, who take the slope only. Third derivatives are the subsample's:
    they differ from the whole's by the order of 1/√m, so that the maximum, from a point as near as that of the
    subsample, is found with an error of the order of m^(-3/2), where a Newton step leaves one of 1/m.

    Parameters
    ----------
    whole : Likelihood
        Has all derivatives in one pass.
    few : Likelihood
        That of a subsample, in the same unit.
    theta : ndarray of shape (p,)
        Where the two are to agree: one pass over the whole sample, unless it has been made.
    like : Surrogate, optional
        One of a point nearby, of which the second derivatives of the parabola are taken over: the pass is then one for
        first derivatives alone, where that is shorter.
    """

    def __init__(self, whole: Likelihood, few: Likelihood, theta: Array, like: Surrogate | None = None) -> None:
        super().__init__(few._declared, few.data, whole.unit, whole.twin)
        self.nobs = whole.nobs
        self._few, self._whole, self._theta, self._like = few, whole, theta, like

    @cached_property
    def gap(self) -> Array | None:
        """What value and derivatives of the whole sample have more than the other's there; None where one is lost."""
        there = self._few._last_derivatives(self._theta, self._few._derivatives)
        if self._like is not None and self._like.gap is not None and there is not None:
            slopes = self._whole._fold(slope_sums, self._theta, self._whole.family.rows_at_once) / self._whole.nobs
            return np.concatenate([slopes - there[: len(slopes)], self._like.gap[len(slopes) :]])
        here = self._whole._last_derivatives(self._theta, self._whole._derivatives)
        return None if here is None or there is None else np.array(here) - np.array(there)

    def _derivatives(self, theta: Array) -> list[float] | Array | None:
        beyond = None if self.gap is None else self._few._last_derivatives(theta, self._few._derivatives)
        if self.gap is None or beyond is None:
            return None
        gap, h, p = self.gap.copy(), theta - self._theta, len(theta)
        bent = symmetric(gap[1 + p :]) @ h
        gap[0] += gap[1 : 1 + p] @ h + 0.5 * (h @ bent)
        gap[1 : 1 + p] += bent
        ahead = np.array(beyond) + gap
        return ahead if isinstance(beyond, np.ndarray) else [float(value) for value in ahead]

    def remember(self, theta: Array) -> None:
        """Take the derivatives at a point so near that nothing but rounding is lost for those of the whole sample."""
        self._whole._last_derivatives(theta, self._derivatives)


def remember_beside(whole: Likelihood, theta: Array, end: Array) -> None:
    """Take the derivatives at a point for those that their own parabola has, millionths of standard errors away."""

    def ahead(_: Array) -> list[float] | Array | None:
        here = whole._last_derivatives(theta, whole._derivatives)
        if here is None:
            return None
        values, h, p = np.array(here), end - theta, len(theta)
        bent = symmetric(values[1 + p :]) @ h
        values[0] += values[1 : 1 + p] @ h + 0.5 * (h @ bent)
        values[1 : 1 + p] += bent
        return values if isinstance(here, np.ndarray) else [float(value) for value in values]

    whole._last_derivatives(end, ahead)
