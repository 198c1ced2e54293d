"""
What do the moments suggest?
============================

Squared skewness and kurtosis of the lengths of rivers, among those of laws. The cloud of resamples shows how
little is known of them. It suggests candidates, and a comparison decides.
"""

import mle_toolkit as mle

rivers = mle.datasets.load("rivers")["length"]
picture = mle.plot.cullen_frey(rivers, rng=1)
