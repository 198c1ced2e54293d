"""A regression is a fit whose parameters come from designs: `regress`, and what it returns."""

from mle_toolkit.regression.fitting import regress as regress
from mle_toolkit.regression.results import RegressionFit as RegressionFit
from mle_toolkit.regression.results import load as load
