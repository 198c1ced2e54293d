"""Draw the pictures of the pages: ``python docs/pictures.py``; the build of the site does it too."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import densities
import numpy as np
import story
from PIL import Image

import mle_toolkit as mle
from mle_toolkit.report.plots.canvas import apart

HERE = Path(__file__).parent


def pictures() -> dict[str, Any]:
    """Axes by name of the file."""
    level = "annual maximum of the sea level, metres"
    levels = mle.fit(mle.datasets.load("port_pirie")["level"], "gev")
    kicks = mle.fit(mle.datasets.load("horse_kicks").sample(), "poisson")
    rivers = mle.datasets.load("rivers")["length"]
    leukaemia = mle.datasets.load("leukaemia")
    treated = leukaemia["mercaptopurine"] == 1
    weeks = mle.fit(mle.Sample.right_censored(leukaemia["weeks"][treated], leukaemia["relapsed"][treated]), "weibull")
    engel = mle.datasets.load("engel").columns
    food = mle.regress("food ~ log(income)", engel, "gamma", shape="~ log(income)")
    return {
        "along": mle.plot.along(food, "income", engel, response="food"),
        "regression": food.plot(rng=1),
        "four-panels": levels.plot(rng=1, label=level),
        "profile": mle.plot.profile(levels, "xi"),
        "contour": mle.plot.contour(weeks, "shape", "scale"),
        "return-levels": mle.plot.return_levels(levels, label=level),
        "censored": mle.plot.cdf(weeks, label="weeks of remission"),
        "one-line": mle.plot.one_line(kicks, "mu"),
        "cullen-frey": mle.plot.cullen_frey(rivers, rng=1),
        "ranking": mle.compare(rivers, ["lognormal", "gamma", "weibull", "inverse_gamma", "loglogistic"]).plot(
            label="length, miles"
        ),
    }


def figure_of(drawn: Any) -> Any:
    """Give the figure of axes, of an array of axes, or of a picture; None of anything else."""
    if isinstance(drawn, np.ndarray) and drawn.dtype == object and drawn.size:
        drawn = drawn.flat[0]
    figure = drawn if hasattr(drawn, "savefig") else getattr(drawn, "figure", None)
    return figure if hasattr(figure, "savefig") else None


def main() -> None:
    """Write every picture as a small PNG, beside the pages that show it."""
    with apart():
        drawn_for = {"how-to": pictures(), "tutorial": story.pictures(), "reference": densities.pictures()}
    for section, drawn in drawn_for.items():
        folder = HERE / section / "pictures"
        folder.mkdir(exist_ok=True)
        for name, axes in drawn.items():
            file = BytesIO()
            figure_of(axes).savefig(file, dpi=110)
            Image.open(file).convert("RGB").quantize(160).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
