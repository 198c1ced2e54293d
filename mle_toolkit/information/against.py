"""Data against a law: cross-entropy, and divergence of the empirical distribution or of the law that they come from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.excess import log_ratio
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.information.fits import entropy_for
from mle_toolkit.information.model_free import FEW_PER_CELL, around, weighted_se
from mle_toolkit.information.pointwise import KL


def plug_in(value: float, shares: Array, terms: Array, n: float) -> Estimate:
    """Put the standard error to a mean of terms over the shares of n observations.

    Its square is (sum of p term² - mean²) / n, as for a mean of n independent terms; the derivatives by the shares that
    the terms themselves have add up to nothing.
    """
    seen = shares > 0
    mean = float(np.sum(shares[seen] * terms[seen]))
    se = math.sqrt(float(np.sum(shares[seen] * np.square(terms[seen] - mean))) / n) if n > 1 else None
    flags = ("undersampled",) if n < FEW_PER_CELL * shares.size else ()
    return Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        method="plug-in",
        flags=flags,
        reason=None if se is not None else "one observation",
    )


def counts_against(shares: Array, model: Array, n: float) -> tuple[Estimate, Estimate]:
    """Cross-entropy and divergence, nats, of the shares of n observations from probabilities."""
    impossible = np.flatnonzero((shares > 0) & (model == 0))
    if len(impossible):
        k = impossible[0]
        reason = f"q is 0 at [{k}], which was seen {n * shares[k]:g} times"
        infinite = Estimate(value=math.inf, method="plug-in", reason=reason)
        return infinite, infinite
    seen = shares > 0
    log_q = np.where(seen, np.log(np.where(seen, model, 1.0)), 0.0)
    d = log_ratio(shares, model)
    larger = np.maximum(shares, model)
    divergence = float(np.sum(np.where(larger > 0, larger * KL.term(d), 0.0)))
    return (
        plug_in(0.0 - math.fsum((shares * log_q).tolist()), shares, -log_q, n),
        plug_in(divergence, shares, np.where(seen, d, 0.0), n),
    )


def sample_against(sample: Any, law: Distribution) -> tuple[Estimate, Estimate]:
    """Cross-entropy of a sample and a law, exactly, and the divergence of its law, estimated, nats.

    The divergence is the cross-entropy less the entropy of the data, as in the report of a fit: for counts the plug-in,
    for measurements from spacings, for vectors from nearest neighbours. A negative estimate stays so.
    """
    data = Sample.of(sample, multivariate=law.family.multivariate)
    if not data.is_exact:
        raise DataError("censored or grouped data are compared with a law by its fit: mle.fit(...).information().")
    log_q = law.logpdf(data.x)
    if np.any(log_q == -np.inf):
        rows = np.flatnonzero(log_q == -np.inf)
        reason = (
            f"{law.family.name} gives no density to {len(rows)} of {len(log_q)} observations; "
            f"the first is in row {rows[0]}"
        )
        infinite = Estimate(value=math.inf, method="sample", reason=reason)
        return infinite, infinite
    weighted = log_q if data.weight is None else data.weight * log_q
    value = 0.0 - math.fsum(weighted.tolist()) / data.nobs
    se = weighted_se(log_q, data)
    cross_entropy = Estimate(
        value=value,
        se=se,
        interval=around(value, se),
        method="mean over the sample",
        reason=None if se is not None else "one observation",
    )
    entropy = entropy_for(law.family, data)
    if entropy.estimate is None or entropy.log_density is None:
        raise DataError(f"kl_divergence: {entropy.reason}")
    divergence = value - entropy.estimate.value
    spread = weighted_se(entropy.log_density - log_q, data)
    flags = entropy.estimate.flags + (("indistinguishable_from_zero",) if divergence < 0 else ())
    return cross_entropy, Estimate(
        value=divergence,
        se=spread,
        interval=around(divergence, spread),
        error=entropy.estimate.error,
        method=f"cross-entropy less entropy ({entropy.estimate.method})",
        flags=flags,
        reason=None if spread is not None else "one observation",
    )
