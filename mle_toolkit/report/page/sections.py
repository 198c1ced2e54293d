"""What stands on a page: sections with their content, pictures, and the one line of a law to drag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from mle_toolkit.errors import MleError
from mle_toolkit.information.estimate import Z95
from mle_toolkit.likelihood.model import Model
from mle_toolkit.report.content import comparison_content, fit_content, groups_content, regression_content
from mle_toolkit.report.page.line import line_of
from mle_toolkit.report.page.pictures import Picture, each
from mle_toolkit.report.page.tables import Part, Words, grid, number, parts_of

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.inference.goodness import GoodnessOfFit
    from mle_toolkit.report.content import GroupsLike
from mle_toolkit.report.drawn import Drawn, DrawnComparison, DrawnRegression

MOST_PROFILES = 4
"""Parameters whose profiles are drawn."""

REPLICATES = 199
"""Replicates of a test of goodness of fit."""

LEVEL = 0.05
"""p-value below which a law is said not to fit."""

ENOUGH = 20
"""Replicates as far from the law as the data are, after which the law needs no more of them."""


@dataclass(frozen=True)
class Drawing:
    """How to draw: what the observations are, how many laws one by one, and the source of randomness."""

    label: str
    laws: int
    rng: Any


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    name : str
        Its heading.
    content : tuple of Grid or Words
    pictures : tuple of Picture
    lines : tuple of dict
        The one line of a law along its parameters, for the script (`line.line_of`).
    """

    name: str
    content: tuple[Part, ...] = ()
    pictures: tuple[Picture, ...] = ()
    lines: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Page:
    """A title, what it comes to in a few sentences, and sections."""

    title: str
    verdicts: tuple[Words, ...]
    sections: tuple[Section, ...] = field(default=())


def of_fit(fit: Drawn, drawing: Drawing) -> Page:
    """The page of one law."""
    title = f"{fit.family.name} fitted to {drawing.label}"
    sections = [what_was_read(fit.sample, drawing.label), *_law(fit, drawing, title)]
    return Page(title, (_verdict(fit),), tuple(sections))


def of_comparison(comparison: DrawnComparison, drawing: Drawing) -> Page:
    """The page of several laws: the ranking, then the best of them one by one."""
    title = f"Laws for {drawing.label}"
    pictures = pictures_of_comparison(comparison, drawing.label)
    sections = [
        what_was_read(comparison.sample, drawing.label),
        Section("Ranking, nats per observation", tuple(parts_of(comparison_content(comparison))), pictures),
    ]
    verdicts = [Words(note, "plain") for note in comparison.in_words()]
    if comparison.fits:
        verdicts.insert(0, _verdict(comparison.best))
    for k, (name, fit) in enumerate(list(comparison.fits.items())[: drawing.laws]):
        if isinstance(fit.family, Model):
            parts = of_regression(cast("DrawnRegression", fit), drawing).sections[1:]
            sections += [replace(part, name=f"{name}: {part.name}") for part in parts]
        else:
            sections += _law(fit, drawing, fit.family.name, profiles=k == 0)
    return Page(title, tuple(verdicts), tuple(sections))


def of_regression(fit: DrawnRegression, drawing: Drawing) -> Page:
    """The page of a regression: coefficients, what each term is worth, residuals."""
    title = f"{fit.law_name} regression of {drawing.label}"
    parts: list[Part] = list(parts_of(regression_content(fit)))
    parts += tried(lambda: terms_of(fit.anova()), "what each term is worth")
    pictures = pictures_of_regression(fit, drawing.rng)
    formulas = [(name, d.formula) for name, d in fit.designs.items() if d.formula is not None]
    how = Section("Formulas", (grid(("parameter", "formula"), formulas, text=("parameter", "formula")),))
    read = what_was_read(fit.sample, drawing.label)
    return Page(title, (_verdict(fit),), (read, *([how] if formulas else []), Section("Fit", tuple(parts), pictures)))


def of_groups(fits: GroupsLike, drawing: Drawing) -> Page:
    """The page of groups: a row each."""
    above = Words("\n".join(fits.notes()))
    parts = tuple(part for part in parts_of(groups_content(fits)) if part != above)
    title = f"{', '.join(law.name for law in fits.families)} fitted to {drawing.label}"
    return Page(title, tuple(Words(note, "plain") for note in fits.notes()), (Section("Groups", parts),))


