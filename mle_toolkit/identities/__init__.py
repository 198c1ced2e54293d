"""The identities that join likelihood and information, computed on real data: ``python -m mle_toolkit.identities``.

Every row has two sides that are computed in two ways, and a tolerance for rounding, for the error of a numerical
derivative or integral, or for a finite simulation. What holds for a fit of any family is a function of the fit; the
table applies it to the data sets of the package.
"""

from mle_toolkit.identities.table import all_hold as all_hold
from mle_toolkit.identities.table import identities as identities
from mle_toolkit.identities.table import identity_table as identity_table
