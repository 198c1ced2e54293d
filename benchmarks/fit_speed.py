"""How fast a fit is against those of other libraries, and how good the answer is.

    python benchmarks/fit_speed.py [--peer NAME ...] [--family NAME ...] [--n N ...] [--repeat K] [--budget SECONDS]

Calls alternate in one process (ours, the peer's, ours, ...), so that a busy machine slows both. The ratio is the peer's
time over ours, with its range; beside it stands the difference of the log-likelihoods, ours minus the peer's, which
should never be negative beyond rounding. Ours includes validation of the data; "certified" is the time, and its ratio,
with the standard errors, the log-likelihood and the verdict on the maximum. The data are drawn from the family itself.

Both fit the same parameters to the same array. statsmodels (GenericLikelihoodModel, BFGS, no Hessian) and iminuit
(UnbinnedNLL, migrad) maximise SciPy's log-density and start at the true values. OpenTURNS uses its factories, some of
which are not maximum likelihood; they are told what is known, and the copy of the array into a Sample, which takes
longer than the fastest of them, is not counted. fitter and distfit are given the one law, call SciPy and free every
location, so they show for laws with one. A peer is "short" where its log-likelihood is less than ours by over 0.001:
another estimator, or a search that failed.
"""

from __future__ import annotations

import statistics
from typing import Any

from _common import (
    TRUTH,
    Plot,
    alternate,
    arguments_of,
    draw,
    family_of,
    parser_of,
    progress,
    publish,
    shown,
    tier,
)
from _peers import PEERS, PeerError, attempt, is_installed

import mle_toolkit as mle

SHORT = 1e-3
"""A log-likelihood that is less than the maximum by this is of another estimator, or of a search that failed."""

ROUNDING = 1e-6
"""Ours below the peer's by more than this is a fault of ours."""


def measure(name: str, n: int, peer: str | None, repeat: int, budget: float) -> dict[str, Any] | None:
    """Fit one family to one sample by both, in turn; None where the peer has no such law."""
    family, x = family_of(name), draw(name, n)
    row: dict[str, Any] = {"family": name, "n": n, "peer": peer}
    try:
        task = None if peer is None else attempt(PEERS[peer], name, x)
    except PeerError as error:
        return row | {"verdict": f"{peer} failed: {error}"[:100]}
    if peer is not None and task is None:
        return None

    def certified() -> mle.Fit:
        fit = mle.fit(x, family)
        _, _, _ = fit.bse, fit.llf, fit.certificate
        return fit

    calls: dict[str, Any] = {"ours": lambda: mle.fit(x, family)}
    if task is not None:
        calls["peer"] = lambda: attempt(task.fit)
    calls["certified"] = certified
    try:
        timing = alternate(calls, repeat, budget=budget)
        peers_llf = None if task is None else attempt(task.llf, timing["peer"].result)
    except PeerError as error:
        return row | {"verdict": f"{peer} failed: {error}"[:100]}
    fit = timing["ours"].result
    row |= {
        "tier": tier(fit),
        "calls": len(timing["peer" if peer else "ours"].times),
        "ours_ms": timing["ours"].median_ms,
        "certified_ms": timing["certified"].median_ms,
    }
    if task is not None:
        row["peer_ms"] = timing["peer"].median_ms
        row["ratio"], row["ratio_range"] = timing["peer"].over(timing["ours"])
        row["certified_ratio"], _ = timing["peer"].over(timing["certified"])
        row["llf_less_peers"] = fit.llf - peers_llf
    return row | {"verdict": str(fit.certificate.verdict), "method": fit.certificate.method}


def by_peer(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each peer and size: how many times faster ours is, and how often the peer's answer falls short."""
    lines = []
    for peer, n in dict.fromkeys((row["peer"], row["n"]) for row in rows):
        own = [row for row in rows if (row["peer"], row["n"]) == (peer, n)]
        done = [row for row in own if "ratio" in row]
        line: dict[str, Any] = {"peer": peer, "n": n, "laws": len(own), "failed": len(own) - len(done)}
        if done:
            ratios = [row["ratio"] for row in done]
            gains = [row["llf_less_peers"] for row in done]
            line |= {
                "median_ratio": statistics.median(ratios),
                "ratio_range": (min(ratios), max(ratios)),
                "median_certified_ratio": statistics.median(row["certified_ratio"] for row in done),
                "faster_than_ours": ", ".join(row["family"] for row in done if row["ratio"] < 1) or "none",
                "short": ", ".join(row["family"] for row in done if not row["llf_less_peers"] <= SHORT) or "none",
                "least_llf_less_peers": min(gains),
                "largest_llf_less_peers": max(gains),
            }
        lines.append(line)
    return lines


def by_family(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each family and size, with the ratio to each peer and by how much its answer falls short."""
    lines: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        line = lines.setdefault((row["family"], row["n"]), {"family": row["family"], "n": row["n"]})
        if "ratio" not in row:
            line[row["peer"]] = "failed"
        elif row["llf_less_peers"] <= SHORT:
            line[row["peer"]] = row["ratio"]
        else:
            line[row["peer"]] = f"{shown(row['ratio'])} (short by {shown(row['llf_less_peers'])})"
    return list(lines.values())


def notes_on(rows: list[dict[str, Any]], budget: float) -> list[str]:
    """What a reader of the summaries should know: cells cut short, and any in which our answer is the worse one."""
    few = [row for row in rows if "ratio" in row and row["calls"] < 3]
    cut = [f"{row['peer']} {row['family']} {row['n']:,} ({row['calls']})" for row in few]
    below = [
        f"{row['peer']} {row['family']} {row['n']:,} ({shown(row['llf_less_peers'])})"
        for row in rows
        if row.get("llf_less_peers", 0.0) < -ROUNDING
    ]
    notes = [f"a peer is not called again in a cell once it has taken {budget:g} s"] if rows else []
    notes += [f"timed by fewer than three calls: {', '.join(cut)}"] if cut else []
    return [*notes, f"ours is below the peer by more than {ROUNDING:g}: {', '.join(below) or 'nowhere'}"]


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--family", action="append", choices=sorted(TRUTH), help="default: all that a peer has")
    parser.add_argument("--n", action="append", type=int, help="default: 1000, 100000, 1000000")
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="default: scipy")
    parser.add_argument("--ours-only", action="store_true", help="leave peers out")
    parser.add_argument("--repeat", type=int, default=9, help="alternating calls a cell (default 9)")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of calls to a peer a cell (default 60)")
    arguments = arguments_of(parser)

    asked: list[str | None] = [None] if arguments.ours_only else (arguments.peer or ["scipy"])
    peers = [peer for peer in asked if peer is None or is_installed(peer)]
    notes = [f"{peer} is not installed: left out" for peer in asked if peer not in peers]
    rows = []
    for n in arguments.n or [1_000, 100_000, 1_000_000]:
        for name in arguments.family or TRUTH:
            for peer in peers:
                row = measure(name, n, peer, arguments.repeat, arguments.budget)
                progress(f"{name} n={n} {peer}")
                rows += [] if row is None else [row]
    plot = Plot("dots", "family", "ratio", ("peer", "n"), "time of the peer over ours", 1.0)
    if arguments.ours_only:
        publish(__doc__, arguments, rows, notes=notes)
        return 0
    notes += notes_on(rows, arguments.budget)
    # One peer's table is read as it is; those of many are summed up.
    summaries = {"By peer": by_peer(rows), "Ratio by family": by_family(rows)} if len(peers) > 1 else {}
    publish(__doc__, arguments, rows, plot, notes, summaries)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
