"""Whether a likelihood rises from a limiting law into the family: then the limit is not the maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.estimation.contained import RELATIVE, ROUNDING
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.domain import Interval

_LADDER = np.arange(-14.0, 15.0, 2.0)
"""Where a parameter is tried that is at its end at a limit: powers of e, or logits."""


def above_limit(settled: Maximum) -> dict[str, Any] | None:
    """The best law that differs from a limiting one in the parameter at its end, where it is better; None if none is.

    From a start far away a search may run to a limit past a maximum. Where a likelihood rises from the limit, it is
    higher already where that parameter is large, or near its end, and all others are as at the limit.

    Parameters
    ----------
    settled : Maximum
        At a limit, at which one parameter, a number, is at the end of its domain, and all others are in the inside.

    Returns
    -------
    dict of str to value, or None
        Parameters in the unit of the data.
    """
    family, likelihood = settled.family, settled.likelihood
    if settled.limit is None or len(settled.boundary) != 1 or likelihood.data.n_rows > 4 * SKETCH_ROWS:
        return None
    k = family.param_names.index(settled.boundary[0])
    domain = family.parameters[k].domain
    if not isinstance(domain, Interval) or not np.all(np.isfinite(np.delete(settled.theta, family.places[k]))):
        return None
    theta = settled.theta.copy()
    values = []
    for value in np.asarray(domain.from_real(_LADDER)).tolist():
        theta[family.places[k]] = value
        values.append(likelihood.mean_loglik(likelihood.unit.params_to_unit(family, theta)))
    best = int(np.argmax(np.nan_to_num(values, nan=-np.inf)))
    highest = (values[best] + likelihood.log_jacobian) * likelihood.nobs
    if not highest > settled.loglik + ROUNDING + RELATIVE * abs(settled.loglik):
        return None
    theta[family.places[k]] = float(domain.from_real(_LADDER[best : best + 1])[0])
    return dict(zip(family.param_names, family.unpack(theta), strict=True))
