"""To how many digits estimates, log-likelihoods and standard errors are right.

    python benchmarks/accuracy.py [--family NAME ...] [--n N] [--compiled-rows N] [--without-numba]

The reference is Newton's method at 40 digits and more (mpmath), on log-densities written here, from their textbook
formulas, with derivatives by central differences that are exact to those digits. It takes nothing from the library but
the point where it starts. "params digits" is of the worst parameter; "llf missing" is how much log-likelihood the
estimates leave, both evaluated at 40 digits; "llf digits" and "se digits" are of what the fit says. The compiled sums
are looked at on the same data repeated, whose maximum is the same. 16 digits are all that doubles have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from _common import Plot, arguments_of, draw, family_of, parser_of, progress, publish, tier

import mle_toolkit as mle

if TYPE_CHECKING:
    from mpmath import mpf

DIGITS = 40
"""Digits of the reference."""

WORKING_DIGITS = 66
STEP = "1e-20"
"""Step of the differences: the error of first ones is its square, and 20 of the working digits are lost on the way;
second ones keep 20 digits and more, with which a step of Newton's method gains as many."""

ENOUGH_DIGITS = 16.0
"""What is reported where a number is right to its last digit."""


# --- log-densities, from their textbook formulas ----------------------------------------------------------------------


def _logpdfs() -> dict[str, Callable[..., Callable[[mpf], mpf]]]:
    """Log-density of an observation at given parameters, by the name of the law."""
    from mpmath import beta, erfc, exp, gamma, log, loggamma, pi, sqrt

    def normal(mu: mpf, sigma: mpf) -> Callable[[mpf], mpf]:
        norm = log(sigma) + log(2 * pi) / 2
        return lambda x: -((x - mu) ** 2) / (2 * sigma**2) - norm

    def lognormal(meanlog: mpf, sdlog: mpf) -> Callable[[mpf], mpf]:
        of_log = normal(meanlog, sdlog)
        return lambda x: of_log(log(x)) - log(x)

    def inverse_gaussian(mu: mpf, lam: mpf) -> Callable[[mpf], mpf]:
        return lambda x: log(lam / (2 * pi * x**3)) / 2 - lam * (x - mu) ** 2 / (2 * mu**2 * x)

    def gamma_law(shape: mpf, scale: mpf) -> Callable[[mpf], mpf]:
        norm = log(gamma(shape)) + shape * log(scale)
        return lambda x: (shape - 1) * log(x) - x / scale - norm

    def beta_law(a: mpf, b: mpf) -> Callable[[mpf], mpf]:
        norm = log(beta(a, b))
        return lambda x: (a - 1) * log(x) + (b - 1) * log(1 - x) - norm

    def weibull(shape: mpf, scale: mpf) -> Callable[[mpf], mpf]:
        return lambda x: log(shape / scale) + (shape - 1) * log(x / scale) - (x / scale) ** shape

    def gumbel(loc: mpf, scale: mpf) -> Callable[[mpf], mpf]:
        return lambda x: -(x - loc) / scale - exp(-(x - loc) / scale) - log(scale)

    def logistic(loc: mpf, scale: mpf) -> Callable[[mpf], mpf]:
        return lambda x: -(x - loc) / scale - log(scale) - 2 * log(1 + exp(-(x - loc) / scale))

    def student_t(df: mpf, loc: mpf, scale: mpf) -> Callable[[mpf], mpf]:
        norm = loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * pi) / 2 - log(scale)
        return lambda x: norm - (df + 1) / 2 * log(1 + ((x - loc) / scale) ** 2 / df)

    def gpd(scale: mpf, xi: mpf) -> Callable[[mpf], mpf]:
        return lambda x: -log(scale) - (1 + 1 / xi) * log(1 + xi * x / scale)

    def gev(loc: mpf, scale: mpf, xi: mpf) -> Callable[[mpf], mpf]:
        def logpdf(x: mpf) -> mpf:
            log_t = log(1 + xi * (x - loc) / scale)
            return -log(scale) - (1 + 1 / xi) * log_t - exp(-log_t / xi)

        return logpdf

    def skew_normal(loc: mpf, scale: mpf, alpha: mpf) -> Callable[[mpf], mpf]:
        even = normal(loc, scale)
        return lambda x: even(x) + log(erfc(-alpha * (x - loc) / scale / sqrt(2)))  # 2 Phi(z) = erfc(-z / sqrt 2)

    def negative_binomial(size: mpf, mu: mpf) -> Callable[[mpf], mpf]:
        log_p, log_q, of_size = log(size / (size + mu)), log(mu / (size + mu)), loggamma(size)
        return lambda x: loggamma(x + size) - of_size - loggamma(x + 1) + size * log_p + x * log_q

    return {
        "normal": normal,
        "exponential": lambda scale: lambda x: -x / scale - log(scale),
        "lognormal": lognormal,
        "inverse_gaussian": inverse_gaussian,
        "gamma": gamma_law,
        "beta": beta_law,
        "weibull": weibull,
        "gumbel": gumbel,
        "logistic": logistic,
        "student_t": student_t,
        "gpd": gpd,
        "gev": gev,
        "skew_normal": skew_normal,
        "negative_binomial": negative_binomial,
    }


