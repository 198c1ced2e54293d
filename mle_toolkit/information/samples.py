"""Entropy, divergence and mutual information of samples of continuous laws, without a model."""

from __future__ import annotations

from typing import Any

from mle_toolkit.information.estimate import Estimate


def entropy_of_sample(x: Any, method: str | None = None, *, window: int | None = None) -> Estimate:
    """Estimate the differential entropy of the law of a sample; None is "spacing", of vectors "nearest-neighbour"."""
    raise NotImplementedError


def kl_of_samples(x: Any, y: Any, *, k: int | None = None, rng: Any = None) -> Estimate:
    """Estimate the divergence of the law of y from the law of x; None is adaptive k."""
    raise NotImplementedError


def mutual_information_of_sample(x: Any, y: Any, *, k: int = 3, method: str = "ksg1", rng: Any = None) -> Estimate:
    """Estimate the mutual information of x and y, observed in pairs; either may be vectors."""
    raise NotImplementedError
