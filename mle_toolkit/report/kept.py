"""Sums as a JSON record, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mle_toolkit.errors import MleError
from mle_toolkit.families.base import ExponentialFamily
from mle_toolkit.likelihood.kept import Sums
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.report import schema
from mle_toolkit.report.record import SCHEMA, check_schema, family_from_dict, family_to_dict, jsonable

FORMAT = "mle_toolkit.sums"


def sums_to_dict(sums: Sums) -> dict[str, Any]:
    """All that sums know, as JSON-ready values."""
    record: dict[str, Any] = {
        "format": FORMAT,
        "schema": SCHEMA,
        "family": family_to_dict(sums.family),
        **{name: getattr(sums, name) for name in ("n_rows", "nobs", "minimum", "maximum", "base")},
        "unit": {"centre": sums.unit.centre, "scale": sums.unit.scale},
        **{name: getattr(sums, name).tolist() for name in ("statistics", "values", "counts")},
    }
    plain: dict[str, Any] = jsonable(record)
    return plain


def sums_from_dict(record: Mapping[str, Any]) -> Sums:
    """The sums of which `sums_to_dict` made the record.

    Raises
    ------
    MleError
        If the record is not that of sums, is damaged, or has a newer schema.
    """
    if schema.mapping(record, "").get("format") != FORMAT:
        raise MleError(f"not saved sums: expected the format {FORMAT!r}.")
    check_schema(record)
    family = family_from_dict(schema.item(record, "family", ""), "family")
    facts = {
        name: schema.number(schema.item(record, name, ""), name) for name in ("nobs", "minimum", "maximum", "base")
    }
    unit = schema.read_as(Unit, schema.item(record, "unit", ""), "unit")
    columns = {
        name: np.array(schema.entries(schema.item(record, name, ""), name, schema.number), dtype=float)
        for name in ("statistics", "values", "counts")
    }
    finite = [*facts.values(), unit.centre, unit.scale, *(v for column in columns.values() for v in column)]
    if not np.all(np.isfinite(finite)) or not unit.scale > 0 or not facts["nobs"] > 0:
        schema.refuse("statistics", "expected finite sums of at least one observation")
    if len(columns["values"]) != len(columns["counts"]):
        schema.refuse("counts", f"expected {len(columns['values'])} of them, got {len(columns['counts'])}")
    if family.discrete and not (len(columns["values"]) and columns["counts"].min() > 0):
        schema.refuse("counts", "expected counts above 0, one for every value")
    if isinstance(family, ExponentialFamily) and not family.discrete:
        wanted = len(family.statistics(np.array([0.5]))) - 2 * family.with_ends
        if len(columns["statistics"]) != wanted:
            schema.refuse("statistics", f"expected {wanted} sums for {family.name}, got {len(columns['statistics'])}")
    elif not family.discrete:
        schema.refuse("family", f"{family.name} has no sums that stand for its rows")
    n_rows = schema.whole(schema.item(record, "n_rows", ""), "n_rows", 1)
    return Sums(family=family, n_rows=n_rows, unit=unit, **facts, **columns)
