"""Laws of what is above a threshold that is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import needed

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


def above(law: Family, threshold: float) -> Family:
    """Make the law of a variable whose excess over a threshold is of a law on the positive numbers.

    Parameters
    ----------
    law : Family
        With starts, a score, second derivatives and slopes of tails.
    threshold : float
        No parameter.
    """
    scores, seconds = needed(law, law.score, "score"), needed(law, law.hessian, "hessian")
    tails, starts = needed(law, law.tail_scores, "tail_scores"), needed(law, law.start, "start")

    def start(sample: Sample) -> Any:
        return starts(sample.with_values(sample.x - threshold, sample.weight))

    def tail_scores(x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        return tails(x - threshold, *params)

    return Family.from_logpdf(
        lambda x, *params: law.logpdf(x - threshold, *params),
        law.parameters,
        Interval(threshold, math.inf),
        name=f"{law.name} above {threshold:g}",
        score=lambda x, *params: scores(x - threshold, *params),
        hessian=lambda x, *params: seconds(x - threshold, *params),
        cdf=lambda x, *params: Distribution.at(law, params).cdf(x - threshold),
        sf=lambda x, *params: Distribution.at(law, params).sf(x - threshold),
        logcdf=lambda x, *params: Distribution.at(law, params).logcdf(x - threshold),
        logsf=lambda x, *params: Distribution.at(law, params).logsf(x - threshold),
        tail_scores=tail_scores,
        start=start,
        irregular=law.irregular,
        in_unit=lambda centre, scale: above(law, (threshold - centre) / scale),
    )
