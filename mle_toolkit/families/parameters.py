"""Parameters of a law: their domains, and how they move with the unit of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mle_toolkit.errors import ParameterError
from mle_toolkit.families.domain import POSITIVE, REAL, Domain, Interval

Role = Literal["location", "scale", "rate", "log-scale", "shape", "covariance"]
"""How a parameter moves when the data change unit, ``x = centre + scale * z``:
location ``centre + scale * p``; scale ``scale * p``; rate ``p / scale``; log-scale ``p + log(scale)``; shape ``p``;
covariance, of laws of vectors, where every column has its unit: ``p * outer(scale, scale)``."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a family.

    Parameters
    ----------
    name : str
        Its name in results.
    domain : Interval, Simplex, Vector, Space or PositiveDefinite
        The values it may take; an endpoint that belongs to the domain is a value with a density of its own.
    typical : tuple of float
        A range of ordinary values, from which tests and examples draw.
    role : {"shape", "location", "scale", "rate", "log-scale", "covariance"}
        How it moves with the unit of the data.
    regular : bool
        False where its estimate is right but has no standard error from the information: the end of a support, the
        kink of a Laplace density.
    natural : Interval, optional
        Where the law itself has it, if its domain is narrower because the likelihood has no maximum beyond; Wald's
        interval is made on a scale without ends there.
    """

    name: str
    domain: Domain
    typical: tuple[float, float] = (0.5, 2.0)
    role: Role = "shape"
    regular: bool = True
    natural: Interval | None = None

    @property
    def interval(self) -> Interval:
        """The values it may take, where it is a number.

        Raises
        ------
        ParameterError
            If it is an array.
        """
        if not isinstance(self.domain, Interval):
            raise ParameterError(f"{self.name}: its values are arrays ({self.domain}), where a number is needed.")
        return self.domain

    @property
    def size(self) -> int:
        """How many numbers the parameter has: 1 unless it is an array."""
        return self.domain.size


LOC = Parameter("loc", REAL, typical=(-5.0, 5.0), role="location")
SCALE = Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale")
"""As most laws have them that can be shifted and stretched."""
