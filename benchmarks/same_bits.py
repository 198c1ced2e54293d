"""Whether a change of the code changes results: 2,000 quick fits here and at another commit, compared bit by bit.

``python benchmarks/same_bits.py --against main~3`` checks that commit out beside this one, fits there what it fits
here, and says every difference of estimates, log-likelihoods, standard errors and verdicts. ``--output here.json``
keeps what was found, and ``--with here.json`` compares with what was kept.

The data depend on where a family lives only, never on the package; so both commits see the same.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 40
CONSTANTS = {"n": 12}
MADE = (
    "shifted(weibull)",
    "mixture(normal, 2)",
    "mixture(poisson, 2)",
    "zero_inflated(negbin)",
    "hurdle(poisson)",
    "hurdle(gamma)",
    "inflated(beta)",
    "defective(weibull)",
    "first_of(weibull, exponential)",
    "truncated(normal, -1, 9)",
    "spliced(weibull, pareto, at=4)",
    "exponentiated(weibull)",
    "negated(gumbel)",
    "exp_of(logistic)",
    "folded(normal)",
    "discretised(gamma)",
    "poisson by exposure",
    "gamma by mean",
)
"""Laws made of others, or given otherwise: as they are written, or in words for what `law_of` knows."""
TOLERANCE = 1e-12
"""Relative difference that is rounding in another order."""


def drawn(family: Any, rng: np.random.Generator, size: int) -> Any:
    """Draw data that a family of that support may have."""
    support = family.support
    if family.multivariate:
        return rng.gamma(2.0, size=(size, 2))
    if support.integer:
        x = rng.negative_binomial(3, 0.4, size=size).astype(float)
        return np.clip(x, *(np.nan_to_num([support.lower, support.upper], neginf=-1e9, posinf=1e9)))
    low, high = float(support.lower), float(support.upper)
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * rng.beta(2.0, 3.0, size=size)
    if math.isfinite(low):
        return low + rng.gamma(2.0, 1.5, size=size)
    if math.isfinite(high):
        return high - rng.gamma(2.0, 1.5, size=size)
    return 1.0 + rng.standard_t(6, size=size)


def law_of(mle: Any, name: str) -> Any:
    """The law of a name, of the registry or of `MADE`."""
    from mle_toolkit.families.registry import family_class

    law, _, by = name.partition(" by ")
    if by:
        return mle.get_family(law).exposed(1.5) if by == "exposure" else mle.get_family(law, by=by)
    if "(" in name:
        return mle.get_family(name)
    constants = {k: CONSTANTS[k] for k, v in family_class(name).constant_defaults.items() if v is ...}
    return mle.get_family(name, **constants)


def fits(mle: Any, name: str, seeds: range) -> Iterator[tuple[str, Any]]:
    """Fit one family to each form of data, for each seed: a key, and a function that makes the fit."""
    import pandas as pd

    family = law_of(mle, name)
    for seed in seeds:
        rng = np.random.default_rng([seed, len(name)])
        x = drawn(family, rng, ROWS)
        weights = rng.integers(1, 4, size=ROWS).astype(float)
        yield f"{name}, exact, {seed}", lambda x=x: mle.fit(x, family)
        yield f"{name}, weighted, {seed}", lambda x=x, w=weights: mle.fit(x, family, weights=w)
        if family.multivariate:
            continue
        late = float(np.quantile(x, 0.7))
        seen = x <= late
        step = 1.0 if family.discrete else 0.25 * float(np.std(x))
        yield (
            f"{name}, censored, {seed}",
            lambda x=x, late=late, seen=seen: mle.fit(mle.Sample.right_censored(np.minimum(x, late), seen), family),
        )
        lower = np.floor(x / step) * step
        yield (
            f"{name}, intervals, {seed}",
            lambda low=lower - family.discrete * step, step=step: mle.fit(
                mle.Sample.intervals(low, low + step), family
            ),
        )
        inside = x[x <= late]
        yield (
            f"{name}, truncated, {seed}",
            lambda x=inside, late=late: mle.fit(mle.Sample(x).truncated(upper=late), family),
        )
        yield f"{name}, by blocks, {seed}", lambda x=x: mle.fit(mle.scan(pd.DataFrame({"x": x}), "x"), family)


def by_groups(mle: Any, name: str, seeds: range) -> Iterator[tuple[str, Any]]:
    """Fit one family to groups: a key, and a function that gives the rows of the result."""
    import pandas as pd

    from mle_toolkit.families.registry import family_class

    if name in MADE:
        return
    law = family_class(name)
    if law.multivariate or any(value is ... for value in law.constant_defaults.values()):
        return
    family = mle.get_family(name)
    rng = np.random.default_rng([len(name), len(seeds)])
    frame = pd.DataFrame({"x": drawn(family, rng, ROWS * len(seeds)), "g": np.repeat(np.arange(len(seeds)), ROWS)})
    yield f"{name}, groups", lambda: mle.fit_groups(frame, by="g", column="x", family=family).to_dict()["groups"]


def numbers(value: Any) -> list[float]:
    """All numbers of what a fit says, flat."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in numbers(item)]
    return np.ravel(value).astype(float).tolist() if not isinstance(value, str) and value is not None else []


