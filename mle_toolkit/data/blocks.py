"""Samples that are not held in memory: their rows come in blocks, again for every pass over the data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy, WeightKind, check_weights_magnitude, policies
from mle_toolkit.data.passes import BLOCK_ROWS, SKETCH_ROWS, CountWhole, found_among, step_at
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.rows import NOTHING
from mle_toolkit.data.sample import Sample, standard_errors_about
from mle_toolkit.data.surveys import (
    SKETCHED_ROWS,
    Between,
    Cells,
    Counted,
    Failing,
    Few,
    LookAhead,
    Outside,
    Part,
    Sum,
    Survey,
    Thinned,
    Total,
    is_representative,
    is_whole,
    tabulate,
)
from mle_toolkit.errors import DataError

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def _if_not_held(
    method: Callable[Concatenate[BlockedSample, Asked], Answer],
) -> Callable[Concatenate[BlockedSample, Asked], Answer]:
    """The method for rows that are not held; where they are few and held after all, it is that of any `Sample`."""
    held = getattr(Sample, method.__name__)
    of_held: Any = held.fget if isinstance(held, property) else held

    @wraps(method)
    def chosen(self: BlockedSample, /, *args: Asked.args, **options: Asked.kwargs) -> Answer:
        answer: Answer = (of_held if self.in_memory else method)(self, *args, **options)
        return answer

    return chosen


class BlockedSample(Sample):
    """Observations that are read in blocks, for every pass anew, and never held: memory stays the same for any length.

    Whatever is a sum over rows can be had: fits, standard errors, means, and by counting quantiles. What needs all rows
    at once (their order, spacings, a value for every row) raises a `DataError`. Data of at most `IN_MEMORY_ROWS` rows
    are held after all, and everything can be had.

    The first pass validates: it finds the number of rows, the extent and a thinned copy. It is made when one of them is
    first asked for; a fit takes the sums that it will need on the way.
    """

    __slots__ = ("_ahead", "_description", "_is_read", "_nan_policy", "_thinned", "_weighted", "survey")

    survey: Survey

    def __init__(
        self, description: str, weighted: bool, weight_kind: WeightKind = "frequency", nan_policy: NanPolicy = "raise"
    ) -> None:
        nan_policy, weight_kind = policies(nan_policy, weight_kind)
        self._description = description
        self._weighted = weighted
        self._nan_policy = nan_policy
        self._is_read = False
        self._ahead: list[tuple[Sum, Any]] = []
        self._thinned: Thinned | None = None
        self.weight_kind = weight_kind
        self.window = None
        self.summed_ahead = None
        self.known = NOTHING
        self.rows_given = self.label = None
        self._ordered: Array | None = None
        self._kept: dict[Any, Any] = {}

    def _set(
        self,
        lower: Array,
        upper: Array,
        weight: Array | None,
        weight_kind: WeightKind,
        window: tuple[Array, Array] | None,
        minimum: float,
        maximum: float,
    ) -> None:
        super()._set(lower, upper, weight, weight_kind, window, minimum, maximum)
        self._weighted = weight is not None
        self._is_read, self._thinned = True, None

    def __getstate__(self) -> object:
        """What is sent to other processes: without what can be computed again, and nothing is read for it."""
        state = {}
        for name in (name for home in type(self).__mro__ for name in getattr(home, "__slots__", ())):
            try:
                state[name] = object.__getattribute__(self, name)
            except AttributeError:  # not known before the first pass, or not at all of rows that are not held
                continue
        return None, state | {"_kept": {}}

    # --- what a source gives ----------------------------------------------------------------------------------------

    @abstractmethod
    def _first_pass(self, look_ahead: LookAhead | None) -> None:
        """Read everything once, and either `_hold` it or `_keep` what was found."""

    @abstractmethod
    def _sums(self, parts: Sequence[Sum]) -> list[Any]:
        """Sums of several parts over the blocks, in their order, in one pass."""

    # --- the first pass -----------------------------------------------------------------------------------------------

    def read(self, look_ahead: LookAhead | None = None) -> None:
        """Make the first pass, if it has not been made; take sums along."""
        if not self._is_read:
            self._is_read = True
            try:
                self._first_pass(look_ahead)
            except BaseException:
                self._is_read = False
                raise

    def _hold(self, x: Array, weight: Array | None) -> None:
        if len(x) == 0:
            raise DataError(f"no observations: {self._description} is empty, or nothing in it counts.")
        if weight is not None:
            check_weights_magnitude(float(weight.max()))
        self._set(x, x, weight, self.weight_kind, None, float(x.min()), float(x.max()))

    def _keep(
        self,
        found: Survey,
        thinned: Thinned,
        parts: Sequence[Sum] = (),
        sums: Sequence[Any] = (),
        note: Any = None,
        few: Array | None = None,
    ) -> None:
        if self._weighted:
            check_weights_magnitude(found.nobs)
        self.survey, self._thinned = found, thinned
        self.nobs, self.minimum, self.maximum = found.nobs, found.minimum, found.maximum
        self._ahead = list(zip(parts, sums, strict=True))
        if note is not None and few is not None and is_representative(few, thinned.x):
            self.summed_ahead = note(sums, found.minimum, found.maximum)

    def __getattr__(self, name: str) -> Any:
        if name in ("survey", "nobs", "minimum", "maximum", "lower", "upper", "weight") and not self._is_read:
            self.read()
            return getattr(self, name)
        if name == "weight" and not self._weighted:
            return None
        if name in ("lower", "upper", "weight"):
            raise DataError(
                f"{self._description}: what was asked for needs all {self.n_rows} rows at once (their order, "
                f"spacings, a value for every row), but they are read in blocks and not held. Pass the column as an "
                f"array if it fits into memory (in the shell: --in-memory), or use a subsample: .sketch()."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # --- what is asked of a sample ------------------------------------------------------------------------------------

    @property
    def in_memory(self) -> bool:
        """Whether the rows are held; so they are if they are few."""
        self.read()
        return self._thinned is None

    @property
    def is_weighted(self) -> bool:
        """Whether rows have weights."""
        return self._weighted

    @property
    def is_exact(self) -> bool:
        """Whether every observation is a point: always."""
        return True

    @property
    def is_plain(self) -> bool:
        """Whether every observation is a point and there is no window."""
        return self.window is None

    @property
    @_if_not_held
    def n_rows(self) -> int:
        """How many rows there are, whatever their weights."""
        return self.survey.n_rows

    @property
    def is_multivariate(self) -> bool:
        """Whether an observation is a vector: never."""
        return False

    @_if_not_held
    def fold(self, part: Part, length: int | None = BLOCK_ROWS) -> Array:
        """Sum what ``part`` gives for each block, in the order of the blocks; see `Sample.fold`."""
        return np.asarray(self._sum(part, length))

    def _sum(self, part: Part, length: int | None) -> Any:
        for known, sums in self._ahead:
            if known == (part, length):
                return sums
        return self._sums([Sum(part, length)])[0]

    def sketch(self, rows: int = SKETCH_ROWS) -> Sample:
        """A strided subsample of at most ``rows`` rows; of what is not held, of at most `SKETCHED_ROWS`."""
        self.read()
        if self._thinned is None:
            return super().sketch(rows)
        if self.known:
            raise DataError(
                f"{self._description}: rows that are read in blocks bring no subsample of what is known of them; pass "
                f"the columns as arrays if they fit into memory."
            )
        kept = Sample(self._thinned.x, self._thinned.weight, self.weight_kind)
        return kept.sketch(rows)

    @_if_not_held
    def tabulated(self, count: CountWhole | None = None) -> Sample:
        """The same sample as a table, held in memory; itself where the values are too many, or not whole numbers."""
        if self.weight_kind == "reliability":
            return self
        table: Counted = self._sum(tabulate, CHUNK_ROWS)
        if table.count is None:
            return self
        seen = np.flatnonzero(table.count)
        return Sample(table.smallest + seen.astype(np.float64), table.count[seen])

    @_if_not_held
    def mean(self, of: Callable[[Array], Array] | None = None) -> float:
        """Weighted mean of a function of the observations; of the observations themselves by default."""
        return float(self.fold(Total(of))) / self.nobs

    @_if_not_held
    def quantile(self, p: float) -> float:
        """Weighted quantile, as of a `Sample`, in two passes.

        One counts rows among those of the sketch, the other fetches the few that lie with the quantile between two: in
        one pass, as of rows that are held, there might be more of them than memory has.
        """
        few = self.sketch(SKETCHED_ROWS)
        seen, reach = np.unique(few.lower), standard_errors_about(p, few)
        while True:
            low = few.quantile(p - reach) if p > reach else self.minimum
            high = few.quantile(p + reach) if p + reach < 1 else self.maximum
            edges = np.unique([low, *seen[(seen > low) & (seen < high)], high])
            counts = np.asarray(self._sum(Cells(edges), CHUNK_ROWS))
            first, last = step_at(p, np.cumsum(counts), self.nobs)
            if (first > 0 or low <= self.minimum) and (last < len(counts) - 1 or high >= self.maximum):
                break
            reach *= 8  # the rows of the sketch were not like the others
        first, last = max(first, 1), min(last, len(counts) - 2)
        at = np.arange(first | 1, last + 1, 2)
        x, weight = edges[at // 2], counts[at]
        if counts[first : last + 1].sum() > weight.sum():
            inside: Few = self._sum(Between(float(edges[(first - 1) // 2]), float(edges[last // 2])), CHUNK_ROWS)
            x, weight = np.concatenate([x, inside.x]), np.concatenate([weight, inside.weight])
        return found_among(x, weight, p, float(counts[:first].sum()), self.nobs)[0]

    @property
    @_if_not_held
    def is_integer(self) -> bool:
        """Whether every observation is a whole number."""
        table: Counted = self._sum(tabulate, CHUNK_ROWS)
        return table.count is not None or self.failing(is_whole)[0] == 0

    def failing(self, test: Callable[[Array], Any]) -> tuple[int, int, float]:
        """How many observations fail a test, the first of these rows, and its value, in a pass over the data."""
        found: Outside = self._sum(Failing(test), CHUNK_ROWS)
        return found.count, found.row, found.value

    def difference(self, other: Sample) -> str | None:
        """What differs from another sample; rows that are not held are not compared, so only itself is the same."""
        if self is other:
            return None
        if self.in_memory and other.in_memory:
            return super().difference(other)
        return "rows that are not held in memory, so that they cannot be compared; fit both to the one scan"

    def __str__(self) -> str:
        if not self._is_read:
            return f"{self._description}, not read yet"
        return super().__str__() if self.in_memory else f"{self._counted()}, from {self.minimum:g} to {self.maximum:g}"

    def _counted(self) -> str:
        rows = f" in {self.n_rows} weighted rows" if self._weighted else ""
        return f"{self.nobs:g} observations{rows} of {self._description}"
