"""A law of which scipy.stats has none, as a distribution of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mle_toolkit._typing import Array

if TYPE_CHECKING:
    from mle_toolkit.families.distribution import Distribution


def as_scipy(distribution: Distribution) -> Any:
    """A frozen distribution of scipy.stats that computes by one of ours.

    Parameters
    ----------
    distribution : Distribution
        A law without an equivalent in scipy.stats.

    Returns
    -------
    rv_frozen
        With ``logpdf``, ``pdf`` (``logpmf``, ``pmf``), ``cdf``, ``sf``, ``ppf``, ``isf``, ``rvs``, moments and entropy.
    """
    from scipy import stats

    law, support = distribution.family, distribution.family.support
    base: Any = stats.rv_discrete if law.discrete else stats.rv_continuous
    members: dict[str, Any] = {
        "_cdf": lambda self, x: distribution.cdf(x),
        "_sf": lambda self, x: distribution.sf(x),
        "_logcdf": lambda self, x: distribution.logcdf(x),
        "_logsf": lambda self, x: distribution.logsf(x),
        "_ppf": lambda self, q: distribution.ppf(q),
        "_isf": lambda self, q: distribution.isf(q),
        "_rvs": lambda self, size=None, random_state=None: _drawn(distribution, size, random_state),
        "_entropy": lambda self: distribution.entropy(),
        "_stats": lambda self: (distribution.mean(), distribution.var(), None, None),
        "_shape_info": lambda self: [],
        ("_pmf" if law.discrete else "_pdf"): lambda self, x: distribution.pdf(x),
        ("_logpmf" if law.discrete else "_logpdf"): lambda self, x: distribution.logpdf(x),
    }
    return type("DistributionLaw", (base,), members)(a=support.lower, b=support.upper, name=law.name)()


def _drawn(distribution: Distribution, size: Any, random_state: Any) -> Array:
    # SciPy hands over a Generator or a legacy RandomState; uniform numbers are what both can give.
    return distribution.ppf(random_state.uniform(size=size))
