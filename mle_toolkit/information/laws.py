"""What users have for a law, as a `Distribution`: ours, a fit, a frozen one of scipy.stats, or a random variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family, get_family
from mle_toolkit.families.distribution import Distribution, distribution
from mle_toolkit.families.domain import Interval

_OURS: dict[str, Callable[..., Distribution]] = {
    "norm": lambda loc, scale: distribution("normal", mu=loc, sigma=scale),
    "uniform": lambda loc, scale: distribution("uniform", a=loc, b=loc + scale),
    "gumbel_r": lambda loc, scale: distribution("gumbel", loc=loc, scale=scale),
    "laplace": lambda loc, scale: distribution("laplace", loc=loc, scale=scale),
    "logistic": lambda loc, scale: distribution("logistic", loc=loc, scale=scale),
    "cauchy": lambda loc, scale: distribution("cauchy", loc=loc, scale=scale),
    "t": lambda df, loc, scale: distribution("student_t", df=df, loc=loc, scale=scale),
    "vonmises": lambda kappa, loc, scale: distribution(
        "von_mises", period=None if scale == 1 else 2 * np.pi * scale, mu=loc, kappa=kappa
    ),
}
"""Laws of scipy.stats with a location, by name."""

_OURS_AT_ZERO: dict[str, Callable[..., Distribution]] = {
    "expon": lambda scale: distribution("exponential", scale=scale),
    "gamma": lambda a, scale: distribution("gamma", shape=a, scale=scale),
    "invgamma": lambda a, scale: distribution("inverse_gamma", shape=a, scale=scale),
    "lognorm": lambda s, scale: distribution("lognormal", meanlog=float(np.log(scale)), sdlog=s),
    "weibull_min": lambda c, scale: distribution("weibull", shape=c, scale=scale),
    "invweibull": lambda c, scale: distribution("frechet", shape=c, scale=scale),
    "pareto": lambda b, scale: distribution("pareto", alpha=b, xm=scale),
    "powerlaw": lambda a, scale: distribution("power", shape=a, scale=scale),
    "rayleigh": lambda scale: distribution("rayleigh", sigma=scale),
    "halfnorm": lambda scale: distribution("half_normal", sigma=scale),
    "invgauss": lambda mu, scale: distribution("inverse_gaussian", mu=mu * scale, lam=scale),
    "fisk": lambda c, scale: distribution("loglogistic", shape=c, scale=scale),
    "lomax": lambda c, scale: distribution("lomax", shape=c, scale=scale),
}
"""Laws of scipy.stats that are ours if their location is 0."""

_OUR_COUNTS: dict[str, Callable[..., Distribution]] = {
    "poisson": lambda mu: distribution("poisson", mu=mu),
    "bernoulli": lambda p: distribution("bernoulli", p=p),
    "binom": lambda n, p: distribution("binomial", n=int(n), p=p),
    "nbinom": lambda n, p: distribution("negbin", size=n, mu=n * (1 - p) / p),
    "logser": lambda p: distribution("logseries", p=p),
    "zipf": lambda a: distribution("zeta", alpha=a),
}
"""Laws of counts of scipy.stats that are ours if their location is 0."""

_OUR_VECTORS: dict[str, Callable[[Any], Distribution]] = {
    "multivariate_normal_frozen": lambda x: distribution("multivariate_normal", mean=x.mean, cov=x.cov),
    "dirichlet_frozen": lambda x: distribution("dirichlet", alpha=x.alpha),
    "multinomial_frozen": lambda x: distribution("multinomial", n=int(x.n), probs=x.p),
    "multivariate_t_frozen": lambda x: distribution("multivariate_t", df=x.df, mean=x.loc, shape=x.shape),
}


def as_distribution(law: Any) -> Distribution | None:
    """Recognise a law; None for what is none, such as an array.

    Parameters
    ----------
    law : Distribution, Fit, frozen scipy.stats distribution, or scipy.stats random variable
        What has an attribute ``distribution`` that is one, as a `Fit`, stands for it.

    Raises
    ------
    ParameterError
        If it is a family without parameters, a batch of laws, or one of scipy.stats that has no density here.
    """
    if isinstance(law, Distribution):
        return _checked(law)
    if isinstance(inner := getattr(law, "distribution", None), Distribution):
        return _checked(inner)
    if isinstance(law, (Family, str)):
        raise ParameterError(
            f"{law!r:.60} is a family, of which the parameters are open; give them: "
            f"mle.distribution({getattr(law, 'name', law)!r}, ...)."
        )
    module = type(law).__module__
    if not (module.startswith("scipy.stats") or hasattr(law, "dist") or hasattr(law, "icdf")):
        return None
    kind = type(law).__name__
    if kind in _OUR_VECTORS:
        return _OUR_VECTORS[kind](law)
    if hasattr(law, "dist"):
        return _of_frozen(law)
    if hasattr(law, "icdf") and hasattr(law, "support"):
        return _of_random_variable(law)
    raise ParameterError(
        f"{kind} of scipy.stats is not a law that divergences can be computed of; give a frozen univariate "
        "distribution, such as scipy.stats.norm(0, 1), or a random variable, such as scipy.stats.Normal()."
    )


def _checked(law: Distribution) -> Distribution:
    if law.family.per_row:
        raise ParameterError(
            f"{law.family.name}: {law.family.per_row[0]} is given per row, so there are as many laws as rows; "
            "divergences are between two laws: take one row."
        )
    return law


def _of_frozen(frozen: Any) -> Distribution:
    """A frozen distribution: as one of ours where there is one, because of its closed forms."""
    dist = frozen.dist
    if hasattr(dist, "xk") and hasattr(dist, "pk"):
        return _of_table(frozen)
    values = dist._parse_args(*frozen.args, **frozen.kwds)
    *shapes, loc, scale = [*values[0], *values[1:]] if hasattr(dist, "pdf") else [*values[0], values[1], 1.0]
    if any(np.size(value) != 1 for value in (*shapes, loc, scale)):
        raise ParameterError(
            f"scipy.stats.{dist.name} with arrays of parameters is a batch of laws; divergences are between two: "
            "take one set of parameters."
        )
    if not np.all(np.isfinite(frozen.support())) and np.any(np.isnan(frozen.support())):
        raise ParameterError(f"scipy.stats.{dist.name}: its parameters lie outside their domains.")
    *shapes, loc, scale = [float(np.squeeze(value)) for value in (*shapes, loc, scale)]
    if type(dist).__module__.startswith("scipy.stats"):
        if dist.name in _OURS:
            return _OURS[dist.name](*shapes, loc, scale)
        if dist.name in _OURS_AT_ZERO and loc == 0:
            return _OURS_AT_ZERO[dist.name](*shapes, scale)
        if dist.name == "beta" and (loc, scale) == (0.0, 1.0):
            return distribution("beta", a=shapes[0], b=shapes[1])
        if dist.name in _OUR_COUNTS and loc == 0:
            return _OUR_COUNTS[dist.name](*shapes)
        if dist.name == "geom" and loc == -1:
            return distribution("geometric", prob=shapes[0])
    names = [name.strip() for name in dist.shapes.split(",")] if dist.shapes else []
    known = dict(zip(names, shapes, strict=True)) | {"loc": loc}
    return Distribution(get_family(dist, **known | ({"scale": scale} if hasattr(dist, "pdf") else {})), {})


def _of_table(frozen: Any) -> Distribution:
    """A law given by a table of values and probabilities; they must be whole numbers."""
    loc = float(frozen.support()[0]) - float(np.min(frozen.dist.xk))
    values, probs = np.ravel(frozen.dist.xk) + loc, np.ravel(frozen.dist.pk)
    if np.any(values != np.floor(values)) or values.min() < 0:
        raise ParameterError(
            "a scipy.stats.rv_discrete with values that are no counts; give the probabilities as an array instead."
        )
    table = np.zeros(int(values.max()) + 1)
    table[values.astype(np.intp)] = probs
    return distribution("categorical", probs=table)


def _of_random_variable(variable: Any) -> Distribution:
    """A random variable of SciPy's new infrastructure, by its own functions."""
    low, high = (np.asarray(end, dtype=float) for end in variable.support())
    name = type(variable).__name__
    if low.size != 1 or high.size != 1:
        raise ParameterError(
            f"{name} with arrays of parameters is a batch of laws; divergences are between two: take one of them."
        )
    if name == "Normal":
        return distribution("normal", mu=float(variable.mu), sigma=float(variable.sigma))
    if name == "StandardNormal":
        return distribution("normal", mu=0.0, sigma=1.0)
    if name == "Uniform":
        return distribution("uniform", a=float(variable.a), b=float(variable.b))
    discrete = any(base.__name__ == "DiscreteDistribution" for base in type(variable).__mro__)
    family = Family.from_logpdf(
        lambda x: variable.logpmf(x) if discrete else variable.logpdf(x),
        (),
        Interval(float(low), float(high), closed="both", integer=discrete),
        name=name,
        ppf=lambda p: variable.icdf(p),
        cdf=lambda x: variable.cdf(x),
        sf=lambda x: variable.ccdf(x),
        rvs=lambda size, rng: variable.sample(size, rng=rng),
    )
    return Distribution(family, {})
