"""Predictors of parameters: their links, their units, and the coordinates in which they are searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.framed import ColumnSums, FramedSample
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import ColumnTotals, squares_about
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.links import Link, get_link, usual_link
from mle_toolkit.likelihood.kernels import COMPILED_NUMBERS
from mle_toolkit.likelihood.linear import Linear, design_key, offset_key
from mle_toolkit.likelihood.unit import Unit


def log_exposure(column: Array, main: str, link: Link) -> Array:
    """What an exposure adds to a predictor, whose link must be the log."""
    if link.name != "log":
        raise ParameterError(
            f"exposure: the predictor of {main} has the link {link}; exposure multiplies a mean, so it needs the log "
            f"link. Use offset=, or links={{{main!r}: 'log'}}."
        )
    bad = np.flatnonzero(~(column > 0))
    if len(bad):
        raise DataError(
            f"exposure: {len(bad)} of {len(column)} are not positive; the first is exposure[{number_of(bad[0])}] = "
            f"{column[bad[0]]:g}."
        )
    return np.log(column)


def link_for(law: Family, name: str, wanted: Any) -> Link:
    """The link that was asked for, or the usual one for the domain of the parameter."""
    if wanted is not None:
        return get_link(wanted)
    return usual_link(law.parameters[law.param_names.index(name)].interval)


def unit_for(law: Family, sample: Sample, links: Mapping[str, Link]) -> Unit:
    """The unit of the observations, as far as the links of their parameters can follow it."""
    if not law.has_location and not law.has_scale:
        return Unit()
    unit = Unit.standard(law, sample.as_points())
    if law.in_unit(unit.centre, unit.scale) is not law:
        return Unit()  # its constants, as the ends of a window, are in the unit of the data
    centre, scale = unit.centre, unit.scale
    for p in law.parameters:
        link = links.get(p.name)
        if link is None:
            continue
        if p.role == "location" and link.name != "identity":
            centre = 0.0
        if p.role in ("location", "scale", "rate") and link.rescaled is None:
            return Unit()
        if p.role == "log-scale" and link.name != "identity":
            return Unit()
    # A centre moves a location only where all of them are, or are numbers.
    return Unit(centre, scale)


def term_of(
    name: str,
    constant: int | None,
    sample: Sample,
    link: Link,
    unit: Unit,
    role: str,
    totals: ColumnTotals | None = None,
    *,
    has_offset: bool,
) -> Linear:
    """A predictor in coordinates in which columns are centred and of unit size, in the unit of the likelihood.

    What the columns of the design add up to may be known.
    """
    constant, mean, size = _columns(sample, design_key(name), constant, totals)
    frame = 1 / np.where(size > 0, size, 1.0)
    factor, shift = 1.0, 0.0
    if role == "location":
        if link.name == "identity":
            factor, shift = 1 / unit.scale, -unit.centre / unit.scale
        elif link.rescaled is not None:
            factor, shift = link.rescaled(1 / unit.scale)
    elif role == "scale" and link.rescaled is not None:
        factor, shift = link.rescaled(1 / unit.scale)
    elif role == "rate" and link.rescaled is not None:
        factor, shift = link.rescaled(unit.scale)
    elif role == "log-scale":
        shift = -float(np.log(unit.scale))
    return Linear(
        name,
        design_key(name),
        link,
        mean,
        frame,
        offset_key(name) if has_offset else None,
        factor,
        shift,
        constant,
        compiled=sample.n_rows * len(mean) >= COMPILED_NUMBERS,
    )


def _columns(
    sample: Sample, key: str, constant: int | None, totals: ColumnTotals | None
) -> tuple[int | None, Array, Array]:
    """Which column of a design is 1 in every row, the means of the others, and their sizes about them; by blocks."""
    if isinstance(sample, FramedSample):
        return _framed_columns(sample, key, constant)
    design = sample.known[key]
    if constant is None and totals is not None:
        constant = int(np.argmax(totals.is_one)) if totals.is_one.any() else None
    elif constant is None:
        ends = np.flatnonzero((design[0] == 1.0) & (design[-1] == 1.0)).tolist()
        constant = next((k for k in ends if np.all(design[:, k] == 1.0)), None)
    mean = np.zeros(design.shape[1])
    if constant is not None:  # else nothing can take up what is subtracted
        mean = (sample.fold(ColumnSums(key)) if totals is None else totals.sums) / sample.nobs
        mean[constant] = 0.0
    squares = None if totals is None else _squares_about(totals, len(design), mean)
    if squares is None:
        squares = sample.fold(ColumnSums(key, tuple(mean.tolist())))
    return constant, mean, np.sqrt(squares / sample.nobs)


def _squares_about(totals: ColumnTotals, n_rows: int, mean: Array) -> Array | None:
    """Sums of squares of columns about their means; None where what is known of blocks does not have them."""
    whole: Any = 0.0
    for k, (sums, squares) in enumerate(zip(totals.of_blocks, totals.squares, strict=False)):
        about = squares_about(squares, sums, min(BLOCK_ROWS, n_rows - k * BLOCK_ROWS), mean)
        if about is None:
            return None
        whole = whole + about
    return whole if totals.squares else None


def _framed_columns(sample: FramedSample, key: str, constant: int | None) -> tuple[int | None, Array, Array]:
    """The same of rows that are not held."""
    sums = sample.column_sums(key)
    mean = np.zeros(len(sums))
    if constant is None:
        (squares,) = sample.sums([ColumnSums(key, tuple(mean.tolist()))])
        is_one = (sums == sample.nobs) & (squares == sample.nobs)
        constant = int(np.argmax(is_one)) if is_one.any() else None
    if constant is not None:
        mean = sums / sample.nobs
        mean[constant] = 0.0
        (squares,) = sample.sums([ColumnSums(key, tuple(mean.tolist()))])
    return constant, mean, np.sqrt(squares / sample.nobs)
