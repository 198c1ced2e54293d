"""
Two kinds of observations
=========================

Waiting times between eruptions of Old Faithful come in two kinds. A mixture of two normal laws finds them,
and the means, spreads and shares of both.
"""

import mle_toolkit as mle

waiting = mle.datasets.load("faithful")["waiting"]
fit = mle.fit(waiting, mle.mixture("normal", 2))
picture = mle.plot.density(fit, label="waiting time, minutes")

# %%
# The components are ordered by their location. The likelihood of a mixture has no maximum, because one
# component may shrink to a point; the verdict says that this is a good local one, which is what one wants.

for name, value in fit.params.items():
    print(f"{name:8s}", value.round(2))
print(fit.certificate)
