"""Where fits end below the maximum without a word, and how often: data on which peers are known to do so.

    python benchmarks/wrong_optima.py [--quick] [--json FILE]

Samples of one law are fitted by us and by a peer, which is called as its documentation shows. "llf less peers" is our
log-likelihood less that of the peer on the same rows: its median over the samples, and the least and the largest. The
peer's answer is "short" where it is less than ours by over 0.001; it "raised" where it gave none, which is at least no
wrong one. The last column counts our verdicts. SciPy, and fitter and distfit, which call it, start from moments, or
from what does not depend on the data. Factories of OpenTURNS are largely of moments; that of the beta law frees its
ends too, and is short nevertheless. `scipy.stats.fit` takes the size of a negative binomial law for a whole number.
scikit-learn stops at a gain of 0.001 nats a row. The last rows are of data far from 0 or in small units.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from _common import SEED, arguments_of, parser_of, progress, publish, shown
from _peers import PEERS, PeerError, attempt
from fit_speed import ROUNDING, SHORT
from scipy import optimize, stats

import mle_toolkit as mle

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Case:
    """Data that are hard for a peer.

    Attributes
    ----------
    data : str
        What they are drawn from.
    family : str
        What is fitted.
    peer : str
        The peer, as the table names it.
    needs : str
        The module without which it is left out.
    draw : callable
        Makes a sample of n rows.
    peers_llf : callable
        The log-likelihood of what the peer fits to a sample.
    n : int
    samples : int
    long : bool
        Left out of a quick run.
    """

    data: str
    family: str
    peer: str
    needs: str
    draw: Draw
    peers_llf: Callable[[np.ndarray], float]
    n: int = 1_000
    samples: int = 10
    long: bool = False


# --- the calls of peers -----------------------------------------------------------------------------------------------


def as_in_fit_speed(peer: str, name: str) -> Callable[[np.ndarray], float]:
    """The call of `_peers`, all parameters of the family free and no other."""

    def llf(x: np.ndarray) -> float:
        task = PEERS[peer](name, x)
        assert task is not None
        return task.llf(task.fit())

    return llf


def openturns(factory: str) -> Callable[[np.ndarray], float]:
    """A factory of OpenTURNS, told nothing."""

    def llf(x: np.ndarray) -> float:
        import openturns as ot

        ot.Log.Show(ot.Log.NONE)
        sample = ot.Sample.BuildFromPoint(x)
        return float(np.sum(np.asarray(getattr(ot, factory)().build(sample).computeLogPDF(sample))))

    return llf


def scipy_negative_binomial(x: np.ndarray) -> float:
    """`scipy.stats.fit`, which wants bounds."""
    search = partial(optimize.differential_evolution, rng=SEED)
    bounds = {"n": (0.1, 100.0), "p": (1e-3, 1 - 1e-3)}
    return -float(stats.fit(stats.nbinom, x, bounds=bounds, optimizer=search).nllf())


def sklearn_mixture(x: np.ndarray) -> float:
    """Two components, the rest by default."""
    from sklearn.mixture import GaussianMixture

    return float(np.sum(GaussianMixture(2, random_state=SEED).fit(x[:, None]).score_samples(x[:, None])))


# --- the data ---------------------------------------------------------------------------------------------------------


def drawn_from(name: str, **params: float) -> Draw:
    """Samples of one of our laws."""
    law = mle.distribution(name, **params)
    return lambda rng, n: np.asarray(law.rvs(size=n, rng=rng), dtype=float)


def two_normals(rng: np.random.Generator, n: int) -> np.ndarray:
    """Two components that overlap."""
    return np.where(rng.random(n) < 0.4, rng.normal(0.0, 1.0, n), rng.normal(2.5, 1.5, n))


T3, T3_FAR = drawn_from("student_t", df=3.0, loc=10.0, scale=1.0), drawn_from("student_t", df=3.0, loc=1e4, scale=1.0)
GEV = drawn_from("gev", loc=0.0, scale=1.0, xi=0.8)

CASES = (
    Case("t(3) about 10", "student_t", "scipy", "scipy", T3, as_in_fit_speed("scipy", "student_t")),
    Case("t(3) about 10", "student_t", "fitter", "fitter", T3, as_in_fit_speed("fitter", "student_t")),
    Case("t(3) about 10", "student_t", "distfit", "distfit", T3, as_in_fit_speed("distfit", "student_t")),
    Case("t(3) about 10,000", "student_t", "scipy", "scipy", T3_FAR, as_in_fit_speed("scipy", "student_t")),
    Case("GEV, xi = 0.8", "gev", "scipy", "scipy", GEV, as_in_fit_speed("scipy", "gev"), n=10_000),
    Case("GEV, xi = 0.8", "gev", "scipy", "scipy", GEV, as_in_fit_speed("scipy", "gev"), 1_000_000, 1, long=True),
    Case(
        "log-logistic, scale 0.001",
        "loglogistic",
        "scipy",
        "scipy",
        drawn_from("loglogistic", shape=2.5, scale=1e-3),
        as_in_fit_speed("scipy", "loglogistic"),
    ),
    Case(
        "skew-normal, alpha = 5",
        "skew_normal",
        "scipy",
        "scipy",
        drawn_from("skew_normal", loc=0.0, scale=1.0, alpha=5.0),
        as_in_fit_speed("scipy", "skew_normal"),
        n=30,
    ),
    Case(
        "negative binomial, size 2.5",
        "negative_binomial",
        "scipy.stats.fit",
        "scipy",
        drawn_from("negative_binomial", size=2.5, mu=4.0),
        scipy_negative_binomial,
    ),
    Case(
        "beta(0.5, 0.5)",
        "beta",
        "openturns, BetaFactory",
        "openturns",
        drawn_from("beta", a=0.5, b=0.5),
        openturns("BetaFactory"),
    ),
    Case(
        "t(1.5)",
        "student_t",
        "openturns, StudentFactory",
        "openturns",
        drawn_from("student_t", df=1.5, loc=0.0, scale=1.0),
        openturns("StudentFactory"),
    ),
    Case(
        "von Mises about 2.5",
        "von_mises",
        "openturns, VonMisesFactory",
        "openturns",
        drawn_from("von_mises", mu=2.5, kappa=2.0),
        openturns("VonMisesFactory"),
    ),
    Case(
        "Gumbel",
        "gumbel",
        "openturns, GumbelFactory",
        "openturns",
        drawn_from("gumbel", loc=1.0, scale=2.0),
        openturns("GumbelFactory"),
    ),
    Case("two normals", "normal_mixture", "scikit-learn", "sklearn", two_normals, sklearn_mixture, 10_000, 5),
    Case(
        "gamma, scale 1e-6",
        "gamma",
        "surpyval",
        "surpyval",
        drawn_from("gamma", shape=0.3, scale=1e-6),
        as_in_fit_speed("surpyval", "gamma"),
    ),
    Case(
        "logistic about 1e6",
        "logistic",
        "surpyval",
        "surpyval",
        drawn_from("logistic", loc=1e6, scale=1.0),
        as_in_fit_speed("surpyval", "logistic"),
    ),
    Case(
        "Cauchy about 1e6",
        "cauchy",
        "scipy",
        "scipy",
        drawn_from("cauchy", loc=1e6, scale=1.0),
        as_in_fit_speed("scipy", "cauchy"),
    ),
)


def measure(case: Case, samples: int) -> dict[str, Any]:
    """Fit both to each sample."""
    family = mle.mixture("normal", k=2) if case.family == "normal_mixture" else mle.get_family(case.family)
    gains, verdicts = [], Counter[str]()
    for k in range(samples):
        x = case.draw(np.random.default_rng([SEED, k]), case.n)
        fit = mle.fit(x, family)
        verdicts[str(fit.certificate.verdict)] += 1
        try:
            gains.append(fit.llf - attempt(case.peers_llf, x))
        except PeerError:
            continue
    return {
        "data": case.data,
        "n": case.n,
        "peer": case.peer,
        "samples": samples,
        "raised": samples - len(gains),
        "short": sum(not gain <= SHORT for gain in gains),
        "llf_less_peers": statistics.median(gains) if gains else None,
        "range": (min(gains), max(gains)) if gains else None,
        "our_verdicts": ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()),
    }


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--quick", action="store_true", help="two samples of each, none of a million rows")
    arguments = arguments_of(parser)
    rows, absent = [], []
    for case in CASES:
        if find_spec(case.needs) is None:
            absent.append(case)
        elif not (arguments.quick and case.long):
            rows.append(measure(case, min(case.samples, 2) if arguments.quick else case.samples))
            progress(f"{case.data}, {case.peer}")
    left_out = {case.needs: ", ".join(other.data for other in absent if other.needs == case.needs) for case in absent}
    notes = [f"{module} is not installed: {cases} left out" for module, cases in left_out.items()]
    below = [
        f"{row['data']}, {row['peer']} ({shown(row['range'][0])})"
        for row in rows
        if row["range"] and row["range"][0] < -ROUNDING
    ]
    notes.append(f"ours is below the peer by more than {ROUNDING:g}: {', '.join(below) or 'nowhere'}")
    publish(__doc__, arguments, rows, notes=notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
