"""
A classifier in nats
====================

Who died after a heart transplant, by age. The reliability diagram holds what was forecast against what
happened. The log loss is a cross-entropy, and what it lacks to the entropy of the labels is what age tells.
"""

import numpy as np

import mle_toolkit as mle

heart = mle.datasets.load("heart").columns
fit = mle.regress("died ~ age", heart, "bernoulli")
report = mle.information.information_report(heart["died"], np.asarray(fit.predict(heart)))
picture = report.plot()

# %%
# The report behind it.

print(report)
