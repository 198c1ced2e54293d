"""The two array types of the package."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""A float64 array, or a scalar that broadcasts with one."""

Mask: TypeAlias = NDArray[np.bool_]
