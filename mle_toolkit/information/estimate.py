"""A number with what is known about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from mle_toolkit.errors import ParameterError
from mle_toolkit.options import as_float

NATS = {"nat": 1.0, "bit": math.log(2.0), "dit": math.log(10.0)}
"""How many nats each unit of information has."""

Z95 = 1.959963984540054
"""Normal quantile of 0.975."""


def unit_name(unit: str | float) -> str:
    """Name of a unit of information: that of a base by which logs are taken, where a number is given."""
    if isinstance(unit, str):
        return unit
    nats_per(unit)
    base = float(unit)
    named = {2.0: "bit", math.e: "nat", 10.0: "dit"}
    return named.get(base, f"base {base!r}")


def nats_per(unit: str | float) -> float:
    """How many nats a unit of information has: "nat", "bit", "dit", or any base of logs.

    Raises
    ------
    ParameterError
        If there is no such unit.
    """
    if isinstance(unit, str) and unit in NATS:
        return NATS[str(unit)]
    base: float | None = None
    if isinstance(unit, str):
        try:
            base = float(unit.removeprefix("base "))
        except ValueError:
            base = None
    else:
        base = as_float(unit)
    if base is None or not (1 < base < math.inf):
        raise ParameterError(
            f"unknown unit {unit!r}; choose {', '.join(NATS)}, or a number above 1 as base of the logs."
        )
    return math.log(base)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its uncertainty, how it was found, and what to beware of.

    Attributes
    ----------
    value : float
        The estimate, in ``unit``. A divergence estimated as negative stays negative.
    se : float or None
        Standard error from sampling, in ``unit``; None where there is none, for the ``reason`` given.
    interval : tuple of float or None
        Confidence interval of that ``level``, in ``unit``. An infinite lower end means that only an upper bound is
        claimed.
    level : float
        Of the interval: 0.95 unless another was asked for.
    error : float or None
        Bound or estimate of the *numerical* error, in ``unit``; None where it is rounding only.
    method : str
        How the value was found.
    unit : str
        "nat", "bit", "dit", or "base 3.0" and the like; empty for what is no information, as a distance.
    flags : tuple of str
        What to beware of, in words that do not change from version to version.
    reason : str or None
        Why there is no standard error; or why the value is infinite.

    Examples
    --------
    >>> divergence = Estimate(value=0.5, se=0.1, interval=(0.304, 0.696), method="plug-in")
    >>> float(divergence), round(divergence.to("bit").value, 6)
    (0.5, 0.721348)
    >>> divergence
    Estimate(0.5 ± 0.1 nat, 95% in (0.304, 0.696); plug-in)
    """

    value: float
    se: float | None = None
    interval: tuple[float, float] | None = None
    level: float = 0.95
    error: float | None = None
    method: str = ""
    unit: str = "nat"
    flags: tuple[str, ...] = ()
    reason: str | None = None

    def __float__(self) -> float:
        return self.value

    def to(self, unit: str | float) -> Estimate:
        """The same estimate in another unit."""
        unit = unit_name(unit)
        factor = nats_per(self.unit) / nats_per(unit)
        if unit == self.unit:
            return self
        return replace(
            self,
            value=self.value * factor,
            se=None if self.se is None else self.se * factor,
            interval=None if self.interval is None else (self.interval[0] * factor, self.interval[1] * factor),
            error=None if self.error is None else self.error * factor,
            unit=unit,
        )

    def to_dict(self) -> dict[str, Any]:
        """All fields, by name."""
        return {
            "value": self.value,
            "se": self.se,
            "interval": None if self.interval is None else list(self.interval),
            "level": self.level,
            "error": self.error,
            "method": self.method,
            "unit": self.unit,
            "flags": list(self.flags),
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Estimate:
        """The estimate of which `to_dict` made the record; numbers may be strings such as ``"Infinity"``."""
        interval = record["interval"]
        return cls(
            value=float(record["value"]),
            se=None if record["se"] is None else float(record["se"]),
            interval=None if interval is None else (float(interval[0]), float(interval[1])),
            level=float(record.get("level", 0.95)),  # records before it had this one only
            error=None if record["error"] is None else float(record["error"]),
            method=record["method"],
            unit=record["unit"],
            flags=tuple(record["flags"]),
            reason=record["reason"],
        )

    def __str__(self) -> str:
        spread = "" if self.se is None else f" ± {self.se:.2g}"
        text = f"{self.value:.6g}{spread} {self.unit}".rstrip()
        if self.interval is None:
            return text
        low, high = self.interval
        where = f"below {high:.4g}" if low == -math.inf else f"in ({low:.4g}, {high:.4g})"
        return f"{text}, {100 * self.level:.6g}% {where}"

    def __repr__(self) -> str:
        parts = [str(self)]
        if self.error is not None:
            parts.append(f"error {self.error:.1g}")
        why = "because" if math.isinf(self.value) else "no se:"
        notes = [self.method, *self.flags] + ([] if self.reason is None else [f"{why} {self.reason}"])
        return f"Estimate({', '.join(parts)}; {'; '.join(note for note in notes if note)})"
