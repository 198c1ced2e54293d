"""Do intervals and tests hold what they promise? Simulated coverage of 95 % intervals, and size of 5 % tests.

    python benchmarks/coverage.py [--quick] [--family NAME ...] [--n N ...] [--part NAME ...] [--workers W]
    python benchmarks/coverage.py --page docs/explanation/coverage.md RESULT.json ...

Samples are drawn from eight known laws and fitted; an interval should hold the true value in 95 of 100 samples, a test
at the 5 % level should reject the true family in 5 of 100. Each share stands with its Monte Carlo standard error.

Wald's intervals are of samples fitted all at once. A profile interval holds the true value exactly where the likelihood
ratio does not reject it, which takes one fit more and is what is counted; for the first samples of each cell the ends
are computed too and must say the same (`disagree`). Bootstrap intervals are parametric, the kind that is the default.
Tests of goodness of fit take 19 refitted replicates: their size is that of a longer test, only their power is less.
The interval of KL is held against the divergence of the truth from the closest law of the family (`kl`), and from the
law that was fitted (`kl_predictive`), both by quadrature; for the true family (`right`) and another one (`wrong`).

The seed of every chunk of samples follows from its cell, so the numbers do not depend on the number of workers.
`--quick` shows in seconds that it runs; all of it takes about a quarter of an hour on two cores.
"""

from __future__ import annotations

if __name__ == "coverage":  # numba imports the package of this name if there is one: this script is not it
    raise ModuleNotFoundError("benchmarks/coverage.py is a script, not the package coverage", name="coverage")

import json
import math
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _common import SEED, arguments_of, parser_of, progress, publish

from mle_toolkit import Distribution, FitWarning, Interval, MleError, Sample, distribution, get_family
from mle_toolkit.data.groups import Groups
from mle_toolkit.estimation.batch import settle_groups
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.fitting import Fit
from mle_toolkit.inference.covariance import intervals_of, standard_errors, wald_interval
from mle_toolkit.inference.profile import deviance_of_function
from mle_toolkit.information import mutual_information
from mle_toolkit.likelihood.kernels.groups import SETTLED

LEVEL = 0.05
Z = 1.959963984540054
"""Normal quantile of 0.975."""

DEVIANCE_BOUND = Z * Z
"""Chi-squared quantile of 0.95 with one degree of freedom."""


@dataclass(frozen=True)
class Truth:
    """A law that samples are drawn from.

    Attributes
    ----------
    params : mapping of str to float
    wrong : str
        Another family, to fit where the model should be wrong.
    slow : int
        By how much fewer samples are taken where they are fitted one by one.
    """

    params: Mapping[str, float]
    wrong: str
    slow: int = 1


TRUTHS = {
    "gamma": Truth({"shape": 2.0, "scale": 1.5}, "weibull"),
    "weibull": Truth({"shape": 1.7, "scale": 2.0}, "lognormal"),
    "lognormal": Truth({"meanlog": 0.5, "sdlog": 0.8}, "gamma"),
    "beta": Truth({"a": 2.0, "b": 3.0}, "kumaraswamy"),
    "student_t": Truth({"df": 4.0, "loc": 1.0, "scale": 2.0}, "normal", slow=8),
    "gev": Truth({"loc": 1.0, "scale": 2.0, "xi": 0.1}, "gumbel", slow=3),
    "poisson": Truth({"mu": 3.5}, "geometric"),
    "negbin": Truth({"size": 2.5, "mu": 4.0}, "poisson", slow=2),
}

SIZES = (20, 100, 1000)
STATISTICS = ("ad", "cvm", "ks", "chi2", "g")
QUANTILE = 0.99
"""The quantile whose interval is asked for, of continuous laws."""

FAR_TAILS = np.geomspace(1e-300, 0.1, 100)
"""Probabilities of tails at whose quantiles a law is looked at for ends of the support."""

RESAMPLES = 19
CHUNK = 25
BULK = 2000
"""Samples a chunk: of those that are fitted one by one, and of those that are fitted together."""


