"""Small real data sets, each with its source: ``mle_toolkit.datasets``.

The numbers are published facts, from the publication named in ``source``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from mle_toolkit import notebook
from mle_toolkit.data.form import EXACT, Form
from mle_toolkit.errors import DataError, UnknownNameError
from mle_toolkit.options import shown

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit._typing import Array
    from mle_toolkit.data.sample import Sample

_HEAD = 5
"""Rows that a notebook shows."""

_FACTS = "published facts, free of copyright"
_LOSS_MODELS = "Klugman, Panjer & Willmot (2012), Loss Models: From Data to Decisions, 4th ed., Wiley, "
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
    form : Form
        What the columns hold where it is not one exact observation a row: frequencies, times with events, intervals.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> faithful = mle.datasets.load("faithful")
    >>> faithful["waiting"][:3]
    array([79., 54., 74.])
    >>> mle.datasets.load("horse_kicks").sample()
    Sample: 200 observations in 5 weighted rows, from 0 to 4
    >>> mle.datasets.load("leukaemia").sample()
    Sample: 42 observations: 30 exact, 12 right-censored
    """

    name: str
    title: str
    source: str
    licence: str
    unit: str
    description: str
    form: Form = EXACT
    is_data_set: ClassVar[bool] = True
    """What `Sample.of` knows it by."""

    @cached_property
    def columns(self) -> Mapping[str, Array]:
        """Every column by name, the frequencies among them: read-only arrays of one length."""
        columns = _from_statsmodels() if self.name == "doctor_visits" else _from_file(self.name)
        for values in columns.values():
            values.flags.writeable = False
        return MappingProxyType(columns)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that hold observations by themselves; none where it takes several to make one."""
        return () if self.form.says_what else tuple(name for name in self.columns if name not in self.form.names)

    def sample(self, column: str | None = None) -> Sample:
        """The data as a sample: in the form that they have, or one column with its frequencies as weights.

        Parameters
        ----------
        column : str, optional
            May be left out where there is only one, or where the data set has a form of its own.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        DataError
            If there are several and none is named.
        """
        form = Form(column=column)
        if column is None and not self.form.says_what:
            if len(self.variables) > 1:
                raise DataError(f"{self.name}: name one of its columns: {', '.join(self.variables)}.")
            form = Form(column=self.variables[0])
        sample = form.over(self.form).sample(self.__getitem__)
        said = form.column is None or self.unit.startswith(form.column)
        sample.label = self.unit if said else f"{form.column}, {self.unit}"
        return sample

    def frame(self) -> pd.DataFrame:
        """All columns as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame({name: values.copy() for name, values in self.columns.items()})

    def _repr_html_(self) -> str:
        facts = [(name, getattr(self, name)) for name in ("unit", "source", "licence", "description")]
        first = list(itertools.islice(zip(*self.columns.values(), strict=True), _HEAD))
        rows = [["" if value != value else f"{value:g}" for value in row] for row in first]
        more = len(next(iter(self.columns.values()))) - len(first)
        notes = [f"and {more} more rows"] if more > 0 else []
        return notebook.table((), facts, caption=self.title) + notebook.table(list(self.columns), rows, notes)

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
        "arsenic",
        "Arsenic in streams of Oahu",
        "Tomlinson (2003), US Geological Survey; Helsel (2005), Nondetects and Data Analysis, Wiley",
        _FACTS,
        "micrograms per litre",
        "Dissolved arsenic in 24 samples of urban stream water from Oahu, Hawaii. Where detected is 0 the laboratory "
        "found it below a limit of detection, of which there are three: 0.9, 1 and 2.",
        form=Form(column="concentration", observed="detected"),
    ),
    DataSet(
        "blackouts",
        "Customers without electricity in blackouts",
        "Newman (2005), Power laws, Pareto distributions and Zipf's law, Contemporary Physics 46, 323-351; Clauset, "
        "Shalizi & Newman (2009), Power-law distributions in empirical data, SIAM Review 51, 661-703",
        _FACTS,
        "thousands of customers",
        "Number of customers affected in each of 211 blackouts in the United States between 1984 and 2002.",
    ),
    DataSet(
        "channing",
        "Ages of men entering and leaving Channing House",
        "Hyde (1980), Testing survival with incomplete observations, in Biostatistics Casebook, Wiley; Efron (1981), "
        "Censored data and the bootstrap, Journal of the American Statistical Association 76, 312-319",
        _FACTS,
        "months",
        "Age at which each man moved into a retirement home in Palo Alto, and at which he died or, where died is 0, "
        "left or was still there when the study closed (1 July 1975). Only who lived to the age of "
        "entry could be seen. One of the 97 men, who left in the month in which he came, is left out.",
        form=Form(time="exit", event="died", entry="entry"),
    ),
    DataSet(
        "circuits",
        "Failures of integrated circuits on test",
        "Meeker (1987), Limited failure population life tests: application to integrated circuit reliability, "
        "Technometrics 29, 51-65",
        _FACTS,
        "hours",
        "Hours to failure of 28 of 4156 integrated circuits; where failed is 0 they had not failed in 1370 hours. Few "
        "of them have the defect that makes them fail at all.",
        form=Form(time="hours", event="failed", counts="circuits"),
    ),
    DataSet(
        "compensation",
        "Medical benefits of workers' compensation",
        _LOSS_MODELS + "Data Set B",
        _FACTS,
        "dollars",
        "Amounts of twenty claims, in increasing order; the last is six times as large as the one before.",
    ),
    DataSet(
        "cosmesis",
        "Cosmetic deterioration after radiotherapy",
        "Beadle et al. (1984), Cosmetic results following primary radiation therapy, Cancer 54, 2911-2918; "
        "Finkelstein & Wolfe (1985), A semiparametric model for regression analysis of interval-censored failure "
        "time data, Biometrics 41, 933-945",
        _FACTS,
        "months",
        "46 patients with early breast cancer treated by radiotherapy alone: the last visit at which the breast had "
        "not retracted, and the first at which it had. Where upper is missing it had not by the last visit.",
        form=Form(lower="lower", upper="upper"),
    ),
    DataSet(
        "danish_fire",
        "Losses by fire in Denmark",
        "McNeil (1997), Estimating the tails of loss severity distributions using extreme value theory, ASTIN Bulletin "
        "27, 117-137; Scollnik (2007), On composite lognormal-Pareto models, Scandinavian Actuarial Journal, 20-33",
        _FACTS,
        "million kroner of 1985",
        "2492 losses of the years 1980-1990, as Copenhagen Re had them, in increasing order. The 2167 of at least a "
        "million are those that texts on extremes look at.",
    ),
    DataSet(
        "dental_claims",
        "Dental claims in bands of amounts",
        "Klugman, Panjer & Willmot (1998), Loss Models: From Data to Decisions, Wiley",
        _FACTS,
        "dollars",
        "Number of claims under a dental insurance in each of ten bands of the amount, from 0 to 4000.",
        form=Form(lower="lower", upper="upper", counts="claims"),
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
        "federalist",
        "The word may in papers of the Federalist",
        "Mosteller & Wallace (1964), Inference and Disputed Authorship: The Federalist, Addison-Wesley",
        _FACTS,
        "occurrences in a block",
        "How often the word may occurs in each of 262 blocks of about 200 words by James Madison, as a frequency "
        "table.",
        form=Form(counts="blocks"),
    ),
    DataSet(
        "group_sizes",
        "Sizes of freely forming groups",
        "Coleman & James (1961), The equilibrium size distribution of freely-forming groups, Sociometry 24, 36-45",
        _FACTS,
        "people",
        "Number of people in each of 2423 groups of pedestrians, as a frequency table. Nobody sees a group of no one.",
        form=Form(counts="groups"),
    ),
    DataSet(
        "heart",
        "Survival after a heart transplant",
        "Miller (1976), Least squares regression with censored data, Biometrika 63, 449-464",
        _FACTS,
        "days",
        "Days from the operation to death or, where died is 0, to the end of the study, and age in years at the "
        "operation, of 69 patients of the Stanford programme.",
        form=Form(time="days", event="died"),
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
        form=Form(counts="corps_years"),
    ),
    DataSet(
        "leukaemia",
        "Remission of acute leukaemia",
        "Freireich et al. (1963), Blood 21, 699-716; Gehan (1965), A generalized Wilcoxon test for comparing "
        "arbitrarily singly-censored samples, Biometrika 52, 203-223",
        _FACTS,
        "weeks",
        "Weeks until children in remission relapsed or, where relapsed is 0, were last seen in remission; 21 under "
        "6-mercaptopurine and 21 under a placebo (mercaptopurine 0).",
        form=Form(time="weeks", event="relapsed"),
    ),
    DataSet(
        "liability_claims",
        "Claims of general liability in bands of amounts",
        _LOSS_MODELS + "Data Set C",
        _FACTS,
        "dollars",
        "Number of 227 claims in each of seven bands of the amount; the last, above 300,000, has no upper end.",
        form=Form(lower="lower", upper="upper", counts="claims"),
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
        form=Form(counts="leaves"),
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
    DataSet(
        "term_insurance",
        "Deaths and surrenders under a five-year term insurance",
        _LOSS_MODELS + "Data Set D2",
        _FACTS,
        "years",
        "Forty policies: the time from issue at which each came under observation, 0 but for ten of them, and at which "
        "the insured died or, where died is 0, the policy was surrendered or its five years were over.",
        form=Form(time="exit", event="died", entry="entry"),
    ),
    DataSet(
        "venice",
        "Highest sea levels of each year at Venice",
        "Pirazzoli (1982), Maree estreme a Venezia (periodo 1872-1981), Acqua Aria 10, 1023-1039; Smith (1986), "
        "Extreme value theory based on the r largest annual events, Journal of Hydrology 86, 27-43",
        _FACTS,
        "centimetres",
        "The ten highest sea levels of each year 1931-1981, the highest first; of 1935 the six highest. They rise over "
        "the years.",
    ),
)


