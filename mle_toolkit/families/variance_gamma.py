"""The variance gamma law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.asymmetric_laplace import AsymmetricLaplace
from mle_toolkit.families.bessel_k import log_k, log_k_alone, range_of_log_k
from mle_toolkit.families.climbing import climb, totals_of_rows
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.normal_mixing import mixed_log_tail
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import Together, best_starts
from mle_toolkit.families.student_t import StudentT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mle_toolkit.data.sample import Sample

_LOG_TWO = math.log(2)
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_ROOT_TWO = math.sqrt(2)
_STANDARD = np.array(0.0), np.array(1.0)

_POLE = 0.5
"""Shape up to which the density has a pole at loc."""

_CUSP = 1.0
"""Shape up to which the density has a cusp at loc."""

_BLUNT = 1.1
"""Shape up to which the top of the likelihood in loc is a cusp to floating-point numbers."""

_ROUGH = 1.25
"""Shape below which the second derivative by loc of a row has no finite variance."""

_FOLDS = 45.0
"""Fall of the log of the mixing density, nats, beyond which nothing is left."""

_KILLED = math.log(100.0)
"""A normal law that is more than the root of this factor away leaves less than exp(-50)."""

_FAR_DOWN = -2000.0
"""Log of the smallest variance that is summed over."""

_FEWEST = 3
"""Distinct values that the asymmetric Laplace law needs."""

_ALL_BUT = -1e-3
"""Log of a tail from which the other is summed by itself."""

_SHAPES = (1.5, 3.0, 10.0)
"""Shapes that are tried at the start, beside that of the moments."""

_NEARLY_NORMAL = 30.0
"""Shape of the last start."""

_ROUNDS = 50
_FEWEST_CANDIDATES, _LOOKS = 15, 200_000
"""Observations around loc that are tried as its place; all of few rows."""

_SPIKE, _LEAST_AWAY, _LIGHT = math.log(1e-3), 0.02, math.log(1e4)
"""Of the log of the shape less 1/2: below the first is only a spike, above the last the normal law."""

_ONE_SIDED, _COMPARED = math.asinh(300.0), math.asinh(25.0)
"""Of the lean: beyond the first the law is a gamma one, with which it is compared from the second, where rounding does
not hide which of both is higher."""

_CLEAR = 10.0
"""Nats by which a local maximum on a few rows must be ahead for the others to be left."""

_LEANS = 20.0
"""Size of beta over the root of the shape from which the law is compared with its limit for an infinite one."""


class VarianceGamma(Together):
    r"""Returns of assets: normal of a variance that follows a gamma law of mean 1, its mean moving with the variance.

    .. math:: \log f(x) = -\log s + \log 2 + \lambda\log\lambda - \log\Gamma(\lambda) - \tfrac12\log 2\pi + \beta z
        + (\lambda - \tfrac12)\log\frac{|z|}{\alpha} + \log K_{\lambda - 1/2}(\alpha|z|),
        \quad z = (x - m)/s,\ \alpha = \sqrt{\beta^2 + 2\lambda}

    with K the Bessel function of the second kind and ``shape`` λ. Sources: Madan & Seneta (1990), Journal of Business
    63, 511-524; Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution and Generalizations, ch. 4 (Bessel
    function, or generalized Laplace, law). Seneta's c, σ, θ and ν are ``loc``, ``scale``, ``beta`` times ``scale`` and
    1/``shape``. Laplace's law, or the asymmetric one, for a shape of 1; the normal law as it grows; a gamma law from a
    threshold on as beta → ±∞.

    The density has a cusp at ``loc`` up to a shape of 1, and a pole up to 1/2. So with loc at an observation the
    likelihood has no bound as the shape falls to 1/2, whatever the data, and the maximum reported is the highest local
    one; up to a shape of 1 loc is an observation then, without a standard error. Data of a shape up to 1/2 have none,
    and exact rows among censored ones, or in windows, are fitted where the density is smooth only: fix loc, or say how
    the data were rounded. The cdf is a sum of normal ones over the variance, by the trapezoidal
    rule in its log, and at loc that of Student's law of 2 λ degrees of freedom; its error is below 1e-11.
    """

    name = "variance_gamma"
    aliases = ("vg", "vargamma", "bessel_function_law", "generalized_laplace", "generalized_asymmetric_laplace")
    support = REAL
    dear_tails = True
    without_spikes = "Fix loc, or a shape of 1.2 or more, or say how the data were rounded: Sample.rounded(x, step)."
    only_if_asked = "tries loc at observations one by one where its shape is small, so only if asked for"
    parameters = (
        LOC,
        SCALE,
        Parameter("beta", REAL, typical=(-1.0, 1.0)),
        Parameter("shape", POSITIVE, typical=(1.8, 5.0)),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z; infinite at 0 up to a shape of 1/2."""
        beta, lam = shapes
        z = np.asarray(z, dtype=float)
        alpha, size, order = np.sqrt(np.square(beta) + 2 * lam), np.abs(z), np.subtract(lam, 0.5)
        fall = np.where(beta * z > 0, 2 * lam * size / (alpha + np.abs(beta)), size * (alpha + np.abs(beta)))
        at = alpha * size
        with np.errstate(divide="ignore", invalid="ignore"):
            mixed = order * np.log(at) + log_k_alone(order, np.where(at == 0, np.nan, at))
            top = np.where(order > 0, (order - 1) * _LOG_TWO + special.gammaln(np.abs(order)), np.inf)
        mixed = np.where(at == 0, top, mixed - fall)
        return np.asarray(_log_norm(lam) - 2 * order * np.log(alpha) + mixed)

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z, beta and shape, and the second ones; by z the mean of both sides at 0."""
        beta, lam = shapes
        z = np.asarray(z, dtype=float)
        square, order = np.square(beta) + 2 * lam, np.subtract(lam, 0.5)
        at_loc, size = z == 0, np.abs(z)
        x = np.sqrt(square) * np.where(at_loc, 1.0, size)
        at, lower = log_k(order, x), log_k_alone(order - 1, x)
        # Of g = order log(x) + log K(x) by log x, the order, and both; near 0 by the ratio of two Bessel functions.
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            ratio, near = np.exp(lower - log_k_alone(order, x)), x < 1
            along = np.where(near, -x * ratio, order + at.by_log)
            curve = np.where(near, x * x - along * along + 2 * order * along, at.spread + at.by_log)
            bend = np.where(near, 1 - ratio * (ratio + (2 * order - 1) / x), (curve - along) / np.square(x)) * square
            away = np.where(at_loc, 0.0, np.sign(z) / size)
        # At loc, where it has no pole, g is (order - 1) log 2 + log Γ(order).
        along, curve, bend = (np.where(at_loc, 0.0, v) for v in (along, curve, bend))
        mixed = np.where(at_loc, 0.0, 1 - at.mixed)
        by_order = np.where(at_loc, _LOG_TWO + special.psi(order), np.log(x) + at.by_order)
        by_order_twice = np.where(at_loc, special.polygamma(1, order), at.by_order_twice)
        # With log alpha by beta: b; by lam: 1 / square. The log-density is the norm + beta z + g - 2 order log(alpha).
        b, c = beta / square, 1 / square
        rest = along - 2 * order
        first = (
            beta + along * away,
            z + rest * b,
            1 + np.log(lam) - special.psi(lam) + by_order - np.log(square) + rest * c,
        )
        second = (
            bend,
            1 + curve * b * away,
            (mixed + curve * c) * away,
            curve * b * b + rest * (c - 2 * b * b),
            (curve * c + mixed - 2) * b - 2 * rest * b * c,
            1 / np.asarray(lam)
            - special.polygamma(1, lam)
            + by_order_twice
            + 2 * (mixed - 2) * c
            + curve * c * c
            - 2 * rest * c * c,
        )
        return first, second

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails: of that beyond z, as seen from loc; the other is the rest, but where next to nothing."""
        (beyond, _), (within, _) = _tails(z, *shapes)
        return np.where(z < 0, beyond, within), np.where(z < 0, within, beyond)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the shapes.

        By beta that of the lower tail is minus the density times the mean of the variance given z, whose law is
        generalized inverse Gaussian; by the shape the mean, over a tail, of the derivative of the log of the mixing
        density.
        """
        beta, lam = shapes
        (beyond, by_lam_beyond), (within, by_lam_within) = _tails(z, *shapes)
        alpha, size, order = np.sqrt(np.square(beta) + 2 * lam), np.abs(z), np.subtract(lam, 0.5)
        with np.errstate(all="ignore"):  # at a pole
            x = alpha * np.where(z == 0, 1.0, size)
            log_mean = np.log(x) - 2 * np.log(alpha) + log_k_alone(order + 1, x) - log_k_alone(order, x)
            at_loc = StudentT().logpdf(np.asarray(beta), 2 * lam, *_STANDARD)
            log_rate = np.where(z == 0, at_loc, self.reduced(z, beta, lam) + log_mean)
            below, above = np.where(z < 0, beyond, within), np.where(z < 0, within, beyond)
            by_beta = -np.exp(log_rate - below), np.exp(log_rate - above)
        return (
            (by_beta[0], np.where(z < 0, by_lam_beyond, by_lam_within)),
            (by_beta[1], np.where(z < 0, by_lam_within, by_lam_beyond)),
        )

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The asymmetric Laplace law, moments, and laws of other shapes with mean and variance; the best two."""
        mean, deviation = sample.mean(), math.sqrt(sample.var())
        skew, kurtosis = (sample.mean(lambda x, k=k: ((x - mean) / deviation) ** k) for k in (3, 4))  # type: ignore[misc]
        excess = max(kurtosis - 3, 2 * skew * skew, 0.05)
        starts: list[tuple[float, ...]] = []
        for lam in (max(3 / excess, _SHAPES[0]), *_SHAPES):
            lean = math.copysign(min(abs(skew) * lam / 3, math.sqrt(lam)), skew)
            scale = deviation / math.sqrt(1 + lean * lean / lam)
            starts.append((mean - scale * lean, scale, lean, lam))
            starts.append((sample.quantile(0.5), scale, 0.5 * lean, lam))
        few = np.unique(sample.sketch().x) if sample.is_plain else ()
        if len(few) >= _FEWEST:
            starts.append(_of_laplace(*AsymmetricLaplace().from_sample(sample)))
        return best_starts(sample, self.logpdf, starts)

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """The highest of the ends of climbs, on a few rows first: smooth ones, and with loc at observations."""
        few = sample.sketch()
        ends = _ends(few, self.start(few))
        if few is not sample:
            top = max((value for value, _ in ends), default=0.0)
            ends = _ends(sample, [params for value, params in ends if (top - value) * few.nobs < _CLEAR])
        # The others may all lead to the spike, where the data are no less than normal.
        ends = ends or _ends(sample, [(sample.mean(), math.sqrt(sample.var()), 0.0, _NEARLY_NORMAL)])
        if not ends:
            raise UnboundedLikelihoodError(
                "variance_gamma: with loc at an observation the likelihood rises without bound as shape falls to 1/2, "
                f"and the search found no local maximum: all climbs lead there. {self.without_spikes}"
            )
        return max(ends)[1]

    def has_kinks(self, *params: Any) -> bool:
        """At loc, up to a shape of 1."""
        return bool(params) and bool(np.any(np.asarray(params[3]) <= _CUSP))

    def irregular(self, loc: Any, scale: Any, beta: Any, shape: Any) -> tuple[str, ...]:
        """The location at a cusp."""
        return ("loc",) if np.any(np.asarray(shape) <= _BLUNT) else ()

    def rough(self, loc: Any, scale: Any, beta: Any, shape: Any) -> tuple[str, ...]:
        """The location, up to a shape of 5/4: near it the density falls by abs(x - loc)^(2 shape - 1)."""
        return ("loc",) if np.any(np.asarray(shape) < _ROUGH) else ()

    def spurious(self, sample: Sample, loc: float, scale: float, beta: float, shape: float) -> bool:
        """Whether the density has a cusp: no climb by derivatives ends there."""
        return shape <= _BLUNT

    def cusp_near(self, sample: Sample, fixed: Mapping[str, Any], *params: float) -> float | None:
        """The observation that is best as loc, where a known shape gives a cusp, and no pole."""
        if "loc" in fixed or not _POLE < fixed.get("shape", math.inf) <= _CUSP:
            return None
        return _cusp(sample, params, keeps_mean="beta" not in fixed)

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Where an observation is exact, and loc is free, and shape too or up to 1/2."""
        if "loc" in fixed or not (sample.is_plain or np.any(sample.lower == sample.upper)):
            return None
        if fixed.get("shape", 0.0) > _POLE:
            return None
        if "shape" in fixed:
            return "with loc at an observation, where the density has a pole, the likelihood is infinite"
        return "with loc at an observation the likelihood rises without bound as shape falls to 1/2"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law as shape → ∞; a gamma law beyond a threshold as beta → ±∞, an exponential one at a shape of 1.

        With a smaller shape there the likelihood has no bound.
        """
        return (
            Limit(get_family("normal"), lambda mu, sigma: (mu, sigma, 0.0, np.inf)),
            Limit(get_family("shifted(gamma)"), lambda shape, scale, threshold: (threshold, 0.0, np.inf, shape)),
            Limit(
                get_family("negated(shifted(gamma))"),
                lambda shape, scale, threshold: (threshold, 0.0, -np.inf, shape),
            ),
            Limit(
                get_family("shifted(exponential)"), lambda scale, threshold: (threshold, 0.0, np.inf, 1.0), last=True
            ),
            Limit(
                get_family("negated(shifted(exponential))"),
                lambda scale, threshold: (threshold, 0.0, -np.inf, 1.0),
                last=True,
            ),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, beta: float, shape: float) -> tuple[Limit, ...]:
        """The normal law, and those on the side to which the law leans if it does so much, or has a cusp."""
        normal, above, below, exponential, of_negative = self.limits
        near = (normal,) if shape > _BLUNT else (normal, exponential if beta > 0 else of_negative)
        if abs(beta) < _LEANS * math.sqrt(shape):
            return near
        return (*near, above if beta > 0 else below)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Laplace's law, and the asymmetric one, where the shape is 1."""
        laplace, asymmetric = get_family("laplace"), get_family("asymmetric_laplace")
        return (
            SpecialCase(laplace, lambda loc, scale: (loc, _ROOT_TWO * scale, 0.0, 1.0), at=("beta", "shape")),
            SpecialCase(asymmetric, _of_laplace, at=("shape",)),
        )

    def mean(self, loc: Array, scale: Array, beta: Array, shape: Array) -> Array:
        """Expected value: loc + scale beta."""
        return np.asarray(loc + scale * np.asarray(beta) + 0 * np.asarray(shape))

    def var(self, loc: Array, scale: Array, beta: Array, shape: Array) -> Array:
        """Variance: scale² (1 + beta²/shape)."""
        return np.asarray(np.square(scale) * (1 + np.square(beta) / shape) + 0 * np.asarray(loc))

    def rvs(self, loc: Array, scale: Array, beta: Array, shape: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        w = rng.gamma(shape, 1 / np.asarray(shape), size)
        return np.asarray(loc + scale * (beta * w + np.sqrt(w) * rng.standard_normal(np.shape(w) or None)))


def _of_laplace(loc: float, scale: float, kappa: float) -> tuple[float, float, float, float]:
    """Parameters of an asymmetric Laplace law; of an exponential one beyond a threshold where kappa is at an end."""
    if not 0 < kappa < math.inf:
        return loc, 0.0, math.inf if kappa == 0 else -math.inf, 1.0
    return loc, _ROOT_TWO * scale, (1 / kappa - kappa) / _ROOT_TWO, 1.0


def _ends(sample: Sample, starts: Sequence[tuple[float, ...]]) -> list[tuple[float, tuple[float, ...]]]:
    """The local maxima to which starts lead, each with its mean log-likelihood."""
    seen: set[float] = set()
    return [end for start in starts if (end := _climbed(sample, start, seen)) is not None]


def _climbed(sample: Sample, params: tuple[float, ...], seen: set[float]) -> tuple[float, tuple[float, ...]] | None:
    """The local maximum near some parameters, with its mean log-likelihood.

    None where that leads to a spike, or to an observation at which another climb has been, which is then in ``seen``.
    """
    law, found = VarianceGamma(), params
    for _ in range(_ROUNDS):
        if found[3] > _BLUNT:
            found, done = _smooth(sample, found)
            if done:
                break
        place = _cusp(sample, found)
        if place in seen:
            return None
        seen.add(place)
        held = _held(sample, found, place)
        if held is None:
            return None
        found = held
        if found[3] <= _BLUNT and _cusp(sample, found) == place:
            break
    return sample.mean(lambda x: law.logpdf(x, *found)), found


def _smooth(sample: Sample, params: tuple[float, ...]) -> tuple[tuple[float, ...], bool]:
    """Where a climb over all parameters leads; and whether that is a maximum, or beside a limit, and no cusp."""
    mean, deviation = _moments(*params)

    def to_params(v: Array) -> tuple[float, ...]:
        return _params(mean + deviation * v[0], deviation * math.exp(v[1]), v[2], v[3])

    v = climb(sample, totals_of_rows(_terms), to_params, np.array([0.0, 0.0, *_shape_coordinates(*params)]), _is_over)[
        1
    ]
    if v[3] > _LIGHT:  # the normal law, but for what it is compared with
        return (sample.mean(), math.sqrt(sample.var()), 0.0, math.exp(_LIGHT)), True
    if abs(v[2]) > _COMPARED:
        return to_params(np.array([v[0], v[1], math.copysign(_COMPARED, v[2]), v[3]])), True
    found = to_params(v)
    return found, found[3] > _BLUNT


def _held(sample: Sample, params: tuple[float, ...], place: float) -> tuple[float, ...] | None:
    """Where a climb with loc at an observation leads; None for a spike, or a gamma law that begins there."""

    def to_params(v: Array) -> tuple[float, ...]:
        return (place, *_params(0.0, math.exp(v[0]), v[1], v[2])[1:])

    begin = np.array([math.log(_moments(*params)[1]), *_shape_coordinates(*params)])
    v = climb(sample, totals_of_rows(_terms), to_params, begin, _is_lost)[1]
    return None if v[2] < _SPIKE or abs(v[1]) > _ONE_SIDED else to_params(v)


def _terms(x: Array, *params: float) -> tuple[Array, ...]:
    """Log-density, score and second derivatives of rows."""
    value, score, second = VarianceGamma().expansion(x, *params)
    return value, *score, *second


def _is_lost(v: Array) -> bool:
    """Whether the shape is so near to 1/2 that only a spike is left, or the law is normal, or one-sided."""
    return bool(v[-1] < _SPIKE or v[-1] > _LIGHT or abs(v[-2]) > _ONE_SIDED)


def _is_over(v: Array) -> bool:
    """Whether no smooth climb leads any further: the density has a cusp, or the law is all but a limit."""
    return bool(_POLE + math.exp(v[-1]) <= _BLUNT or v[-1] > _LIGHT or abs(v[-2]) > _ONE_SIDED)


def _cusp(sample: Sample, params: tuple[float, ...], *, keeps_mean: bool = True) -> float:
    """The observation at which loc is best, of those around it, while the mean stays, or beta."""
    loc, scale, beta, shape = params
    law, values = VarianceGamma(), np.unique(sample.x)
    count = max(_FEWEST_CANDIDATES, min(len(values), _LOOKS // sample.n_rows))
    first = max(0, min(int(np.searchsorted(values, loc)) - count // 2, len(values) - count))

    def height(place: float) -> float:
        lean = beta + (loc - place) / scale if keeps_mean else beta
        return sample.mean(lambda x: law.logpdf(x, place, scale, lean, shape))

    return float(max(values[first : first + count].tolist(), key=height))


def _moments(loc: float, scale: float, beta: float, shape: float) -> tuple[float, float]:
    """Mean and standard deviation."""
    return loc + scale * beta, scale * math.sqrt(1 + beta * beta / shape)


def _shape_coordinates(loc: float, scale: float, beta: float, shape: float) -> tuple[float, float]:
    """Of the lean, and of how far the density is from a pole."""
    return math.asinh(beta / math.sqrt(shape)), math.log(max(shape - _POLE, _LEAST_AWAY))


def _params(mean: float, deviation: float, lean: float, away: float) -> tuple[float, float, float, float]:
    """Parameters of a mean, a standard deviation and these coordinates."""
    shape = _POLE + math.exp(away)
    scale, beta = deviation / math.cosh(lean), math.sqrt(shape) * math.sinh(lean)
    return mean - scale * beta, scale, beta, shape


def _log_norm(lam: Any) -> Any:
    """What does not depend on z or beta."""
    return _LOG_TWO - _HALF_LOG_TWO_PI + lam * np.log(lam) - special.gammaln(lam)


def _log_mixing(u: Array, lam: Array) -> Array:
    """Log-density of the log of a gamma variable of mean 1."""
    return np.asarray(lam * (np.log(lam) + u - np.exp(u)) - special.gammaln(lam))


def _highest(size: Array, lean: Array, lam: Array) -> tuple[Array, Array]:
    """Logs of the variance: the least that counts far out, and the largest."""
    alpha = np.sqrt(np.square(lean) + 2 * lam)
    near, far = range_of_log_k(lam - 0.5, alpha * size)
    shift = np.log(size / alpha)
    room = _FOLDS / lam
    # From its mode, 0, or from far out on the density of the log falls by all that counts in this length.
    return near + shift, np.maximum(far + shift, 0.0) + np.log1p(room + np.sqrt(2 * room) + np.log1p(room))


def _tails(z: Array, beta: Any, lam: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Of the side of loc on which z is: log of the probability beyond z, and its derivative by lam; and of the rest."""
    z, beta, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, beta, lam)))
    shape = z.shape
    size, lean, lam = np.abs(z).ravel(), np.where(z < 0, -beta, beta).ravel(), lam.ravel()
    beyond, by_lam = np.empty(size.shape), np.empty(size.shape)
    some = size > 0
    if some.any():
        # Small variances take no part in what is beyond z.
        near, high = _highest(size[some], lean[some], lam[some])
        low = np.minimum(2 * np.log(size[some]) - _KILLED, near)
        beyond[some], by_lam[some] = _summed(-size[some], -lean[some], low, high, lam[some])
    if not some.all():
        student, there = StudentT(), ~some
        beyond[there] = student.logsf(-lean[there], 2 * lam[there], *_STANDARD)
        by_lam[there] = 2 * student.tail_scores(-lean[there], 2 * lam[there], *_STANDARD)[1][0]
    within = log1mexp(beyond)
    with np.errstate(over="ignore"):
        rest_by_lam = -by_lam * np.exp(beyond - within)
    few = np.flatnonzero(some & (beyond > _ALL_BUT))
    if len(few):
        near, high = _highest(size[few], lean[few], lam[few])
        low = np.minimum(near, -2 * np.log(1 + np.abs(lean[few]))) - 2 * _FOLDS / lam[few]
        within[few], rest_by_lam[few] = _summed(size[few], lean[few], np.maximum(low, _FAR_DOWN), high, lam[few])
    return (beyond.reshape(shape), by_lam.reshape(shape)), (within.reshape(shape), rest_by_lam.reshape(shape))


def _summed(z: Array, lean: Array, low: Array, high: Array, lam: Array) -> tuple[Array, Array]:
    """Log of the lower tail, and its derivative by lam."""
    tail, (mean,) = mixed_log_tail(z, lean, low, high, _log_mixing, lam, means_of=lambda u, _: (u - np.exp(u),))
    return tail, mean + 1 + np.log(lam) - special.psi(lam)
