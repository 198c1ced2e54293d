"""Pictures: ``mle.plot``.

Each takes a fit, a comparison or data, draws on the axes given or on a new figure, and returns the axes:

>>> import mle_toolkit as mle
>>> fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma")
>>> ax = mle.plot.density(fit, label="hours")
>>> ax.figure.savefig("density.png")  # doctest: +SKIP

No window is opened, and no figure of pyplot's is left: in a notebook show ``ax.figure``, or give axes of pyplot's.
"""

from mle_toolkit.report.plots.comparisons import ranking, ranking_over_densities
from mle_toolkit.report.plots.effects import calibration, partial_effect
from mle_toolkit.report.plots.fits import cdf, density, panels, pp, qq
from mle_toolkit.report.plots.levels import return_levels
from mle_toolkit.report.plots.likelihood import contour, one_line, profile
from mle_toolkit.report.plots.moments import cullen_frey
from mle_toolkit.report.plots.paper import probability_paper
from mle_toolkit.report.plots.regressions import (
    along,
    coefficients,
    gain,
    pit,
    regression_panels,
    residual_qq,
    residuals_fitted,
    worm,
)

__all__ = [
    "along",
    "calibration",
    "cdf",
    "coefficients",
    "contour",
    "cullen_frey",
    "density",
    "gain",
    "one_line",
    "panels",
    "partial_effect",
    "pit",
    "pp",
    "probability_paper",
    "profile",
    "qq",
    "ranking",
    "ranking_over_densities",
    "regression_panels",
    "residual_qq",
    "residuals_fitted",
    "return_levels",
    "worm",
]
