"""The Burr XII law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.lomax import Lomax
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log_gamma_bend, log_or_minus_inf, log_softplus, log_softplus_slope, softplus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample

_POWERS = np.exp2(np.arange(-1.5, 2.0, 0.5))
"""Powers c at which starts are sought, in units of that of the log-logistic law."""

_SIZES = (1.0, 0.3, 5.0)
"""Values of k from which each of many groups is climbed: log-logistic, towards Pareto's law, and towards Weibull's."""

_LARGEST = 700.0
"""Size of the log of a scale from which a search may begin: others are no doubles."""

_NEARLY_WEIBULL = 1e3
"""A value of k from which on the law is hardly told from its limit, where a search would only creep."""


class Burr12(HazardFamily):
    r"""Income or loss, to the power ``c`` a Lomax variable: tail index ``k c``; k = 1 is log-logistic, c = 1 Lomax.

    .. math:: \log f(x) = \log(kc/s) + (c - 1)\log(x/s) - (k + 1)\log\bigl(1 + (x/s)^c\bigr)

    Source: Burr (1942), Ann. Math. Statist. 13, 215-232; Tadikamalla (1980), Int. Statist. Rev. 48, 337-344. As k grows
    with scale = b k^(1/c) the law tends to the Weibull of shape c and scale b; as k → 0 and c → ∞ with kc = a, to
    Pareto's law of index a from scale on.
    """

    name = "burr12"
    by_number = ("mean", "var")
    aliases = ("singh_maddala", "burr_xii")
    support = POSITIVE
    parameters = (Parameter("k", POSITIVE, typical=(0.5, 3.0)), Parameter("c", POSITIVE, typical=(0.8, 4.0)), SCALE)
    in_scipy = InScipy("burr12", "c", "k", scale="scale")

    def logpdf(self, x: Array, k: Any, c: Any, scale: Any) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        t = c * (log_x - np.log(scale))
        # t - (k + 1) log(1 + e^t), without the cancellation of t where it is large.
        return np.asarray(np.log(k) + np.log(c) - log_x - k * softplus(t) - softplus(-t))

    def score(self, x: Array, k: Array, c: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by k, c and scale."""
        log_z = np.log(x) - np.log(scale)
        t = c * log_z
        pull = special.expit(-t) - k * special.expit(t)
        return 1 / k - softplus(t), 1 / c + log_z * pull, -c / scale * pull

    def hessian(self, x: Array, k: Array, c: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        log_z = np.log(x) - np.log(scale)
        share, rest = special.expit(c * log_z), special.expit(-c * log_z)
        pull = rest - k * share
        bend = (k + 1) * share * rest
        return (
            np.broadcast_to(-1 / np.square(k), np.shape(x)),
            -log_z * share,
            c / scale * share,
            -1 / c**2 - log_z * log_z * bend,
            (c * log_z * bend - pull) / scale,
            c / scale**2 * (pull - c * bend),
        )

    def derivative_sums(self, x: Array, weight: Array | None, k: float, c: float, scale: float) -> list[float]:
        """Sums over rows, by functions of y = log(x/scale) and t = c y.

        They are of y, log(1 + e^t), log(1 + e^-t), s = 1/(1 + e^-t), 1 - s, ys, y(1 - s), b = s(1 - s), yb and y²b.
        """
        log_z = np.log(x) - np.log(scale)
        t = c * log_z
        share, rest = special.expit(t), special.expit(-t)
        bend = share * rest
        log_bend = log_z * bend
        rows = (log_z, softplus(t), softplus(-t), share, rest, log_z * share, log_z * rest, bend, log_bend)
        return [*sums_of(weight, *rows), *sums_of(weight, log_z * log_bend)]

    def derivatives(self, count: Any, sums: Sequence[Any], k: Any, c: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        total, above, below, shares, rests, log_shares, log_rests, bends, log_bends, square_bends = sums
        pull = rests - k * shares
        return [
            count * (np.log(k) + np.log(c) - np.log(scale)) - total - k * above - below,
            count / k - above,
            count / c + log_rests - k * log_shares,
            -c / scale * pull,
            -count / np.square(k),
            -log_shares,
            c / scale * shares,
            -count / c**2 - (k + 1) * square_bends,
            (c * (k + 1) * log_bends - pull) / scale,
            c / scale**2 * (pull - c * (k + 1) * bends),
        ]

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """The best two of the Lomax laws for a few powers of the data."""
        logs = sample.with_values(np.log(sample.x), sample.weight)
        middle = logs.quantile(0.5)
        loglogistic = math.pi / math.sqrt(3 * logs.var())
        lomax = Lomax()
        starts = []
        for c in (loglogistic * _POWERS).tolist():
            k, power_scale = lomax.from_sample(sample.with_values(np.exp(c * (logs.x - middle)), sample.weight))
            starts.append((k, c, math.exp(max(-_LARGEST, min(_LARGEST, middle + math.log(power_scale) / c)))))
        starts.sort(key=lambda params: sample.mean(lambda x: self.logpdf(x, *params)), reverse=True)
        return starts[:1] + [params for params in starts[1:] if params[0] < _NEARLY_WEIBULL][:1]

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The laws of several k whose logs have the mean and variance of those of each group."""
        mean, deviation = groups.mean_and_deviation(np.log(groups.x))
        starts: list[tuple[Array, ...]] = []
        for k in _SIZES:
            c = math.sqrt(float(special.zeta(2.0, k) + special.zeta(2.0, 1.0))) / deviation
            starts.append((np.full_like(c, k), c, np.exp(mean + float(special.psi(k) - special.psi(1.0)) / c)))
        return starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Weibull law as k → ∞, Pareto's as k → 0 and c → ∞."""
        return (
            Limit(get_family("weibull"), lambda shape, scale: (np.inf, shape, np.inf)),
            Limit(get_family("pareto"), lambda alpha, xm: (0.0, np.inf, xm)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Log-logistic where k is 1, Lomax where c is 1."""
        return (
            SpecialCase(get_family("loglogistic"), lambda shape, scale: (1.0, shape, scale), at=("k",)),
            SpecialCase(get_family("lomax"), lambda shape, scale: (shape, 1.0, scale), at=("c",)),
        )

    def cumulative_hazard(self, x: Array, k: Array, c: Array, scale: Array) -> Array:
        """K times log(1 + (x/scale)^c)."""
        return np.asarray(k * softplus(c * (log_or_minus_inf(x) - np.log(scale))))

    def log_hazard(self, x: Array, k: Array, c: Array, scale: Array) -> Array:
        """Log of the cumulative hazard, where the power would underflow too."""
        t = np.asarray(c * (log_or_minus_inf(x) - np.log(scale)))
        return np.asarray(np.log(k) + log_softplus(t))

    def tail_scores(self, x: Array, k: Array, c: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        log_z = log_or_minus_inf(x) - np.log(scale)
        t = c * log_z
        steep = log_softplus_slope(t)
        return self.tail_scores_of_log(k * softplus(t), (1 / k + 0 * steep, log_z * steep, -c / scale * steep))

    def at_hazard(self, hazard: Array, k: Array, c: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        size = hazard / k
        with np.errstate(over="ignore"):  # far out expm1 is exp, whose root does not overflow
            return np.asarray(scale * np.where(size > 40, np.exp(size / c), np.expm1(np.minimum(size, 40)) ** (1 / c)))

    def mean(self, k: Any, c: Any, scale: Any) -> Any:
        """Mean: scale k B(k - 1/c, 1 + 1/c); infinite for k c <= 1."""
        return scale * k * float(special.beta(k - 1 / c, 1 + 1 / c)) if k * c > 1 else np.inf

    def var(self, k: Any, c: Any, scale: Any) -> Any:
        """Variance; infinite for k c <= 2."""
        if k * c <= 2:
            return np.inf
        bend = log_gamma_bend(1.0, 1 / c) + log_gamma_bend(k, -1 / c)
        return -(scale**2) * k * float(special.beta(k - 2 / c, 1 + 2 / c) * np.expm1(-bend))

    def entropy(self, k: Array, c: Array, scale: Array) -> Array:
        """Entropy, nats."""
        mean_log_odds = special.psi(1.0) - special.psi(k)  # of log (x/scale)^c
        return np.asarray(1 + 1 / k - np.log(k) - np.log(c) + np.log(scale) + (1 / c - 1) * mean_log_odds)

    def power_of(self, k: float, c: float, scale: float) -> BetaPrimePower:
        """A power of x is the ratio of an exponential to a gamma variable."""
        return BetaPrimePower(1.0, k, c, scale)
