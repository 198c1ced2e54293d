"""The Borel-Tanner law."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.counting import log_factorial, log_poisson
from mle_toolkit.families.domain import POSITIVE_COUNTS, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.summed import Summed


class BorelTanner(Summed, ExponentialFamily):
    r"""Size of an outbreak from ``n`` first cases; each case infects a Poisson number of mean ``mu``. Borel for n = 1.

    .. math:: \log f(x) = \log\frac{n}{x} - \mu x + (x - n)\log(\mu x) - \log (x - n)!, \quad x = n, n + 1, \dots

    ``n`` is known, 1 by default. Also customers served in a busy period that ``n`` began. Sources: Borel (1942),
    C. R. Acad. Sci. 214, 452-456; Haight & Breuer (1960), Biometrika 47, 143-150; Farrington, Kanaan & Gay (2003),
    Biostatistics 4, 279-295. The maximum is 1 - n/mean; without any further case it is ``mu`` = 0.
    """

    name = "borel_tanner"
    aliases = ("borel",)
    support = POSITIVE_COUNTS
    parameters = (Parameter("mu", Interval(0.0, 1.0, closed="lower"), typical=(0.1, 0.85)),)
    constant_defaults = {"n": 1}  # noqa: RUF012
    n: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        n = np.asarray(self.n)
        if n.ndim or n.dtype.kind not in "iuf" or not 1 <= n < np.inf or n != np.floor(n):
            raise ParameterError(f"borel_tanner: n must be a whole number >= 1; got {self.n!r:.60}.")
        self.support = Interval(float(n), np.inf, closed="lower", integer=True)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X."""
        return (x,)

    def log_base(self, x: Array) -> Array:
        """What has no parameter."""
        more = x - self.n
        return np.asarray(np.log(self.n / x) + special.xlogy(more, x) - log_factorial(more))

    def log_density(self, T: tuple[Array, ...], mu: Array) -> Array:
        """Log-probability less the base, linear in T."""
        return np.asarray(special.xlogy(T[0] - self.n, mu) - np.asarray(mu) * T[0])

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-probability of x, whose large terms do not cancel."""
        (mu,) = params
        return np.asarray(np.log(self.n / np.asarray(x, dtype=float)) + log_poisson(np.subtract(x, self.n), mu * x))

    def score_of(self, T: tuple[Array, ...], mu: Array) -> tuple[Array, ...]:
        """Derivative by mu."""
        return ((T[0] - self.n) / mu - T[0],)

    def hessian_of(self, T: tuple[Array, ...], mu: Array) -> tuple[Array, ...]:
        """Second derivative."""
        return (-(T[0] - self.n) / np.square(mu),)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """The share of cases that are not the first."""
        return ((means[0] - self.n) / means[0],)

    def around(self, *params: Any) -> Array:
        """The mean."""
        return self.mean(*params)

    def mean(self, mu: Array) -> Array:
        """Mean: n/(1 - mu)."""
        return np.asarray(self.n / (1 - np.asarray(mu)))

    def var(self, mu: Array) -> Array:
        """Variance: n mu/(1 - mu)³."""
        return np.asarray(self.n * np.asarray(mu) / (1 - np.asarray(mu)) ** 3)
