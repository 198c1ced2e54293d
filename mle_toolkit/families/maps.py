"""Functions of x, one to one, between whose laws a family may say how they go over into one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.numerics.sent import SentByValue


@dataclass(frozen=True)
class Map(SentByValue):
    """A function of x, one to one, with a derivative that is nowhere 0.

    Attributes
    ----------
    name : str
        How it is written.
    forward : callable
        Takes values of x, returns those of the function.
    log_slope : callable
        Takes values of x, returns the log of the size of the derivative.
    """

    name: str
    forward: Callable[[Array], Array]
    log_slope: Callable[[Array], Array]


SAME = Map("x", np.asarray, np.zeros_like)
LOG = Map("log x", np.log, lambda x: -np.log(x))
EXP = Map("exp x", np.exp, np.asarray)
MINUS_LOG = Map("-log x", lambda x: -np.log(x), lambda x: -np.log(x))
RECIPROCAL = Map("1/x", np.reciprocal, lambda x: -2 * np.log(np.abs(x)))
SQUARE = Map("x²", np.square, lambda x: np.log(2) + np.log(x))
"""Of x above 0."""
LOGIT = Map("log(x/(1 - x))", lambda x: np.log(x) - np.log1p(-x), lambda x: -np.log(x) - np.log1p(-x))
NEGATIVE = Map("-x", np.negative, np.zeros_like)
