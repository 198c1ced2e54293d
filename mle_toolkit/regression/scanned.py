"""What a caller gave as a table that is read in batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit.data.batches import table_of
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formula_text import learns, read
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.framed import Columned, FramedSample, Plan
from mle_toolkit.data.learning import BatchedTable, Learned, Learning, check_missing, in_memory, is_small, learned
from mle_toolkit.data.levels import lost_order
from mle_toolkit.data.responses import Response, read_left
from mle_toolkit.data.rows import Block
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.linear import design_key, offset_key
from mle_toolkit.regression.laws import is_constant
from mle_toolkit.regression.names import named


class Framed:
    """A regression of a table that is read in batches: what one pass over it has found out.

    Attributes
    ----------
    found : Learned
    """

    def __init__(
        self, table: BatchedTable, response: Response, needed: tuple[str, ...], constants: dict[str, str]
    ) -> None:
        self._table, self._response, self._needed, self._constants = table, response, needed, constants
        self.found, self._firsts = Learned(), [0]

    @classmethod
    def of(
        cls,
        y: Any,
        data: Any,
        family: Any,
        columns: Mapping[str, Any],
        others: Mapping[str, Any],
        nan_policy: NanPolicy,
    ) -> Framed:
        """Read the formulas, and go over the columns that they need."""
        if not isinstance(y, str) or "~" not in y:
            raise ParameterError('regress: of a scan, a file or a Dask table a formula says what to read: "y ~ x1".')
        left, _, right = y.partition("~")
        response = read_left(y, left)
        table = table_of(data, response.columns[0])
        needed = list(response.columns)
        factors: list[str] = []
        constants: dict[str, str] = {}
        rights = [right]
        named = {**columns, **others}
        for name, value in named.items():
            for one in value.values() if isinstance(value, Mapping) else [value]:
                if one is None or (name in others and np.isscalar(one) and not isinstance(one, str)):
                    continue
                if not isinstance(one, str):
                    raise ParameterError(f"{name}: of rows that are read in batches give a column by its name.")
                if (name in others and not is_constant(family, name)) or one.strip().startswith("~"):
                    rights.append(one)
                else:
                    needed.append(one)
                    if name in others:
                        constants[name] = one
        for text_of in rights:
            _, pieces = read(text_of, table.names)
            for factor in pieces.values():
                needed += factor.columns
                factors += factor.columns if factor.function == "C" else ()
        for name in needed:
            if name not in table.names:
                Columns({key: [] for key in table.names}).native(name)  # which says what there is
        new = cls(table, response, tuple(dict.fromkeys(needed)), constants)
        weights = columns["weights"]
        held = None if weights is None or weights.strip().startswith("~") else weights
        new.found, new._firsts = learned(table, Learning(new._needed, tuple(dict.fromkeys(factors)), held))
        if not new.is_small:
            check_missing(new.found, nan_policy)
            learning = next((found for one in rights if (found := learns(one, table.names)) is not None), None)
            if learning is not None:
                raise ParameterError(
                    f"{learning}: learns from all rows together, which are not held; make it a column of the file, or "
                    f"read the columns into memory."
                )
        return new

    @property
    def is_small(self) -> bool:
        """Whether the rows are held in memory."""
        return is_small(self.found)

    def check_order(self) -> None:
        """Refuse levels of the response whose order counts, but was not written."""
        order = self.found.ordered.get(self._response.columns[0])
        if order is not None and order.lost:
            raise lost_order(order.levels)

    def frame(self) -> dict[str, Any]:
        """The columns, where they are small; else some rows that have every level."""
        return in_memory(self._table, self._needed, self.found) if self.is_small else self.found.small()

    def plan(self, law: Family, designs: Mapping[str, Design], weights: Any, offset: Any, exposure: Any) -> Plan:
        """How rows are made of batches."""
        if self._response.form is not None:
            raise ParameterError(
                f"{self._response.text}: rows that are read in batches are exact values; read the columns of other "
                f"forms of data into memory."
            )
        given = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {None: offset}
        offsets = {name: column for key, column in given.items() for name in named(law, key)}
        parts = tuple(
            Columned(
                design_key(name),
                offset_key(name),
                design,
                (True,) * len(design.names),
                offset=offsets.get(name),
                exposure=exposure if name in law.main_parameters else None,
            )
            for name, design in designs.items()
        )
        held = weights if isinstance(weights, str) else None
        return Plan(self._response.arguments["x"], held, self._needed, parts, self._constants, (_CheckingSupport(law),))

    def sample(self, plan: Plan, weight_kind: WeightKind) -> FramedSample:
        """The rows."""
        return FramedSample(self._table, plan, self._firsts, weight_kind)


@dataclass(frozen=True)
class _CheckingSupport:
    """Whether the observations of a block are possible: raises `SupportError` where they are not."""

    base: Family

    def __call__(self, block: Block) -> int:
        """0, where they all are."""
        sample = Sample(block.x, block.weight).with_known(**{name: block.known[name] for name in self.base.per_row})
        try:
            self.base.given(block.known).check_support(sample)
        except SupportError as error:
            where = f"rows from {block.first} on: {error}"
            raise SupportError(where, self.base.name, tuple(block.first + row for row in error.outside)) from error
        return 0
