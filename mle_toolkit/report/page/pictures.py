"""Figures of matplotlib as SVG within a page: no fonts, no ids that clash, colours that follow light and dark."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.errors import MleError
from mle_toolkit.report.plots.canvas import DATA

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_BYTES = 60_000
"""Size of a picture above which its points become an image, so that a page of any data is small."""

FEW_POINTS = 300
"""Points of a line that stay lines even then."""

DATA_OF_IMAGES = "#7d8590"
"""Colour of data in an image, which does not follow light and dark: it is seen on both."""

_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mle_toolkit",
    "font.family": "sans-serif",
    "path.simplify": True,
}


@dataclass(frozen=True)
class Picture:
    """An SVG element, what it shows in words, where it could not be drawn, why; and whether it is a wide one."""

    svg: str
    alt: str
    reason: str = ""
    wide: bool = True


def each(draw: Callable[[NDArray[Any]], Any], alts: Sequence[str]) -> tuple[Picture, ...]:
    """Pictures each of which has a place of its own, so that they stand below each other on a narrow screen.

    Parameters
    ----------
    draw : callable
        Draws on the axes that it is given, of as many figures.
    alts : sequence of str
        What each shows, in words.

    Returns
    -------
    tuple of Picture
        One for each; or one that says why there is none.
    """
    from matplotlib.figure import Figure

    figures = [Figure(figsize=(5.4, 3.9), layout="constrained") for _ in alts]
    axes = np.empty(len(figures), dtype=object)
    for k, figure in enumerate(figures):
        axes[k] = figure.add_subplot()
    try:
        draw(axes)
    except MleError as error:
        return (Picture("", alts[0], str(error)),)
    most = MOST_BYTES // len(figures)
    return tuple(picture(figure, alt, most) for figure, alt in zip(figures, alts, strict=True))


def picture(figure: Figure, alt: str, most: int = MOST_BYTES) -> Picture:
    """A figure as an element of a page; its text is the reader's own font, its black the colour of the text."""
    text = _svg(figure)
    if len(text) > most:
        for ax in figure.axes:
            for line in ax.lines:
                many = np.size(line.get_xdata()) > FEW_POINTS
                line.set_rasterized(many)
                if many and line.get_color() == DATA:
                    line.set_color(DATA_OF_IMAGES)
            for collection in ax.collections:
                collection.set_rasterized(
                    sum(np.shape(path.vertices)[0] for path in collection.get_paths()) > FEW_POINTS
                )
        text = _svg(figure)
    prefix = f"p{_digest(alt + text)[:5]}-"
    short = {name: f"{prefix}{k}" for k, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]*)"', text)))}
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="{short[m[1]]}"', text)
    text = re.sub(r"url\(#([^)]*)\)", lambda m: f"url(#{short[m[1]]})", text)
    text = re.sub(r'xlink:href="#([^"]*)"', lambda m: f'href="#{short[m[1]]}"', text)
    text = text.replace("#000000", "currentColor").replace("#404040", "currentColor").replace("#ffffff", "var(--paper)")
    return Picture(text, alt, wide=len(figure.axes) > 1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _fewer_colours(found: re.Match[str]) -> str:
    """An image in the text of a picture with 64 colours, which are more than its few inks and their edges need."""
    from PIL import Image

    written = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(found[0]))) as image:
        image.quantize(64, method=Image.Quantize.FASTOCTREE).save(written, "png", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def _tenths(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


def _short(text: str) -> str:
    """The same picture in fewer bytes: coordinates to a tenth of a point, no ids that nothing refers to."""
    referred = set(re.findall(r'(?:url\(#|href="#)([\w-]+)', text))
    text = re.sub(r' id="([\w-]+)"', lambda m: m[0] if m[1] in referred else "", text)
    text = re.sub(r"<[^>]*>", lambda m: re.sub(r"-?\d+\.\d{2,}", _tenths, m[0]), text)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r"(?<= d=\")[^\"]*", lambda m: re.sub(r" ?([A-Za-z]) ?", r"\1", m[0]), text)
    styles = Counter(re.findall(r' style="([^"]*)"', text))
    often = {
        style: f"c{hashlib.sha256(style.encode()).hexdigest()[:7]}" for style, count in styles.items() if count > 2
    }
    text = re.sub(r' style="([^"]*)"', lambda m: f' class="{often[m[1]]}"' if m[1] in often else m[0], text)
    rules = "".join(f".{name}{{{style}}}" for style, name in often.items())
    text = text.replace("</style>", f"{rules}</style>", 1)
    return re.sub(r"> <", "><", text)


def _svg(figure: Figure) -> str:
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context(_SETTINGS):
        metadata = {"Date": None, "Creator": None}
        figure.savefig(stream, format="svg", metadata=metadata, dpi=110, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"(?<=base64,)[A-Za-z0-9+/=\s]+", _fewer_colours, text)
    return _short(re.sub(r'(<svg [^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", text, count=2))
