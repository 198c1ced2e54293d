"""How fast regressions are against those of peers, and how far each answer is from the maximum.

    python benchmarks/regression_speed.py [--n N ...] [--columns K] [--quick] [--repeat K] [--json FILE]

Calls alternate in one process. Ours validates, maximises, certifies and computes standard errors; so do statsmodels and
lifelines, but for the certificate; glum and scikit-learn compute no standard errors. The ratio is the peer's time over
ours. The last two columns are the largest distance of the coefficients of ours and of the peer from a maximum that is
found anew by Newton's method in long double, in standard errors: an answer that is far off is no answer. Durations, of
which a third or so are right-censored, are those of Weibull and lognormal laws. Peers that are not installed are left
out, with a note.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, parser_of, progress, publish, quiet

import mle_toolkit as mle

Peer = Callable[[np.ndarray, np.ndarray, "np.ndarray | None"], np.ndarray]

DURATIONS = ("weibull", "lognormal")


def drawn(law: str, n: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Covariates with a constant, responses of a law, and whether the event was seen, of durations."""
    rng = np.random.default_rng(SEED)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, columns - 1))])
    eta = x @ (0.5 * rng.normal(size=columns) / np.sqrt(columns))
    mean = np.exp(eta)
    y = {
        "poisson": lambda: rng.poisson(mean),
        "gamma": lambda: rng.gamma(3.0, mean / 3.0),
        "bernoulli": lambda: rng.uniform(size=n) < 1 / (1 + np.exp(-eta)),
        "negbin": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + mean)),
        "normal": lambda: eta + rng.normal(size=n),
        "weibull": lambda: mean * rng.weibull(1.5, size=n),
        "lognormal": lambda: mean * np.exp(0.7 * rng.normal(size=n)),
    }[law]()
    if law not in DURATIONS:
        return x, np.asarray(y, dtype=float), None
    end = rng.exponential(2.5, size=n)
    return x, np.minimum(y, end), y <= end


def statsmodels_glm(law: str) -> Peer:
    """A generalized linear model of statsmodels; of a negative binomial law its own model, which estimates the size."""
    import statsmodels.api as sm

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        with quiet():
            if law == "negbin":
                return np.asarray(sm.NegativeBinomial(y, x).fit(disp=0, maxiter=200).params)[:-1]
            family = {
                "poisson": sm.families.Poisson(),
                "gamma": sm.families.Gamma(sm.families.links.Log()),
                "bernoulli": sm.families.Binomial(),
                "normal": sm.families.Gaussian(),
            }[law]
            result = sm.GLM(y, x, family=family).fit()
            _ = result.bse
            return np.asarray(result.params)

    return fit


def glum_glm(law: str) -> Peer:
    """Glum without a penalty, and without standard errors."""
    import glum

    family = {"poisson": "poisson", "gamma": "gamma", "bernoulli": "binomial", "normal": "normal"}[law]
    link = {"bernoulli": "logit", "normal": "identity"}.get(law, "log")

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        with quiet():
            model = glum.GeneralizedLinearRegressor(alpha=0, family=family, link=link, fit_intercept=False)
            return np.asarray(model.fit(x, y).coef_)

    return fit


def sklearn_logistic(solver: str) -> Peer:
    """scikit-learn's logistic regression without a penalty, and without standard errors."""
    from sklearn.linear_model import LogisticRegression

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        with quiet():
            model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=False, max_iter=1_000)
            return np.asarray(model.fit(x, y).coef_[0])

    return fit


def statsmodels_logit() -> Peer:
    """The logistic regression of statsmodels by Newton's method."""
    import statsmodels.api as sm

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        with quiet():
            result = sm.Logit(y, x).fit(disp=0)
            _ = result.bse
            return np.asarray(result.params)

    return fit


