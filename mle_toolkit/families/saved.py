"""Laws that no name finds again: each says what a file must hold to make it, and makes it of that."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from mle_toolkit.families.base import Family


class Saved(Family):
    """A law that a file holds by its ``kind``, the laws that it is made of, and what else it takes.

    The package ``families.combinators`` finds the class by its kind.
    """

    kind: ClassVar[str]
    """How files call laws of this class."""

    holds: ClassVar[Literal["none", "one", "list"]] = "none"
    """Whether it is made of no other law, of one, or of some that files have in a list."""

    of_several: ClassVar[bool] = False
    """Whether that list may be longer than one."""

    takes: ClassVar[Mapping[str, Any]] = {}
    """What else it takes, with the type of each."""

    @abstractmethod
    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The laws it is made of, and what else it takes, by name."""

    @classmethod
    @abstractmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts and what else it takes.

        Raises
        ------
        MleError
            If there is no such law.
        """
