"""How fast regressions are against those of peers, and how far each answer is from the maximum.

    python benchmarks/regression_speed.py [--n N ...] [--columns K] [--quick] [--repeat K] [--json FILE]

Calls alternate in one process. Ours validates, maximises, certifies and computes standard errors; so do statsmodels and
lifelines, but for the certificate; glum and scikit-learn compute no standard errors. The ratio is the peer's time over
ours. After a long call of the other's, a short one finds nothing of its own in the caches of the processor: each call
of less than a second is made twice in a row, and "again" is the second, of both. The last two columns are the largest
distance of the coefficients of ours and of the peer from a maximum that is found anew by Newton's method in long
double, in standard errors: an answer that is far off is no answer. Durations, of which a third or so are
right-censored, are those of Weibull and lognormal laws. There are four levels; the share of zeros of a law with
additional ones is one number. Where a peer takes tens of seconds it is called once, and more than a hundred thousand
rows are not tried. Peers that are not installed are left out, with a note.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, parser_of, progress, publish, quiet

import mle_toolkit as mle

Peer = Callable[[np.ndarray, np.ndarray, "np.ndarray | None"], np.ndarray]

DURATIONS = ("weibull", "lognormal")

LEVELED = ("ordinal", "categorical")

SLOW = ("beta", "zip", "zinb", *LEVELED)
"""Laws whose peers take from a third of a second to a quarter of a minute at 100,000 rows of 20 columns."""

SHORT_SECONDS, TWICE_BELOW = 3.0, 1.0
"""Seconds for which rounds of short calls go on, and below which a call is made twice in a row."""

SLOW_ROWS, SLOW_SECONDS = 100_000, 10.0
"""Rows of these up to which they are compared, and seconds after which one is not called again."""

LAWS = ("poisson", "gamma", "bernoulli", "normal", "negbin", *DURATIONS, *SLOW)

_NEWTON_STEPS = 3


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
        "beta": lambda: rng.beta(5.0 / (1.0 + np.exp(-eta)), 5.0 / (1.0 + np.exp(eta))),
        "zip": lambda: np.where(rng.uniform(size=n) < 0.3, 0, rng.poisson(mean)),
        "zinb": lambda: np.where(rng.uniform(size=n) < 0.3, 0, rng.negative_binomial(2.0, 2.0 / (2.0 + mean))),
        "ordinal": lambda: np.digitize(eta + rng.logistic(size=n), [-0.5, 0.5, 1.5]),
        "categorical": lambda: np.argmax(_utilities(rng, x), axis=1),
        "weibull": lambda: mean * rng.weibull(1.5, size=n),
        "lognormal": lambda: mean * np.exp(0.7 * rng.normal(size=n)),
    }[law]()
    if law == "ordinal":
        x = x[:, 1:]  # its cutpoints are constants enough
    if law not in DURATIONS:
        return x, np.asarray(y, dtype=int if law in LEVELED else float), None
    end = rng.exponential(2.5, size=n)
    return x, np.minimum(y, end), y <= end


def _utilities(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Of four levels in each row: the highest is chosen by the law of a multinomial regression."""
    slopes = 0.5 * rng.normal(size=(x.shape[1], 4)) / np.sqrt(x.shape[1])
    return np.asarray(x @ slopes + rng.gumbel(size=(len(x), 4)))


