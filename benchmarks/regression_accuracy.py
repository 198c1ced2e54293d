"""To how many digits linear regressions, and the reference cases of other laws, are right.

    python benchmarks/regression_accuracy.py [--set NAME ...] [--quick]

The linear sets are those of NIST's Statistical Reference Datasets (https://www.itl.nist.gov/div898/strd, in the public
domain); Filip, Longley and Wampler are nearly collinear. Their solutions are computed here in exact rational arithmetic
from the decimal data, and compared with the values that NIST certifies: "certified" says to how many digits the two
agree. "coefficients", "errors" and "spread" are the digits of the worst coefficient, of the worst standard error and of
the residual standard deviation (by maximum likelihood, times the root of n / (n - p)). An exact fit, as of Wampler1,
has a spread of 0, where no likelihood has a maximum, and is refused. statsmodels' OLS stands beside. The others are the
reference cases of `tests/reference`, laws with covariates: "loglik" are the digits of the log-likelihood, "away_se" is
how far the worst coefficient is from the reference, in standard errors. 15 digits are all that are certified.
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from _common import Plot, arguments_of, parser_of, progress, publish

import mle_toolkit as mle

CERTIFIED_DIGITS = 15.0

QUICK = ["Norris", "Longley", "Wampler4", "nb_quine", "pois_warpbreaks"]

DATA = Path(__file__).parents[1] / "tests" / "reference"

NORRIS = (
    "0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 778.9 777.0 "
    "559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 "
    "998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 "
    "10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"
)
"""y and x by turns."""

PONTIUS = (
    ".11019 .21956 .32949 .43899 .54803 .65694 .76562 .87487 .98292 1.09146 1.20001 1.30822 1.41599 1.52399 1.63194 "
    "1.73947 1.84646 1.95392 2.06128 2.16844 .11052 .22018 .32939 .43886 .54798 .65739 .76596 .87474 .98300 1.09150 "
    "1.20004 1.30818 1.41613 1.52408 1.63159 1.73965 1.84696 1.95445 2.06177 2.16829"
)

FILIP_Y = (
    "0.8116 0.9072 0.9052 0.9039 0.8053 0.8377 0.8667 0.8809 0.7975 0.8162 0.8515 0.8766 0.8885 0.8859 0.8959 0.8913 "
    "0.8959 0.8971 0.9021 0.9090 0.9139 0.9199 0.8692 0.8872 0.8900 0.8910 0.8977 0.9035 0.9078 0.7675 0.7705 0.7713 "
    "0.7736 0.7775 0.7841 0.7971 0.8329 0.8641 0.8804 0.7668 0.7633 0.7678 0.7697 0.7700 0.7749 0.7796 0.7897 0.8131 "
    "0.8498 0.8741 0.8061 0.8460 0.8751 0.8856 0.8919 0.8934 0.8940 0.8957 0.9047 0.9129 0.9209 0.9219 0.7739 0.7681 "
    "0.7665 0.7703 0.7702 0.7761 0.7809 0.7961 0.8253 0.8602 0.8809 0.8301 0.8664 0.8834 0.8898 0.8964 0.8963 0.9074 "
    "0.9119 0.9228"
)

FILIP_X = (
    "-6.860120914 -4.324130045 -4.358625055 -4.358426747 -6.955852379 -6.661145254 -6.355462942 -6.118102026 "
    "-7.115148017 -6.815308569 -6.519993057 -6.204119983 -5.853871964 -6.109523091 -5.79832982 -5.482672118 "
    "-5.171791386 -4.851705903 -4.517126416 -4.143573228 -3.709075441 -3.499489089 -6.300769497 -5.953504836 "
    "-5.642065153 -5.031376979 -4.680685696 -4.329846955 -3.928486195 -8.56735134 -8.363211311 -8.107682739 "
    "-7.823908741 -7.522878745 -7.218819279 -6.920818754 -6.628932138 -6.323946875 -5.991399828 -8.781464495 "
    "-8.663140179 -8.473531488 -8.247337057 -7.971428747 -7.676129393 -7.352812702 -7.072065318 -6.774174009 "
    "-6.478861916 -6.159517513 -6.835647144 -6.53165267 -6.224098421 -5.910094889 -5.598599459 -5.290645224 "
    "-4.974284616 -4.64454848 -4.290560426 -3.885055584 -3.408378962 -3.13200249 -8.726767166 -8.66695597 "
    "-8.511026475 -8.165388579 -7.886056648 -7.588043762 -7.283412422 -6.995678626 -6.691862621 -6.392544977 "
    "-6.067374056 -6.684029655 -6.378719832 -6.065855188 -5.752272167 -5.132414673 -4.811352704 -4.098269308 "
    "-3.66174277 -3.2644011"
)

WAMPLER_NOISE = (
    759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048, -2048, 1838, -2048, 2048, -2048, 2523, -2048,
    2048, -2048, 759,
)  # fmt: skip
"""Added once to the polynomial it is Wampler3, 100 times Wampler4, 10,000 times Wampler5; orthogonal to polynomials."""

CERTIFIED = {
    "Norris": ("-0.262323073774029", "1.00211681802045"),
    "Pontius": ("0.673565789473684E-03", "0.732059160401003E-06", "-0.316081871345029E-14"),
    "NoInt1": ("2.07438016528926",),
    "NoInt2": ("0.727272727272727",),
    "Filip": (
        "-1467.48961422980", "-2772.17959193342", "-2316.37108160893", "-1127.97394098372", "-354.478233703349",
        "-75.1242017393757", "-10.8753180355343", "-1.06221498588947", "-0.670191154593408E-01",
        "-0.246781078275479E-02", "-0.402962525080404E-04",
    ),
    "Longley": (
        "-3482258.63459582", "15.0618722713733", "-0.358191792925910E-01", "-2.02022980381683", "-1.03322686717359",
        "-0.511041056535807E-01", "1829.15146461355",
    ),
    "Wampler1": ("1",) * 6,
    "Wampler2": ("1", "0.1", "0.01", "0.001", "0.0001", "0.00001"),
    "Wampler3": ("1",) * 6,
    "Wampler4": ("1",) * 6,
    "Wampler5": ("1",) * 6,
}  # fmt: skip
"""Coefficients as NIST certifies them."""


@dataclass(frozen=True)
class Linear:
    """A linear problem in exact numbers: the design, by rows, and the observations."""

    design: list[list[Fraction]]
    y: list[Fraction]

    @classmethod
    def polynomial(cls, x: Sequence[str], y: Sequence[str], degree: int) -> Linear:
        """Of a polynomial."""
        points = [Fraction(value) for value in x]
        return cls([[v**k for k in range(degree + 1)] for v in points], [Fraction(value) for value in y])

    def solved(self) -> tuple[list[Fraction], list[Fraction], Fraction]:
        """Coefficients, diagonal of the inverse of X'X, and sum of squares of the residuals."""
        p = len(self.design[0])
        gram = [[sum(row[a] * row[b] for row in self.design) for b in range(p)] for a in range(p)]
        right = [sum(row[a] * v for row, v in zip(self.design, self.y, strict=True)) for a in range(p)]
        rows = [[*gram[a], right[a], *(Fraction(int(a == b)) for b in range(p))] for a in range(p)]
        for k in range(p):
            pivot = next(i for i in range(k, p) if rows[i][k] != 0)
            rows[k], rows[pivot] = rows[pivot], rows[k]
            rows[k] = [value / rows[k][k] for value in rows[k]]
            for i in range(p):
                if i != k and rows[i][k] != 0:
                    factor = rows[i][k]
                    rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
        beta = [row[p] for row in rows]
        left = [
            v - sum(b * c for b, c in zip(beta, row, strict=True)) for row, v in zip(self.design, self.y, strict=True)
        ]
        return beta, [rows[k][p + 1 + k] for k in range(p)], sum((r * r for r in left), Fraction(0))


