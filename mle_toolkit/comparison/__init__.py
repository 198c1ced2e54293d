"""Several laws for the same data: which could apply, `compare`, and what it returns."""

from mle_toolkit.comparison.comparing import compare as compare
from mle_toolkit.comparison.results import Comparison as Comparison