def said(make: Any) -> dict[str, Any]:
    """What a fit says, or the name of the error that it raises."""
    try:
        found = make()
        if isinstance(found, list):
            return {"groups": numbers(found), "verdicts": [row.get("verdict") for row in found]}
        return {
            "verdict": str(found.certificate.verdict),
            "params": numbers(dict(found.params)),
            "llf": [float(found.llf)],
            "bse": numbers(dict(found.bse)),
        }
    except Exception as error:  # an error is a result too
        return {"error": type(error).__name__}


def record(seeds: int, only: list[str]) -> dict[str, dict[str, Any]]:
    """What all fits of the package on the path say."""
    import mle_toolkit as mle

    kept = {}
    names = [name for name in (*mle.families(), *MADE) if not only or name in only]
    for name in names:
        for key, make in (*fits(mle, name, range(seeds)), *by_groups(mle, name, range(seeds))):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                kept[key] = said(make)
    return kept


def recorded_at(revision: str, seeds: int, only: list[str]) -> dict[str, dict[str, Any]]:
    """The same at another commit, checked out beside this one."""
    top = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as directory:
        tree, kept = Path(directory) / "tree", Path(directory) / "kept.json"
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), revision], cwd=top, check=True)
        try:
            command = [
                sys.executable,
                str(Path(__file__).resolve()),
                "--output",
                str(kept),
                "--seeds",
                str(seeds),
                *only,
            ]
            subprocess.run(command, check=True, cwd=directory, env=os.environ | {"PYTHONPATH": str(tree)})
            found: dict[str, dict[str, Any]] = json.loads(kept.read_text())
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=top, check=True)
    return found


def difference(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, float] | None:
    """What differs first, and by how much relatively; None where all bits are the same."""
    worst: tuple[str, float] | None = None
    for part in (*one, *(part for part in other if part not in one)):
        a, b = one.get(part), other.get(part)
        if part in ("verdict", "error", "verdicts") or a is None or b is None or len(a) != len(b):
            if a != b:
                return f"{part}: {a} and {b}", math.inf
            continue
        for x, y in zip(a, b, strict=True):
            if x == y or (math.isnan(x) and math.isnan(y)):
                continue
            relative = abs(x - y) / max(abs(x), abs(y)) if math.isfinite(x) and math.isfinite(y) else math.inf
            if worst is None or relative > worst[1]:
                worst = f"{part}: {x!r} and {y!r}", relative
    return worst


def compare(here: dict[str, dict[str, Any]], there: dict[str, dict[str, Any]]) -> int:
    """Print every difference, and how many there are by size; give the number of those that are no rounding."""
    both = [key for key in here if key in there]
    counts: Counter[str] = Counter()
    for key in both:
        found = difference(there[key], here[key])
        if found is None:
            counts["same bits"] += 1
            continue
        counts["rounding" if found[1] <= TOLERANCE else "different"] += 1
        print(f"{key}: {found[0]} (relative {found[1]:.1e})")
    print(f"{len(both):,} fits at both: " + ", ".join(f"{count:,} {what}" for what, count in counts.most_common()))
    print(f"only here {len(here) - len(both):,}, only there {len(there) - len(both):,}")
    return counts["different"]


def main() -> int:
    """Record, or record and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("families", nargs="*", help="some families only")
    parser.add_argument("--against", metavar="REV", help="a commit to compare with")
    parser.add_argument("--with", dest="kept", type=Path, metavar="JSON", help="what was kept, to compare with")
    parser.add_argument("--output", type=Path, metavar="JSON", help="where to keep what is found")
    parser.add_argument("--seeds", type=int, default=6)
    arguments = parser.parse_args()
    here = record(arguments.seeds, arguments.families)
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(here))
    if arguments.against is not None:
        return int(compare(here, recorded_at(arguments.against, arguments.seeds, arguments.families)) > 0)
    if arguments.kept is not None:
        return int(compare(here, json.loads(arguments.kept.read_text())) > 0)
    print(f"{len(here):,} fits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
