"""Entropy of counts, by the estimators that correct the plug-in for what was not seen."""

from __future__ import annotations

from typing import Any

from mle_toolkit.information.estimate import Estimate


def entropy_of_counts(counts: Any, method: str = "plug-in") -> Estimate:
    """Estimate the entropy of a discrete law from how often each of its values was seen."""
    raise NotImplementedError
