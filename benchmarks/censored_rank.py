"""How long all families that may be meant take on few rows that are censored, intervals, rounded or truncated.

    python benchmarks/censored_rank.py [--n N] [--form FORM ...] [--slowest K] [--quick]

The data are of a Weibull law: right-censored ones, rounded to whole numbers, in intervals of 20 and open above 160,
entered late, with an entry per row, and in one window. Times are seconds of the processor, which other programs on the
machine disturb less than those of the clock: of `compare` with its default families, then of a fit of each of them, of
which the slowest are shown.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from _common import SEED, arguments_of, parser_of, progress, publish

import mle_toolkit as mle
from mle_toolkit.errors import MleError

FORMS = ("right-censored", "rounded", "intervals", "late entry", "window")


def sample_of(form: str, n: int) -> mle.Sample:
    """Draw n observations and put them into a form, in which fewer may be left."""
    rng = np.random.default_rng(SEED)
    x = 100 * rng.weibull(1.7, n)
    if form == "right-censored":
        end = rng.uniform(20, 200, n)
        return mle.Sample.right_censored(np.minimum(x, end), x <= end)
    if form == "rounded":
        return mle.Sample.rounded(np.maximum(np.round(x), 1.0), 1.0)
    if form == "intervals":
        lower = np.floor(x / 20) * 20
        return mle.Sample.intervals(lower, np.where(lower > 150, np.inf, lower + 20))
    if form == "late entry":
        entry = rng.uniform(0, 60, n)
        return mle.Sample(x[x > entry]).truncated(lower=entry[x > entry])
    return mle.Sample(x[(x > 30) & (x < 150)]).truncated(30.0, 150.0)


def seconds_of(form: str, n: int, slowest: int) -> list[dict[str, Any]]:
    """Seconds of the processor that all families take together, and the slowest of them alone."""
    sample = sample_of(form, n)
    begin = time.process_time()
    ranked = mle.compare(sample)
    rows: list[dict[str, Any]] = []
    names = [*ranked.fits, *ranked.failures]
    together = time.process_time() - begin
    for name in names:
        sample = sample_of(form, n)  # of one that was compared, maxima are known
        begin = time.process_time()
        try:
            verdict = str(mle.fit(sample, name).certificate.verdict)
        except MleError as error:
            verdict = type(error).__name__
        rows.append({"form": form, "rows": sample.n_rows, "family": name, "cpu_s": time.process_time() - begin})
        rows[-1]["verdict"] = verdict
    rows.sort(key=lambda row: -row["cpu_s"])
    first = {"form": form, "rows": sample.n_rows, "family": f"all {len(names)}", "cpu_s": together, "verdict": ""}
    return [first, *rows[:slowest]]


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--form", action="append", choices=FORMS)
    parser.add_argument("--slowest", type=int, default=5, help="how many families are shown (default 5)")
    parser.add_argument("--quick", action="store_true", help="only 20 rows, right-censored")
    arguments = arguments_of(parser)
    forms, n = (("right-censored",), 20) if arguments.quick else (arguments.form or FORMS, arguments.n)
    mle.compare(np.arange(1.0, 20.0), "measurements")  # what is loaded once
    rows: list[dict[str, Any]] = []
    for form in forms:
        progress(form)
        rows += seconds_of(form, n, arguments.slowest)
    publish(__doc__, arguments, rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