@dataclass(frozen=True)
class Effort:
    """How many samples each part takes, replicates of a bootstrap, and samples whose profile is also traced."""

    wald: int
    profile: int
    quantile: int
    bootstrap: int
    replicates: int
    tests: int
    kl: int
    tables: int
    traced: int


FULL = Effort(
    wald=10_000, profile=1_000, quantile=500, bootstrap=200, replicates=399, tests=300, kl=600, tables=1_000, traced=10
)
QUICK = Effort(wald=200, profile=10, quantile=4, bootstrap=3, replicates=39, tests=4, kl=4, tables=3, traced=1)

Counts = dict[tuple[str, str], list[int]]
"""By quantity and method: samples, intervals that hold the truth, are too low, are too high; the rest have none."""


# --- drawing and fitting ----------------------------------------------------------------------------------------------


def truth_of(name: str) -> Distribution:
    """The law that samples of a family are drawn from."""
    return distribution(name, **TRUTHS[name].params)


def draw(name: str, n: int, count: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Samples, one a row."""
    return np.asarray(truth_of(name).rvs((count, n), rng=np.random.default_rng(seed)), dtype=float)


def fitted(family: str, x: np.ndarray, **fixed: float) -> Fit | None:
    """The fit of one sample, without warnings; None without a maximum."""
    sample = Sample(x)
    try:
        return Fit.of(maximise(get_family(family), sample, fixed=fixed or None), sample)
    except MleError:
        return None


def enter(counts: Counts, quantity: str, method: str, truth: float, ends: tuple[float, float] | None) -> None:
    """Count an interval: whether it holds the truth, or on which side of it it lies."""
    entry = counts.setdefault((quantity, method), [0, 0, 0, 0])
    entry[0] += 1
    if ends is not None and not (math.isnan(ends[0]) or math.isnan(ends[1])):
        entry[2 if ends[1] < truth else 3 if ends[0] > truth else 1] += 1


# --- what is simulated: each takes a family, a size, a number of samples, their seed and the effort -------------------


def wald(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Wald's intervals, by domain and plain, of samples fitted together; those that leave a doubt one by one."""
    family, params = get_family(name), TRUTHS[name].params
    x = draw(name, n, count, seed)
    settled = settle_groups(family, Groups(x.ravel(), None, np.arange(0, x.size + 1, n)))
    theta, se = settled.theta.copy(), settled.se.copy()
    for k in np.flatnonzero(settled.status != SETTLED):
        found = fitted(name, x[k])
        if found is not None:
            theta[k], se[k] = found.at_maximum.theta, standard_errors(found.at_maximum, "observed")
    counts: Counts = {}
    for j, ((key, true), domain) in enumerate(zip(params.items(), intervals_of(family), strict=True)):
        for estimate, error in zip(theta[:, j].tolist(), se[:, j].tolist(), strict=True):
            enter(counts, key, "wald", true, wald_interval(estimate, error, domain, LEVEL))
            enter(counts, key, "wald, plain", true, (estimate - Z * error, estimate + Z * error))
    return counts


def deviance_at(fit: Fit, x: np.ndarray, key: str, value: float) -> float:
    """Twice the log-likelihood that is lost when a parameter has a value; NaN if there is no maximum."""
    constrained = fitted(fit.family.name, x, **{key: value})
    return math.nan if constrained is None else 2 * (fit.llf - constrained.llf)


def profile(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Profile intervals of parameters by their deviance at the truth; of a quantile by delta method and profile."""
    counts: Counts = {}
    traced = effort.traced if seed.spawn_key == (0,) else 0
    for k, x in enumerate(draw(name, n, count, seed)):
        fit = fitted(name, x)
        if fit is None:
            for key in TRUTHS[name].params:
                enter(counts, key, "profile", 0.0, None)
            continue
        for key, true in TRUTHS[name].params.items():
            deviance = deviance_at(fit, x, key, true)
            enter(counts, key, "profile", true, interval_from(deviance, fit.params[key], true))
            if k < traced:
                low, high = fit.profile(key, points=2).interval
                entry = counts.setdefault((key, "disagree"), [0, 0, 0, 0])
                entry[0] += 1
                entry[1] += (low <= true <= high) != (deviance <= DEVIANCE_BOUND)
    return counts


def quantile(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Intervals of a quantile of a continuous law by delta method and profile."""
    counts: Counts = {}
    law = truth_of(name)
    true = float(law.ppf(QUANTILE))
    domain = Interval(law.family.support.lower, law.family.support.upper)
    for x in () if law.family.discrete else draw(name, n, count, seed):
        fit = fitted(name, x)
        for method in ("wald", "profile"):
            if fit is None:
                enter(counts, "q99", method, true, None)
            elif method == "wald":
                enter(counts, "q99", method, true, fit.quantile(QUANTILE).interval)
                enter(counts, "q99", "wald, plain", true, fit.derive(_quantile_of).interval)
            else:
                deviance = deviance_of_function(fit.at_maximum, _quantile_of, true, domain)
                ends = interval_from(deviance, _quantile_of(fit.distribution), true)
                enter(counts, "q99", method, true, ends)
    return counts


def _quantile_of(law: Distribution) -> float:
    return float(law.ppf(QUANTILE))


def interval_from(deviance: float, estimate: float, true: float) -> tuple[float, float] | None:
    """An interval that holds the true value, or lies on the side of it on which the estimate is."""
    if math.isnan(deviance):
        return None
    if deviance <= DEVIANCE_BOUND:
        return true, true
    return (
        (math.nextafter(true, math.inf), math.inf) if estimate > true else (-math.inf, math.nextafter(true, -math.inf))
    )


def bootstrap(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Percentile and BCa intervals from parametric replicates."""
    counts: Counts = {}
    samples, *seeds = seed.spawn(count + 1)
    for x, own in zip(draw(name, n, count, samples), seeds, strict=True):
        fit = fitted(name, x)
        try:
            drawn = None if fit is None else fit.bootstrap(effort.replicates, rng=own)
        except MleError:
            drawn = None
        for key, true in TRUTHS[name].params.items():
            for method in ("percentile", "bca", "basic"):
                try:
                    ends = None if drawn is None else drawn.interval(key, LEVEL, method)
                except MleError:  # there is no BCa interval at a boundary
                    ends = None
                enter(counts, key, method, true, ends)
    return counts


def tests(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Goodness of fit of the true family: how often it is rejected."""
    counts: Counts = {}
    samples, *seeds = seed.spawn(count + 1)
    for x, own in zip(draw(name, n, count, samples), seeds, strict=True):
        fit = fitted(name, x)
        if fit is None:
            continue
        for statistic in STATISTICS:
            entry = counts.setdefault(("test", statistic), [0, 0, 0, 0])
            entry[0] += 1
            try:
                p = fit.goodness_of_fit(statistic, RESAMPLES, rng=own).p_value
            except MleError:  # too few observations for cells
                continue
            entry[1 if p > LEVEL + 1e-12 else 3] += 1
        if fit.family.discrete:
            p_value = fit.information().g_pvalue
            entry = counts.setdefault(("test", "g, chi-squared law"), [0, 0, 0, 0])
            entry[0] += 1
            if p_value is not None:
                entry[1 if p_value > LEVEL else 3] += 1
    return counts


def closest(name: str, family: str) -> float:
    """Divergence of the truth from the closest law of a family: maximum likelihood on the truth itself."""
    law = truth_of(name)
    if law.family.discrete:
        values = np.arange(0.0, float(law.isf(1e-13)) + 1)
        weights = np.asarray(law.pdf(values))
    else:  # quantiles that part the unit interval by Gauss's rule
        nodes, weights = np.polynomial.legendre.leggauss(400)
        values, weights = np.asarray(law.ppf(0.5 + 0.5 * nodes)), 0.5 * weights
    found = maximise(get_family(family), Sample(values, weights, "reliability"))
    return divergence(law, Fit.of(found, Sample(values)).distribution)


def divergence(p: Distribution, q: Distribution) -> float:
    """KL divergence of two laws, by quadrature or summation; infinite where the second excludes what the first has."""
    far = np.concatenate([p.ppf(FAR_TAILS), p.isf(FAR_TAILS)])
    possible = np.isfinite(p.logpdf(far))  # a quantile may round to the end of the support
    if np.any(np.isneginf(q.logpdf(far[possible]))):
        return math.inf
    return p.expect(lambda x: p.logpdf(x) - q.logpdf(x))


def kl(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Intervals of KL against the divergence of the truth, for the true family and a wrong one."""
    counts: Counts = {}
    law = truth_of(name)
    to_closest = {name: 0.0, TRUTHS[name].wrong: closest(name, TRUTHS[name].wrong)}
    for x in draw(name, n, count, seed):
        for family in to_closest:
            which = "right" if family == name else "wrong"
            fit = fitted(family, x)
            report = None if fit is None else fit.information()
            found = None if report is None or report.kl is None else report.kl.interval
            enter(counts, f"kl, {which}", "kl", to_closest[family], found)
            predictive = None if report is None or report.kl_predictive is None else report.kl_predictive.interval
            if fit is not None:
                true = divergence(law, fit.distribution)  # infinite where an estimated end of the support cuts it off
                predictive = predictive if math.isfinite(true) else None
                enter(counts, f"kl, {which}", "kl_predictive", true, predictive)
    return counts


TABLES = {
    "independent 3 × 3": (np.full((3, 3), 1 / 9), 30),
    "independent 10 × 10": (np.full((10, 10), 0.01), 200),
    "dependent 2 × 2": (np.array([[0.4, 0.1], [0.1, 0.4]]), 30),
    "weakly dependent 2 × 2": (np.array([[0.3, 0.2], [0.2, 0.3]]), 50),
    "dependent 5 × 5": (np.eye(5) * 0.075 + 0.025, 60),
}
"""Joint laws of two variables, and how many observations make a table of counts."""


def tables(name: str, n: int, count: int, seed: np.random.SeedSequence, effort: Effort) -> Counts:
    """Intervals of mutual information from tables of counts: by inversion, and by the delta method of the plug-in."""
    counts: Counts = {}
    law = TABLES[name][0]
    true = mutual_information(law).value
    for table in np.random.default_rng(seed).multinomial(n, law.ravel(), size=count).reshape(count, *law.shape):
        low, high = mutual_information(counts=table).interval or (math.nan, math.nan)
        rounding = 1e-12  # an end of 0 holds a true value of 1e-17
        enter(counts, "mutual information", "inversion", true, (low - rounding, high + rounding))
        shares = table / n
        product = np.outer(shares.sum(axis=1), shares.sum(axis=0))
        ratio = np.log(np.where(table > 0, shares, 1.0)) - np.log(np.where(table > 0, product, 1.0))
        mean = float(np.sum(shares * ratio))
        reach = Z * math.sqrt(float(np.sum(shares * np.square(ratio - mean))) / n)
        enter(counts, "mutual information", "delta method", true, (mean - reach, mean + reach))
    return counts


PARTS: dict[str, Callable[..., Counts]] = {
    "wald": wald,
    "profile": profile,
    "quantile": quantile,
    "bootstrap": bootstrap,
    "tests": tests,
    "kl": kl,
    "tables": tables,
}


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chunk:
    """Samples that are drawn from one seed."""

    part: str
    family: str
    n: int
    count: int
    seed: np.random.SeedSequence
    effort: Effort

    def __call__(self) -> Counts:
        """Simulate them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)  # what is weaker is counted
            return PARTS[self.part](self.family, self.n, self.count, self.seed, self.effort)


def chunks(parts: Sequence[str], families: Sequence[str], sizes: Sequence[int], effort: Effort) -> Iterator[Chunk]:
    """All work, in chunks whose size and seed depend on their cell only."""
    for part in parts:
        for family in TABLES if part == "tables" else families:
            slow = 1 if part == "tables" or (part == "wald" and family != "student_t") else TRUTHS[family].slow
            total = max(1, getattr(effort, part) // slow)
            size = BULK if part == "wald" else CHUNK
            for n in (TABLES[family][1],) if part == "tables" else sizes:
                root = np.random.SeedSequence([SEED, zlib.crc32(f"{part} {family}".encode()), n])
                for k, seed in enumerate(root.spawn(-(-total // size))):
                    yield Chunk(part, family, n, min(size, total - k * size), seed, effort)


def simulate(work: Sequence[Chunk], workers: int) -> dict[tuple[str, int], Counts]:
    """Do all chunks and add their counts, by family and size."""
    from joblib import Parallel, delayed

    cells: dict[tuple[str, int], Counts] = {}
    results = Parallel(n_jobs=workers, return_as="generator", batch_size=1)(delayed(chunk)() for chunk in work)
    for chunk, counts in zip(work, results, strict=True):
        progress(f"{chunk.part} {chunk.family} n = {chunk.n}")
        cell = cells.setdefault((chunk.family, chunk.n), {})
        for key, entry in counts.items():
            cell[key] = [a + b for a, b in zip(cell.get(key, [0, 0, 0, 0]), entry, strict=True)]
    return cells


def rows_of(cells: Mapping[tuple[str, int], Counts]) -> list[dict[str, Any]]:
    """One row for every share."""
    rows = []
    for (family, n), counts in cells.items():
        for (quantity, method), (samples, inside, low, high) in sorted(counts.items()):
            if method == "disagree":
                continue
            given = inside + low + high
            share = (high if quantity == "test" else inside) / given if given else math.nan
            # With one success and one failure more, so that a share of 1 does not claim to be exact.
            spread = (share * given + 1) / (given + 2) if given else math.nan
            row = {
                "family": family,
                "n": n,
                "quantity": quantity,
                "method": method,
                "promised": LEVEL if quantity == "test" else 1 - LEVEL,
                "share": round(share, 4) if given else None,
                "error": round(math.sqrt(spread * (1 - spread) / (given + 2)), 4) if given else None,
                "too_low": None if quantity == "test" or not given else round(low / given, 4),
                "too_high": None if quantity == "test" or not given else round(high / given, 4),
                "samples": samples,
                "without": samples - given,
            }
            rows.append(row)
    return rows


# --- the page ---------------------------------------------------------------------------------------------------------

METHODS = ("wald", "wald, plain", "profile", "percentile", "basic", "bca")
BEGIN, END = "<!-- generated -->\n", "<!-- end -->"


def pivot(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Callable[[Mapping[str, Any]], bool]]) -> str:
    """A Markdown table: one line for each family, size and quantity, one column for each kind of interval or test."""
    names = ["family", "n", "of", *columns]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for key in dict.fromkeys((row["family"], row["n"], row["quantity"].partition(",")[0]) for row in rows):
        here = [row for row in rows if (row["family"], row["n"], row["quantity"].partition(",")[0]) == key]
        cells = [next((cell(row) for row in here if belongs(row)), "") for belongs in columns.values()]
        if any(cells):
            lines.append("| " + " | ".join([key[0], f"{key[1]:,}", key[2], *cells]) + " |")
    return "\n".join(lines)


def cell(row: Mapping[str, Any]) -> str:
    """A share with its error, bold where it breaks its promise by more than three errors and a hundredth."""
    if row["share"] is None:
        return "none"
    gap = (row["share"] - row["promised"]) * (1 if row["quantity"] == "test" else -1)
    text = f"{row['share']:.3f} ± {row['error']:.3f}"
    text = f"**{text}**" if gap > max(3 * row["error"], 0.01) else text
    return text + (f" ({row['without'] / row['samples']:.0%} none)" if row["without"] > 0.005 * row["samples"] else "")


def page(record: Mapping[str, Any]) -> str:
    """What the documentation shows of the record that ``--json`` writes."""
    rows, machine = record["rows"], record["machine"]
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("mle-toolkit", "numpy", "scipy"))

    def method(*names: str) -> Callable[[Mapping[str, Any]], bool]:
        return lambda row: row["method"] in names

    def divergence_of(which: str, name: str) -> Callable[[Mapping[str, Any]], bool]:
        return lambda row: (row["quantity"], row["method"]) == (f"kl, {which}", name)

    def samples(*names: str) -> str:
        counts = {row["samples"] for row in rows if row["method"] in names}
        return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)})) if counts else "no"

    of_parameters = [row["samples"] for row in rows if row["method"] == "wald" and row["quantity"] != "q99"]
    of_wald = f"{min(of_parameters):,} to {max(of_parameters):,}" if of_parameters else "no"
    order = {name: k for k, name in enumerate([*TRUTHS, *TABLES])}
    rows = sorted(rows, key=lambda row: (row["n"], order[row["family"]]))
    intervals = [row for row in rows if row["method"] in METHODS]
    tests_ = [row for row in rows if row["quantity"] == "test"]
    divergences = [row for row in rows if row["quantity"].startswith("kl")]
    dependence = [row for row in rows if row["quantity"] == "mutual information"]
    statistics = {name: method(name) for name in (*STATISTICS, "g, chi-squared law")}
    kinds = {
        f"{name}, {which}": divergence_of(which, name)
        for which in ("right", "wrong")
        for name in ("kl", "kl_predictive")
    }
    return "\n\n".join(
        [
            f"Simulated on {machine['date']} with {versions}. Samples a cell: {of_wald} for Wald's intervals of "
            f"parameters, {samples('profile')} for profile intervals, {samples('bca')} for the bootstrap "
            f"({FULL.replicates} replicates each), {samples(*STATISTICS)} for tests, {samples('kl')} for KL. "
            f"{' '.join(record['notes'])}.",
            "### Intervals of parameters and of the 0.99 quantile: coverage, 0.95 promised",
            pivot(intervals, {name: method(name) for name in METHODS}),
            "### Tests of goodness of fit: how often the true family is rejected, 0.05 promised",
            pivot(tests_, statistics),
            "### Intervals of KL: coverage, 0.95 promised",
            pivot(divergences, kinds),
            f"### Intervals of mutual information from tables of counts: coverage, 0.95 promised "
            f"({samples('inversion')} tables each)",
            pivot(dependence, {name: method(name) for name in ("inversion", "delta method")}),
            "",
        ]
    )


def write_page(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the generated part of a page."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(before + BEGIN + page(record) + END + after, encoding="utf-8")


def main() -> int:
    """Simulate, and print and write the shares."""
    parser = parser_of(__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples: shows that it runs")
    parser.add_argument("--family", action="append", choices=list(TRUTHS), help="only this law (may be repeated)")
    parser.add_argument("--n", action="append", type=int, help="only this size (may be repeated)")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part (may be repeated)")
    parser.add_argument("--workers", type=int, default=-1, help="processes; the result is the same for any number")
    parser.add_argument("--page", nargs="+", type=Path, metavar="FILE", help="write a page from results, and stop")
    arguments = arguments_of(parser)
    if arguments.page:
        target, *results = arguments.page
        records = [json.loads(result.read_text(encoding="utf-8")) for result in results]
        joined = {key: [item for record in records for item in record[key]] for key in ("rows", "notes")}
        write_page(target, records[0] | joined)
        return 0
    effort = QUICK if arguments.quick else FULL
    families = arguments.family or (["gamma", "poisson"] if arguments.quick else list(TRUTHS))
    sizes = arguments.n or ([20] if arguments.quick else list(SIZES))
    work = list(chunks(arguments.part or list(PARTS), families, sizes, effort))
    cells = simulate(work, arguments.workers)
    traced = [entry for counts in cells.values() for (_, method), entry in counts.items() if method == "disagree"]
    disagree, compared = sum(entry[1] for entry in traced), sum(entry[0] for entry in traced)
    notes = []
    if compared:
        notes.append(f"{compared} profile intervals were traced too; {disagree} of them say other than the deviance")
    arguments.workers = None  # no part of the result
    publish(__doc__, arguments, rows_of(cells), notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
