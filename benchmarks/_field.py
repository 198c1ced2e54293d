"""The cases of tests/field that ask for a number, and how each system is asked; see `field`."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import fieldcases

import mle_toolkit as mle

SECONDS = 60.0
"""After which a system has no answer."""

NONE = math.nan
"""The right answer where there is none: a likelihood without a maximum."""


class Unsure(UserWarning):
    """A system said by a flag of its result, not by a warning, that its number is not to be trusted."""


@dataclass(frozen=True)
class Case:
    """A question with one number as its answer.

    Attributes
    ----------
    name : str
        In `cases.json`.
    asks : str
        What is asked for.
    right : float
        NaN where a refusal is right.
    asked : dict of str to callable
        By system; each returns the number.
    rtol : float
    enough : float
        Where a refusal is right: a number from here on is right too.
    """

    name: str
    asks: str
    right: float
    asked: dict[str, Callable[[], Any]]
    rtol: float = 1e-6
    enough: float = math.inf


def columns(file: str) -> dict[str, np.ndarray]:
    """Columns of a data file."""
    return fieldcases.columns(f"{file}.csv")


def repeated(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Values as often as they were counted: for systems without weights."""
    return np.repeat(values, counts.astype(int))


# --- how each system is asked -----------------------------------------------------------------------------------------


def ours(data: Any, law: Any, **options: Any) -> Callable[[], float]:
    """Log-likelihood of our fit; a fit that is not certified says so."""

    def ask() -> float:
        fit = mle.fit(data() if callable(data) else data, law() if callable(law) else law, **options)
        if not fit.certificate.ok:
            warnings.warn(fit.certificate.message, Unsure, stacklevel=1)
        return fit.llf

    return ask


def scipys(name: str, data: Any, **fixed: float) -> Callable[[], float]:
    """Log-likelihood of what SciPy's `fit` finds; of CensoredData by the tails of its law."""

    def ask() -> float:
        from scipy import stats

        law, given = getattr(stats, name), data() if callable(data) else data
        found = law(*law.fit(given, **fixed))
        if not isinstance(given, stats.CensoredData):
            return float(np.sum(found.logpdf(given)))
        total = np.sum(found.logpdf(given._uncensored)) + np.sum(found.logsf(given._right))
        total += np.sum(found.logcdf(given._left))
        for low, high in given._interval:
            total += np.log(found.cdf(high) - found.cdf(low))
        return float(total)

    return ask


def scipy_right(time: Any, event: Any) -> Any:
    """Right-censored data as SciPy wants them."""
    from scipy import stats

    return stats.CensoredData.right_censored(np.asarray(time, float), ~np.asarray(event, bool))


def scipy_intervals(lower: Any, upper: Any) -> Any:
    """Intervals as SciPy wants them; those without an upper end are right-censored."""
    from scipy import stats

    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    closed = np.isfinite(upper)
    return stats.CensoredData(interval=np.column_stack([lower, upper])[closed], right=lower[~closed])


def lifeline(kind: str, time: Any, event: Any = None, entry: Any = None) -> Callable[[], float]:
    """Log-likelihood of a fitter of lifelines."""

    def ask() -> float:
        import lifelines

        return float(getattr(lifelines, kind)().fit(time, event, entry=entry).log_likelihood_)

    return ask


def lifeline_intervals(kind: str, lower: Any, upper: Any, weights: Any = None) -> Any:
    """A fitter of lifelines, fitted to intervals."""
    import lifelines

    return getattr(lifelines, kind)().fit_interval_censoring(lower, upper, weights=weights)


def surpyval(kind: str, **data: Any) -> Callable[[], float]:
    """Log-likelihood of a fit of SurPyval."""

    def ask() -> float:
        import surpyval as surv

        return -float(getattr(surv, kind).fit(**data).neg_ll())

    return ask


def surpyval_censored(event: Any) -> np.ndarray:
    """Its code of right-censored rows."""
    return np.where(np.asarray(event, bool), 0, 1)


