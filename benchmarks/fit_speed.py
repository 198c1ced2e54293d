"""How fast a fit is against those of other libraries, and how good the answer is.

    python benchmarks/fit_speed.py [--peer NAME ...] [--family NAME ...] [--n N ...] [--repeat K] [--without-numba]

Calls alternate in one process (ours, the peer's, ours, ...), so that a busy machine slows both. The ratio is the peer's
time over ours, with its range; beside it stands the difference of the log-likelihoods, ours minus the peer's, which
should never be negative beyond rounding. Ours includes validation of the data; "certified" is the time, and its ratio,
with the standard errors, the log-likelihood and the verdict on the maximum. The data are drawn from the family itself.

Both fit the same parameters. statsmodels (GenericLikelihoodModel, BFGS, no Hessian) and iminuit (UnbinnedNLL, migrad)
maximise SciPy's log-density and start at the true values; OpenTURNS uses its factories, some of which are not maximum
likelihood; fitter and distfit call SciPy and free every location, so they show for laws with one.
"""

from __future__ import annotations

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
    quiet,
    tier,
)
from _peers import PEERS, PeerError, attempt, is_installed

import mle_toolkit as mle

BUDGET_SECONDS = 60.0
"""A peer that has taken this long is not called again in that cell."""


def measure(name: str, n: int, peer: str | None, repeat: int) -> dict[str, Any] | None:
    """Fit one family to one sample by both, in turn; None where the peer has no such law."""
    family, x = family_of(name), draw(name, n)
    with quiet():
        task = None if peer is None else PEERS[peer](name, x)
    if peer is not None and task is None:
        return None

    def certified() -> mle.Fit:
        fit = mle.fit(x, family)
        _, _, _ = fit.bse, fit.llf, fit.certificate
        return fit

    calls: dict[str, Any] = {"ours": lambda: mle.fit(x, family)}
    if task is not None:
        calls["peer"] = lambda: attempt(task)
    calls["certified"] = certified
    row: dict[str, Any] = {"family": name, "n": n, "peer": peer}
    try:
        timing = alternate(calls, repeat, budget=BUDGET_SECONDS)
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
        with quiet():
            row["llf_less_peers"] = fit.llf - task.llf(timing["peer"].result)
    return row | {"verdict": str(fit.certificate.verdict), "method": fit.certificate.method}


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--family", action="append", choices=sorted(TRUTH), help="default: all that a peer has")
    parser.add_argument("--n", action="append", type=int, help="default: 1000, 100000, 1000000")
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="default: scipy")
    parser.add_argument("--ours-only", action="store_true", help="leave peers out")
    parser.add_argument("--repeat", type=int, default=9, help="alternating calls a cell (default 9)")
    arguments = arguments_of(parser)

    asked: list[str | None] = [None] if arguments.ours_only else (arguments.peer or ["scipy"])
    peers = [peer for peer in asked if peer is None or is_installed(peer)]
    notes = [f"{peer} is not installed: left out" for peer in asked if peer not in peers]
    rows = []
    for n in arguments.n or [1_000, 100_000, 1_000_000]:
        for name in arguments.family or TRUTH:
            for peer in peers:
                row = measure(name, n, peer, arguments.repeat)
                progress(f"{name} n={n} {peer}")
                rows += [] if row is None else [row]
    plot = Plot("dots", "family", "ratio", ("peer", "n"), "time of the peer over ours", 1.0)
    publish(__doc__, arguments, rows, None if arguments.ours_only else plot, notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
