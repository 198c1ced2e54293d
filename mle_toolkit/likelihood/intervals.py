"""The likelihood of intervals: what is known of censored, binned and rounded observations, and of windows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.components import natural_steps
from mle_toolkit.families.mass import log_interval_mass, log_mass, mass_expansion, mass_scores, open_ends

__all__ = ["log_interval_mass", "log_mass", "mass_scores", "open_ends", "sums_of_masses"]


def sums_of_masses(law: Family, lower: Array, upper: Array, weight: Array, *params: Any) -> Array:
    """`Family.mass_sums` of a law whose tails have second derivatives."""
    value, score, second = mass_expansion(law, params, partial(natural_steps, law.parameters, params), lower, upper)
    return np.asarray(np.sum(weight * np.array([value, *score, *second]), axis=1))
