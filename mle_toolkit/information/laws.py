"""What users have for a law, as a `Distribution`: ours, a fit, a frozen one of scipy.stats, or a random variable."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution, distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.registry import families, family_class, get_family


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
    vectors = _ours(kind.removesuffix("_frozen"))
    if kind.endswith("_frozen") and vectors is not None and vectors.multivariate and vectors.from_scipy is not None:
        return distribution(vectors.name, **vectors.from_scipy(law) or {})
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
        found = _as_ours(dist.name, [*shapes, loc, scale] if hasattr(dist, "pdf") else [*shapes, loc])
        if found is not None:
            return found
    names = [name.strip() for name in dist.shapes.split(",")] if dist.shapes else []
    known = dict(zip(names, shapes, strict=True)) | {"loc": loc}
    return Distribution(get_family(dist, **known | ({"scale": scale} if hasattr(dist, "pdf") else {})), {})


def _as_ours(name: str, values: list[float]) -> Distribution | None:
    """A law of scipy.stats as one of ours; None where we have none, or where its parameters are not in our domains."""
    ours = _ours(name)
    if ours is None or ours.from_scipy is None or len(inspect.signature(ours.from_scipy).parameters) != len(values):
        return None
    found = ours.from_scipy(*values)
    if found is None:
        return None
    try:
        law = distribution(ours.name, **found)
    except ParameterError:
        return None
    # An alias of ours may be the name of another law there: "wald" is the inverse Gaussian of any mean.
    return law if law.to_scipy().dist.name == name else None


def _ours(name: str) -> type[Family] | None:
    """The law that has the name of one of scipy.stats."""
    try:
        return family_class(name)
    except UnknownNameError:
        laws = map(family_class, families())
        return next((law for law in laws if law.in_scipy is not None and law.in_scipy.name == name), None)


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
    ours = next((law for kind in type(variable).__mro__ if (law := _ours(kind.__name__)) is not None), None)
    if ours and not ours.constant_defaults and all(hasattr(variable, p.name) for p in ours.parameters):
        return distribution(ours.name, **{p.name: float(getattr(variable, p.name)) for p in ours.parameters})
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
