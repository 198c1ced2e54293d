"""What held-out scores say of several models at once: the model confidence set, and stacking weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.errors import ComparisonError, NoMaximumError
from mle_toolkit.inference.scores import HeldOut

Statistic = Literal["max", "range"]

CHUNK = 50
"""Resamples a chunk; each chunk has a seed of its own."""

_ROUNDING = 1e-12
"""Differences of mean scores, and their standard errors, below which two models are the same."""


@dataclass(frozen=True)
class ConfidenceSet:
    """Models that the data cannot tell from the best.

    Attributes
    ----------
    names : tuple of str
        All models, in the order of elimination from last to first: the best first.
    p_values : dict of str to float
        Of each model: it is in the set of level ``1 - alpha`` for every alpha below.
    alpha : float
    statistic : {"max", "range"}
    method : str
        How the scores were made.
    """

    names: tuple[str, ...]
    p_values: dict[str, float]
    alpha: float
    statistic: str
    method: str

    @property
    def included(self) -> tuple[str, ...]:
        """The set of level ``1 - alpha``."""
        return tuple(name for name in self.names if self.p_values[name] >= self.alpha)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The models that are told from the best."""
        return tuple(name for name in self.names if self.p_values[name] < self.alpha)

    def __contains__(self, name: str) -> bool:
        return name in self.included

    def __len__(self) -> int:
        return len(self.included)

    def __str__(self) -> str:
        shown = ", ".join(f"{name} (p = {self.p_values[name]:.3g})" for name in self.names)
        return f"{1 - self.alpha:.0%} model confidence set: {', '.join(self.included)}\n{shown}\n{self.method}"


def confidence_set(
    held_out: HeldOut, alpha: float = 0.05, statistic: str = "max", n: int = 1000, rng: Any = None
) -> ConfidenceSet:
    """Eliminate models until the scores of the rest do not differ.

    Parameters
    ----------
    held_out : HeldOut
        Scores of the same observations under all models.
    alpha : float
        The best model is in the set with probability ``1 - alpha`` at least, for large samples.
    statistic : {"max", "range"}
        Largest standardised distance of a model from the mean of all (T_max), or between two models (T_R).
    n : int
        Number of bootstrap resamples of the observations, which are independent.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional

    Notes
    -----
    Hansen, Lunde & Nason (2011), Econometrica 79, 453-497. The p-value of a model is the largest among those of the
    tests up to its elimination. Models that exclude an observation are eliminated first, with p-value 0.
    """
    alpha = options.level(alpha)
    statistic = options.choice(statistic, "statistic", get_args(Statistic))
    n = options.whole(n, "n", 1)
    finite = np.all(np.isfinite(held_out.scores), axis=0)
    alive = [int(k) for k in np.flatnonzero(finite)]
    if not alive:
        raise ComparisonError("confidence set: every model excludes an observation that was held out.")
    names = held_out.names
    p_values = {name: 0.0 for name, ok in zip(names, finite, strict=True) if not ok}
    order = list(p_values)
    losses = -held_out.mean()
    resampled = _resampled_losses(held_out, alive, n, rng)
    highest = 0.0
    while len(alive) > 1:
        worst, p = _eliminate(losses[alive], resampled[:, alive], statistic)
        highest = max(highest, p)
        name = names[alive.pop(worst)]
        order.append(name)
        p_values[name] = highest
    order.append(names[alive[0]])
    p_values[names[alive[0]]] = 1.0
    return ConfidenceSet(tuple(reversed(order)), p_values, alpha, statistic, held_out.method)