def reliability(kind: str, time: Any, event: Any) -> Callable[[], float]:
    """Log-likelihood of a fit of reliability."""

    def ask() -> float:
        from reliability import Fitters

        seen = np.asarray(event, bool)
        times = np.asarray(time, float)
        censored = times[~seen] if np.any(~seen) else None
        quietly = {"show_probability_plot": False, "print_results": False}
        found = getattr(Fitters, kind)(failures=times[seen], right_censored=censored, **quietly)
        return float(getattr(found, "loglik", -0.5 * getattr(found, "loglik2", math.nan)))

    return ask


def openturns(factory: str, x: Any) -> Callable[[], float]:
    """Log-likelihood at what a factory of OpenTURNS builds."""

    def ask() -> float:
        import openturns as ot

        sample = ot.Sample(np.asarray(x, float)[:, None])
        built = getattr(ot, factory)().build(sample)
        return float(np.sum(np.asarray(built.computeLogPDF(sample))))

    return ask


def fitters(name: str, x: Any) -> Callable[[], float]:
    """Log-likelihood at the parameters that fitter reports."""

    def ask() -> float:
        from fitter import Fitter
        from scipy import stats

        found = Fitter(np.asarray(x, float), distributions=[name], timeout=SECONDS)
        found.fit(progress=False)
        return float(np.sum(getattr(stats, name).logpdf(x, *found.fitted_param[name])))

    return ask


def distfits(name: str, x: Any) -> Callable[[], float]:
    """Log-likelihood at the parameters that distfit reports."""

    def ask() -> float:
        from distfit import distfit
        from scipy import stats

        found = distfit(distr=name, verbose=0)
        found.fit_transform(np.asarray(x, float), verbose=0)
        return float(np.sum(getattr(stats, name).logpdf(x, *found.model["params"])))

    return ask


def zero_inflated_negbin() -> float:
    """statsmodels: constants only."""
    from statsmodels.discrete.count_model import ZeroInflatedNegativeBinomialP

    y = columns("rare_counts")["n"]
    return float(ZeroInflatedNegativeBinomialP(y, np.ones((len(y), 1))).fit(disp=False).llf)


def hurdle_negbin(y: Any) -> Callable[[], float]:
    """statsmodels: constants only."""

    def ask() -> float:
        from statsmodels.discrete.truncated_model import HurdleCountModel

        model = HurdleCountModel(np.asarray(y), np.ones((len(y), 1)), dist="negbin", zerodist="negbin")
        return float(model.fit(disp=False).llf)

    return ask


def power_law_85() -> float:
    """powerlaw: lognormal law of counts from 54 on; its location."""
    import powerlaw

    return float(powerlaw.Fit(columns("poweRlaw85")["n"], xmin=54, discrete=True).lognormal.mu)


def scipy_dist(name: str) -> Any:
    """A distribution of SciPy."""
    from scipy import stats

    return getattr(stats, name)


def scipy_law(name: str, *shapes: float, **others: float) -> Any:
    """One of SciPy's laws at given parameters."""
    return scipy_dist(name)(*shapes, **others)


def scipy_fit(name: str, data: Any, **fixed: float) -> Any:
    """What SciPy's `fit` returns."""
    return scipy_dist(name).fit(data, **fixed)


def surpyval_model(kind: str, **data: Any) -> Any:
    """A fit of SurPyval."""
    import surpyval as surv

    return getattr(surv, kind).fit(**data)


def surpyval_mixture(time: Any, censored: Any) -> float:
    """Log-likelihood of SurPyval's mixture of two Weibull laws."""
    import surpyval as surv

    return -float(surv.MixtureModel.fit(x=time, c=censored, dist=surv.Weibull, m=2).neg_ll())


def surpyval_growth(times: Any) -> float:
    """Shape of SurPyval's Crow-AMSAA process."""
    from surpyval.recurrent import CrowAMSAA

    return float(CrowAMSAA.fit(x=times).params[1])