def linear_sets() -> dict[str, Linear]:
    """The problems, by name."""
    norris = NORRIS.split()
    x = [str(150_000 * k) for k in range(1, 21)] * 2
    found = {
        "Norris": Linear.polynomial(norris[1::2], norris[::2], 1),
        "Pontius": Linear.polynomial(x, PONTIUS.split(), 2),
        "NoInt1": Linear([[Fraction(v)] for v in range(60, 71)], [Fraction(v) for v in range(130, 141)]),
        "NoInt2": Linear([[Fraction(v)] for v in (4, 5, 6)], [Fraction(v) for v in (3, 4, 4)]),
        "Filip": Linear.polynomial(FILIP_X.split(), FILIP_Y.split(), 10),
        "Longley": _longley(),
    }
    whole = list(range(21))
    design = [[Fraction(v) ** k for k in range(6)] for v in whole]
    for name, base, noise in (
        ("Wampler1", 1, 0), ("Wampler2", Fraction(1, 10), 0), ("Wampler3", 1, 1), ("Wampler4", 1, 100),
        ("Wampler5", 1, 10_000),
    ):  # fmt: skip
        y = [sum(Fraction(base * v) ** k for k in range(6)) + noise * WAMPLER_NOISE[v] for v in whole]
        found[name] = Linear(design, y)
    return found


