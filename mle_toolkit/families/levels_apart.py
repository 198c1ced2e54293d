"""Laws of levels where covariates tell levels apart: each row keeps those that its covariates leave open.

They are limits of regressions whose coefficients run to infinity along directions: of the levels of a row those remain
whose probability does not vanish.

Source: Geyer (2009), Electronic Journal of Statistics 3, 259-289 (the limiting conditional model).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Known
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.families.saved import Saved

Way = tuple[Array, ...]
"""A direction, one entry a parameter: in coefficients of its design, or one number."""

_LEVEL = 1e-9
"""Share of the largest of the terms of a sum below which it is the rounding of zero."""


def signs(forms: Array, designs: Sequence[Array], way: Way) -> Array:
    """Whether sums of parameters rise or fall in each row along a direction: -1, 0 or 1.

    Parameters
    ----------
    forms : ndarray of shape (n, m, p), or (m, p)
        The sums.
    designs : sequence of ndarray of shape (n, k), or (1, 1) for a number
        One a parameter.
    way : Way

    Returns
    -------
    ndarray of shape (n, m)
    """
    total: Any = 0.0
    most: Any = 0.0
    for k, (design, part) in enumerate(zip(designs, way, strict=True)):
        total = total + forms[..., k] * (design @ part)[:, None]
        most = most + np.abs(forms[..., k]) * (np.abs(design) @ np.abs(part))[:, None]
    return np.where(np.abs(total) <= _LEVEL * most, 0.0, np.sign(total))


class _Apart(Saved):
    """What limits of laws of levels share: the designs of a row say what is left of its law.

    Parameters
    ----------
    keys : sequence of str or None
        Names of the designs of the parameters among what is known of a row; None of a number.
    ways : sequence of Way
        Directions along which coefficients run off, the earlier before the later.
    known : mapping of str to ndarray, optional
        The designs of the rows at hand.
    """

    kind, holds = "apart", "one"
    takes = {"keys": tuple[str | None, ...], "ways": tuple[tuple[tuple[float, ...], ...], ...]}  # noqa: RUF012
    keys: tuple[str | None, ...]
    ways: tuple[Way, ...]
    rows: Known

    @property
    @abstractmethod
    def whole(self) -> Choice | Ordered:
        """The law that it is the limit of."""

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law that it is the limit of, the keys, and the directions."""
        ways = [[part.tolist() for part in way] for way in self.ways]
        return (self.whole,), {"keys": list(self.keys), "ways": ways}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The limit of the law of which `made_of` gave the parts."""
        (law,), keys = parts, others["keys"]
        if not isinstance(law, (Choice, Ordered)) or len(keys) != len(law.parameters):
            raise ParameterError("expected levels, and the key of a design, or none, of each of their parameters.")
        ways = [tuple(np.array(part, dtype=float) for part in way) for way in others["ways"]]
        if any(len(way) != len(keys) or not all(np.all(np.isfinite(part)) for part in way) for way in ways):
            raise ParameterError("ways: expected directions, one list of numbers a parameter.")
        return apart(law, keys, ways)

    def _stand(self, keys: Sequence[str | None], ways: Sequence[Way], known: Known | None) -> None:
        self.keys, self.ways = tuple(keys), tuple(ways)
        self.rows = {} if known is None else {name: np.atleast_2d(known[name]) for name in self.per_row}

    @property
    def per_row(self) -> tuple[str, ...]:
        """Names of the designs."""
        return tuple(key for key in self.keys if key is not None)

    @property
    def known(self) -> Known:
        """The designs of the rows at hand."""
        return self.rows

    @property
    def _designs(self) -> list[Array]:
        return [np.ones((1, 1)) if key is None else self.rows[key] for key in self.keys]


class ChoiceApart(_Apart, Choice):
    """Levels by their log-odds, some of which are impossible in some rows: see `Choice`."""

    def __init__(
        self,
        levels: Sequence[str],
        reference: int,
        keys: Sequence[str | None],
        ways: Sequence[Way],
        known: Known | None = None,
    ) -> None:
        Choice.__init__(self, levels, reference)
        self._stand(keys, ways, known)
        self._open = self._still() if self.rows else None

    @property
    def whole(self) -> Choice:
        """The law that it is the limit of."""
        return Choice(self.levels, self.reference)

    def given(self, known: Known) -> ChoiceApart:
        """The law of rows of which this is known."""
        return ChoiceApart(self.levels, self.reference, self.keys, self.ways, known)

    def _still(self) -> list[Array]:
        """Which rows keep the reference, and each of the other levels."""
        count = len(self.others)
        places = np.concatenate([np.zeros((1, count)), np.eye(count)])
        found: Any = True
        for way in self.ways:
            # A level falls behind where another one that is still open outruns it.
            behind = [np.any((signs(places - own, self._designs, way) > 0) & found, axis=1) for own in places]
            found = found & ~np.stack(behind, axis=1)
        return list(found.T)

    def _etas(self, params: tuple[Any, ...]) -> list[Any]:
        etas = Choice._etas(self, params)
        if self._open is None:
            return etas
        return [np.where(still, eta, -np.inf) for still, eta in zip(self._open, etas, strict=True)]


class OrderedApart(_Apart, Ordered):
    """Ordered levels, some of whose cutpoints are at infinity in some rows: see `Ordered`."""

    def __init__(
        self,
        levels: Sequence[str],
        link: str,
        keys: Sequence[str | None],
        ways: Sequence[Way],
        known: Known | None = None,
    ) -> None:
        Ordered.__init__(self, levels, link)
        self._stand(keys, ways, known)
        self._side = self._sides() if self.rows else None

    @property
    def whole(self) -> Ordered:
        """The law that it is the limit of."""
        return Ordered(self.levels, self.link)

    def given(self, known: Known) -> OrderedApart:
        """The law of rows of which this is known."""
        return OrderedApart(self.levels, self.link, self.keys, self.ways, known)

    def _sides(self) -> list[Array]:
        """To which end each cutpoint goes, seen from the rows; 0 where it stays."""
        count = len(self.cuts)
        forms = np.concatenate([np.full((count, 1), -1.0), np.eye(count)], axis=1)
        found: Any = 0.0
        for way in self.ways:
            found = np.where(found == 0, signs(forms, self._designs, way), found)
        return list(found.T)

    def _end(self, k: int, z: Any) -> Any:
        return z if self._side is None else np.where(self._side[k] == 0, z, np.copysign(np.inf, self._side[k]))

    def _in_order(self, mass: Array, params: tuple[Any, ...]) -> Array:
        return mass  # of a row whose own ends are not in order it is -inf already


def apart(law: Choice | Ordered, keys: Sequence[str | None], ways: Sequence[Way]) -> ChoiceApart | OrderedApart:
    """The limit of a law of levels along directions of the coefficients of its designs."""
    if isinstance(law, Choice):
        return ChoiceApart(law.levels, law.reference, keys, ways)
    return OrderedApart(law.levels, law.link, keys, ways)