def statsmodels_rate(counts: Any, exposure: Any) -> float:
    """Rate by statsmodels' Poisson regression."""
    from statsmodels.discrete.discrete_model import Poisson

    return float(
        np.exp(Poisson(np.array(counts), np.ones((len(counts), 1)), exposure=exposure).fit(disp=False).params[0])
    )


# --- the cases --------------------------------------------------------------------------------------------------------


def cases() -> list[Case]:
    """Those of `tests/field/cases.json` that ask for a number; the others ask for a word, a rank or an interval."""
    rows = fieldcases.cases()
    device = columns("deviceg")
    seen = device["mode"] != "Suspended"
    nist = columns("nist_apr413")
    train = columns("locomotivecontrol")
    train_time, train_seen = (repeated(v, train["count"]) for v in (train["kilomiles"], train["event"] == "Failed"))
    alloy = columns("at7987")
    alloy_time, alloy_seen = (repeated(v, alloy["count"]) for v in (alloy["kilocycles"], alloy["event"] == "Failed"))
    chips = columns("lfp1370")
    chip_time, chip_seen = (repeated(v, chips["count"]) for v in (chips["hours"], chips["event"] == "Failure"))
    five = rows["lifelines-533"]["data"]
    many = np.array([2.0] + [8.0] * 9 + [9.0] * 5 + [20.0] * 85)
    many_seen = np.array([True] * 25 + [False] * 75)
    inspected = rows["exponential-inspection"]["data"]
    low, high, count = (np.array(inspected[name], float) for name in ("lower", "upper", "count"))
    entering = rows["entry-equals-exit"]["data"]
    time, event, entry = (np.array(entering[name], float) for name in ("time", "event", "entry"))
    amsaa = np.array(rows["crow-amsaa"]["data"]["t"])
    claims = columns("kpw_c")
    claim_low, claim_high = (repeated(claims[name], claims["count"]) for name in ("lower", "upper"))
    claim_high = np.where(np.isnan(claim_high), np.inf, claim_high)
    skewed, heavy = columns("gennorm_skew31")["x"], columns("t_local13")["x"]
    unit = columns("sp500_60_wrong_unit")["r"]
    hundred, waits = columns("logistic100")["x"], columns("distfit45")["x"]
    stamps, rain = columns("timestamps")["unix"], columns("seattle_precip")["mm"]
    returns = columns("arch_sp500_logret")["r"][:100]
    serial = np.array(rows["F2-54-serial-interval"]["data"], float)
    degrees = np.array(rows["F2-15-von-mises-degrees"]["data"], float)
    lowest = next(iter(v for n, v in columns("pyx_extremes_bm_low").items() if n.startswith("Water")))[:4]
    exposed = rows["exposure"]["data"]
    underflowing = mle.distribution("generalized_gamma", shape1=0.01, shape2=200.0, scale=50.0)
    negbin_rare = mle.distribution("negbin", size=1e16, mu=0.1333)
    locomotive = mle.Sample.right_censored(train_time, train_seen)
    right = {name: fieldcases.right(name) for name in rows}

    def cosmesis_of(fit: Callable[[Any, Any], Any]) -> Callable[[], float]:
        sample = mle.datasets.load("cosmesis").sample()
        return lambda: fit(np.maximum(sample.lower, 0.0), sample.upper)

    return [
        Case("deviceg-weibull-mixture", "two Weibull laws mixed, censored", right["deviceg-weibull-mixture"]["llf"], {
            "mle-toolkit": ours(mle.Sample.right_censored(device["kilocycles"], seen), mle.mixture("weibull", 2)),
            "reliability": reliability("Fit_Weibull_Mixture", device["kilocycles"], seen),
            "surpyval": lambda: surpyval_mixture(device["kilocycles"], surpyval_censored(seen)),
        }),
        Case("whole-hour-lifetimes-as-counts", "Weibull, censored", (4 - 154.27) / 2, {
            "mle-toolkit": ours(mle.Sample.right_censored(nist["hours"], nist["failed"]), "weibull"),
            "scipy": scipys("weibull_min", lambda: scipy_right(nist["hours"], nist["failed"]), floc=0),
            "lifelines": lifeline("WeibullFitter", nist["hours"], nist["failed"]),
            "surpyval": surpyval("Weibull", x=nist["hours"], c=surpyval_censored(nist["failed"])),
            "reliability": reliability("Fit_Weibull_2P", nist["hours"], nist["failed"]),
        }, 1e-4),
        Case("gengamma-locomotive", "generalised gamma, censored", right["gengamma-locomotive"]["llf"], {
            "mle-toolkit": ours(locomotive, "generalized_gamma"),
            "scipy": scipys("gengamma", lambda: scipy_right(train_time, train_seen), floc=0),
            "lifelines": lifeline("GeneralizedGammaFitter", train_time, train_seen),
        }),
        Case("gengamma-cosmesis", "generalised gamma of intervals", right["gengamma-cosmesis"]["llf"], {
            "mle-toolkit": ours(mle.datasets.load("cosmesis").sample(), "generalized_gamma"),
            "scipy": cosmesis_of(lambda a, b: scipys("gengamma", scipy_intervals(a, b), floc=0)()),
            "lifelines": cosmesis_of(
                lambda a, b: float(lifeline_intervals("GeneralizedGammaFitter", a, b).log_likelihood_)
            ),
        }),
        Case("gengamma-cdf-underflow", "probability, generalised gamma", right["gengamma-cdf-underflow"][0], {
            "mle-toolkit": lambda: underflowing.cdf(0.5),
            "scipy": lambda: scipy_law("gengamma", 0.01, 200.0, scale=50.0).cdf(0.5),
        }),
        Case("gengamma-kpw-c", "generalised gamma of banded claims", right["gengamma-kpw-c"]["llf"], {
            "mle-toolkit": ours(mle.Sample.intervals(claim_low, claim_high), "generalized_gamma"),
            "scipy": scipys("gengamma", lambda: scipy_intervals(claim_low, claim_high), floc=0),
            "lifelines": lambda: lifeline_intervals("GeneralizedGammaFitter", claim_low, claim_high).log_likelihood_,
        }),
        Case("lifelines-533", "Weibull, whose likelihood is unbounded", NONE, {
            "mle-toolkit": ours(mle.Sample.right_censored(five["T"], five["E"]), "weibull"),
            "scipy": scipys("weibull_min", lambda: scipy_right(five["T"], five["E"]), floc=0),
            "lifelines": lifeline("WeibullFitter", five["T"], five["E"]),
            "surpyval": surpyval("Weibull", x=five["T"], c=surpyval_censored(five["E"])),
            "reliability": reliability("Fit_Weibull_2P", five["T"], five["E"]),
        }),
        Case("reliability-57", "mixture of Weibull laws, ties: unbounded", NONE, {
            "mle-toolkit": ours(mle.Sample.right_censored(many, many_seen), mle.mixture("weibull", 2)),
            "reliability": reliability("Fit_Weibull_Mixture", many, many_seen),
            "surpyval": lambda: surpyval_mixture(many, surpyval_censored(many_seen)),
        }),
        Case("exponential-inspection", "scale of an exponential law of intervals", 572.27417, {
            "mle-toolkit": lambda: mle.fit(mle.Sample.intervals(low, high, count), "exponential").params["scale"],
            "scipy": lambda: scipy_fit("expon", scipy_intervals(*(repeated(v, count) for v in (low, high))), floc=0)[1],
            "lifelines": lambda: lifeline_intervals("ExponentialFitter", low, high, count).lambda_,
            "surpyval": lambda: 1 / surpyval_model("Exponential", xl=low, xr=high, n=count.astype(int)).params[0],
        }),
        Case("alloy-t7987-gengamma", "generalised gamma with a heavy tail", right["alloy-t7987-gengamma"]["llf"], {
            "mle-toolkit": ours(mle.Sample.right_censored(alloy_time, alloy_seen), "generalized_gamma"),
            "scipy": scipys("gengamma", lambda: scipy_right(alloy_time, alloy_seen), floc=0),
            "lifelines": lifeline("GeneralizedGammaFitter", alloy_time, alloy_seen),
        }, 1e-5),
        Case("lfp1370", "Weibull of which a part never fails", right["lfp1370"]["llf"], {
            "mle-toolkit": ours(mle.Sample.right_censored(chip_time, chip_seen), mle.defective("weibull")),
            "surpyval": surpyval("Weibull", x=chip_time, c=surpyval_censored(chip_seen), lfp=True),
            "reliability": reliability("Fit_Weibull_DS", chip_time, chip_seen),
        }, 1e-5),
        Case("entry-equals-exit", "Weibull with delayed entry", right["entry-equals-exit"]["llf"], {
            "mle-toolkit": ours(lambda: mle.Sample.right_censored(time, event).truncated(lower=entry), "weibull"),
            "lifelines": lifeline("WeibullFitter", time, event, entry),
            "surpyval": surpyval("Weibull", x=time, c=surpyval_censored(event), tl=entry),
        }),
        Case("crow-amsaa", "growth of reliability: shape", right["crow-amsaa"]["beta"], {
            "mle-toolkit": lambda: mle.fit(amsaa, "power", fixed={"scale": 3256.3}).params["shape"],
            "scipy": lambda: scipy_fit("powerlaw", amsaa, floc=0, fscale=3256.3)[0],
            "surpyval": lambda: surpyval_growth(amsaa),
        }),
        Case("exposure", "rate of counts with exposure", right["exposure"]["mu"], {
            "mle-toolkit": lambda: mle.fit(exposed["n"], "poisson", exposure=exposed["exposure"]).params["mu"],
            "statsmodels": lambda: statsmodels_rate(exposed["n"], exposed["exposure"]),
        }),
        Case("F2-00-zinb-impossible-likelihood", "zero-inflated negative binomial", -12.05961208, {
            "mle-toolkit": ours(columns("rare_counts")["n"], lambda: mle.zero_inflated("negbin")),
            "statsmodels": zero_inflated_negbin,
        }),
        Case("F2-00b-negbin-logpdf-size-1e16", "log-probability, size 1e16", -2.1484530518, {
            "mle-toolkit": lambda: negbin_rare.logpdf(1),
            "scipy": lambda: scipy_law("nbinom", 1e16, 1e16 / (1e16 + 0.1333)).logpmf(1),
        }),
        Case("F2-00c-hurdle-negbin-rare", "hurdle negative binomial", right["F2-00c-hurdle-negbin-rare"]["llf"][0], {
            "mle-toolkit": ours([0] * 20 + [1] * 4, lambda: mle.hurdle("negbin")),
            "statsmodels": hurdle_negbin([0] * 20 + [1] * 4),
        }),
        Case("F2-02-gennorm-skew31", "generalised normal, two maxima", right["F2-02-gennorm-skew31"]["llf"], {
            "mle-toolkit": ours(skewed, "generalized_normal"),
            "scipy": scipys("gennorm", skewed),
            "fitter": fitters("gennorm", skewed),
            "distfit": distfits("gennorm", skewed),
        }),
        Case("F2-01-gennorm-claims-uniform", "generalised normal in a wrong unit", NONE, {
            "mle-toolkit": ours(unit, "generalized_normal"),
            "scipy": scipys("gennorm", unit),
            "fitter": fitters("gennorm", unit),
            "distfit": distfits("gennorm", unit),
        }, enough=123.7),
        Case("F2-04-t-local-13", "Student's t, two maxima", right["F2-04-t-local-13"]["llf"], {
            "mle-toolkit": ours(heavy, "student_t"),
            "scipy": scipys("t", heavy),
            "openturns": openturns("StudentFactory", heavy),
            "fitter": fitters("t", heavy),
            "distfit": distfits("t", heavy),
        }),
        Case("F2-06-scipy-law-loc0", "hyperbolic secant about 100", right["F2-06-scipy-law-loc0"]["hypsecant"]["llf"], {
            "mle-toolkit": ours(hundred, lambda: scipy_dist("hypsecant")),
            "scipy": scipys("hypsecant", hundred),
            "fitter": fitters("hypsecant", hundred),
            "distfit": distfits("hypsecant", hundred),
        }),
        Case("F2-07-shifted-gamma-worst-point", "gamma with a threshold: unbounded", NONE, {
            "mle-toolkit": ours(waits, lambda: mle.shifted("gamma")),
            "scipy": scipys("gamma", waits),
            "openturns": openturns("GammaFactory", waits),
            "reliability": reliability("Fit_Gamma_3P", waits, np.ones(len(waits))),
            "surpyval": surpyval("Gamma", x=waits, offset=True),
            "fitter": fitters("gamma", waits),
            "distfit": distfits("gamma", waits),
        }),
        Case("F2-11-levy-stable", "stable law, 100 returns: an answer", NONE, {
            "mle-toolkit": ours(returns, lambda: mle.get_family(scipy_dist("levy_stable"), loc=None)),
            "scipy": scipys("levy_stable", returns),
        }, enough=-math.inf),
        Case("F2-12-nct-crash", "noncentral t", -623.70133860, {
            "mle-toolkit": ours(hundred, lambda: scipy_dist("nct")),
            "scipy": scipys("nct", hundred),
            "fitter": fitters("nct", hundred),
        }, 1e-5),
        Case("F2-13-hurdle-continuous-missing", "share of zeros of gamma rain", float(np.mean(rain == 0)), {
            "mle-toolkit": lambda: mle.fit(rain, mle.hurdle("gamma")).params["pi"],
            "surpyval": lambda: surpyval_model("Gamma", x=rain, zi=True).f0,
        }),
        Case("F2-14-timestamps-gamma", "gamma of times in seconds", right["F2-14-timestamps-gamma"]["llf_40_digits"], {
            "mle-toolkit": ours(stamps, "gamma"),
            "scipy": scipys("gamma", stamps, floc=0),
            "surpyval": surpyval("Gamma", x=stamps),
            "reliability": reliability("Fit_Gamma_2P", stamps, np.ones(len(stamps))),
            "openturns": openturns("GammaFactory", stamps),
        }, 1e-8),
        Case("F2-15-von-mises-degrees", "von Mises law of degrees", NONE, {
            "mle-toolkit": ours(degrees, "von_mises"),
            "scipy": scipys("vonmises", degrees, fscale=1),
            "openturns": openturns("VonMisesFactory", degrees),
        }),
        Case("F2-24-gev-few-maxima", "GEV of four low maxima: unbounded", NONE, {
            "mle-toolkit": ours(lowest, "gev"),
            "scipy": scipys("genextreme", lowest),
            "openturns": openturns("GeneralizedExtremeValueFactory", lowest),
        }),
        Case("F2-39-powerRlaw85", "meanlog of counts from 54 on", right["F2-39-powerRlaw85"]["xm=54"]["meanlog"], {
            "mle-toolkit": lambda: mle.fit(
                mle.Sample.rounded(columns("poweRlaw85")["n"], 1).truncated(53.5, math.inf), "lognormal"
            ).params["meanlog"],
            "powerlaw": power_law_85,
        }, 1e-4),
        Case("F2-54-serial-interval", "normal law of whole days", right["F2-54-serial-interval"]["normal"]["llf"], {
            "mle-toolkit": ours(mle.Sample.rounded(serial, 1), "normal"),
            "scipy": scipys("norm", lambda: scipy_intervals(serial - 0.5, serial + 0.5)),
            "surpyval": surpyval("Normal", xl=serial - 0.5, xr=serial + 0.5),
        }),
    ]  # fmt: skip
