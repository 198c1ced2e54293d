"""What all pictures share: figures that show themselves, colours, titles, and what can be drawn at all.

Conventions
-----------
A picture is drawn on the axes given, or on a new figure of 6 by 4 inches. Where pyplot is in use the figure is one of
its own, which ``plt.show()`` shows. Elsewhere the axes are a `Picture`, which a notebook shows as it is, and which
``savefig`` writes. Colours are those of Okabe & Ito (2008), which colour-blind readers tell apart; line styles and
markers differ too. A legend lies where nothing is drawn, or else below the axes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mle_toolkit._typing import Array, Mask
    from mle_toolkit.report.drawn import Drawn, DrawnComparison

DATA = "#404040"
BARS = "#c9ced3"
LAW = "#d55e00"
BAND = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
LAWS = (LAW, BLUE, GREEN, "#cc79a7", "#e69f00")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

_SMALL = 8.5
"""Points of legends and notes."""


_apart: ContextVar[bool] = ContextVar("apart", default=False)


@contextmanager
def apart() -> Iterator[None]:
    """Make figures that are not pyplot's, though it be in use: for those who write them and are done with them."""
    token = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(token)


def _png(figure: Figure) -> bytes | None:
    """The figure as a notebook shows it; None of one of pyplot's, which the notebook shows itself."""
    if getattr(figure, "number", None) is not None:
        return None
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=110)
    return written.getvalue()


class Pictures(NDArray[Any] if TYPE_CHECKING else np.ndarray):  # type: ignore[misc]
    """Axes side by side, which show and write their figure."""

    @property
    def figure(self) -> Figure:
        """The figure that they are on."""
        figure: Figure = self.flat[0].figure
        return figure

    @property
    def axes(self) -> list[Axes]:
        """The axes, one by one."""
        return list(self.flat)

    def savefig(self, path: Any, **options: Any) -> None:
        """Write the figure, as `matplotlib.figure.Figure.savefig` does."""
        self.figure.savefig(path, **options)

    def _repr_png_(self) -> bytes | None:
        return _png(self.figure)


@cache
def picture_class() -> type[Axes]:
    """Axes that show and write their figure; made when matplotlib is first used."""
    from matplotlib.axes import Axes

    class Picture(Axes):
        """Axes that show and write their figure."""

        def savefig(self, path: Any, **options: Any) -> None:
            """Write the figure, as `matplotlib.figure.Figure.savefig` does."""
            self.get_figure(root=True).savefig(path, **options)  # type: ignore[union-attr]

        def _repr_png_(self) -> bytes | None:
            return _png(self.get_figure(root=True))  # type: ignore[arg-type]

    return Picture


def _new_figure(width: float, height: float) -> Figure:
    """A figure, of pyplot's where that is in use; inches."""
    if "matplotlib.pyplot" in sys.modules and not _apart.get():
        from matplotlib import pyplot

        return pyplot.figure(figsize=(width, height), layout="constrained")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def axes_or_new(ax: Axes | None, width: float = 6.0, height: float = 4.0) -> Axes:
    """The axes given, or those of a new figure; inches."""
    if ax is not None:
        return ax
    return _new_figure(width, height).add_subplot(axes_class=picture_class())


def grid_or_new(axes: Any, rows: int, columns: int, width: float, height: float) -> Pictures:
    """The axes given, or those of a new figure, in rows and columns; inches."""
    if axes is None:
        figure = _new_figure(width, height)
        axes = [figure.add_subplot(rows, columns, k + 1, axes_class=picture_class()) for k in range(rows * columns)]
    grid: Any = np.asarray(axes, dtype=object).reshape(rows, columns)
    return cast("Pictures", grid.view(Pictures))


def finish(ax: Axes, title: str, xlabel: str, ylabel: str, **legend: Any) -> Axes:
    """Label the axes, and add a legend of what has a label: where nothing is drawn, unless a place is given."""
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize=_SMALL, framealpha=0.8, edgecolor="none", **(legend or _free_place(ax)))
    return ax


BELOW: Mapping[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2}
"""Where a legend lies that has no room on the axes."""

_CELLS = 50
"""Cells a side of the grid on which it is seen what is drawn where."""

_TRACED = 2000
"""Points of a line up to which what is between them is looked at too: of more they lie close."""

_MARGIN = 1.12
"""By how much more room than a legend now takes is asked for: axes shrink when all is laid out."""


def _free_place(ax: Axes) -> dict[str, Any]:
    """Where a legend covers nothing: a corner, a side, a place between, or below the axes."""
    trial = ax.legend(fontsize=_SMALL)
    box, frame = trial.get_window_extent(), ax.get_window_extent()
    trial.remove()
    width, height = _MARGIN * box.width / frame.width, _MARGIN * box.height / frame.height
    if width > 1 or height > 1:
        return dict(BELOW)
    ax.autoscale_view()  # which waits until something is drawn, and till then things are not where they will be
    drawn = _occupied(ax)
    right, top = 1 - width, 1 - height
    corners = [(right, top), (0.0, top), (right, 0.0), (0.0, 0.0)]
    sides = [(right, top / 2), (0.0, top / 2), (right / 2, top), (right / 2, 0.0)]
    between = [(right * i / 8, top * j / 8) for j in range(8, -1, -1) for i in range(8, -1, -1)]
    for left, low in corners + sides + between:
        across, up = (
            slice(int(_CELLS * start), int(np.ceil(_CELLS * (start + size))))
            for start, size in ((left, width), (low, height))
        )
        if not drawn[across, up].any():
            return {"loc": "lower left", "bbox_to_anchor": (left, low, width, height), "mode": None}
    return dict(BELOW)


