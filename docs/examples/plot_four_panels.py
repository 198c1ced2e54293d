"""
A law against its data
======================

Annual maxima of the sea level at Port Pirie, and the generalised extreme-value law fitted to them. The points
lie in the bands where the law is right. The bands come from 199 samples of the law, each fitted again.
"""

import mle_toolkit as mle

level = mle.datasets.load("port_pirie")["level"]
fit = mle.fit(level, "gev")
picture = fit.plot(rng=1, label="annual maximum of the sea level, metres")

# %%
# The numbers behind it: estimates, standard errors, the certificate, and how far the law is from the data.

print(fit)
