"""Climbing a likelihood from a start: Newton's method, and scipy.optimize behind it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE
from mle_toolkit.estimation.newton import SETTLED, Trails, newton
from mle_toolkit.estimation.trust import by_trust
from mle_toolkit.likelihood.audit import bound_of
from mle_toolkit.likelihood.coordinates import Objective
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.passed import has_slopes
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.surrogate import Surrogate
from mle_toolkit.numerics.newton import decrement_of, newton_step

_NEAR = 1.0
"""Decrement at which a subsample has told what it can: a fraction of *its* standard errors."""

_PINNED = 1e-6
"""Decrement from which one step leaves less than a surrogate is off."""

_EXPANDED = 1e-6
"""Share that a surrogate leaves of the decrement from which its successor's maximum need not be looked at.

In units of its own the error of a surrogate's maximum is e' = c e², where e is how far off the point was at which it
agrees with the whole sample, and c is the gap of third derivatives. Decrements are squares of errors: this share is
(c e)², so the next one is off by c e'² = (c e)² e', a millionth of what there is, and the second derivatives of the
next, with the standard errors, by a share of c e' = (c e)².
"""

_EXACT = 1e-7
"""Share by which second derivatives of a third surrogate may be off, in these terms."""

_FEWER, _MIDDLE_ROWS = 16, 500_000
"""A second subsample has that share of the sample, or so many rows: Newton's method then needs three passes in all."""

_RESCUE_STEPS, _BESIDE_STEPS, _RESCUE_LOOKS = 100, 10, 300
"""How long the methods that take over from Newton's may go on: steps, those of them beside a limiting law, and looks at
the value for each coordinate."""

TRUST = "trust region"
"""The name of the first of them."""

_IMPOSSIBLE = 100
"""Looks at a value after which no possible one is looked for, if all were impossible."""

_FEW_ROWS = 400
"""Rows up to which climbs are asked on their way whether they have come beside a limiting law."""

_LOOKS_TO_LIMIT = 50
"""Looks after which a search without slopes is asked whether it has come beside a limiting law."""

_LOOKS_AT_PACE, _PACE = 30, 0.01
"""Looks for each coordinate in which a search without slopes must bring that share of what it still lacks, to arrive in
those it has left: a simplex grows from its smallest to a natural change in the first of them."""

_MOST_WITHOUT_SLOPES = 30
"""Coordinates up to which a simplex leads anywhere."""

_AT_BOUND = 1e-10
"""Nats, of all rows, below the bound that no law passes, within which nothing is left to look for."""

NEAR_BOUND = 1e-6
"""The same for a climb that is stuck on its way there, which is approached but slowly."""

BEYOND = 1.0
"""How much farther out a coordinate is taken to see whether the likelihood falls at all: a natural change."""

SOLVERS = (
    "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP",
    "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
)  # fmt: skip
_WITHOUT_GRADIENT = {"Nelder-Mead", "Powell", "COBYLA", "COBYQA"}
_WITH_HESSIAN = {"Newton-CG", "dogleg", "trust-ncg", "trust-exact", "trust-krylov", "trust-constr"}
_TIGHT_OPTIONS: dict[str, dict[str, float]] = {
    "Nelder-Mead": {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000},
    "Powell": {"xtol": 1e-9, "ftol": 1e-13, "maxiter": 2_000},
    "L-BFGS-B": {"ftol": 1e-15, "gtol": 1e-10},
    "TNC": {"ftol": 1e-15, "gtol": 1e-10, "maxfun": 5_000},
    "SLSQP": {"ftol": 1e-15, "maxiter": 1_000},
    "COBYLA": {"tol": 1e-6, "maxiter": 5_000},
    "COBYQA": {"final_tr_radius": 1e-9},
    "Newton-CG": {"xtol": 1e-10},
    "trust-constr": {"gtol": 1e-10, "xtol": 1e-12},
}


