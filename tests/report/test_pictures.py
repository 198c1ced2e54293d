"""How pictures look: a coarse image of each against the one that was looked at, legends, and what shows them.

`python tests/report/test_pictures.py` draws all anew, writes their coarse images beside this file, and the pictures
themselves into a folder that it names, to be looked at.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.report.plots.canvas import _occupied, axes_or_new, finish
from mle_toolkit.report.plots.histogram import histogram
from mle_toolkit.report.plots.moments import GROUPS, MOST_ROWS, _resampled, moment_ratios
from mle_toolkit.report.plots.seen import Visible, without_model

matplotlib.use("Agg")

KNOWN = Path(__file__).with_name("pictures.json")
SIDE, GREY, MOST = 24, 16, 0.06
"""Cells a side and shades of a coarse image; and the mean difference of two, of all shades, that is a difference."""


def load(name, column=None):
    return mle.datasets.load(name).sample(column)


def heavy():
    return mle.fit(np.geomspace(1.0, 1e5, 80) ** 0.9, "lomax")


def rivers():
    return mle.compare(load("rivers"), ["gamma", "lognormal", "weibull", "frechet"])


def clotting():
    frame = pd.DataFrame(
        {"y": [118.0, 58, 42, 35, 27, 25, 21, 19, 18], "u": np.log([5, 10, 15, 20, 30, 40, 60, 80, 100])}
    )
    return mle.regress("y ~ u", frame, "gamma")


DRAWN = {
    "density": lambda: mle.plot.density(fit_quietly(load("faithful", "waiting"), mle.mixture("normal", 2))),
    "density of several": lambda: mle.plot.density(rivers()),
    "density of counts": lambda: mle.plot.density(mle.fit(load("horse_kicks"), "poisson")),
    "density, log": lambda: mle.plot.density(heavy()),
    "cdf of several": lambda: mle.plot.cdf(rivers()),
    "cdf, censored": lambda: mle.plot.cdf(mle.fit(load("leukaemia"), "weibull")),
    "qq": lambda: mle.plot.qq(mle.fit(load("newcomb"), "normal"), rng=1, n_resamples=99),
    "pp of several": lambda: mle.plot.pp(rivers()),
    "ranking": lambda: mle.plot.ranking(rivers()),
    "one line": lambda: mle.plot.one_line(mle.fit(load("horse_kicks"), "poisson"), "mu"),
    "profile": lambda: mle.plot.profile(mle.fit(load("port_pirie"), "gev"), "xi"),
    "return levels": lambda: mle.plot.return_levels(mle.fit(load("port_pirie"), "gev"), method="wald"),
    "paper": lambda: mle.plot.probability_paper(mle.fit(load("leukaemia"), "weibull")),
    "coefficients": lambda: mle.plot.coefficients(clotting()),
}


def coarse(ax):
    """The picture in a few grey cells: what the eye sees from far."""
    written = io.BytesIO()
    ax.savefig(written, format="png", dpi=60)
    with Image.open(written) as image:
        small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return (np.asarray(small, dtype=float) / 255 * (GREY - 1)).round().astype(int)


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_looks_as_it_did(name):
    known = np.array([[int(cell, GREY) for cell in row] for row in json.loads(KNOWN.read_text())[name]])
    assert np.mean(np.abs(coarse(DRAWN[name]()) - known)) / (GREY - 1) < MOST


def test_pictures_differ_by_more_than_is_let_pass():
    """Or the test above would assert nothing."""
    images = [
        np.array([[int(cell, GREY) for cell in row] for row in rows]) for rows in json.loads(KNOWN.read_text()).values()
    ]
    nearest = min(np.mean(np.abs(one - other)) / (GREY - 1) for k, one in enumerate(images) for other in images[:k])
    assert len(images) == len(DRAWN) >= 12
    assert nearest > MOST / 3
    inverted = (GREY - 1) - images[0]
    assert np.mean(np.abs(images[0] - inverted)) / (GREY - 1) > MOST


# --- legends ----------------------------------------------------------------------------------------------------------


def steps_and_lines():
    """Limits of axes that nobody has set, and lines in steps."""
    ax = axes_or_new(None, 5.4, 3.9)
    ax.step([0.0, 20.0, 21.0, 22.0], [0.1, 0.2, 9.0, 9.1], where="post", label="steps")
    ax.plot([0.0, 22.0], [0.0, 9.5], label="a line")
    return finish(ax, "", "x", "y")


OTHERS = {
    "steps": steps_and_lines,
    "pit": lambda: mle.plot.pit(clotting(), rng=1),
    "residuals": lambda: mle.plot.residuals_fitted(clotting(), rng=1),
    "gain": lambda: mle.plot.gain(clotting()),
    "one line of measurements": lambda: mle.plot.one_line(mle.fit(load("rivers"), "gamma"), "shape"),
}
"""Pictures whose legends are looked at, too."""


@pytest.mark.parametrize("name", [*DRAWN, *OTHERS])
def test_a_legend_covers_nothing(name):
    ax = (DRAWN | OTHERS)[name]()
    legend = ax.get_legend()
    if legend is None:
        return
    ax.figure.canvas.draw()
    box = legend.get_window_extent().transformed(ax.transAxes.inverted())
    legend.remove()
    drawn = _occupied(ax)
    cells = len(drawn)
    across, up = (
        slice(max(0, round(cells * low)), max(0, round(cells * high)))
        for low, high in ((box.x0, box.x1), (box.y0, box.y1))
    )
    assert not drawn[across, up].any() or box.y1 <= 0


def test_a_legend_without_room_lies_below():
    ax = mle.plot.density(mle.fit(np.linspace(0.0, 1.0, 200), "uniform"))
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_axes_are_called_after_the_column():
    hours = pd.Series([1.1, 0.4, 2.7, 1.9, 0.8], name="hours")
    assert mle.plot.density(mle.fit(hours, "gamma")).get_xlabel() == "hours"
    assert mle.plot.cdf(mle.fit(hours, "gamma"), label="days").get_xlabel() == "days"
    events = mle.Sample.right_censored(hours, [1, 1, 0, 1, 1])
    assert mle.plot.probability_paper(mle.fit(events, "weibull")).get_xlabel() == "hours"
    assert mle.plot.qq(mle.fit(load("rivers"), "gamma"), n_resamples=0).get_ylabel() == "length, miles, data"
    assert mle.plot.density(mle.fit(hours.to_numpy(), "gamma")).get_xlabel() == "x"
    assert mle.fit(pd.DataFrame({"weight": hours}), "gamma").sample.label == "weight"
    assert events.truncated(lower=0.1).label == "hours"


def test_a_ranking_of_long_names_keeps_its_words_within_the_picture():
    vectors = mle.Sample.rows(mle.datasets.load("faithful").frame())
    ax = mle.plot.ranking(mle.compare(vectors, ["multivariate_normal", "multivariate_t"]), axes_or_new(None, 5.4, 3.9))
    ax.figure.canvas.draw()
    for shown in (ax.xaxis.label, ax.get_legend()):
        box = shown.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= ax.figure.bbox.x1


def test_several_laws_share_a_picture():
    fits = [mle.fit(load("rivers"), name) for name in ("gamma", "lognormal", "gamma")]
    for draw in (mle.plot.density, mle.plot.cdf, mle.plot.qq, mle.plot.pp):
        names = [text.get_text() for text in draw(fits).get_legend().get_texts()]
        assert [name for name in names if name in ("gamma", "lognormal", "gamma (2)")] == [
            "gamma",
            "lognormal",
            "gamma (2)",
        ]
    lines = {line.get_label(): line for line in mle.plot.cdf(fits).get_lines()}
    x, y = lines["lognormal"].get_data()
    np.testing.assert_allclose(y, fits[1].cdf(x), rtol=1e-12)
    with pytest.raises(ParameterError, match="different data"):
        mle.plot.cdf([fits[0], mle.fit([1.0, 2.0, 3.5], "gamma")])
    with pytest.raises(ParameterError, match="empty"):
        mle.plot.pp([])


def test_heavy_tails_have_a_logarithmic_axis():
    fit = heavy()
    ax = mle.plot.density(fit)
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "density of log x")
    x, y = ax.get_lines()[0].get_data()
    np.testing.assert_allclose(y, x * fit.pdf(x), rtol=1e-9)
    bars = ax.patches
    heights = [bar.get_height() * np.log((bar.get_x() + bar.get_width()) / bar.get_x()) for bar in bars]
    assert sum(heights) == pytest.approx(1.0, abs=1e-9)
    assert mle.plot.cdf(fit).get_xscale() == "log"
    assert mle.plot.density(fit, log=False).get_xscale() == "linear"
    assert mle.plot.density(mle.fit(load("rivers"), "gamma")).get_xscale() == "linear"
    with pytest.raises(ParameterError, match="log"):
        mle.plot.cdf(mle.fit(load("newcomb"), "normal"), log=True)


def test_bent_axes_say_so_and_begin_where_the_law_does():
    ax = mle.plot.qq(heavy(), n_resamples=0)
    assert "bent" in ax.get_xlabel()
    assert ax.get_xlim()[0] == ax.get_ylim()[0] == 0.0


def test_as_many_bins_as_sturges_asks_for():
    sample = load("faithful", "waiting")
    fit = mle.fit(sample, "normal")
    bars = histogram(without_model(sample), Visible.of(fit.distribution, sample), sample.nobs)
    assert len(bars.heights) >= 1 + np.floor(np.log2(272))


def test_counts_have_whole_ticks():
    for fit in (mle.fit([0, 1, 1, 0, 1, 0, 0.0], "bernoulli"), mle.fit(load("horse_kicks"), "poisson")):
        for ax in (mle.plot.density(fit), mle.plot.cdf(fit)):
            ax.figure.canvas.draw()
            assert all(tick == round(tick) for tick in ax.get_xticks())


def test_a_ranking_is_in_the_order_of_what_it_shows():
    ranked = mle.compare(load("rivers"), ["frechet", "gev", "burr12", "inverse_gamma", "lognormal"])
    ax = mle.plot.ranking(ranked)
    first = next(iter(ranked.fits.values()))
    names = [label.get_text() for label in ax.get_yticklabels()]
    shown = [ranked.difference(ranked.fits[name], first)[0] for name in names]
    assert shown == sorted(shown)
    assert names[0] == "burr12"  # nearer than frechet, which has a parameter less and the better AIC


def test_resamples_of_groups_of_rows_have_the_spread_of_those_of_rows():
    x = np.random.default_rng(4).gamma(2.0, 1.0, MOST_ROWS + GROUPS)
    sample = mle.Sample(x)
    by_groups = _resampled(sample, 400, 1)
    by_rows = [
        moment_ratios(
            sample, np.random.default_rng(k).multinomial(len(x), np.full(len(x), 1 / len(x)), 20).astype(float)
        )
        for k in range(8)
    ]
    for k in (0, 1):
        alone = np.concatenate([part[k] for part in by_rows])
        assert np.std(by_groups[k]) == pytest.approx(np.std(alone), rel=0.35)
        assert np.mean(by_groups[k]) == pytest.approx(np.mean(alone), abs=0.5 * np.std(alone))


# --- what shows them --------------------------------------------------------------------------------------------------


def test_axes_show_and_write_themselves(tmp_path):
    code = (
        "import sys, mle_toolkit as mle\n"
        "fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], 'gamma')\n"
        "one, four = mle.plot.density(fit), fit.plot(n_resamples=39, rng=1)\n"
        "assert one._repr_png_()[:4] == four._repr_png_()[:4] == bytes([137, 80, 78, 71])\n"
        f"one.savefig({str(tmp_path / 'one.png')!r}); four.savefig({str(tmp_path / 'four.svg')!r})\n"
        "assert len(four.axes) == 4 and four.figure is four[0, 0].figure\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "one.png").stat().st_size > 1000
    assert "<svg" in (tmp_path / "four.svg").read_text()[:1000]


def test_where_pyplot_is_in_use_the_figures_are_its_own():
    """In a process of its own: pyplot would stay in use for the tests that follow."""
    code = (
        "import matplotlib; matplotlib.use('Agg')\n"
        "from matplotlib import pyplot\n"
        "import mle_toolkit as mle\n"
        "from mle_toolkit.report.plots.canvas import apart\n"
        "fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], 'gamma')\n"
        "ax = mle.plot.density(fit)\n"
        "assert pyplot.get_fignums() == [ax.figure.number]\n"
        "assert ax._repr_png_() is None\n"  # a notebook shows it already
        "with apart():\n"
        "    assert mle.plot.density(fit)._repr_png_()\n"
        "assert pyplot.get_fignums() == [ax.figure.number]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def write_known():
    folder = Path(tempfile.mkdtemp())
    images = {}
    for name, draw in DRAWN.items():
        ax = draw()
        ax.savefig(folder / f"{name}.png", dpi=80)
        images[name] = ["".join(f"{cell:x}" for cell in row) for row in coarse(ax)]
    KNOWN.write_text(json.dumps(images, indent=1) + "\n")
    print(folder)


if __name__ == "__main__":
    write_known()
