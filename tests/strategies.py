"""What the laws draw from: every registered family, at parameters from the ranges that it declares typical."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.families.domain import Simplex

CONSTANTS: dict[str, dict[str, Any]] = {"binomial": {"n": 12}, "betabinomial": {"n": 12}, "categorical": {"k": 4}}
"""Known constants of the laws that cannot do without."""

EVERY_LAW = tuple(mle.get_family(name, **CONSTANTS.get(name, {})) for name in mle.families())
DEAR = ("generalized_hyperbolic", "stable", "variance_gamma")
"""Laws of which one draw for each test is enough: a fit takes a third of a second, or a tail a tenth."""
LAWS = tuple(law for law in EVERY_LAW if not law.multivariate and not law.atoms and law.name not in DEAR)
"""Of numbers, without those that give a value a probability beside a density, which have tests of their own."""
CONTINUOUS = tuple(law for law in LAWS if not law.discrete)
DISCRETE = tuple(law for law in LAWS if law.discrete)

seeds = st.integers(0, 2**32 - 1)
"""One seed makes the parameters and the sample: well spread, and reproducible from the number that a failure prints."""


def draw_params(law: mle.Family, rng: np.random.Generator) -> dict[str, Any]:
    """Draw parameters from their typical ranges: log-uniform on (0, ∞), flat on simplex and integers, else uniform."""
    drawn: dict[str, Any] = {}
    for p in law.parameters:
        low, high = p.typical
        if isinstance(p.domain, Simplex):
            drawn[p.name] = rng.dirichlet(np.ones(p.size))
        elif p.domain.integer:
            drawn[p.name] = float(rng.integers(int(low), int(high), endpoint=True))
        elif p.domain.lower == 0 and np.isinf(p.domain.upper) and low > 0:
            drawn[p.name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        else:
            drawn[p.name] = float(rng.uniform(low, high))
    return drawn


def draw(law: mle.Family, seed: int) -> tuple[mle.Distribution, np.random.Generator]:
    """Draw a law with parameters; and the generator, to go on with."""
    rng = np.random.default_rng(seed)
    return mle.Distribution(law, draw_params(law, rng)), rng
