"""The pictures of the tutorial that goes from surprise to a fit: every number in them is computed here."""

from __future__ import annotations

from typing import Any

import numpy as np

import mle_toolkit as mle
from mle_toolkit.report.plots.canvas import BAND, BLUE, DATA, GREEN, LAW

NATS = "surprise, nats"


def new_axes(width: float = 6.0, panels: int = 1) -> Any:
    """Make axes of a figure that pyplot does not know."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(width, 3.6), layout="constrained").subplots(1, panels)
    for ax in np.ravel(axes):
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def surprise() -> Any:
    """Draw minus the logarithm of a probability, with the halves of halves."""
    ax = new_axes()
    p = np.linspace(0.02, 1, 400)
    ax.plot(p, -np.log2(p), color=LAW)
    for bits in range(4):
        ax.plot(2.0**-bits, bits, "o", color=DATA)
        ax.annotate(
            f"1/{2**bits}: {bits} bits" if bits else "certain: 0 bits",
            (2.0**-bits, bits),
            (6, 6),
            textcoords="offset points",
        )
    ax.set(xlabel="probability of the event", ylabel="surprise, bits", xlim=(0, 1.14), ylim=(0, 5.6))
    return ax


def kicks() -> tuple[Any, Any, Any]:
    """Give the numbers of deaths, their shares, and the law that is believed."""
    sample = mle.datasets.load("horse_kicks").sample()
    return sample.x, sample.weight / sample.weight.sum(), mle.distribution("poisson", mu=1.0).pdf(sample.x)


def blocks(ax: Any, shares: Any, heights: Any, colour: str, label: str) -> None:
    """Draw one block a count: as wide as its share, as high as it surprises."""
    left = np.cumsum(shares) - shares
    ax.bar(left, heights, width=shares, align="edge", color=colour, edgecolor="white", alpha=0.75, label=label)
    ax.set(xlabel="share of the years", ylabel=NATS, xlim=(0, 1), ylim=(0, 5.8))


def entropy() -> Any:
    """Draw the entropy of the counts as an area."""
    deaths, p, _ = kicks()
    ax = new_axes()
    blocks(ax, p, -np.log(p), BAND, "surprise of each count")
    mean = -np.sum(p * np.log(p))
    ax.axhline(mean, color=GREEN, linestyle="--", label=f"mean = area = entropy: {mean:.4f} nats")
    for count, middle, height in zip(deaths[:3], np.cumsum(p) - p / 2, -np.log(p), strict=False):
        ax.text(middle, height + 0.1, "1 death" if count == 1 else f"{count:.0f} deaths", ha="center")
    ax.text(0.985, 4.45, "3 and 4 ", ha="right")
    ax.legend(frameon=False, loc="upper left")
    return ax


def cross_entropy() -> Any:
    """Draw the cross-entropy of counts and a belief as an area, over the entropy."""
    _, p, q = kicks()
    ax = new_axes()
    ce, h = -np.sum(p * np.log(q)), -np.sum(p * np.log(p))
    blocks(ax, p, -np.log(q), "#e69f00", f"by the model: area = cross-entropy, {ce:.4f} nats")
    ax.stairs(
        -np.log(p), [0, *np.cumsum(p)], color=BLUE, linewidth=1.6, label=f"by the data: area = entropy, {h:.4f} nats"
    )
    ax.legend(frameon=False, loc="upper left")
    return ax


def floor() -> Any:
    """Draw cross-entropy along the believed probability of an event of known probability."""
    ax = new_axes()
    p, q = 0.3, np.linspace(0.02, 0.9, 400)
    cost = -(p * np.log(q) + (1 - p) * np.log1p(-q))
    least = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    ax.plot(q, cost, color=LAW, label="cross-entropy")
    ax.axhline(least, color=GREEN, linestyle="--", label=f"entropy: {least:.4f} nats")
    ax.fill_between(q, least, cost, color=BAND, alpha=0.3, label="KL")
    ax.plot(p, least, "o", color=DATA)
    ax.set(
        xlabel="believed probability q of an event that happens 3 times in 10", ylabel="nats per event", ylim=(0.4, 1.6)
    )
    ax.legend(frameon=False, loc="upper right", bbox_to_anchor=(0.85, 1))
    return ax


def classifier() -> Any:
    """Draw what a statement costs by the label that comes, and the fitted probability along age."""
    left, right = new_axes(9.0, 2)
    p = np.linspace(0.005, 0.995, 400)
    left.plot(p, -np.log(p), color=LAW, label="the label is 1")
    left.plot(p, -np.log1p(-p), color=BLUE, linestyle="--", label="the label is 0")
    left.set(xlabel="stated probability of 1", ylabel="cost, nats", ylim=(0, 5))
    left.legend(frameon=False, loc="upper center")
    heart = mle.datasets.load("heart")
    fit = mle.regress("died ~ age", heart.columns, "bernoulli")
    ages = np.linspace(heart["age"].min(), heart["age"].max(), 200)
    right.plot(ages, np.asarray(fit.predict({"age": ages})), color=LAW, label="stated probability")
    right.plot(heart["age"], heart["died"], "|", color=DATA, markersize=12, label="patients: died 1, alive 0")
    right.set(xlabel="age, years", ylabel="probability of death", ylim=(-0.1, 1.1))
    right.legend(frameon=False, loc="center left")
    return left


def train(steps: int = 1000) -> dict[int, list[float]]:
    """Train the network of the page; cross-entropy of the seen and of the other patients by step."""
    heart = mle.datasets.load("heart")
    died, age = heart["died"], heart["age"]
    x, seen = (age - age.mean()) / age.std(), np.arange(len(age)) % 2 == 0
    slopes, shifts = np.linspace(-3, 3, 8), np.linspace(2, -2, 8) * (-1.0) ** np.arange(8)
    out, level, losses = np.zeros(8), 0.0, {}
    for step in range(steps + 1):
        hidden = np.tanh(np.outer(x, slopes) + shifts)
        logit = hidden @ out + level
        if step % 10 == 0:
            losses[step] = [mle.information.binary_cross_entropy(died[k], logits=logit[k]).value for k in (seen, ~seen)]
        error = mle.information.binary_cross_entropy_gradient(died[seen], logit[seen])
        back = np.outer(error, out) * (1 - hidden[seen] ** 2)
        slopes, shifts = slopes - x[seen] @ back, shifts - back.sum(axis=0)
        out, level = out - error @ hidden[seen], level - error.sum()
    return losses


def network() -> Any:
    """Draw the two curves of a training."""
    losses = train()
    ax = new_axes()
    seen, others = np.array(list(losses.values())).T
    ax.plot(list(losses), others, color=BLUE, linestyle="--", label="the other patients")
    ax.plot(list(losses), seen, color=LAW, label="the patients that it sees")
    ax.axhline(np.log(2), color=GREEN, linestyle=":", label="one half for everybody: log 2")
    ax.set(xlabel="step of the training", ylabel="cross-entropy, nats", ylim=(0.48, 0.82))
    ax.legend(frameon=False, loc="upper left")
    return ax


def rivers() -> Any:
    """Draw the law that is fitted to the reader's column."""
    return mle.plot.density(mle.fit(mle.datasets.load("rivers")["length"], "lognormal"), label="length, miles")


def pictures() -> dict[str, Any]:
    """Axes by name of the file."""
    drawn = (surprise, entropy, cross_entropy, floor, classifier, network, rivers)
    return {draw.__name__.replace("_", "-"): draw() for draw in drawn}
