"""
Which law is closest?
=====================

Five laws for the lengths of 141 rivers. The bars are differences of divergence to the best law. They are
exact for these data, and their intervals say how far they might move with others. Laws of one colour are not
told apart.
"""

import mle_toolkit as mle

rivers = mle.datasets.load("rivers")["length"]
comparison = mle.compare(rivers, ["lognormal", "gamma", "weibull", "inverse_gamma", "loglogistic"])
picture = comparison.plot(label="length, miles")

# %%
# The same in words.

print("\n".join(comparison.in_words()))