def ours(law: str, x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> mle.RegressionFit:
    """Our fit, with its standard errors."""
    family = mle.zero_inflated("negbin") if law == "zinb" else law
    fit = mle.regress(y if event is None else mle.Sample.right_censored(y, event), x, family)
    _ = fit.bse
    return fit


def main_parameter(law: str) -> str:
    """The parameter of our fit that has covariates."""
    own = {"bernoulli": "p", "gamma": "mean", "beta": "mean", "weibull": "scale", "lognormal": "meanlog"}
    return (own | {"ordinal": "loc", "categorical": "p"}).get(law, "mu")


def statsmodels_slow(law: str) -> Peer:
    """The laws of statsmodels that are no generalized linear models; a share of zeros is one number."""
    import statsmodels.api as sm
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.othermod.betareg import BetaModel

    def fit(x: np.ndarray, y: np.ndarray, event: np.ndarray | None) -> np.ndarray:
        with quiet():
            model, options, own = {
                "beta": lambda: (BetaModel(y, x), {}, slice(0, -1)),
                "zip": lambda: (sm.ZeroInflatedPoisson(y, x), {"maxiter": 200}, slice(1, None)),
                "zinb": lambda: (sm.ZeroInflatedNegativeBinomialP(y, x), {"maxiter": 200}, slice(1, -1)),
                "ordinal": lambda: (OrderedModel(y, x, distr="logit"), {"method": "bfgs"}, slice(0, x.shape[1])),
                "categorical": lambda: (sm.MNLogit(y, x), {}, slice(None)),
            }[law]()
            result = model.fit(disp=0, **options)
            _ = result.bse
            return np.asarray(result.params)[own]

    return fit


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
    if law in SLOW:
        return {"statsmodels": statsmodels_slow(law)}
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

    The other parameters of a law are those of our estimate. Where each level has its coefficients, these are columns.
    """
    beta = start.astype(np.longdouble).reshape(x.shape[1], -1)
    size = beta.size
    for _ in range(_NEWTON_STEPS):
        score, information = np.zeros(size, dtype=np.longdouble), np.zeros((size, size))
        for first in range(0, len(y), 10_000):
            rows = slice(first, first + 10_000)
            z, t = x[rows].astype(np.longdouble), y[rows]
            eta = z @ beta
            seen = None if event is None else event[rows]
            if law == "categorical":
                residual, weight = _of_levels(t, eta)
            else:
                one, other = _slopes(law, t.astype(np.longdouble), eta[:, 0], seen, params)
                residual, weight = one[:, None], other[:, None, None]
            score += (z.T @ residual).ravel()
            for j, k in np.ndindex(weight.shape[1:]):
                block = np.asarray((z * weight[:, j, k][:, None]).T @ z, dtype=float)
                information[j :: beta.shape[1], k :: beta.shape[1]] += block
        beta = beta + np.linalg.solve(information, np.asarray(score, dtype=float)).reshape(beta.shape)
    return np.asarray(beta, dtype=float).reshape(start.shape)


def _of_levels(y: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the log-probability of levels by the log-odds against the first, and minus the second derivatives."""
    whole = np.exp(eta)
    p = whole / (1 + whole.sum(axis=1, keepdims=True))
    each = np.eye(eta.shape[1])
    residual = (y[:, None] == 1 + np.arange(eta.shape[1])) - p
    return residual, p[:, :, None] * each - p[:, :, None] * p[:, None, :]


def _slopes(
    law: str, t: np.ndarray, eta: np.ndarray, event: np.ndarray | None, params: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the log-density of each row by its predictor, and about minus the second derivative."""
    from scipy import special

    mean = np.exp(eta)
    one = np.ones_like(eta)
    if law == "bernoulli":
        p = 1 / (1 + np.exp(-eta))
        return t - p, p * (1 - p)
    if law == "gamma":
        return t / mean - 1, one
    if law == "normal":
        return t - eta, one
    if law == "weibull":
        hazard = (t / mean) ** params["shape"]
        return hazard - event, params["shape"] * hazard
    if law == "lognormal":
        away = np.asarray((np.log(t) - eta) / params["sdlog"], dtype=float)
        mills = np.sqrt(2 / np.pi) / special.erfcx(away / np.sqrt(2))
        return np.where(event, away, mills), np.where(event, 1.0, mills * (mills - away)) / params["sdlog"]
    if law == "beta":
        p = 1 / (1 + np.exp(-eta))
        a, b = (np.asarray(share * params["precision"], dtype=float) for share in (p, 1 - p))
        slope = params["precision"] * p * (1 - p)
        gap = np.log(t) - np.log1p(-t) - (special.psi(a) - special.psi(b))
        return slope * gap, slope * slope * (special.polygamma(1, a) + special.polygamma(1, b))
    if law == "ordinal":
        cuts = np.concatenate([[-np.inf], np.asarray(params["cutpoints"], dtype=float), [np.inf]])
        level = t.astype(int)
        above, below = (1 / (1 + np.exp(eta - cuts[level + up])) for up in (1, 0))
        return above + below - 1, above * (1 - above) + below * (1 - below)
    if law in ("negbin", "zinb"):
        share = params["size"] / (params["size"] + mean)
        nothing = share ** params["size"]
    else:
        share, nothing = one, np.exp(-mean)
    if law in ("poisson", "negbin"):
        return (t - mean) * share, mean * share
    own = (1 - params["pi"]) * nothing / (params["pi"] + (1 - params["pi"]) * nothing)  # zeros that are of the law
    return np.where(t > 0, t - mean, -own * mean) * share, mean * share * np.where(t > 0, 1.0, own)


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, action="append", help="rows; may be given several times")
    parser.add_argument("--law", action="append", choices=LAWS, help="may be given several times")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="few rows only")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = arguments_of(parser)
    sizes = [1_000] if arguments.quick else arguments.n or [1_000, 100_000, 1_000_000]
    rows: list[dict[str, Any]] = []
    for law in arguments.law or LAWS:
        for n in sizes if law not in SLOW else [n for n in sizes if n <= SLOW_ROWS]:
            x, y, event = drawn(law, n, 5 if n <= 1_000 else arguments.columns)
            ours(law, x, y, event)  # so that what is compiled is not timed, even beside a peer that is called once
            for peer, theirs in peers_of(law).items():
                calls = {"ours": partial(ours, law, x, y, event), "peer": partial(theirs, x, y, event)}
                budget = SLOW_SECONDS if law in SLOW else 60.0
                timing = alternate(calls, arguments.repeat, budget=budget, short=SHORT_SECONDS, twice_below=TWICE_BELOW)
                fit = timing["ours"].result
                name = main_parameter(law)
                mine, se = np.asarray(fit.params[name]), np.asarray(fit.bse[name])
                best = polished(law, x, y, event, mine, dict(fit.params))
                ratio, between = timing["peer"].over(timing["ours"])
                second = {name: one.second_calls for name, one in timing.items()}
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
                        "ours_again_ms": second["ours"].median_ms,
                        "peer_again_ms": second["peer"].median_ms,
                        "ratio_again": second["peer"].over(second["ours"])[0],
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
