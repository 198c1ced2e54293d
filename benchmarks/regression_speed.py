"""How fast regressions are against those of peers, and how far each answer is from the maximum.

    python benchmarks/regression_speed.py [--n N ...] [--columns K] [--quick] [--repeat K] [--json FILE]

Calls alternate in one process. Ours validates, maximises, certifies and computes standard errors; so do statsmodels and
lifelines, but for the certificate; glum and scikit-learn compute no standard errors. The ratio is the peer's time over
ours. The last two columns are the largest distance of the coefficients of ours and of the peer from a maximum that is
found anew by Newton's method in long double, in standard errors: an answer that is far off is no answer. Peers that are
not installed are left out, with a note.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, parser_of, progress, publish, quiet

import mle_toolkit as mle

Peer = Callable[[np.ndarray, np.ndarray], np.ndarray]


def drawn(law: str, n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariates with a constant, and responses of a law with a log or logit link."""
    rng = np.random.default_rng(SEED)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, columns - 1))])
    eta = x @ (0.5 * rng.normal(size=columns) / np.sqrt(columns))
    mean = np.exp(eta)
    y = {
        "poisson": lambda: rng.poisson(mean),
        "gamma": lambda: rng.gamma(3.0, mean / 3.0),
        "bernoulli": lambda: rng.uniform(size=n) < 1 / (1 + np.exp(-eta)),
        "negbin": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + mean)),
    }[law]()
    return x, np.asarray(y, dtype=float)


def statsmodels_glm(law: str) -> Peer:
    """A generalized linear model of statsmodels; of a negative binomial law its own model, which estimates the size."""
    import statsmodels.api as sm

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        with quiet():
            if law == "negbin":
                return np.asarray(sm.NegativeBinomial(y, x).fit(disp=0, maxiter=200).params)[:-1]
            family = {
                "poisson": sm.families.Poisson(),
                "gamma": sm.families.Gamma(sm.families.links.Log()),
                "bernoulli": sm.families.Binomial(),
            }[law]
            result = sm.GLM(y, x, family=family).fit()
            _ = result.bse
            return np.asarray(result.params)

    return fit


def glum_glm(law: str) -> Peer:
    """Glum without a penalty, and without standard errors."""
    import glum

    family = {"poisson": "poisson", "gamma": "gamma", "bernoulli": "binomial"}[law]
    link = "logit" if law == "bernoulli" else "log"

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        with quiet():
            model = glum.GeneralizedLinearRegressor(alpha=0, family=family, link=link, fit_intercept=False)
            return np.asarray(model.fit(x, y).coef_)

    return fit


def sklearn_logistic(solver: str) -> Peer:
    """scikit-learn's logistic regression without a penalty, and without standard errors."""
    from sklearn.linear_model import LogisticRegression

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        with quiet():
            model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=False, max_iter=1_000)
            return np.asarray(model.fit(x, y).coef_[0])

    return fit


def peers_of(law: str) -> dict[str, Peer]:
    """Those that fit this law and are installed."""
    found = {"statsmodels": statsmodels_glm(law)}
    if law != "negbin" and importlib.util.find_spec("glum") is not None:
        found["glum"] = glum_glm(law)
    if law == "bernoulli" and importlib.util.find_spec("sklearn") is not None:
        found["sklearn newton-cholesky"] = sklearn_logistic("newton-cholesky")
        found["sklearn lbfgs"] = sklearn_logistic("lbfgs")
    return found


def polished(law: str, x: np.ndarray, y: np.ndarray, start: np.ndarray, size: float) -> np.ndarray:
    """Coefficients at which the score is 0, by Newton's method on scores in long double from our estimate."""
    beta = start.astype(np.longdouble)
    for _ in range(3):
        score, information = np.zeros(len(beta), dtype=np.longdouble), np.zeros((len(beta), len(beta)))
        for first in range(0, len(y), 10_000):
            rows = slice(first, first + 10_000)
            z, t = x[rows].astype(np.longdouble), y[rows].astype(np.longdouble)
            eta = z @ beta
            if law == "bernoulli":
                p = 1 / (1 + np.exp(-eta))
                residual, weight = t - p, p * (1 - p)
            elif law == "gamma":
                residual, weight = t / np.exp(eta) - 1, np.ones_like(eta)
            else:
                mean = np.exp(eta)
                share = 1.0 if law == "poisson" else size / (size + mean)
                residual, weight = (t - mean) * share, mean * share
            score += z.T @ residual
            information += np.asarray((z * weight[:, None]).T @ z, dtype=float)
        beta = beta + np.linalg.solve(information, np.asarray(score, dtype=float))
    return np.asarray(beta, dtype=float)


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, action="append", help="rows; may be given several times")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="few rows only")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = arguments_of(parser)
    sizes = [1_000] if arguments.quick else arguments.n or [1_000, 100_000, 1_000_000]
    rows: list[dict[str, Any]] = []
    for law in ("poisson", "gamma", "bernoulli", "negbin"):
        for n in sizes:
            x, y = drawn(law, n, 5 if n <= 1_000 else arguments.columns)

            def ours(x: np.ndarray = x, y: np.ndarray = y, law: str = law) -> mle.RegressionFit:
                fit = mle.regress(y, x, law)
                _ = fit.bse
                return fit

            for peer, theirs in peers_of(law).items():
                calls = {"ours": ours, "peer": lambda theirs=theirs, x=x, y=y: theirs(x, y)}
                timing = alternate(calls, arguments.repeat)
                fit = timing["ours"].result
                name = fit.family.base.main_parameter
                mine, se = np.asarray(fit.params[name]), np.asarray(fit.bse[name])
                best = polished(law, x, y, mine, float(fit.params.get("size", 1.0)))
                ratio, between = timing["peer"].over(timing["ours"])
                rows.append(
                    {
                        "law": law,
                        "n": n,
                        "columns": x.shape[1],
                        "peer": peer,
                        "ours_ms": timing["ours"].median_ms,
                        "peer_ms": timing["peer"].median_ms,
                        "ratio": ratio,
                        "ratio_range": between,
                        "ours_off_se": float(np.max(np.abs(mine - best) / se)),
                        "peer_off_se": float(np.max(np.abs(timing["peer"].result - best) / se)),
                    }
                )
                progress(f"{law} {n} {peer}")
    missing = [name for name in ("glum", "sklearn") if importlib.util.find_spec(name) is None]
    notes = [f"{name} is not installed: left out" for name in missing]
    plot = Plot("dots", "law", "ratio", ("peer", "n"), "time of the peer over ours", 1.0)
    publish(__doc__, arguments, rows, plot, notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
