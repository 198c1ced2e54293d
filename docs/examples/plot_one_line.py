"""
The one line
============

NLL / n is the cross-entropy of data and model. It is the entropy of the data, which no model changes, plus
the divergence of the model from the data. So all three have their minimum at the same place: the maximum-
likelihood estimate.

The data are deaths by horse kick in the Prussian army, 200 corps-years (Bortkiewicz 1898).
"""

import mle_toolkit as mle

kicks = mle.datasets.load("horse_kicks").sample()
fit = mle.fit(kicks, "poisson")
picture = mle.plot.one_line(fit, "mu")

# %%
# The three terms at the estimate. For counts every one of them is exact.

print(fit.information())
