"""
A law that depends on another column
====================================

Expenditure on food of 235 Belgian households, by income (Engel 1857). The mean of a gamma law depends on
income, and so does its shape: the rich differ more from one another. The bands hold half and nine tenths of
the households.
"""

import mle_toolkit as mle

engel = mle.datasets.load("engel").columns
fit = mle.regress("food ~ log(income)", engel, "gamma", shape="~ log(income)")
picture = mle.plot.along(fit, "income", engel, response="food")

# %%
# Coefficients, and three looks at the residuals, which are standard normal if the law is right.

panels = fit.plot(rng=1)

# %%
# What each term is worth, in nats a household.

print(fit.anova()[["df", "statistic", "nats"]].round(4))
