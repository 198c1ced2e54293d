"""
Levels that are seldom exceeded
===============================

The level that the sea at Port Pirie exceeds once in a period. The band is made of profile intervals. It
widens upwards, where little is known, as it should.
"""

import mle_toolkit as mle

level = mle.datasets.load("port_pirie")["level"]
fit = mle.fit(level, "gev")
picture = mle.plot.return_levels(fit, label="annual maximum of the sea level, metres")

# %%
# The flood of a hundred years, with its interval.

print(fit.return_level(100, method="profile"))
