"""Compiled fits of Student's t law to groups: Newton's method from the three starts of the ordinary fit.

A group is settled where all three lead to one maximum, or where all three run off to the normal law and the kurtosis of
the group, whose excess is the slope of the log-likelihood by 1/df at the normal law, says that it is the limit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import function, log, loop
from mle_toolkit.likelihood.kernels.groups.special import student_norm

_FEWEST = 8
"""Rows from which no spike on a few of them competes with the maximum."""

_MOST_TIED = 0.3
"""Share of equal observations from which the ordinary fit has to look at the spike there."""

_LARGEST_DF = 1e3
_SURE_KURTOSIS = 0.02
_SURE_GAIN = 1e-6
"""Excess over 3, and gain in log-likelihood over the normal law, that leave no doubt on which side they are."""

_WORST_ERROR = 8.0
"""Standard error of log(df) up to which df is determined: beyond it digits depend on how a search ends."""

_SAME = 1e-5
"""Distance, in coordinates whose unit is a natural change, within which two maxima are one."""

_NEAR, _NEARLY = 0.02, 1e-4
"""Distance from a maximum already found, and decrement per observation, at which a climb is sure to end there."""

_STEPS, _HALVINGS, _LONGEST = 60, 30, 3.0
_DECREMENT = 1e-9
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

RAN_OFF, FAILED, ARRIVED = 0, 1, 2


@loop
def sums(z: Array, weight: Array | None, df: float, loc: float, scale: float) -> tuple[float, ...]:
    """Sums of log(1 + s/df) and, with s = z² and r = 1/(df + s), of sr, s²r², sr², r², zr, zr², zsr²."""
    logs = 0.0
    pull, pull_square, square_share, share, slope, bend, bent_pull = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    per_scale, per_df = 1.0 / scale, 1.0 / df
    for k in range(len(z)):
        w = 1.0 if weight is None else weight[k]
        t = (z[k] - loc) * per_scale
        s = t * t
        r = 1.0 / (df + s)
        sr, tr = s * r, t * r
        logs += w * log(1.0 + s * per_df)
        pull += w * sr
        pull_square += w * (sr * sr)
        square_share += w * (sr * r)
        share += w * (r * r)
        slope += w * tr
        bend += w * (tr * r)
        bent_pull += w * (tr * sr)
    return logs, pull, pull_square, square_share, share, slope, bend, bent_pull


@function
def derivatives(z: Array, weight: Array | None, nobs: float, u: Array, at: Array) -> None:
    """Fill ``at`` with mean negative log-likelihood, gradient and Hessian by log(df), loc and log(scale)."""
    df, loc, scale = math.exp(u[0]), u[1], math.exp(u[2])
    logs, sr, ssrr, srr, rr, tr, trr, tsrr = sums(z, weight, df, loc, scale)
    norm, norm_slope, norm_bend = student_norm(df)
    pull = (df + 1.0) * sr
    by_loc = 2.0 * df * (df + 1.0)  # times r², over scale²
    by_df = nobs * norm_slope + 0.5 * (pull / df - logs)
    per = -1.0 / nobs
    at[0] = per * (nobs * (norm - u[2]) - 0.5 * (df + 1.0) * logs)
    at[1] = per * df * by_df
    at[2] = per * (df + 1.0) * tr / scale
    at[3] = per * (pull - nobs)
    at[4] = per * df * (df * (nobs * norm_bend + 0.5 * ((df - 1.0) * ssrr - 2.0 * df * srr) / (df * df)) + by_df)
    at[5] = per * df * (tsrr - trr) / scale
    at[6] = per * df * (ssrr - srr)
    at[7] = per * 0.5 * by_loc * (srr / df - rr) / (scale * scale)
    at[8] = -per * by_loc * trr / scale
    at[9] = -per * by_loc * srr


@function
def solve(at: Array, shift: float, step: Array) -> float:
    """Newton's step, and the decrement g'H⁻¹g/2; below zero where the Hessian, with a shift, is not positive definite.

    Cholesky's method, written out for three coordinates.
    """
    a, b, c, d, e, f = at[4] + shift, at[5], at[6], at[7] + shift, at[8], at[9] + shift
    if not a > 0.0:
        return -1.0
    l10, l20 = b / a, c / a
    d1 = d - l10 * b
    if not d1 > 1e-14 * abs(d):
        return -1.0
    e1 = e - l10 * c
    l21 = e1 / d1
    f1 = f - l20 * c - l21 * e1
    if not f1 > 1e-14 * abs(f):
        return -1.0
    y0 = -at[1]
    y1 = -at[2] - l10 * y0
    y2 = -at[3] - l20 * y0 - l21 * y1
    step[2] = y2 / f1
    step[1] = y1 / d1 - l21 * step[2]
    step[0] = y0 / a - l10 * step[1] - l20 * step[2]
    return 0.5 * (y0 * y0 / a + y1 * y1 / d1 + y2 * y2 / f1)


@function
def climb(
    z: Array, weight: Array | None, nobs: float, u: Array, at: Array, trial: Array, there: Array, known: Array
) -> int:
    """Climb from ``u`` to a maximum, with step halving; ``known`` is a maximum found before, or NaN."""
    step = np.empty(3)
    derivatives(z, weight, nobs, u, at)
    for _ in range(_STEPS):
        if u[0] > math.log(_LARGEST_DF):
            return RAN_OFF
        shift = 0.0
        decrement = solve(at, shift, step)
        convex = decrement >= 0.0
        while not decrement >= 0.0:
            shift = 4.0 * shift + 1e-2
            if not shift < 1e6:
                return FAILED
            decrement = solve(at, shift, step)
        last = convex and decrement * nobs < _DECREMENT
        away = abs(u[0] - known[0]) + abs(u[1] - known[1]) + abs(u[2] - known[2])
        if convex and decrement < _NEARLY and away < _NEAR:
            u[:] = known
            return ARRIVED
        longest = max(abs(step[0]), abs(step[1]) / math.exp(u[2]), abs(step[2]))
        share = min(1.0, _LONGEST / longest) if longest > 0.0 else 1.0
        for _ in range(_HALVINGS):
            trial[:] = u + share * step
            derivatives(z, weight, nobs, trial, there)
            # Near the maximum the values agree to rounding, and the decrement is the better judge.
            if there[0] < at[0] or (convex and decrement < 1e-7 and there[0] < at[0] + 1e-12):
                break
            share *= 0.5
        else:
            return FAILED
        u[:] = trial
        at[:] = there
        if last:
            return ARRIVED
    return FAILED


@loop
def fit(x: Array, weight: Array | None, offsets: Any, result: Array, status: Any) -> None:
    """Fill df, loc, scale, their standard errors and the log-likelihood of every group."""
    u, at, trial, there, best = np.empty(3), np.empty(10), np.empty(3), np.empty(10), np.empty(3)
    nowhere = np.full(3, np.nan)
    for g in range(len(offsets) - 1):
        start, end = offsets[g], offsets[g + 1]
        n = end - start
        if n < _FEWEST:
            continue
        if weight is None:
            z = np.sort(x[start:end])
            w = None
            nobs = float(n)
        else:
            order = np.argsort(x[start:end])
            z = x[start:end][order]
            w = weight[start:end][order]
            nobs = w.sum()
        if not (abs(z[0]) < 1e150 and abs(z[n - 1]) < 1e150):  # NaN is last in order
            continue
        middle = 0.5 * (z[(n - 1) // 2] + z[n // 2])
        half = 0.5 * (z[(3 * n) // 4] - z[n // 4])
        if not half > 1e-12 * abs(middle) + 1e-150:
            continue
        tied, most_tied = 0.0, 0.0
        for k in range(n):
            here = 1.0 if w is None else w[k]
            tied = tied + here if k > 0 and z[k] == z[k - 1] else here
            most_tied = max(most_tied, tied)
        if most_tied >= _MOST_TIED * nobs:
            continue
        mean = 0.0
        for k in range(n):
            z[k] = (z[k] - middle) / half
            mean += z[k] if w is None else w[k] * z[k]
        mean /= nobs
        second, fourth = 0.0, 0.0
        for k in range(n):
            square = (z[k] - mean) ** 2
            here = 1.0 if w is None else w[k]
            second += here * square
            fourth += here * square * square
        second /= nobs
        kurtosis = fourth / (nobs * second * second)
        normal = -nobs * (_HALF_LOG_TWO_PI + 0.5 * math.log(second) + 0.5)

        arrived = 0
        agreed = True
        for attempt in range(3):
            u[0] = math.log(3.0) if attempt == 0 else (0.0 if attempt == 1 else math.log(20.0))
            u[1] = 0.0 if attempt < 2 else mean
            u[2] = math.log(1.3) if attempt == 0 else (0.0 if attempt == 1 else math.log(1.45))
            end_of = climb(z, w, nobs, u, at, trial, there, best if arrived > 0 else nowhere)
            if end_of == FAILED:
                agreed = False
                break
            if end_of == ARRIVED:
                if arrived == 0 and attempt > 0:
                    agreed = False
                    break
                if arrived == 0:
                    best[:] = u
                elif not abs(u[0] - best[0]) + abs(u[1] - best[1]) + abs(u[2] - best[2]) < _SAME:
                    agreed = False
                    break
                arrived += 1
            elif arrived > 0:
                agreed = False
                break
        if not agreed:
            continue
        if arrived == 0:
            if kurtosis < 3.0 - _SURE_KURTOSIS:
                sigma = half * math.sqrt(second)
                result[g, 0] = np.inf
                result[g, 1] = middle + half * mean
                result[g, 2] = sigma
                result[g, 4] = sigma / math.sqrt(nobs)
                result[g, 5] = sigma / math.sqrt(2.0 * nobs)
                result[g, 6] = normal - nobs * math.log(half)
                status[g] = 2
            continue
        derivatives(z, w, nobs, best, at)
        llf = -nobs * at[0]
        a, b, c, d, e, f = at[4], at[5], at[6], at[7], at[8], at[9]
        det = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
        if not (llf > normal + _SURE_GAIN and min(a, f) > 1e-6 and det > 1e-6 * a * d * f):
            continue
        error = math.sqrt((d * f - e * e) / (det * nobs))
        if not error < _WORST_ERROR:
            continue
        result[g, 0] = math.exp(best[0])
        result[g, 1] = middle + half * best[1]
        result[g, 2] = half * math.exp(best[2])
        result[g, 3] = result[g, 0] * error
        result[g, 4] = half * math.sqrt((a * f - c * c) / (det * nobs))
        result[g, 5] = result[g, 2] * math.sqrt((a * d - b * b) / (det * nobs))
        result[g, 6] = llf - nobs * math.log(half)
        status[g] = 1