def climb_in_levels(
    whole: Objective, small: Objective, u: Array, method: str, starts: Sequence[Array]
) -> list[ClimbEnd]:
    """Climb the whole sample from the maximum of a small one, in few passes over the data.

    The small one may be best at a limit, or beyond it, from where the whole does not lead back: where the whole's
    likelihood bends the other way there, or is flat where it ends, climb from the starts.
    """
    hessian = small.hessian(u)
    rows = min(whole.likelihood.data.n_rows // _FEWER, _MIDDLE_ROWS)
    of_residuals = whole.likelihood.family.of_residuals  # one pass serves all points
    if method == "newton" and whole.at_once and whole.likelihood.plain and not of_residuals:
        middle = whole.on(whole.likelihood.on_sketch(rows)) if rows > 2 * SKETCH_ROWS else small
        near, done = newton(middle, u, hessian, _NEAR)
        if done:
            u = _by_surrogates(whole, middle.likelihood, near)
        if not newton_step(whole.gradient(u), whole.hessian(u))[1]:
            return climb(whole, starts, method)
    ends = climb(whole, [u], method, hessian)
    # The whole says it better than the small one, but only of sums that are known costs nothing.
    if not ends or _is_flat(whole if whole.at_once else small, min(ends, key=lambda end: end.value).u):
        ends += climb(whole, starts, method)
    return ends


def _is_flat(objective: Objective, u: Array) -> bool:
    """Whether a subsample could not tell some natural change of the coordinates: near a limit, or a saddle."""
    if len(u) == 0:
        return False
    hessian = objective.hessian(u)
    return not (np.isfinite(hessian).all() and float(np.linalg.eigvalsh(hessian)[0]) * SKETCH_ROWS > 1.0)


def _by_surrogates(whole: Objective, few: Likelihood, u: Array) -> Array:
    """Where two passes over the whole sample lead from the maximum of a subsample; that itself if they lead astray.

    Where a pass for slopes alone is shorter, and the subsample so small that two passes would not do, the second is
    one, and a third says what is left.
    """
    family, to_theta, nobs = whole.likelihood.family, whole.coordinates.to_theta, whole.likelihood.nobs
    short = few.data.n_rows <= 2 * SKETCH_ROWS and isinstance(family, Model) and has_slopes(family)
    decrement = _decrement(whole, u)
    if not SETTLED <= decrement * nobs < math.inf:
        return u
    surrogate = Surrogate(whole.likelihood, few, to_theta(u))
    end, done = newton(Objective(surrogate, whole.coordinates), u, enough=_PINNED)
    if not done:
        return u
    again = Surrogate(whole.likelihood, few, to_theta(end), surrogate if short else None)
    near, before = Objective(again, whole.coordinates), decrement
    decrement = _decrement(near, end)
    if not decrement < before:
        return u
    if decrement * nobs < SETTLED:
        return end
    further, done = newton(near, end, enough=_PINNED)
    if not done:
        return end
    if short:
        left = _decrement(whole, further)
        if not left < decrement:
            return u
        # Of e, of which decrements are squares, the first two say c: second derivatives of a third would be off by c e.
        if left * nobs < SETTLED or not left * decrement < (_EXACT * before) ** 2:
            return further
        again = Surrogate(whole.likelihood, few, to_theta(further))
        last, done = newton(Objective(again, whole.coordinates), further, enough=_PINNED)
        if done:
            again.remember(to_theta(last))
        return last if done else further
    if decrement < _EXPANDED * before:
        again.remember(to_theta(further))
    return further


def _decrement(objective: Objective, u: Array) -> float:
    """Newton's decrement of one observation; infinite where the likelihood bends the other way."""
    gradient = objective.gradient(u)
    step, convex = newton_step(gradient, objective.hessian(u))
    return -0.5 * float(gradient @ step) if convex else math.inf


@dataclass(frozen=True)
class ClimbEnd:
    """Where one search ended."""

    u: Array
    value: float
    method: str
    at_limit: bool = False
    """Whether it stands beside a limiting law that is at least as high, and stopped there on its way."""


def climb(
    objective: Objective,
    starts: Sequence[Array],
    method: str,
    hessian: Array | None = None,
    sound: Callable[[Array], bool] = lambda u: True,
    at_limit: Callable[[Array], bool] = lambda u: False,
    left: list[Array] | None = None,
    *,
    rescued: bool = True,
) -> list[ClimbEnd]:
    """Climb from each start at which the data are possible, from the highest first.

    A climb that comes near a maximum that is known, and turns to it, ends there. With second derivatives near the one
    start, that is where they are from. Ends that are not ``sound`` do not outdo those that are. Where Newton's method
    is stuck, and its steps within a region of trust then are ``at_limit``, beside a limiting law to which they were on
    their way, no search without derivatives has to take over; nor at the bound that no law passes.
    Where those ended that are stuck below what arrived is added to ``left``. Unless they are to be ``rescued``, those
    that are stuck end where they are.
    """
    possible = [(value, u) for u in starts if np.isfinite(value := objective.value(u))]
    ends: list[ClimbEnd] = []
    stuck: list[ClimbEnd] = []
    often = at_limit if _is_cheap_to_ask(objective) else lambda u: False
    trails = Trails() if len(possible) > 1 else None
    for value, u in sorted(possible, key=lambda start: start[0]):
        if len(u) == 0:
            ends.append(ClimbEnd(u, value, "fixed"))
        elif method == "newton":
            _by_newton(objective, u, hessian, ends, stuck, trails, often)
        else:
            ends.append(_settled(objective, _by_scipy(objective, u, method), method))
    # What takes over from Newton's method is slow, and is for the climbs that stand higher than all that arrived.
    if stuck:
        lowest = min([end.value for end in ends if sound(end.u)], default=math.inf)
        for end in sorted(stuck, key=lambda end: end.value):
            if not (rescued and sound(end.u)):
                ends.append(end)
            elif end.value < lowest:
                ends.append(_rescued(objective, end.u, sound, at_limit, often))
                if sound(ends[-1].u):
                    lowest = min(lowest, ends[-1].value)
                elif at_limit(end.u):  # along a ridge beside it rounding may lead to a spike as well
                    ends.append(replace(end, at_limit=True))
            elif left is not None:
                left.append(end.u)
    return ends


def newton_end(objective: Objective, u: Array) -> ClimbEnd | None:
    """Where Newton's method alone leads; None where it does not arrive at a minimum."""
    end, done = newton(objective, u)
    return ClimbEnd(end, objective.value(end), "newton") if done and is_minimum(objective, end) else None


def _by_newton(
    objective: Objective,
    u: Array,
    hessian: Array | None,
    ends: list[ClimbEnd],
    stuck: list[ClimbEnd],
    trails: Trails | None,
    at_limit: Callable[[Array], bool],
) -> None:
    """Add where Newton's method arrives to the ends, or, where it does not, how far it came to those that are stuck."""
    end, done = newton(objective, u, hessian, known=[end.u for end in ends], trails=trails, at_limit=at_limit)
    known = next((other for other in ends if end is other.u), None) if done else None
    if known is not None:
        ends.append(known)
        return
    if any(end is other.u for other in stuck):
        return
    value = objective.value(end)
    if done:
        ends.append(ClimbEnd(end, value, "newton"))
    else:
        before = objective.value(u)
        stuck.append(ClimbEnd(end, value, "newton") if value < before else ClimbEnd(u, before, "newton"))


def _is_cheap_to_ask(objective: Objective) -> bool:
    """Whether climbs may be asked on their way if they are beside a limit: of few rows, without windows."""
    data = objective.likelihood.data
    return data.n_rows <= _FEW_ROWS and data.window is None


def _rescued(
    objective: Objective,
    u: Array,
    sound: Callable[[Array], bool],
    at_limit: Callable[[Array], bool],
    often: Callable[[Array], bool],
) -> ClimbEnd:
    """Where other methods lead from a point at which Newton's is stuck, beside a limit or, if asked often, before.

    Steps within a region of trust find a maximum just above a limiting law that is beside that point: in a few steps.
    """
    least = least_value(objective.likelihood, NEAR_BOUND)
    stuck = True
    for steps in (_BESIDE_STEPS, _RESCUE_STEPS) if often(u) else (_RESCUE_STEPS,):
        u, stuck = by_trust(objective, u, steps, DECREMENT_TOLERANCE, lambda u, value: value <= least or not sound(u))
        end, done = newton(objective, u, at_limit=often)
        if done:
            return ClimbEnd(end, objective.value(end), TRUST)
        if at_limit(u):
            return ClimbEnd(u, objective.value(u), TRUST, at_limit=True)
    if not stuck or len(u) > _MOST_WITHOUT_SLOPES or _leads_to_spike(objective, u):
        return ClimbEnd(u, objective.value(u), TRUST)
    # At a kink derivatives lead nowhere.
    u = _by_scipy(objective, u, "Nelder-Mead", at_limit=often, maxfev=_RESCUE_LOOKS * len(u))
    if often(u):
        return ClimbEnd(u, objective.value(u), "Nelder-Mead", at_limit=True)
    return _settled(objective, u, "Nelder-Mead")


def _leads_to_spike(objective: Objective, u: Array) -> bool:
    """Whether a smooth likelihood has no bound: what stops steps within a region of trust is the way to a spike."""
    likelihood, family = objective.likelihood, objective.likelihood.family
    if family.spikes is None or family.cusp is not None or not likelihood.has_points:
        return False
    params = family.unpack(likelihood.unit.params_to_data(family, objective.coordinates.to_theta(u)))
    smooth = not (family.irregular(*params) or family.has_kinks(*params))
    return smooth and family.spikes(likelihood.data) is not None


def _settled(objective: Objective, u: Array, method: str) -> ClimbEnd:
    """What a few steps of Newton's method make of the end of another, if they arrive."""
    end, done = newton(objective, u)
    u = end if done else u
    return ClimbEnd(u, objective.value(u), method)


def is_minimum(objective: Objective, u: Array) -> bool:
    """Whether a point is a minimum of the objective in the interior, to the tolerance of a certificate."""
    return objective.last_judged(u, partial(_is_minimum, objective))


def _is_minimum(objective: Objective, u: Array) -> bool:
    gradient, hessian = objective.gradient(u), objective.hessian(u)
    step, convex = newton_step(gradient, hessian)
    return convex and decrement_of(gradient, step) * objective.likelihood.nobs <= DECREMENT_TOLERANCE


def least_value(likelihood: Likelihood, near: float = _AT_BOUND) -> float:
    """The value of an objective at which no law is so many nats higher; -inf where there are densities."""
    if likelihood.has_points:
        return -math.inf
    bound = bound_of(likelihood.family, likelihood)
    return (near - bound) / likelihood.nobs


class _LowEnoughError(Exception):
    """Ends a search of SciPy's that need not go on."""


class _Lowest:
    """A function that remembers its lowest value, and where that is, and ends a search where it is low enough.

    Or beside a limiting law to which it is on its way. Or where there is none: a simplex of points that are all
    impossible shrinks onto one of them.
    """

    def __init__(
        self,
        function: Callable[[Array], float],
        enough: float,
        at_limit: Callable[[Array], bool] = lambda u: False,
        sought: float = math.inf,
        window: int = 0,
    ) -> None:
        self._function, self._enough, self._at_limit = function, enough, at_limit
        self._sought, self._window, self._before = sought, window, math.inf
        self._looks = 0
        self.value, self.u = math.inf, np.empty(0)

    def __call__(self, u: Array) -> float:
        """The value at ``u``."""
        value = self._function(u)
        if value < self.value:
            self.value, self.u = value, np.array(u)
        self._looks += 1
        if value <= self._enough or (self._looks > _IMPOSSIBLE and self.value == math.inf):
            raise _LowEnoughError
        if self._looks % _LOOKS_TO_LIMIT == 0 and math.isfinite(self.value) and self._at_limit(self.u):
            raise _LowEnoughError
        if self._window and self._looks % self._window == 0:
            # At this pace it does not arrive. The first window is for a simplex to grow.
            if self._looks > self._window and self._before - self.value < _PACE * (self.value - self._sought):
                raise _LowEnoughError
            self._before = self.value
        return value


def value_beyond(objective: Objective, u: Array, k: int, enough: float = -math.inf, sought: float = math.inf) -> float:
    """The lowest value with one coordinate a natural change farther out, the others following it.

    Or one that is not above ``enough``, or is at the bound that no law passes: lower ones are not looked for. Nor is it
    looked for any longer where it is so slow to fall to the one ``sought`` that it does not arrive.
    """
    at = np.array([*u, k, enough, sought])
    return objective.last_beyond(at, lambda _: _value_beyond(objective, u, k, enough, sought))


def _value_beyond(objective: Objective, u: Array, k: int, enough: float, sought: float) -> float:
    from scipy import optimize

    there = u.copy()
    there[k] += math.copysign(BEYOND, u[k])
    others = np.arange(len(u)) != k

    def at(v: Array) -> Array:
        w = there.copy()
        w[others] = v
        return w

    def slope(v: Array) -> Array:
        return np.asarray(objective.gradient(at(v))[others])

    with np.errstate(all="ignore"), contextlib.suppress(ValueError, ArithmeticError, np.linalg.LinAlgError):
        if len(u) == 1:
            return objective.value(there)
        minimize: Any = optimize.minimize
        if len(u) > _MOST_WITHOUT_SLOPES:
            return float(minimize(lambda v: objective.value(at(v)), u[others], method="L-BFGS-B", jac=slope).fun)
        # Where the others follow slowly, along a ridge, derivatives at the new place lead elsewhere.
        options = {"xatol": 1e-6, "fatol": 1e-12, "maxfev": _RESCUE_LOOKS * len(u)}
        least, window = max(enough, least_value(objective.likelihood)), _LOOKS_AT_PACE * (len(u) - 1)
        lowest = _Lowest(lambda v: objective.value_alone(at(v)), least, sought=sought, window=window)
        with contextlib.suppress(_LowEnoughError):
            minimize(lowest, u[others], method="Nelder-Mead", options=options)
        return lowest.value
    return math.inf


def _by_scipy(
    objective: Objective, u: Array, method: str, at_limit: Callable[[Array], bool] = lambda u: False, **limits: int
) -> Array:
    import warnings

    from scipy import optimize

    options: dict[str, Any] = dict(_TIGHT_OPTIONS.get(method, {"gtol": 1e-10})) | limits
    arguments: dict[str, Any] = {"method": method, "tol": options.pop("tol", None)}
    if method not in _WITHOUT_GRADIENT:
        arguments["jac"] = objective.gradient
    if method in _WITH_HESSIAN:
        arguments["hess"] = objective.hessian
    value = objective.value_alone if method in _WITHOUT_GRADIENT else objective.value
    lowest = _Lowest(value, least_value(objective.likelihood), at_limit)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What SciPy warns of (precision loss, iteration limits) is judged by the certificate at the point itself.
        warnings.simplefilter("ignore")
        # A method that cannot go on has still seen its best point, which the certificate judges.
        # Where second derivatives are not finite, SciPy's exact trust region forgets to set its step.
        with contextlib.suppress(
            _LowEnoughError, ValueError, ArithmeticError, np.linalg.LinAlgError, UnboundLocalError
        ):
            lowest(u)
            minimize: Any = optimize.minimize
            minimize(lowest, u, options=options, **arguments)
    return lowest.u if len(lowest.u) else u
