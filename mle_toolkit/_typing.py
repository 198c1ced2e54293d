"""Types that several rooms name: of arrays, and of options that are words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = NDArray[np.float64]
"""A float64 array, or a scalar that broadcasts with one."""

OneNumber: TypeAlias = float | np.floating[Any] | np.integer[Any]

ManyNumbers: TypeAlias = Union[Sequence[float], NDArray[Any], "pd.Series[Any]", "pd.Index[Any]"]
"""Several numbers, for each of which there is an answer."""

Mask: TypeAlias = NDArray[np.bool_]

IntervalBy: TypeAlias = Literal["wald", "profile", "bootstrap"]
"""How an interval is found."""

OnScale: TypeAlias = Literal["domain", "plain"]
"""Scale of Wald's intervals."""

TestBy: TypeAlias = Literal["lr", "score", "wald"]
"""How nested models are tested."""

ResidualKind: TypeAlias = Literal["quantile", "deviance", "pearson", "response"]

InformationUnit: TypeAlias = Literal["nat", "bit", "dit"] | float
"""Of information: its name, or the base of the logs."""

CountsMethod: TypeAlias = Literal[
    "plug-in", "miller-madow", "jeffreys", "laplace", "grassberger",
    "chao-shen", "chao-wang-jost", "james-stein", "nsb",
]  # fmt: skip
"""How the entropy of a discrete law is estimated from counts."""

SampleMethod: TypeAlias = Literal["spacing", "vasicek", "van-es", "ebrahimi", "nearest-neighbour"]
"""How the entropy of a continuous law is estimated from a sample."""

PairsMethod: TypeAlias = Literal["ksg1", "ksg2", "lnc"]
"""How mutual information is estimated from pairs."""

Join: TypeAlias = Literal["free", "continuous", "smooth"]
"""How the two laws of a splice meet."""

Solver: TypeAlias = Literal[
    "closed-form", "newton",
    "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP",
    "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
]  # fmt: skip
"""What finds a maximum; the capitals are SciPy's."""