def _occupied(ax: Axes) -> Mask:
    """Which cells of the axes something is drawn on; shape (cells, cells), first across, then up."""
    from matplotlib.cbook import STEP_LOOKUP_MAP
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.path import Path

    to_axes = ax.transAxes.inverted()
    drawn = np.zeros((_CELLS, _CELLS), dtype=bool)
    centres = (np.arange(_CELLS) + 0.5) / _CELLS
    points = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)

    def mark(vertices: Array) -> None:
        at = vertices[np.all(np.isfinite(vertices), axis=1)]
        at = np.floor(_CELLS * at[np.all((at >= 0) & (at <= 1), axis=1)]).astype(int)
        drawn[tuple(np.minimum(at, _CELLS - 1).T)] = True

    def trace(vertices: Array) -> None:
        """Mark a line, from point to point."""
        inside = np.clip(vertices, -0.5, 1.5)
        mark(vertices)
        for start, stop in pairwise(inside) if len(inside) <= _TRACED else ():
            far = np.abs(stop - start).max()
            if np.isfinite(far) and far * _CELLS > 1:
                mark(start + np.linspace(0, 1, int(2 * far * _CELLS) + 2)[:, None] * (stop - start))

    for artist in ax.get_children():
        if not artist.get_visible() or artist is ax.patch:
            continue
        if isinstance(artist, Line2D):
            path = artist.get_path()
            if artist.get_drawstyle() != "default":
                path = Path(np.column_stack(STEP_LOOKUP_MAP[artist.get_drawstyle()](*np.asarray(path.vertices).T)))
            vertices = to_axes.transform(artist.get_transform().transform_path(path).vertices)
            trace(vertices) if artist.get_linestyle() not in ("None", " ", "") else mark(vertices)
        elif isinstance(artist, Patch) and artist.axes is ax:
            path = to_axes.transform_path(artist.get_transform().transform_path(artist.get_path()))
            trace(np.asarray(path.vertices)[:-1])
            drawn |= path.contains_points(points).reshape(drawn.shape)
        elif isinstance(artist, Collection):
            transform = artist.get_transform()
            for path in artist.get_paths():
                shown = to_axes.transform_path(transform.transform_path(path))
                vertices = np.asarray(shown.vertices)
                trace(vertices)
                if len(vertices) > 2:
                    drawn |= shown.contains_points(points).reshape(drawn.shape)
    return drawn


def note(ax: Axes, text: str) -> None:
    """An entry of the legend that is text only."""
    ax.plot([], [], " ", label=text)


def title_of(fit: Drawn, what: str = "") -> str:
    """Family and number of observations."""
    return f"{law_name(fit)}{what}, n = {fit.nobs:,.6g}"


def law_name(fit: Drawn) -> str:
    """The family; at a boundary, with the law that it is there."""
    name, at = fit.family.name, fit.distribution.family.name
    return name if name == at else f"{name} (at its limit {at})"


def called(label: str | None, sample: Sample | None) -> str:
    """What the observations are: what is said, else the name of their column, else x."""
    return label if label is not None else getattr(sample, "label", None) or "x"


def several(fit: Drawn | DrawnComparison | Sequence[Drawn], what: str) -> dict[str, Drawn]:
    """The fits to draw by name: one, those of a comparison, or some of the same data.

    Raises
    ------
    ParameterError
        If there is none, or they are of different data.
    """
    if isinstance(fit, (list, tuple)):
        if not fit:
            raise ParameterError(f"{what}: an empty list of fits.")
        named: dict[str, Drawn] = {}
        for drawn in fit:
            if drawn.sample.difference(fit[0].sample) is not None:
                raise ParameterError(
                    f"{what}: fits of different data do not share a picture; draw each on axes of its own."
                )
            name, k = law_name(drawn), 2
            while name in named:
                name, k = f"{law_name(drawn)} ({k})", k + 1
            named[name] = drawn
        return named
    one: Any = fit
    fits: Mapping[str, Drawn] | None = getattr(fit, "fits", None)
    if fits is None:
        return {law_name(one): one}
    if not fits:
        raise ParameterError(f"{what}: no family could be fitted.")
    return dict(fits)


def drawable(fit: Drawn, what: str) -> Sample:
    """The data of a fit whose observations share one law on the line.

    Raises
    ------
    DataError
        If the rows are not held.
    ParameterError
        If observations are vectors, or each has a law of its own.
    """
    sample = fit.sample
    if not sample.in_memory:
        raise DataError(f"{what}: the rows are read in blocks and not held; fit a column in memory, or a subsample.")
    if sample.is_multivariate:
        raise ParameterError(f"{what}: the observations are vectors; this picture is of numbers. Fit one column.")
    if fit.family.per_row:
        raise ParameterError(
            f"{what}: each row has a law of its own, by its {', '.join(fit.family.per_row)}; "
            f"draw fit.residuals(), which are standard normal if the law is right."
        )
    return sample


def whole_ticks(ax: Axes) -> None:
    """Put ticks at whole numbers, of counts."""
    from matplotlib.ticker import MaxNLocator

    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
