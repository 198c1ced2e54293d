"""The likelihood about its maximum: profiles, contours, and the one line along a parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError, ParameterError
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.domain import Interval
from mle_toolkit.inference.covariance import intervals_of
from mle_toolkit.information.estimate import Z95
from mle_toolkit.report.plots.canvas import BAND, BLUE, DATA, GREEN, LAW, axes_or_new, finish, note, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn

LEVELS = (0.5, 0.9, 0.95)
"""Confidence levels of contours."""

GRID, GRID_OF_FITS, SMOOTH = 41, 25, 161
"""Values of each parameter at which the likelihood is computed: from the law alone, and maximised over the other
parameters; and to which a smooth surface through them is refined."""

DECADES = 1e3
"""How many times its first value the last of a curve of positive values is where its axis is logarithmic."""

FAR = 25.0
"""Deviance up to which the one line is drawn: five standard errors."""


def profile(fit: Drawn, name: str, ax: Axes | None = None, *, alpha: float = 0.05) -> Axes:
    """Draw the profile deviance of a parameter, the interval that it gives, and what Wald's goes by.

    Parameters
    ----------
    fit : Fit
    name : str
        A parameter that is a number, or one entry of an array: ``"mean[0]"``.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the interval.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If the parameter was given, the likelihood ratio has no chi-squared law for it, or there is no curve.
    """
    from scipy import special

    curve = fit.profile(name, alpha)
    if len(curve.values) < 2:
        raise ParameterError(f"profile: no maximum was found where {name} is another, so there is no curve to draw.")
    ax = axes_or_new(ax)
    cut = float(special.chdtri(1, alpha))
    ax.plot(curve.values, curve.deviance, color=LAW, linewidth=1.6, label="profile", zorder=3)
    se = float(np.concatenate([np.ravel(v) for v in fit.bse.values()])[fit.family.coefficient_names.index(name)])
    if math.isfinite(se) and se > 0:
        domain = intervals_of(fit.family)[fit.family.coefficient_names.index(name)]
        slope = domain.jacobian(domain.to_real(np.asarray(curve.estimate))).item()
        parabola = np.square((domain.to_real(curve.values) - domain.to_real(np.asarray(curve.estimate))) * slope / se)
        ax.plot(curve.values, parabola, color=BLUE, linestyle="--", linewidth=1.2, label="Wald", zorder=2)
    ax.axhline(cut, color=DATA, linewidth=0.8, linestyle=":")
    ends = []
    for end in (curve.lower, curve.upper):
        ends.append(f"{end.value:.4g}" if end.reached else "open")
        if end.reached:
            ax.plot([end.value, end.value], [0, cut], color=DATA, linewidth=0.8, linestyle=":")
    ax.plot([], [], ":", color=DATA, linewidth=0.8, label=f"{1 - alpha:.0%} interval: {ends[0]} to {ends[1]}")
    ax.plot([curve.estimate], [0.0], "o", color=DATA, markersize=5, clip_on=False, zorder=4)
    ax.set_ylim(0, 1.8 * cut)
    if curve.values[0] > 0 and curve.values[-1] > DECADES * curve.values[0]:
        ax.set_xscale("log")
    ax.set_xlim(float(curve.values[0]), float(curve.values[-1]))
    return finish(ax, title_of(fit, f", profile of {name}"), name, "deviance")


def contour(fit: Drawn, first: str, second: str, ax: Axes | None = None) -> Axes:
    """Draw the joint confidence regions of two parameters by the likelihood ratio, at 50, 90 and 95 %.

    Parameters
    ----------
    fit : Fit
    first, second : str
        Parameters that are numbers. Others that are free are at their maximum given these two.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If a parameter is an array, was given, or the likelihood ratio has no chi-squared law for it; or the maximum is
        at the boundary of the parameter space.
    """
    from scipy import special

    cuts = [float(special.chdtri(2, 1 - level)) for level in LEVELS]
    x, y, deviance = deviance_grid(fit, first, second, cuts[-1])
    ax = axes_or_new(ax)
    found = ax.contour(
        x, y, deviance.T, levels=cuts, colors=[BAND, BLUE, LAW], linewidths=1.4, linestyles=["-.", "--", "-"]
    )
    ax.clabel(found, fmt=dict(zip(cuts, [f"{level:.0%}" for level in LEVELS], strict=True)), fontsize=8)
    estimate = fit.params[first], fit.params[second]
    ax.plot(*estimate, "o", color=DATA, markersize=5)
    return finish(ax, title_of(fit, ", likelihood regions"), first, second)


def deviance_grid(fit: Drawn, first: str, second: str, highest: float) -> tuple[Array, Array, Array]:
    """Deviance on a grid that holds the region in which it is at most ``highest``.

    Returns
    -------
    x, y : ndarray of shape (k,) and (m,)
    deviance : ndarray of shape (k, m)
        Infinite where the likelihood is zero.
    """
    from scipy import interpolate, special

    maximum, family = fit.at_maximum, fit.family
    names = (first, second)
    domains = [_domain(fit, name) for name in names]
    if first == second:
        raise ParameterError(f"contour: two parameters are needed, not {first!r} twice.")
    if maximum.limit is not None or maximum.boundary:
        where = ", ".join(maximum.boundary)
        raise ParameterError(f"contour: {where} is at the boundary; fix it, then draw the others.")
    # A joint region casts the shadow of a profile interval of the same deviance.
    boxes = [fit.profile(name, float(special.chdtrc(1, highest)), points=3) for name in names]
    free = sum(p.domain.n_free for p in family.parameters if p.name not in maximum.fixed)
    n = GRID if free == 2 else GRID_OF_FITS
    lines = []
    for box, domain in zip(boxes, domains, strict=True):
        ends = domain.to_real(np.array([box.values[0], box.values[-1]]))
        centre = domain.to_real(np.asarray(box.estimate))
        # The curve goes a quarter beyond the interval; a tenth is enough.
        low, high = centre + (ends - centre) * 1.1 / 1.25
        lines.append(np.linspace(float(low), float(high), n))
    x, y = (domain.from_real(line) for domain, line in zip(domains, lines, strict=True))
    deviance = np.array([[2 * (maximum.loglik - _loglik(fit, {first: a, second: b}, free)) for b in y] for a in x])
    if np.all(np.isfinite(deviance)):
        surface = interpolate.RectBivariateSpline(lines[0], lines[1], deviance)
        fine = [np.linspace(line[0], line[-1], SMOOTH) for line in lines]
        deviance = np.asarray(surface(fine[0], fine[1]))
        x, y = (domain.from_real(line) for domain, line in zip(domains, fine, strict=True))
    return np.asarray(x), np.asarray(y), np.where(np.isfinite(deviance), deviance, np.inf)


def _domain(fit: Drawn, name: str) -> Interval:
    """Where a parameter lives that is a number."""
    domain = next((p.domain for p in fit.family.parameters if p.name == name), None)
    if not isinstance(domain, Interval):
        known = ", ".join(p.name for p in fit.family.parameters if isinstance(p.domain, Interval))
        raise ParameterError(f"contour: {fit.family.name} has no parameter {name!r} that is a number; it has {known}.")
    return domain


def _loglik(fit: Drawn, values: dict[str, float], free: int) -> float:
    """Highest log-likelihood with two parameters given."""
    maximum, family = fit.at_maximum, fit.family
    if free == 2:
        likelihood = maximum.likelihood
        theta = likelihood.unit.params_to_unit(family, family.pack({**fit.params, **values}))
        with np.errstate(all="ignore"):
            return (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * likelihood.nobs
    bounds = {name: limits for name, limits in maximum.bounds.items() if name not in values}
    try:
        with np.errstate(all="ignore"):
            return maximise(family, fit.sample, fixed={**maximum.known, **values}, bounds=bounds).loglik
    except (NoMaximumError, ParameterError):
        return -math.inf


def one_line(fit: Drawn, name: str, ax: Axes | None = None) -> Axes:
    """Draw NLL / n, the entropy of the data, and their distance, the divergence, along a parameter.

    Where the curve is lowest, the likelihood is highest and the divergence smallest: the line of the entropy is flat.

    Parameters
    ----------
    fit : Fit
    name : str
        A parameter that is a number, or one entry of an array. Others are at their maximum given it.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    For counts and binned data the entropy is exact; for measurements it is an estimate, with its 95 % band; of censored
    data there is none, and the legend says why.
    """
    from scipy import special

    curve = fit.profile(name, float(special.chdtrc(1, FAR)))
    report = fit.information()
    ax = axes_or_new(ax)
    values, cross = curve.values, -curve.loglik / fit.nobs
    ax.plot(values, cross, color=LAW, linewidth=1.8, label="NLL / n = cross-entropy", zorder=3)
    if report.entropy is None or report.kl is None:
        note(ax, _wrapped(f"no entropy: {report.reasons['entropy']}"))
    else:
        level, se = report.entropy.value, report.entropy.se
        exact = report.kl_direct is not None
        ax.axhline(
            level,
            color=GREEN,
            linewidth=1.4,
            linestyle="--",
            label=f"entropy of the data{'' if exact else ', estimated'}",
        )
        if se is not None and not exact:
            for end, text in ((level - Z95 * se, "its 95 % interval"), (level + Z95 * se, None)):
                ax.axhline(end, color=GREEN, linewidth=0.9, linestyle=":", label=text)
        ax.fill_between(values, level, cross, color=BAND, alpha=0.3, linewidth=0, label="KL(data ‖ model)", zorder=0)
        text = f"KL = {report.kl.value:.3g}" + ("" if report.kl.se is None else f" ± {report.kl.se:.2g}")
        note(ax, f"at the estimate {text}")
        top = float(cross.max())
        ax.set_ylim(min(level, float(cross.min())) - 0.12 * (top - min(level, float(cross.min()))), top)
    ax.plot([curve.estimate], [float(cross.min())], "o", color=DATA, markersize=5, zorder=4)
    ax.set_xlim(float(values[0]), float(values[-1]))
    others = "" if fit.df_model == 1 else ", others at their maximum"
    return finish(ax, title_of(fit, ", the one line"), f"{name}{others}", "nats per observation")


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 56))