def _longley() -> Linear:
    """Longley's data in the units of NIST."""
    with (DATA / "data" / "dev" / "longley.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    scale = {"GNP.deflator": 1, "GNP": 1000, "Unemployed": 10, "Armed.Forces": 10, "Population": 1000, "Year": 1}
    design = [[Fraction(1), *(Fraction(row[name]) * times for name, times in scale.items())] for row in rows]
    return Linear(design, [Fraction(row["Employed"]) * 1000 for row in rows])


def digits(values: Sequence[float], exact: Sequence[Any]) -> float:
    """Digits of the worst of some numbers."""
    worst = CERTIFIED_DIGITS
    for value, right in zip(values, exact, strict=True):
        if not np.isfinite(value):
            return 0.0
        error = abs(Fraction(float(value)) - Fraction(right))
        if error:
            worst = min(worst, -float(np.log10(float(error / abs(Fraction(right))))))
    return max(worst, 0.0)


def root(value: Fraction) -> Fraction:
    """A square root, to 40 digits."""
    from math import isqrt

    scaled = value.numerator * value.denominator * 10**80
    return Fraction(isqrt(scaled), value.denominator * 10**40)


def measure_linear(name: str, problem: Linear) -> list[dict[str, Any]]:
    """Compare regressions of one linear set with its exact solution."""
    beta, inverse, squares = problem.solved()
    n, p = len(problem.y), len(beta)
    design = np.array([[float(v) for v in row] for row in problem.design])
    y = np.array([float(v) for v in problem.y])
    spread = root(squares / (n - p)) if squares else Fraction(0)
    errors = [root(squares / (n - p) * v) for v in inverse]
    rows = []
    for peer, solve in (("mle_toolkit", _ours), ("statsmodels", _theirs)):
        row: dict[str, Any] = {"set": name, "n": n, "p": p, "peer": peer}
        row["certified"] = digits([float(b) for b in beta], [Fraction(v) for v in CERTIFIED[name]])
        found = solve(design, y)
        if isinstance(found, str):
            row["verdict"] = found
        else:
            own_beta, own_errors, own_spread, row["verdict"] = found
            row["coefficients"] = digits(own_beta, beta)
            if squares:
                row["errors"], row["spread"] = digits(own_errors, errors), digits([own_spread], [spread])
        rows.append(row)
    return rows


def _ours(design: np.ndarray, y: np.ndarray) -> tuple[Any, ...] | str:
    n, p = design.shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = mle.regress(y, design, "normal")
    except mle.MleError as error:
        return f"refused: {str(error).split(':')[1].strip()[:60]}"
    factor = (n / (n - p)) ** 0.5
    mu = fit.params["mu"].to_numpy()
    return mu, fit.bse["mu"].to_numpy() * factor, fit.params["sigma"] * factor, str(fit.certificate.verdict)


def _theirs(design: np.ndarray, y: np.ndarray) -> tuple[Any, ...]:
    from statsmodels.regression.linear_model import OLS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rank, which Filip's powers do not have for it
        found = OLS(y, design).fit()
    return found.params, found.bse, found.mse_resid**0.5, ""


# --- reference cases --------------------------------------------------------------------------------------------------

LAWS: dict[str, tuple[str, dict[str, Any]]] = {
    "aft_lnorm_motors": ("lognormal", {}),
    "aft_weibull_motors": ("weibull", {}),
    "aft_weibull_ovarian": ("weibull", {}),
    "cloglog_birthwt": ("bernoulli", {"links": {"p": "cloglog"}}),
    "gammaglm_clotting": ("gamma", {"links": {"mean": "inverse"}}),
    "lm_longley": ("normal", {}),
    "logit_birthwt": ("bernoulli", {}),
    "multinom_alligator": ("categorical", {}),
    "nb_quine": ("negbin", {}),
    "ordinal_housing": ("ordinal", {}),
    "pois_insectsprays": ("poisson", {}),
    "pois_warpbreaks": ("poisson", {}),
    "tobit_tobin": ("normal", {}),
    "zipreg_biochemists": ("zip", {}),
}
"""The law, and its links, of each reference case."""


def measure_case(name: str) -> dict[str, Any]:
    """Compare a regression of prepared columns with the reference: the worst coefficient in standard errors."""
    cases = json.loads((DATA / "cases_dev.json").read_text(encoding="utf-8"))
    case = next(one for one in (cases if isinstance(cases, list) else cases["cases"]) if one["id"] == name)
    with (DATA / case["prepared"]["file"]).open(encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    table = {key: np.array([float(row[key]) for row in read]) for key in read[0]}

    def block(letter: str) -> np.ndarray:
        return np.stack([v for k, v in table.items() if k[0] == letter and k[1:].isdigit()], axis=1)

    law, options = LAWS[name]
    y: Any = next(table[key] for key in ("y", "successes", "category", "time") if key in table)
    if "event" in table:
        censored = mle.Sample.right_censored if "time" in table else mle.Sample.left_censored
        y = censored(y, table["event"])
    others: dict[str, Any] = dict(options)
    others |= {"pi": block("Z")} if "Z0" in table else {}
    others |= {"weights": table["weight"]} if law in ("ordinal", "categorical") and "weight" in table else {}
    fit = mle.regress(y, block("X"), law, **others)
    expected, se = case["expected"]["params"], case["expected"]["se"]
    names = [key for key in case["param_names"] if key not in ("sigma", "theta", "shape")]
    if law == "categorical":
        found = fit.params["p"].to_numpy().T.ravel()
    elif law == "ordinal":
        found = fit.coefficients
    else:
        found = np.concatenate([fit.params[key] for key in (fit.main, *(k for k in fit.designs if k != fit.main))])
    away = max(abs(float(v) - expected[key]) / se[key] for key, v in zip(names, found, strict=True))
    return {
        "set": name,
        "n": len(read),
        "p": len(names),
        "peer": "mle_toolkit",
        "loglik": digits([fit.llf], [Fraction(case["expected"]["loglik"])]),
        "away_se": away,
        "verdict": str(fit.certificate.verdict),
    }


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--set", action="append", choices=[*CERTIFIED, *LAWS], help="default: all")
    parser.add_argument("--quick", action="store_true", help="three linear sets and two reference cases")
    arguments = arguments_of(parser)
    rows = []
    chosen = arguments.set or (QUICK if arguments.quick else [*CERTIFIED, *LAWS])
    sets = linear_sets()
    for name in chosen:
        rows += measure_linear(name, sets[name]) if name in sets else [measure_case(name)]
        progress(name)
    plot = Plot("dots", "set", "coefficients", ("peer",), "digits of the worst coefficient", 9.0)
    publish(__doc__, arguments, rows, plot, [])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