def what_was_read(sample: Sample, label: str) -> Section:
    """Rows, forms, ties and range of the data, and a hash by which they are known again."""
    facts: list[tuple[str, Any]] = [
        ("observations", number(sample.nobs, 10)),
        ("rows", number(sample.n_rows, 10)),
        ("form", str(sample)),
    ]
    if sample.in_memory and not sample.is_multivariate:
        ends = np.concatenate([sample.lower, sample.upper])
        ends = ends[np.isfinite(ends)]
        exact = sample.lower[sample.lower == sample.upper]
        distinct = len(np.unique(exact))
        if len(exact):
            facts.append(("distinct exact values", f"{distinct:,} of {len(exact):,}"))
        if len(ends):
            facts += [("smallest", number(float(ends.min()), 10)), ("largest", number(float(ends.max()), 10))]
        if sample.is_plain:
            facts.append(("mean", number(float(sample.mean()), 10)))
        facts.append(("SHA-256", _hash(sample)))
    rows = grid(("of the data", label), facts, text=("of the data", label))
    return Section("What was read", (rows,))


def _hash(sample: Sample) -> str:
    """Of the ends of the intervals and the weights, as doubles of the least byte first."""
    digest = hashlib.sha256()
    weight = np.ones(0) if sample.weight is None else sample.weight
    for column in (sample.lower, sample.upper, weight):
        digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
    return digest.hexdigest()


def _verdict(fit: Drawn) -> Words:
    certificate = fit.certificate
    return Words(
        f"{fit.family.name}: {certificate.message}", "good" if certificate.ok else "bad", str(certificate.verdict)
    )


def _law(fit: Drawn, drawing: Drawing, title: str, *, profiles: bool = True) -> Iterator[Section]:
    """What there is to say of one law, its pictures, and its one line."""
    parts: list[Part] = list(parts_of(fit_content(fit)))
    parts += tried(lambda: _goodness(fit, drawing.rng), "goodness of fit")
    pictures = list(pictures_of_law(fit, title, drawing.label, drawing.rng))
    names = [n for n, v in fit.params.items() if np.ndim(v) == 0 and n not in fit.fixed]
    for name in names[: MOST_PROFILES if profiles else 0]:
        pictures += each(partial(_draw_profile, fit, name), [f"{title}: profile likelihood of {name}"])
    line = line_of(fit, drawing.label)
    yield Section(title, tuple(parts), tuple(pictures), () if line is None else (line,))


def _draw_profile(fit: Drawn, name: str, axes: Any) -> None:
    from mle_toolkit.report.plot import profile

    profile(fit, name, axes[0])


def pictures_of_law(fit: Drawn, name: str, label: str, rng: Any) -> tuple[Picture, ...]:
    """The four panels of a law, each apart."""
    alts = [f"{name}: {what}" for what in ("density over the data", "Q-Q", "P-P", "distribution function")]
    return each(lambda axes: fit.plot(axes=axes, label=label, rng=rng), alts)


def pictures_of_comparison(comparison: DrawnComparison, label: str) -> tuple[Picture, ...]:
    """The ranking, and the densities of the best where the observations share them."""
    if not comparison.fits:
        return ()
    alone = comparison.sample.is_multivariate or any(fit.family.per_row for fit in comparison.fits.values())
    alts = (f"Divergence of each law of {label} above that of the best", f"Densities of the best laws over {label}")
    return each(lambda axes: comparison.plot(axes=axes, label=label), alts[: 1 if alone else 2])


def pictures_of_regression(fit: DrawnRegression, rng: Any) -> tuple[Picture, ...]:
    """What each term is worth, the coefficients, and three views of the residuals, each apart."""
    from mle_toolkit.report.plot import gain

    alts = [f"{fit.law_name}: {what}" for what in ("coefficients", "residuals", "worm plot", "PIT")]
    return (
        *each(lambda axes: gain(fit, axes[0]), ["What each term is worth, nats per observation"]),
        *each(lambda axes: fit.plot(axes=axes, rng=rng), alts),
    )


def _goodness(fit: Drawn, rng: Any) -> list[Part]:
    found = fit.goodness_of_fit(n_resamples=REPLICATES, rng=rng, stop_after=ENOUGH)
    return [Words(f"goodness of fit: {found}. In words: {meaning_of(found)[0]}.", "plain")]


def meaning_of(found: GoodnessOfFit) -> tuple[str, Literal["good", "bad", "plain"]]:
    """What a test says in words, and their style: plain where it says neither."""
    if abs(found.p_value - LEVEL) <= Z95 * found.p_error:
        return f"p is too near to {LEVEL} for {found.n_resamples} replicates to say on which side it is", "plain"
    if found.p_value < LEVEL:
        return "data of this law are seldom so far from it: the law does not fit", "bad"
    return "data of this law are often as far from it: nothing speaks against the law", "good"


def terms_of(frame: Any) -> list[Part]:
    """What each term is worth: the rows of `anova`."""
    rows = [(*key, *values) for key, values in zip(frame.index, frame.to_numpy().tolist(), strict=True)]
    return [grid(("parameter", "term", *map(str, frame.columns)), rows, text=("parameter", "term"))]


def tried(make: Callable[[], list[Part]], what: str) -> list[Part]:
    """Parts, or why there are none."""
    try:
        return make()
    except MleError as error:
        return [Words(f"no {what}: {error}")]