FAMILIES = (
    "normal", "exponential", "lognormal", "inverse_gaussian", "gamma", "beta", "weibull", "gumbel", "logistic",
    "student_t", "gpd", "gev", "skew_normal", "negative_binomial",
)  # fmt: skip


# --- the reference ----------------------------------------------------------------------------------------------------


class Reference:
    """The maximum of a log-likelihood, by Newton's method at many digits.

    Parameters
    ----------
    name : str
        Of the law.
    x : ndarray of shape (n,)
    near : list of float
        Where to start: so near that Newton's method doubles the digits with every step.
    """

    def __init__(self, name: str, x: np.ndarray, near: list[float]) -> None:
        from mpmath import inverse, lu_solve, matrix, mpf, sqrt

        self._logpdf = _logpdfs()[name]
        values, counts = np.unique(x, return_counts=True)
        self._data = [(mpf(value), int(count)) for value, count in zip(values.tolist(), counts, strict=True)]
        theta = [mpf(value) for value in near]
        for _ in range(8):
            gradient, hessian = self._derivatives(theta)
            step = lu_solve(hessian, -matrix(gradient))
            theta = [value + change for value, change in zip(theta, step, strict=True)]
            # A step doubles the digits, so that one which changes the 20th leaves 40 right.
            small = mpf(10) ** (-DIGITS // 2)
            if all(abs(change) <= small * abs(value) for value, change in zip(theta, step, strict=True)):
                break
        else:
            raise ArithmeticError(f"{name}: the reference did not converge; the estimates are far from a maximum.")
        covariance = inverse(-hessian)
        self.params = theta
        self.errors = [sqrt(covariance[k, k]) for k in range(len(theta))]
        self.llf = self.loglik(theta)

    def loglik(self, theta: Iterable[Any]) -> mpf:
        """Log-likelihood at parameters."""
        from mpmath import fsum, mpf

        logpdf = self._logpdf(*map(mpf, theta))
        return fsum(count * logpdf(x) for x, count in self._data)

    def _derivatives(self, theta: list[mpf]) -> tuple[list[mpf], Any]:
        """Gradient and second derivatives, by central differences."""
        from mpmath import matrix, mpf

        step = [mpf(STEP) * max(abs(value), mpf("0.1")) for value in theta]

        def moved(*steps: tuple[int, int]) -> mpf:
            point = list(theta)
            for k, sign in steps:
                point[k] += sign * step[k]
            return self.loglik(point)

        p, middle = len(theta), self.loglik(theta)
        gradient = [(moved((k, 1)) - moved((k, -1))) / (2 * step[k]) for k in range(p)]
        hessian = matrix(p, p)
        for k in range(p):
            hessian[k, k] = (moved((k, 1)) - 2 * middle + moved((k, -1))) / step[k] ** 2
            for j in range(k):
                crossed = sum(a * b * moved((k, a), (j, b)) for a in (1, -1) for b in (1, -1))
                hessian[k, j] = hessian[j, k] = crossed / (4 * step[k] * step[j])
        return gradient, hessian


def digits(value: float, reference: Any) -> float:
    """Significant digits to which a number is right."""
    from mpmath import log10

    error = abs((value - reference) / reference)
    return ENOUGH_DIGITS if error == 0 else min(ENOUGH_DIGITS, float(-log10(error)))


def measure(name: str, n: int, compiled_rows: int) -> list[dict[str, Any]]:
    """Compare fits of one family, by NumPy's sums and by compiled ones, with the reference."""
    family, x = family_of(name), draw(name, n)
    times = -(-compiled_rows // n)
    reference = Reference(name, x, list(mle.fit(x, family).params.values()))
    rows = []
    for copies in (1, times):
        fit = mle.fit(np.tile(x, copies), family)
        if copies > 1 and tier(fit) == "numpy":
            continue
        estimates = [float(value) for value in fit.params.values()]
        errors = [float(value) * copies**0.5 for value in fit.bse.values()]
        rows.append(
            {
                "family": name,
                "n": n * copies,
                "tier": tier(fit),
                "params_digits": min(map(digits, estimates, reference.params)),
                "llf_missing": float(copies * (reference.llf - reference.loglik(estimates))),
                "llf_digits": digits(fit.llf, copies * reference.llf),
                "se_digits": min(map(digits, errors, reference.errors)),
                "verdict": str(fit.certificate.verdict),
            }
        )
    return rows


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--family", action="append", choices=FAMILIES, help="default: all")
    parser.add_argument("--n", type=int, default=1_009, help="a prime: strided subsamples of copies are then no copies")
    parser.add_argument("--compiled-rows", type=int, default=300_000, help="rows, at least, for the compiled sums")
    arguments = arguments_of(parser)

    rows, notes = [], []
    if find_spec("mpmath") is None:
        notes.append("mpmath is not installed: nothing to compare with")
    else:
        from mpmath import workdps

        with workdps(WORKING_DIGITS):
            for name in arguments.family or FAMILIES:
                rows += measure(name, arguments.n, arguments.compiled_rows)
                progress(name)
    plot = Plot("dots", "family", "params_digits", ("tier",), "digits of the worst parameter", 8.0)
    publish(__doc__, arguments, rows, plot, notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
