"""
Lives that are not over yet
===========================

Weeks of remission of 21 children with leukaemia, twelve of whom were still in remission when last seen. The
steps are the Kaplan-Meier estimate with its band, and the curve is the Weibull law.
"""

import mle_toolkit as mle

data = mle.datasets.load("leukaemia")
treated = data["mercaptopurine"] == 1
sample = mle.Sample.right_censored(data["weeks"][treated], data["relapsed"][treated])
fit = mle.fit(sample, "weibull")
curve = mle.plot.cdf(fit, label="weeks of remission")

# %%
# On Weibull paper the law is a straight line, and so should be the points.

paper = mle.plot.probability_paper(fit, label="weeks of remission")

# %%
# Two parameters at once: the regions that the likelihood does not reject.

regions = mle.plot.contour(fit, "shape", "scale")