def lifelines_aft(law: str) -> Peer:
    """Accelerated failure times of lifelines, which takes the constant for a column as any other."""
    import lifelines
    import pandas as pd

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        frame = pd.DataFrame(x, columns=[f"x{k}" for k in range(x.shape[1])]).assign(duration=y, event=event)
        fitter = {"weibull": lifelines.WeibullAFTFitter, "lognormal": lifelines.LogNormalAFTFitter}[law]
        with quiet():
            model = fitter(fit_intercept=False).fit(frame, "duration", "event")
            _ = model.standard_errors_
        found = model.params_["lambda_" if law == "weibull" else "mu_"]
        return np.asarray(found[[f"x{k}" for k in range(x.shape[1])]])

    return fit


def peers_of(law: str) -> dict[str, Peer]:
    """Those that fit this law and are installed."""
    if law in DURATIONS:
        return {"lifelines": lifelines_aft(law)} if importlib.util.find_spec("lifelines") is not None else {}
    found = {"statsmodels": statsmodels_glm(law)}
    if law == "bernoulli":
        found["statsmodels Logit"] = statsmodels_logit()
    if law != "negbin" and importlib.util.find_spec("glum") is not None:
        found["glum"] = glum_glm(law)
    if law == "bernoulli" and importlib.util.find_spec("sklearn") is not None:
        found["sklearn newton-cholesky"] = sklearn_logistic("newton-cholesky")
        found["sklearn lbfgs"] = sklearn_logistic("lbfgs")
    return found


def polished(
    law: str, x: np.ndarray, y: np.ndarray, event: np.ndarray | None, start: np.ndarray, params: dict[str, Any]
) -> np.ndarray:
    """Coefficients at which the score is 0, by Newton's method on scores in long double from our estimate.

    The other parameters of a law are those of our estimate.
    """
    from scipy import special

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
            elif law == "normal":
                residual, weight = t - eta, np.ones_like(eta)
            elif law == "weibull":
                hazard = (t / np.exp(eta)) ** params["shape"]
                residual, weight = hazard - event[rows], params["shape"] * hazard
            elif law == "lognormal":
                away = np.asarray((np.log(t) - eta) / params["sdlog"], dtype=float)
                mills = np.sqrt(2 / np.pi) / special.erfcx(away / np.sqrt(2))
                residual = np.where(event[rows], away, mills)
                weight = np.where(event[rows], 1.0, mills * (mills - away)) / params["sdlog"]
            else:
                mean = np.exp(eta)
                share = 1.0 if law == "poisson" else params["size"] / (params["size"] + mean)
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
    for law in ("poisson", "gamma", "bernoulli", "normal", "negbin", *DURATIONS):
        for n in sizes:
            x, y, event = drawn(law, n, 5 if n <= 1_000 else arguments.columns)

            def ours(
                x: np.ndarray = x, y: np.ndarray = y, event: np.ndarray | None = event, law: str = law
            ) -> mle.RegressionFit:
                fit = mle.regress(y if event is None else mle.Sample.right_censored(y, event), x, law)
                _ = fit.bse
                return fit

            for peer, theirs in peers_of(law).items():
                calls = {"ours": ours, "peer": lambda theirs=theirs, x=x, y=y, event=event: theirs(x, y, event)}
                timing = alternate(calls, arguments.repeat)
                fit = timing["ours"].result
                name = fit.family.base.main_parameter
                mine, se = np.asarray(fit.params[name]), np.asarray(fit.bse[name])
                best = polished(law, x, y, event, mine, dict(fit.params))
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
    missing = [name for name in ("glum", "sklearn", "lifelines") if importlib.util.find_spec(name) is None]
    notes = [f"{name} is not installed: left out" for name in missing]
    if "OMP_NUM_THREADS" in os.environ:
        notes.append(f"threads of BLAS: {os.environ['OMP_NUM_THREADS']}, by OMP_NUM_THREADS")
    plot = Plot("dots", "law", "ratio", ("peer", "n"), "time of the peer over ours", 1.0)
    publish(__doc__, arguments, rows, plot, notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
