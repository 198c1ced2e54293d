"""What can go wrong, said once: what, where, how many, and what to do; with the evidence attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mle_toolkit.estimation.certificate import Certificate


class MleError(Exception):
    """Base of every error that mle_toolkit raises on purpose."""


class DataError(MleError, ValueError):
    """The data cannot be used as given: not numbers, missing, of the wrong shape, or empty."""


class MissingPackageError(DataError, ImportError):
    """A package is needed that one of the extras installs, or pip by its own name."""

    def __init__(self, what: str, package: str, extra: str | None = None) -> None:
        line = package if extra is None else f"'mle-toolkit[{extra}]'"
        super().__init__(f"{what} needs {package}: pip install {line}")


class WeightError(DataError):
    """The weights are not weights: negative, missing, infinite, all zero, or of another length."""


class SupportError(DataError):
    """Some observations have zero density under every member of the family.

    Attributes
    ----------
    family : str
        Name of the family.
    outside : tuple of int
        Row numbers of the observations outside its support.
    """

    def __init__(self, message: str, family: str, outside: tuple[int, ...]) -> None:
        super().__init__(message)
        self.family = family
        self.outside = outside


class NoMaximumError(MleError, ValueError):
    """The likelihood has no maximum that could be reported as an estimate.

    Attributes
    ----------
    certificate : Certificate or None
        The verdict (``unbounded``, ``not_identified``) and its evidence.
    """

    def __init__(self, message: str, certificate: Certificate | None = None) -> None:
        super().__init__(message)
        self.certificate = certificate


class DegenerateDataError(NoMaximumError, DataError):
    """The sample is too poor for the family: constant, too few distinct values, or all at an endpoint."""


class UnboundedLikelihoodError(NoMaximumError):
    """The likelihood grows without bound, so its supremum is not an estimate."""


class InexactLikelihoodError(NoMaximumError):
    """The log-likelihood cannot be computed to the digits that a maximum needs, or is none that a law can have."""


class UnknownNameError(MleError, LookupError):
    """A family, parameter, data set or column of that name does not exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class ParameterError(MleError, ValueError):
    """A parameter value, start, bound or constant is missing or outside its domain."""


class LawError(MleError, ValueError):
    """A law of the user's own does not do what a law must: one real number a row, whatever rows it is asked for."""


class IntegralError(MleError, ArithmeticError):
    """An integral or a sum over a law does not settle, or the law has not a total mass of one."""


class RangeError(MleError, ArithmeticError):
    """The formulas of a law leave the range of floating-point numbers."""


class ComparisonError(MleError, ValueError):
    """The models cannot be compared, because their likelihoods are not of the same data."""


class FitWarning(UserWarning):
    """The fit is usable, but weaker than an interior maximum; the message says why.

    Attributes
    ----------
    certificate : Certificate
        The verdict and its evidence.
    """

    def __init__(self, message: str, certificate: Certificate) -> None:
        super().__init__(message)
        self.certificate = certificate
