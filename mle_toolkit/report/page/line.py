"""The one line of a law along each of its parameters, computed in Python, for the reader to drag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.path import path_to
from mle_toolkit.families.distribution import Distribution

if TYPE_CHECKING:
    from mle_toolkit.report.drawn import Drawn

STEPS = 15
"""Places of the slider on each side of the estimate."""

POINTS = 50
"""Points of the density."""

MOST_ROWS = 100_000
"""Rows above which the line is not drawn: every place of the slider is a pass over them."""

MOST_STEPS = 12
"""Steps of the optimiser that are shown; of more, some between the first and the last."""

_FAR = 3e-4
"""Two-sided probability beyond the ends of the slider, by the interval of the estimate."""


def line_of(fit: Drawn, label: str) -> dict[str, Any] | None:
    """The one line along each parameter, the others at their estimates; None where there is nothing to drag.

    Returns
    -------
    dict or None
        ``parameters``: for each its ``name``, ``values``, ``nll`` (NLL / n at each, nats), and ``density`` (one curve a
        value, over ``x``); ``path``, the same at the steps of an optimiser, with all parameters as ``values``, or None;
        ``at``, the place of the estimates; ``entropy`` of the data or None, and whether it is
        ``exact``; ``bars``, the data as a histogram: ``edges`` and ``heights``. Densities and
        heights are in thousandths of the highest.
    """
    sample = fit.sample
    simple = sample.in_memory and not sample.is_multivariate and not fit.family.per_row and sample.is_plain
    names = [n for n, v in fit.params.items() if np.ndim(v) == 0 and n not in fit.fixed]
    if not simple or sample.n_rows > MOST_ROWS or len(names) != len(fit.params) or fit.certificate.boundary:
        return None
    try:
        ends = dict(zip(names, fit.conf_int(_FAR).to_numpy().tolist(), strict=True))
        parameters = [_along(fit, name, *ends[name]) for name in names]
    except MleError:
        return None
    if not all(parameters):
        return None
    report = fit.information()
    law = fit.distribution
    x = _places(fit)
    path = _path(fit, names)
    for parameter in parameters:
        parameter["density"] = [_curve(law, {parameter["name"]: value}, x) for value in parameter["values"]]
    if path is not None:
        path["density"] = [_curve(law, dict(zip(names, values, strict=True)), x) for values in path["values"]]
    edges, heights = _bars(fit, x)
    # Heights are drawn, not read: whole thousandths of the highest bar or point of the fitted law.
    top = max(float(np.max(heights)), *(float(p["density"][STEPS].max()) for p in parameters))
    for parameter in (*parameters, *([] if path is None else [path])):
        parameter["density"] = [
            np.minimum(np.rint(1000 * c / top), 9999).astype(int).tolist() for c in parameter["density"]
        ]
    return {
        "law": fit.family.name,
        "label": label,
        "at": STEPS,
        "discrete": bool(law.family.discrete),
        "entropy": None if report.entropy is None else float(report.entropy.value),
        "exact": report.kl_direct is not None,
        "x": [float(f"{v:.6g}") for v in x],
        "bars": {"edges": edges, "heights": np.rint(1000 * heights / top).astype(int).tolist()},
        "parameters": parameters,
        "path": path,
    }


def _curve(law: Distribution, moved: dict[str, float], x: Array) -> Array:
    """The density of the law with some parameters moved; 0 where it is infinite."""
    curve = Distribution(law.family, {**law.params, **moved}).pdf(x)
    return np.where(np.isfinite(curve), curve, 0.0)


def _path(fit: Drawn, names: list[str]) -> dict[str, Any] | None:
    """NLL / n at the steps of an optimiser; None where there is no path to show."""
    found = fit.maximum
    if found is None or found.limit is not None or not found.coordinates.size:
        return None
    try:
        steps, begin = path_to(found)
        if len(steps) < 2:
            return None
        kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST_STEPS)).round().astype(int))
        values = [steps[k].tolist() for k in kept]
        nll = [-fit.loglike(dict(zip(names, one, strict=True))) / fit.nobs for one in values]
    except (MleError, np.linalg.LinAlgError):
        return None
    nll[-1] = fit.cross_entropy
    if not np.isfinite(nll).all():
        return None
    return {"begin": begin, "steps": kept.tolist(), "values": values, "nll": nll}


def _along(fit: Drawn, name: str, low: float, high: float) -> dict[str, Any]:
    """NLL / n at places on both sides of an estimate."""
    best = float(fit.params[name])
    if not (np.isfinite([low, high]).all() and low < best < high):
        return {}
    values = np.concatenate([np.linspace(low, best, STEPS + 1), np.linspace(best, high, STEPS + 1)[1:]])
    nll = [-fit.loglike({**fit.params, name: float(v)}) / fit.nobs for v in values]
    nll[STEPS] = fit.cross_entropy
    if not np.isfinite(nll).all():
        return {}
    return {"name": name, "values": values.tolist(), "nll": nll}


def _places(fit: Drawn) -> Any:
    """Where the density is drawn: over the data and nearly all of the law."""
    law, x = fit.distribution, fit.sample.x
    low, high = min(float(x.min()), float(law.ppf(0.005))), max(float(np.quantile(x, 0.999)), float(law.ppf(0.995)))
    if fit.family.discrete:
        low, high = np.floor(low), np.ceil(high)
        step = max(1.0, np.ceil((high - low) / POINTS))
        return np.arange(low, high + step, step)
    inner = law.ppf(np.linspace(0.005, 0.995, POINTS // 2))  # more points where the law bends
    return np.unique(np.concatenate([np.linspace(low, high, POINTS - len(inner)), inner]))


def _bars(fit: Drawn, x: Any) -> tuple[list[float], Array]:
    """The data as bars whose heights are those of a density."""
    values, weight = fit.sample.x, fit.sample.weight
    if fit.family.discrete:
        step = x[1] - x[0] if len(x) > 1 else 1.0
        edges = np.append(x - 0.5, x[-1] - 0.5 + step)
    else:
        edges = np.linspace(x[0], x[-1], int(np.clip(2 * np.sqrt(len(values)), 8, 40)) + 1)
    counts, _ = np.histogram(values, edges, weights=weight)
    heights = counts / (fit.nobs * np.diff(edges))
    return [float(f"{v:.6g}") for v in edges], heights
