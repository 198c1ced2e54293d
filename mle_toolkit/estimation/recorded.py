"""What is left of a maximum without its data: where it was, and how well it was known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.model import Model, model_of
from mle_toolkit.likelihood.unit import Unit


class _InDataUnit(NamedTuple):
    """The unit of a likelihood that is not there: that of the data."""

    unit: Unit = Unit()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A maximum that was read from a file; whatever needs the data raises.

    Attributes
    ----------
    family : Family
    theta : ndarray of shape (p,)
        All parameters, in the unit of the data.
    covariances : mapping of str to ndarray of shape (p, p)
        By kind, in the unit of the data.
    limit : Recorded or None
        That of the limiting family, where that is the maximum.
    """

    family: Family
    theta: Array
    covariances: Mapping[str, Array]
    limit: Recorded | None = None

    @property
    def likelihood(self) -> _InDataUnit:
        """Of a likelihood its unit alone, that of the data."""
        return _InDataUnit()

    @property
    def model(self) -> Model:
        """How the parameters of every row come about, of a regression."""
        return model_of(self.family)

    @property
    def theta_in_unit(self) -> Array:
        """The same: the unit is that of the data."""
        return self.theta

    def covariance(self, kind: str) -> Array:
        """Covariance of all parameters.

        Raises
        ------
        DataError
            If that kind was not saved.
        """
        if kind not in self.covariances:
            raise DataError(
                f"this fit was loaded without its data, and its covariance of kind {kind!r} was not saved; saved are "
                f"{', '.join(self.covariances)}."
            )
        return self.covariances[kind]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise DataError("this fit was loaded without its data, which this needs; fit the data again.")
