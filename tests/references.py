"""Reference cases: real data with estimates to 15 digits; see reference/README.md."""

import csv
import json
import math
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import mle_toolkit as mle
from mle_toolkit.likelihood.unit import roles

HERE = Path(__file__).parent / "reference"

EXACT_KINDS = ("uncensored_continuous", "discrete", "weighted")

FAMILY = {
    "weibull_3parameter": "weibull",
    "pareto1": "pareto",
    "binomial (n=12)": "binomial",
    "discrete_power_law (xmin=7)": "zeta",
}
CONSTANTS = {"binomial (n=12)": {"n": 12}, "discrete_power_law (xmin=7)": {"xmin": 7}, "betabinomial": {"n": 12}}
PARAMETER = {
    ("poisson", "lambda"): "mu",
    ("zip", "lambda"): "mu",
    ("zero_truncated_poisson", "lambda"): "mu",
    ("inverse_gaussian", "lambda"): "lam",
    ("skew_normal", "xi"): "loc",
    ("skew_normal", "omega"): "scale",
}


@dataclass(frozen=True)
class Case:
    """One reference case, in our names."""

    id: str
    kind: str
    family: mle.Family
    x: np.ndarray
    weights: np.ndarray | None
    n: float
    params: dict[str, float]
    se: dict[str, float]
    cov: np.ndarray | None
    expected: dict[str, Any]
    closed_form_rel: dict[str, float]

    def fit(self, **options: Any) -> mle.Fit:
        """Fit; a verdict weaker than interior is looked at by the test."""
        return fit_quietly(self.x, self.family, weights=self.weights, **options)


def fit_quietly(x: Any, family: Any, **options: Any) -> mle.Fit:
    """Fit without the warning of a weaker verdict, which the test looks at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        return mle.fit(x, family, **options)


@cache
def _raw_cases() -> dict[str, dict[str, Any]]:
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case for case in cases}


def case_ids(*kinds: str) -> list[str]:
    """Ids of the cases of some kinds."""
    return [name for name, case in _raw_cases().items() if case["kind"] in kinds]


def column(dataset: str, name: str) -> np.ndarray:
    """Give one raw column of a data set."""
    with (HERE / "data" / "dev" / f"{dataset}.csv").open(newline="", encoding="utf-8") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


@cache
def case(name: str) -> Case:
    """Read one reference case of exact data."""
    raw = _raw_cases()[name]
    reference_name = raw["family"]
    family = mle.get_family(FAMILY.get(reference_name, reference_name), **CONSTANTS.get(reference_name, {}))
    if raw.get("prepared"):
        with (HERE / raw["prepared"]["file"]).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        x = np.array([float(row["x"]) for row in rows])
        weights = np.array([float(row["weight"]) for row in rows])
    else:
        x = column(raw["dataset"], raw["data"].removeprefix("column "))
        weights = np.ones(len(x))
    expected = raw["expected"]
    ours = {old: PARAMETER.get((reference_name, old), old) for old in raw["param_names"]}
    se = {new: (expected.get("se") or {}).get(old) for old, new in ours.items()}
    return Case(
        id=name,
        kind=raw["kind"],
        family=family,
        x=x,
        weights=None if np.all(weights == 1) else weights,
        n=float(raw["n"]),
        params={new: expected["params"][old] for old, new in ours.items()},
        se={new: math.nan if value is None else value for new, value in se.items()},
        cov=np.array(expected["cov"]) if "cov" in expected else None,
        expected=expected,
        closed_form_rel=_closed_form_rel(raw["tolerance"], ours),
    )


def _closed_form_rel(tolerance: dict[str, Any], ours: dict[str, str]) -> dict[str, float]:
    """Relative tolerance of each parameter with a closed form."""
    given = tolerance.get("closed_form_rel", tolerance.get("rel", {}))
    return {new: given[old] if isinstance(given, dict) else given for old, new in ours.items()} if given else {}


def moved(family: mle.Family, theta: np.ndarray, centre: float, scale: float) -> np.ndarray:
    """Parameters of the law of ``centre + scale * x``, from those of the law of ``x``, by their roles."""
    move = {
        "location": lambda value: centre + scale * value,
        "scale": lambda value: scale * value,
        "rate": lambda value: value / scale,
        "log-scale": lambda value: value + math.log(scale),
        "shape": lambda value: value,
    }
    return np.array([move[role](value) for role, value in zip(roles(family), theta, strict=True)])


def flat(params: Any) -> np.ndarray:
    """All parameters as one vector."""
    return np.concatenate([np.ravel(np.asarray(value, dtype=float)) for value in params.values()])


@cache
def adversarial() -> dict[str, dict[str, Any]]:
    """Read the adversarial cases, by id."""
    cases = json.loads((HERE / "adversarial_dev.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in cases}
