"""Small real data sets, each with its source: ``mle_toolkit.datasets``.

The numbers are published facts, from the publication named in ``source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mle_toolkit.errors import DataError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit._typing import Array
    from mle_toolkit.data.sample import Sample

_FACTS = "published facts, free of copyright"
_PUBLIC = "public domain, as distributed with statsmodels"


@dataclass(frozen=True)
class DataSet:
    """Columns of numbers, and where they come from.

    Attributes
    ----------
    name, title : str
        What `load` calls it, and what it is.
    source : str
        The publication.
    licence : str
        On what terms the numbers may be used.
    unit : str
        Unit of the observations, or what they count.
    description : str
        How the numbers came about.
    counts : str or None
        The column that holds frequencies: each row stands for that many observations.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> faithful = mle.datasets.load("faithful")
    >>> faithful["waiting"][:3]
    array([79., 54., 74.])
    >>> mle.datasets.load("horse_kicks").sample()
    Sample: 200 observations in 5 weighted rows, from 0 to 4
    """

    name: str
    title: str
    source: str
    licence: str
    unit: str
    description: str
    counts: str | None = None

    @cached_property
    def columns(self) -> Mapping[str, Array]:
        """Every column by name, the frequencies among them: read-only arrays of one length."""
        columns = _from_statsmodels() if self.name == "doctor_visits" else _from_file(self.name)
        for values in columns.values():
            values.flags.writeable = False
        return MappingProxyType(columns)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that hold observations."""
        return tuple(name for name in self.columns if name != self.counts)

    def sample(self, column: str | None = None) -> Sample:
        """One column as a sample, with its frequencies as weights.

        Parameters
        ----------
        column : str, optional
            May be left out where there is only one.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        DataError
            If there are several and none is named.
        """
        from mle_toolkit.data.sample import Sample

        if column is None:
            if len(self.variables) > 1:
                raise DataError(f"{self.name}: name one of its columns: {', '.join(self.variables)}.")
            column = self.variables[0]
        if self.counts is None:
            return Sample(self[column])
        return Sample.table(self[column], self[self.counts])

    def frame(self) -> pd.DataFrame:
        """All columns as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame({name: values.copy() for name, values in self.columns.items()})

    def __getitem__(self, column: str) -> Array:
        """One column, as a read-only float64 array."""
        if column not in self.columns:
            known = ", ".join(self.columns)
            raise UnknownNameError(f"{self.name}: column {column!r} not found; its columns: {known}.")
        return self.columns[column]


_CATALOGUE = (
    DataSet(
        "air_conditioning",
        "Failures of the air conditioning of an airliner",
        "Proschan (1963), Theoretical explanation of observed decreasing failure rate, Technometrics 5, 375-383",
        _FACTS,
        "hours",
        "Times in service between successive failures of the air-conditioning equipment of one "
        "Boeing 720, in increasing "
        "order. Exponential for one aircraft; a mixture over a fleet has a falling hazard.",
    ),
    DataSet(
        "doctor_visits",
        "Visits to a doctor in a year",
        "RAND Health Insurance Experiment; Cameron & Trivedi (2005), Microeconometrics, Cambridge, ch. 20",
        _PUBLIC,
        "visits",
        "Outpatient visits to a physician, one row a person and year. Far more zeros and long counts than a "
        "Poisson law with the same mean.",
    ),
    DataSet(
        "engel",
        "Income and food expenditure of Belgian working-class households",
        "Engel (1857); Koenker & Bassett (1982), Robust tests for heteroscedasticity based on "
        "regression quantiles, "
        "Econometrica 50, 43-61",
        _PUBLIC,
        "Belgian francs a year",
        "Income and expenditure on food of 235 households; Engel's law is that the share of food "
        "falls as income rises.",
    ),
    DataSet(
        "faithful",
        "Eruptions of the Old Faithful geyser",
        "Azzalini & Bowman (1990), A look at some data on the Old Faithful geyser, Applied Statistics 39, 357-365",
        _FACTS,
        "minutes",
        "Length of an eruption and waiting time to the next one, Yellowstone National Park, August "
        "1985. Both have "
        "two modes, for short and for long eruptions.",
    ),
    DataSet(
        "horse_kicks",
        "Deaths by horse kick in the Prussian army",
        "Bortkiewicz (1898), Das Gesetz der kleinen Zahlen, Teubner, Leipzig",
        _FACTS,
        "deaths per corps and year",
        "Soldiers killed by a horse's kick in each of 10 army corps in each of the 20 years "
        "1875-1894: 200 corps-years, as a "
        "frequency table. The classical Poisson sample.",
        counts="corps_years",
    ),
    DataSet(
        "mites",
        "Red mites on apple leaves",
        "Bliss & Fisher (1953), Fitting the negative binomial distribution to biological data, Biometrics 9, 176-200",
        _FACTS,
        "mites per leaf",
        "Adult female European red mites on 150 leaves of apple trees, as a frequency table. Mites "
        "flock: the "
        "classical negative binomial sample.",
        counts="leaves",
    ),
    DataSet(
        "newcomb",
        "Newcomb's passage times of light",
        "Newcomb (1882); Stigler (1977), Do robust estimators work with real data?, Annals of Statistics 5, 1055-1098",
        _FACTS,
        "nanoseconds above 24 800",
        "Times of light over 7443.73 metres, from Fort Myer to the Washington Monument and back. Two "
        "of the 66, -44 and "
        "-2, lie far out. Today's value is 33.02.",
    ),
    DataSet(
        "nile",
        "Annual flow of the Nile at Aswan",
        "Cobb (1978), The problem of the Nile: conditional solution to a changepoint problem, Biometrika 65, 243-251",
        _PUBLIC,
        "10^8 cubic metres",
        "Discharge in each of the years 1871-1970, in order of time; it falls about 1898.",
    ),
    DataSet(
        "port_pirie",
        "Annual maximum sea levels at Port Pirie",
        "Coles (2001), An Introduction to Statistical Modeling of Extreme Values, Springer, example 1.1",
        _FACTS,
        "metres",
        "Largest sea level of each year 1923-1987 at Port Pirie, South Australia, to the centimetre. "
        "Modelled by a GEV law.",
    ),
    DataSet(
        "rivers",
        "Lengths of major North American rivers",
        "McNeil (1977), Interactive Data Analysis, Wiley; from the World Almanac and Book of Facts (1975)",
        _FACTS,
        "miles",
        "Lengths of the 141 rivers that the almanac calls major, from 135 to 3710 miles.",
    ),
)


def names() -> tuple[str, ...]:
    """Names of the data sets, in alphabetical order.

    Examples
    --------
    >>> names()
    ('air_conditioning', 'doctor_visits', 'engel', 'faithful', 'horse_kicks', 'mites', 'newcomb', 'nile',
     'port_pirie', 'rivers')
    """
    return tuple(data.name for data in _CATALOGUE)


def load(name: str) -> DataSet:
    """Find a data set by name; its numbers are read when they are first used.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    UnknownNameError
        If there is none of that name.

    Examples
    --------
    >>> load("nile").title
    'Annual flow of the Nile at Aswan'
    """
    for data in _CATALOGUE:
        if data.name == name:
            return data
    import difflib

    close = difflib.get_close_matches(str(name), names(), n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {', '.join(names())}."
    raise UnknownNameError(f"unknown data set {name!r}; {hint}")


def _from_file(name: str) -> dict[str, Array]:
    from importlib.resources import files

    import numpy as np

    header, *rows = (files("mle_toolkit.data") / "sets" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    numbers = np.array([row.split(",") for row in rows], dtype=np.float64)
    return {column: numbers[:, k].copy() for k, column in enumerate(header.split(","))}


def _from_statsmodels() -> dict[str, Any]:
    import numpy as np
    from statsmodels.datasets import randhie

    return {"visits": randhie.load_pandas().data["mdvis"].to_numpy(dtype=np.float64, copy=True)}