def _resampled_losses(held_out: HeldOut, models: list[int], n: int, rng: Any) -> Array:
    """Mean loss of each model in resamples of the observations; shape (n, n_models), NaN for the others."""
    if held_out.weight_kind == "reliability":
        raise ComparisonError("confidence set: reliability weights are not numbers of observations to resample.")
    weight = held_out.weight
    share = weight / np.sum(weight)
    size = round(float(np.sum(weight)))
    result = np.full((n, len(held_out.names)), np.nan)
    scores = held_out.scores[:, models]
    entropy = options.generator(rng).integers(0, 1 << 32, size=4, dtype=np.uint64).tolist()
    for k, seed in enumerate(np.random.SeedSequence(entropy).spawn(-(-n // CHUNK))):
        rows = slice(k * CHUNK, min((k + 1) * CHUNK, n))
        counts = np.random.default_rng(seed).multinomial(size, share / share.sum(), size=rows.stop - rows.start)
        result[rows, models] = -(counts @ scores) / size
    return result


def _eliminate(losses: Array, resampled: Array, statistic: str) -> tuple[int, float]:
    """Which model goes next, and the p-value of all being as good."""
    if statistic == "max":
        distance = losses - np.mean(losses)
        noise = resampled - np.mean(resampled, axis=1, keepdims=True) - distance
        t, t_noise = _standardised(distance, noise)
        return int(np.argmax(t)), float(np.mean(t_noise.max(axis=1) >= np.max(t)))
    m = len(losses)
    pairs = losses[:, None] - losses[None, :]
    noise = resampled[:, :, None] - resampled[:, None, :] - pairs
    t, t_noise = _standardised(pairs.ravel(), noise.reshape(len(resampled), -1))
    worst = int(np.argmax(t.reshape(m, m).max(axis=1)))
    return worst, float(np.mean(t_noise.max(axis=1) >= np.max(t)))


def _standardised(distance: Array, noise: Array) -> tuple[Array, Array]:
    """Distances, and their bootstrap noise, in standard errors; 0 between models that are the same."""
    se = np.sqrt(np.mean(np.square(noise), axis=0))
    same = (se <= _ROUNDING) & (np.abs(distance) <= _ROUNDING)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(same, 0.0, distance / se), np.where(same, 0.0, noise / se)


_STEPS = 200
_ALIKE = 1e-10
"""Relative curvature below which a change of the weights makes no difference."""

_FLAT = 1e-8
"""Gain of the mean log score, in nats, that no change of the weights can exceed at the end."""


def stacking_weights(held_out: HeldOut) -> Array:
    """Weights of the mixture of the models that gives the held-out observations the highest log score.

    Parameters
    ----------
    held_out : HeldOut

    Returns
    -------
    ndarray of shape (n_models,)
        Non-negative, with sum 1; 0 for a model without scores.

    Notes
    -----
    Yao, Vehtari, Simpson & Gelman (2018), Bayesian Analysis 13, 917-1007. The problem is concave. Each round solves its
    second-order model on the simplex, and the largest gain that is left, max_k mean[q_k / Σ w q] - 1, is the
    certificate.
    """
    from scipy import optimize

    usable = ~np.any(np.isnan(held_out.scores), axis=0)
    scores = held_out.scores[:, usable]
    if scores.shape[1] == 0 or not np.all(np.any(np.isfinite(scores), axis=1)):
        raise ComparisonError("stacking: an observation is impossible under every model that was fitted without it.")
    share = held_out.weight / np.sum(held_out.weight)
    density = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    w = np.full(scores.shape[1], 1 / scores.shape[1])
    for _ in range(_STEPS):
        ratio = density / (density @ w)[:, None]
        slope = share @ ratio
        if np.max(slope) - 1 <= _FLAT:
            result = np.zeros(len(usable))
            result[usable] = w
            return result
        # In terms of v >= 0 without a sum: maximise mean log(Σ v q) - Σ v, whose maximum has sum 1. Its quadratic model
        # at w is a least-squares problem: |sqrt(share) (ratio v - 2)|² / 2, up to the linear term.
        root = np.sqrt(share)[:, None] * ratio
        target = 2 * np.sqrt(share)
        curvatures, axes = np.linalg.eigh(root.T @ root)
        curvatures = np.maximum(curvatures, _ALIKE * curvatures[-1])  # models may be alike
        factor = np.sqrt(curvatures)[:, None] * axes.T
        v = optimize.nnls(factor, axes.T @ (root.T @ target - 1.0) / np.sqrt(curvatures))[0]
        w = _climbed(density, share, w, v / np.sum(v)) if np.sum(v) > 0 else w * slope
    raise NoMaximumError(f"stacking: the weights did not settle in {_STEPS} rounds.")


def _climbed(density: Array, share: Array, w: Array, goal: Array) -> Array:
    """The farthest halving of the way to a goal that raises the score; else a step of the EM algorithm, which does."""
    before = float(share @ np.log(density @ w))
    length = 1.0
    for _ in range(20):
        new = w + length * (goal - w)
        with np.errstate(divide="ignore"):
            if float(share @ np.log(density @ new)) > before:
                return np.asarray(new)
        length *= 0.5
    return np.asarray(w * (share @ (density / (density @ w)[:, None])))
