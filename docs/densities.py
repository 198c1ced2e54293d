"""Pictures of the density of every law in the registry, from what the law declares of its parameters."""

from __future__ import annotations

from typing import Any

import generate
import numpy as np
from matplotlib.figure import Figure

import mle_toolkit as mle
from mle_toolkit.families.domain import PositiveDefinite, Simplex
from mle_toolkit.report.plots.canvas import BLUE, GREEN, LAW

LOOKS = ((BLUE, "-", "o"), (LAW, "--", "s"), (GREEN, "-.", "^"))


def usual(parameter: mle.Parameter, place: float = 0.5) -> Any:
    """Give a value within the typical range: in its middle, or at another place between its ends."""
    if isinstance(parameter.domain, Simplex):
        return np.array([0.5, 0.3, 0.2])
    if isinstance(parameter.domain, PositiveDefinite):
        return np.array([[1.0, 0.6], [0.6, 1.0]])
    low, high = parameter.typical
    if parameter.role == "scale" and low < 1 < high:
        low, high = 0.32, 3.2
    value = low * (high / low) ** place if low > 0 else low + place * (high - low)
    if parameter.domain == mle.INTEGERS:
        return float(round(value))
    return float(f"{value:.2g}") if parameter.size == 1 else np.full(parameter.domain.shape, value)


def varied(law: mle.Family) -> mle.Parameter:
    """Give the parameter whose values are shown: the last that is a shape, else a scale, else the last."""
    for role in ("shape", "scale"):
        if of_role := [p for p in law.parameters if p.role == role]:
            return of_role[-1]
    return law.parameters[-1]


def held(law: mle.Family) -> dict[str, Any]:
    """Give values to the other parameters."""
    return {p.name: usual(p) for p in law.parameters if p is not varied(law)}


def members(law: mle.Family) -> dict[str, mle.Distribution]:
    """Give the members of the family that are drawn, by what tells them apart."""
    shown = varied(law)
    if isinstance(shown.domain, Simplex):
        places = [np.array(v) for v in ([0.5, 0.3, 0.2], [0.2, 0.6, 0.2])]
    else:
        places = [usual(shown, place) for place in (0.2, 0.5, 0.8)]
    return {f"{shown.name} = {_written(v)}": mle.distribution(law, **held(law), **{shown.name: v}) for v in places}


def _written(value: Any) -> str:
    return f"{value:g}" if np.ndim(value) == 0 else "(" + ", ".join(f"{v:g}" for v in np.ravel(value)) + ")"


def window(laws: list[mle.Distribution]) -> tuple[float, float]:
    """Give a range that shows the bulk of each law, whatever its tails."""
    low, q1, middle, q3, high = np.array([law.ppf(np.array([0.005, 0.2, 0.5, 0.8, 0.995])) for law in laws]).T
    low, high = np.maximum(low, middle - 3.5 * (middle - q1)), np.minimum(high, middle + 3.5 * (q3 - middle))
    return float(low.min()), float(high.max())


def draw_line(ax: Any, law: mle.Family) -> None:
    """Draw members of a family of numbers: densities as curves, probabilities as points."""
    shown = members(law)
    low, high = window(list(shown.values()))
    peaks = []
    for (name, one), (colour, style, marker) in zip(shown.items(), LOOKS, strict=False):
        if law.discrete:
            x = np.arange(np.floor(low), np.ceil(high) + 1)
            ax.plot(
                x, one.pdf(x), color=colour, linestyle=style, marker=marker, markersize=3.5, linewidth=0.7, label=name
            )
        else:
            x = low + (high - low) * (np.arange(600) + 0.5) / 600
            ax.plot(x, one.pdf(x), color=colour, linestyle=style, label=name)
            for atom in law.atoms:
                ax.vlines(atom, 0, one.pdf(atom), color=colour, linestyle=style)
                ax.plot(atom, one.pdf(atom), marker, color=colour, markersize=4)
        peaks.append(float(np.max(one.pdf(x))))
    ax.set_ylim(0, 1.08 * min(max(peaks), 3.5 * float(np.median(peaks))))
    ax.set_title(", ".join(f"{name} = {_written(value)}" for name, value in held(law).items()), fontsize=8, loc="right")
    ax.legend(frameon=False, fontsize=8)


def draw_plane(ax: Any, law: mle.Family) -> None:
    """Draw a family of vectors: two measurements, or the shares or counts of three."""
    if any(isinstance(p.domain, PositiveDefinite) for p in law.parameters):
        x, y = np.meshgrid(*2 * [np.linspace(-3.2, 3.2, 121)])
        params = {p.name: np.zeros(2) if p.role == "location" else usual(p) for p in law.parameters}
        ax.contour(x, y, mle.distribution(law, **params).pdf(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape))
        ax.set(xlabel="first", ylabel="second")
        return
    total = 12 if law.discrete else 1
    first, second = np.meshgrid(*2 * [np.arange(total + 1.0) if law.discrete else np.linspace(0.004, 0.992, 120)])
    inside = first + second <= total * (1 if law.discrete else 0.996)
    rows = np.column_stack([first[inside], second[inside], total - first[inside] - second[inside]])
    value = np.array([0.5, 0.3, 0.2]) if law.discrete else np.array([2.0, 3.0, 4.0])
    density = mle.distribution(law, **{law.parameters[0].name: value}).pdf(rows)
    if law.discrete:
        ax.scatter(rows[:, 0], rows[:, 1], s=900 * density, color=BLUE)
    else:
        ax.tricontour(rows[:, 0], rows[:, 1], density)
    ax.set(xlabel=f"first of three, {law.parameters[0].name} = {_written(value)}", ylabel="second of three")


def pictures() -> dict[str, Any]:
    """Axes by name of the law."""
    drawn = {}
    for name in mle.families():
        law = generate.example_of(name)
        ax = Figure(figsize=(4.6, 2.3), layout="constrained").subplots()
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        (draw_plane if law.multivariate else draw_line)(ax, law)
        drawn[name] = ax
    return drawn