def names() -> tuple[str, ...]:
    """Names of the data sets, in alphabetical order.

    Examples
    --------
    >>> names()
    ('air_conditioning', 'arsenic', 'blackouts', 'channing', 'circuits', 'compensation', 'cosmesis', 'danish_fire',
     'dental_claims', 'doctor_visits', 'engel', 'faithful', 'federalist', 'group_sizes', 'heart', 'horse_kicks',
     'leukaemia', 'liability_claims', 'mites', 'newcomb', 'nile', 'port_pirie', 'rivers', 'term_insurance',
     'venice')
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
        if isinstance(name, str) and data.name == name:
            return data
    import difflib

    close = difflib.get_close_matches(str(name), names(), n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {', '.join(names())}."
    raise UnknownNameError(f"unknown data set {shown(name)}; {hint}")


def _from_file(name: str) -> dict[str, Array]:
    from importlib.resources import files

    import numpy as np

    header, *rows = (files("mle_toolkit.data") / "sets" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    numbers = np.array([[cell or "nan" for cell in row.split(",")] for row in rows], dtype=np.float64)
    return {column: numbers[:, k].copy() for k, column in enumerate(header.split(","))}


def _from_statsmodels() -> dict[str, Any]:
    import numpy as np
    from statsmodels.datasets import randhie

    return {"visits": randhie.load_pandas().data["mdvis"].to_numpy(dtype=np.float64, copy=True)}
