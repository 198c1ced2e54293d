"""Types that several rooms name: of arrays, and of options that are words."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""A float64 array, or a scalar that broadcasts with one."""

Mask: TypeAlias = NDArray[np.bool_]

IntervalBy: TypeAlias = Literal["wald", "profile", "bootstrap"]
"""How an interval is found."""

OnScale: TypeAlias = Literal["domain", "plain"]
"""Scale of Wald's intervals."""

TestBy: TypeAlias = Literal["lr", "score", "wald"]
"""How nested models are tested."""

ResidualKind: TypeAlias = Literal["quantile", "deviance", "pearson", "response"]

Solver: TypeAlias = Literal[
    "closed-form", "newton",
    "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP",
    "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
]  # fmt: skip
"""What finds a maximum; the capitals are SciPy's."""
