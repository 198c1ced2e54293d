"""
An interval that is not symmetric
=================================

Twelve times between failures of the air conditioning of an aeroplane. The likelihood of the scale falls
slowly to the right. The profile interval follows it; the dashed parabola is what Wald's interval takes it
for.
"""

import mle_toolkit as mle

hours = mle.datasets.load("air_conditioning")["hours"]
fit = mle.fit(hours, "gamma")
picture = mle.plot.profile(fit, "scale")

# %%
# The two intervals side by side.

print(fit.conf_int().round(1))
print(fit.conf_int(method="profile").round(1))
