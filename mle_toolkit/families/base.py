"""What a family declares, and what is derived from it.

Over 600 lines, because it is one class, half of which says what a law may declare.

Conventions
-----------
Observations ``x`` have shape (n,) or any shape; each parameter is a float or an array that broadcasts with ``x``.
Log-densities are natural logs, against Lebesgue measure for continuous laws and counting measure for laws on the
integers. A *score* is the tuple of the derivatives of ``logpdf`` by each parameter, in declared order.
"""

from __future__ import annotations

import itertools
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.numbering import number_of, numbers_of
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import Known, some_of
from mle_toolkit.errors import DataError, DegenerateDataError, ParameterError, SupportError, UnknownNameError
from mle_toolkit.families.domain import Domain, Interval, PositiveDefinite, Stack
from mle_toolkit.families.expectations import BetaPower, BetaPrimePower, GammaPower, Terms
from mle_toolkit.families.hooks import TailExpansion, Unbounded
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter, Role
from mle_toolkit.families.relations import ByEnd, Chart, Image, Limit, SpecialCase
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.numerics.sent import sent
from mle_toolkit.options import numbers, text

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.combinators.reparametrised import Form
    from mle_toolkit.families.distribution import Distribution


MOST_COUNTED = 1e50
"""The largest count: above, formulas of counts lose their digits, and nothing was ever counted so far."""


_FEW_ROWS = 100
"""Rows of which a set is found sooner than by sorting."""

TOLD_APART = 1.92
"""Nats by which a maximum must be above a limiting law for a likelihood ratio test at 5 % to tell it from that law."""


class Family(ABC):
    """A law with unknown parameters.

    A subclass needs a ``name``, its ``parameters``, its ``support`` and a ``logpdf``. All else is optional, has a
    derived default where it is None, and makes the fit faster or the start better:

    ``score(x, *params)``
        Derivatives of ``logpdf`` by each parameter. Default: differences of fourth order.
    ``score_sums(x, weight, *params)``
        Weighted sums of the score over a block, where they come cheaper than from the score of every row.
    ``hessian(x, *params)``
        Second derivatives, upper triangle row by row: ``(d11, d12, ..., d22, ...)``. Default: differences of the score.
    ``derivative_sums(x, weight, *params)``, ``derivatives(count, sums, *params)``
        Both or neither: sums over a block, and the list that these, added over all blocks, make: log-likelihood, score
        and second derivatives (upper triangle) of ``count`` observations; of many groups where all are arrays. One pass
        then gives all, and what they share is computed once.
    ``expansion(x, *params)``
        ``logpdf``, ``score`` and ``hessian`` of rows together, or None where that is no less work for these; a
        regression uses them.
    ``start(sample)``
        Starting values, or a list of several where the likelihood may have several maxima. The sample is in
        standard units where parameters declare their roles.
    ``candidates(sample)``
        Starts where data are intervals or in windows, for a law whose likelihood may have many maxima: they are climbed
        from where the likelihood is highest. Where there are none, ``start`` is asked, with points for intervals.
    ``further_starts(sample)``
        Starts where the others lead to no maximum, of a law whose likelihood has no bound; of points, as ``start``.
    ``from_sample(sample)``
        The maximum itself: a closed form, or a root in one dimension.
    ``from_exposed(sample, exposure)``
        The same where each row was watched for an exposure of its own, shape (n_rows,), for a law with ``rates``.
    ``from_groups(groups)``
        The same for each of many groups of exact data (`data.groups.Groups`), parameters as arrays; NaN where there is
        none. The mean log-density there must be minus the entropy: a law that is a limit then costs no fit a group.
    ``starts_of_groups(groups)``
        Starts for each of many groups of exact data in their units, parameters as arrays, so that one of them climbs to
        the highest maximum of each; NaN for a group that needs one less. Default: ``start`` of all groups together, and
        their maximum.
    ``from_intervals(sample)``
        The maximum for data with intervals, without windows, in the unit of the data.
    ``limits``
        Laws it tends to at the end of its parameter space.
    ``limits_in_window(lower, upper)``
        Laws it tends to where only a window of it is seen; of intervals without windows, through the whole line.
    ``limits_when_shifted``
        Laws it tends to as a threshold, given to it by `shifted`, goes to -∞.
    ``chart_when_shifted``
        Other parameters of the law with that threshold, in which the first of those limits is a point like any other.
    ``special_cases``
        Laws it is at values of its parameters inside their domains.
    ``images``
        Laws that functions of x follow; and larger laws of which it is a special case, where these do not say so.
    ``at_observations(sample, params, fixed, climb, loglik)``
        For a law of which an end or a kink may stop at an observation, where there are no derivatives: the highest
        maximum of that kind near some parameters, or None; ``climb`` takes a `held.Held` law and gives its maximum.
    ``chart``
        Other parameters, in which searches, certificates and covariances are computed while all are free.
    ``check(sample)``
        Raise if the likelihood has no maximum for these data.
    ``by_logit(x, logit)``
        Log-density, its derivative and second derivative by the logit of the one parameter, which keep their digits
        where that is near 1; a regression uses them.
    ``by_log(x, log)``
        The same by the log of the one parameter, of exact observations; None where that would lose digits.
    ``durations_by_log(log_x, ended, *params)``
        Of durations with these logs, the log-density of those that ended (``ended`` is 1) and the log of the survival
        function of those that last on (0), with derivatives and second derivatives, upper triangle row by row, by the
        parameters, of which the last, a scale, is given by its log: a regression of few rows has all from one power of
        each row.
    ``start_about(x, mean, weight)``
        Parameters from which to begin where the mean of every row is known, and the variance of rows over their mean:
        of counts, whose regression begins so.
    ``unbounded(sample, fixed)``
        Why the likelihood is unbounded, given the values of fixed parameters by name, though it has maxima in the
        interior; or None. A maximum is then reported as local.
    ``spikes(sample)``
        How the likelihood rises without bound at exact observations, which there are, while all parameters are free; or
        None. Maxima inside are reported as they are; where a search finds none, that is the reason.
    ``arranged(*params)``
        The same law with its parameters in the order that is reported: components of a mixture by location.
    ``spurious(sample, *params)``
        Whether a local maximum at these parameters is an accident of a few observations, not to be reported.
    ``spurious_of_groups(groups, *params)``
        The same of each of many groups of exact data, parameters as arrays; default: one by one.
    ``confined(sample, *params)``
        Whether a part of the law lies between neighbouring ends of intervals, where the likelihood rises as it narrows.
    ``in_unit(centre, scale)``
        The law of ``(x - centre) / scale``: for a law with constants, or ends of domains, in the unit of the data.
    ``sf_expansion(x, *params)``
        Log of the survival function inside the support with its derivatives and second derivatives, upper triangle row
        by row; regressions of right-censored data use it in place of differences of ``tail_scores``.
    ``tail_expansion(x, *params)``
        Logs of F and of S inside the support, derivatives of both, and second derivatives of both, upper triangle row
        by row: for a law of which the three cost hardly more than one. Default: differences of ``tail_scores``.
    ``tail_scores(x, *params)``
        Derivatives by each parameter of log F and of log S: two tuples. With them the scores of intervals are analytic.
        Default: differences.
    ``log_inner(lower, upper, *params)``, ``inner_scores(lower, upper, *params)``
        Log-probability of intervals between finite ends inside the support, and its derivatives by each parameter, for
        a law of which both tails are near 1/2 over a wide range: their differences have no digits there.
    ``log_mass(lower, upper, *params)``
        Log-probability of intervals ``(lower, upper]``. Default: from whichever tail keeps more digits.
    ``log_mass_scores(lower, upper, *params)``
        Its derivatives by each parameter: for a law whose intervals are no differences of tails.
    ``mass_sums(lower, upper, weight, *params)``
        Weighted sums of ``log_mass``, of its derivatives and of its second derivatives (upper triangle row by row).
        Default: scores of every interval, and differences of their sums.
    ``cdf``, ``sf``, ``logcdf``, ``logsf``, ``ppf``, ``isf``, ``mean``, ``var``, ``cov``, ``entropy``, ``rvs``
        Default: through ``to_scipy``, and that of a law that has none by quadrature or summation of ``logpdf``.
    ``lives_on(*params)``
        The ends of the interval on which it lives, where they are parameters. Default: the quantiles of 0 and 1.
    ``divergence(p, q)``
        Divergence of Kullback and Leibler between two of its members, each the tuple of its parameters, nats; q is
        positive wherever p is; None where there is no form. `excess` has what keeps its digits where they are close.
    ``terms(*params)``, ``expected(statistic, *params)``
        The log-density as a sum of statistics, and the expected value of a statistic (infinite where it is; None where
        there is no formula), which give divergences between laws of several families; see `expectations`.
    ``power_of(*params)``
        Both, for a power of a gamma, beta or beta-prime variable.
    ``to_scipy(*params)``
        The frozen scipy.stats distribution.
    ``from_scipy(*shapes, loc, scale)``
        The way back: parameters and constants by name, of those of the law of scipy.stats whose name is an alias of the
        law (``scale`` not of counts); None where it is not this law. Of vectors it takes the frozen law itself. Where
        its parameters are only called otherwise there, both are said in a line: ``in_scipy``.

    Parameters
    ----------
    **constants
        Known constants of the law (``n`` of a binomial); an array is one per row.

    Examples
    --------
    >>> import numpy as np
    >>> import mle_toolkit as mle
    >>> class Lindley(mle.Family):
    ...     name = "lindley"
    ...     parameters = (mle.Parameter("theta", mle.POSITIVE, role="shape"),)
    ...     support = mle.POSITIVE
    ...
    ...     def logpdf(self, x, theta):
    ...         return 2 * np.log(theta) - np.log1p(theta) + np.log1p(x) - theta * x
    >>> round(mle.fit([1.0, 2.0, 3.0], Lindley()).params["theta"], 6)
    0.780776
    """

    name: str
    aliases: ClassVar[tuple[str, ...]] = ()
    in_scipy: ClassVar[InScipy | None] = None
    """The law of scipy.stats that it is under other names: ``to_scipy`` and ``from_scipy`` are made of this."""
    parameters: tuple[Parameter, ...]
    support: Interval
    multivariate: ClassVar[bool] = False
    """An observation is a row of numbers: ``x`` has shape (n, d), ``logpdf`` gives (n,), and ``support`` is where each
    number lives."""
    one_maximum: ClassVar[bool] = False
    """By a theorem the likelihood of exact data has no more than one maximum while all parameters are free: one start
    is enough."""
    one_maximum_of_intervals: ClassVar[bool] = False
    """The same of any intervals without a window: of location and scale of a log-concave density, or of its logs, the
    log-likelihood is concave in 1/scale and loc/scale (Burridge 1981, JRSS B 43, 41-45)."""
    bends_sharply: ClassVar[bool] = False
    """The derivatives of a probability may change over far less than a natural change of the parameters, as where a
    threshold comes to an end of an interval."""
    dear_tails: ClassVar[bool] = False
    """A tail costs many densities, and between the nodes of an interval on which it is smooth the density has no peak:
    probabilities of narrow intervals, and tails in steps of them, are integrals of the density, which takes x of many
    rows, and a parameter for each column."""
    smooth_counts: ClassVar[bool] = False
    """``logpdf`` is smooth between counts too, so that sums over very many of them are integrals."""
    dear_quantiles: ClassVar[bool] = False
    """Each quantile takes many sums of probabilities: where the bulk of the law lies is seen from these."""
    on_simplex: ClassVar[bool] = False
    """The numbers of an observation add to 1, so that they have no volume."""
    checks_windows: ClassVar[bool] = False
    """What ``check`` says holds for exact values seen through windows too."""
    without_spikes: ClassVar[str] = "Use fewer components, or a parameter that they share: mixture(..., shared=(...))."
    """What to do where ``spurious``, which mixtures have first of all, leaves no maximum."""
    by_number: tuple[str, ...] = ()
    """Functions of its own that take numbers for parameters, and no array: each law is asked by itself."""
    scans: ClassVar[str] = ""
    """What is looked over before a search of exact data begins, in words for the certificate: "profile of df at 12
    values"; for laws whose likelihood may have several maxima."""
    entropy_attained: ClassVar[bool] = False
    """``from_sample`` is a formula at which the mean log-density is minus the entropy of the law, so that the
    likelihood at the maximum needs no pass over the data."""
    climbs: ClassVar[bool] = False
    """``from_sample`` climbs as a search does, which of many rows takes fewer passes over them."""
    of_least_squares: ClassVar[bool] = False
    """The score of its location is in proportion to the distance of an observation from it."""
    only_if_asked: ClassVar[str] = ""
    """Why `compare` tries the law only if it is named, where that is so."""
    constant_defaults: ClassVar[Mapping[str, Any]] = {}
    """Known constants of the law and their defaults; `...` marks one that must be given."""

    period: float | None = None
    """One turn, in the unit of the data, of a law of directions: what differs by it is the same observation."""

    cusp: str | None = None
    """The location at which the density may have a cusp: a maximum may have it at an observation, where no search by
    derivatives ends."""
    cusp_near: Callable[..., float | None] | None = None
    """Takes a sample, the values of fixed parameters by name, and all parameters; returns the observation near which a
    cusp that those make is best. None where they make none."""

    rising_ends: ClassVar[Mapping[str, float]] = {}
    """Ends of the support, by parameter, from which the density falls, the others being what they are: 1 for a lower
    one, -1 for an upper one. Until it meets an observation an exact value is the likelier, and what is censored on the
    other side, the nearer the end is."""

    atoms: tuple[float, ...] = ()
    """Values to which a law of measurements gives a probability, beside the density of all others: ``logpdf`` is that
    in logs, and ``without_atoms(*params)`` the `Distribution` of the others."""

    without_atoms: Callable[..., Distribution] | None = None

    outcomes: tuple[str, ...] = ()
    """Names of constants of each row that were observed with it, as the cause of a failure: ``logpdf`` is of both."""

    modelled: str | None = None
    """The parameter that the formula of a regression models, where that is not the first location, nor the scale."""

    asked_by: str | None = None
    """The one of its own parameters that it was asked for by: the one that the formula of a regression models then."""

    rates: tuple[str, ...] = ()
    """Of a law of counts, the parameters that grow in proportion to how long, or how much, was watched: an exposure
    multiplies them. All others stay as they are."""

    twin: str | None = None
    """The module of compiled sums that serves it, where that is not the one of the name of its own."""

    logpdf: Callable[..., Array]
    score: Callable[..., tuple[Array, ...]] | None = None
    score_sums: Callable[..., Array] | None = None
    hessian: Callable[..., tuple[Array, ...]] | None = None
    derivative_sums: Callable[..., Sequence[float] | Array] | None = None
    derivatives: Callable[..., Sequence[Any]] | None = None
    expansion: Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None] | None = None
    start: Callable[[Sample], Any] | None = None
    start_about: Callable[[Array, Array, Array], tuple[tuple[float, ...], Array]] | None = None
    candidates: Callable[[Sample], list[tuple[Any, ...]]] | None = None
    further_starts: Callable[[Sample], list[tuple[Any, ...]]] | None = None
    from_sample: Callable[[Sample], tuple[float, ...]] | None = None
    from_exposed: Callable[[Sample, Array], tuple[float, ...]] | None = None
    from_groups: Callable[[Groups], tuple[Array, ...]] | None = None
    starts_of_groups: Callable[[Groups], list[tuple[Array, ...]]] | None = None
    from_intervals: Callable[[Sample], tuple[float, ...]] | None = None
    unbounded: Unbounded | None = None
    spikes: Callable[[Sample], str | None] | None = None
    by_logit: Callable[[Array, Array], tuple[Array, Array, Array]] | None = None
    by_log: Callable[[Array, Array], tuple[Array, Array, Array] | None] | None = None
    durations_by_log: Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]]] | None = None
    arranged: Callable[..., tuple[Any, ...]] | None = None
    at_observations: Callable[..., Any] | None = None
    spurious: Callable[..., bool] | None = None
    spurious_of_groups: Callable[..., Mask] | None = None
    confined: Callable[..., bool] | None = None
    to_scipy: Callable[..., Any] | None = None
    from_scipy: Callable[..., Mapping[str, Any] | None] | None = None
    tail_scores: Callable[..., tuple[tuple[Array, ...], tuple[Array, ...]]] | None = None
    tail_expansion: Callable[..., TailExpansion] | None = None

    sf_expansion: Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]]] | None = None
    log_inner: Callable[..., Array] | None = None
    inner_scores: Callable[..., tuple[Array, ...]] | None = None
    log_mass: Callable[..., Array] | None = None
    log_mass_scores: Callable[..., tuple[Array, ...]] | None = None
    mass_sums: Callable[..., Array] | None = None
    dear_slopes = False
    """Whether sums of the log-density alone cost much less than with its derivatives, as these are differences."""
    dear_masses = False
    """The same of the log-probabilities of intervals."""
    own_unit: Any = None
    """The unit in which its likelihood is computed, where that is settled: of a model, whose predictors are in it."""
    divergence: Callable[[tuple[Any, ...], tuple[Any, ...]], float | None] | None = None
    terms: Callable[..., Terms | None] | None = None
    power_of: Callable[..., GammaPower | BetaPower | BetaPrimePower] | None = None
    expected: Callable[..., float | None] | None = None
    lives_on: Callable[..., tuple[float, float]] | None = None
    cdf: Callable[..., Array] | None = None
    sf: Callable[..., Array] | None = None
    logcdf: Callable[..., Array] | None = None
    logsf: Callable[..., Array] | None = None
    log_tails: Callable[..., tuple[Array, Array]] | None = None
    """``logcdf`` and ``logsf``, of a law for which both cost no more than one."""
    ppf: Callable[..., Array] | None = None
    isf: Callable[..., Array] | None = None
    mean: Callable[..., Array] | None = None
    var: Callable[..., Array] | None = None
    cov: Callable[..., Array] | None = None
    entropy: Callable[..., Array] | None = None
    rvs: Callable[..., Array] | None = None

    def __init_subclass__(cls) -> None:
        """Hold laws of the user's own to what a law must do."""
        super().__init_subclass__()
        if "log_tails" not in vars(cls) and not {"logcdf", "logsf"}.isdisjoint(vars(cls)):
            cls.log_tails = None  # that of the law it is derived from is not its own
        if cls.in_scipy is not None and "in_scipy" in vars(cls):
            names = [p.name for p in cls.parameters]
            cls.to_scipy, cls.from_scipy = cls.in_scipy.hooks(cls.name, names, counts=cls.support.integer)
        if cls.is_own():
            from mle_toolkit.families.own import guard

            guard(cls)

    @classmethod
    def is_own(cls) -> bool:
        """Whether it is a law of the user's, not one of the package."""
        return not cls.__module__.startswith("mle_toolkit.")

    def __init__(self, **constants: Any) -> None:
        unknown = [name for name in constants if name not in self.constant_defaults]
        if unknown:
            known = ", ".join(self.constant_defaults) or "none"
            raise ParameterError(f"{self.name}: unknown constant {unknown[0]!r}; its constants: {known}.")
        self.constants: dict[str, Any] = {}
        for name, default in self.constant_defaults.items():
            value = constants.get(name, default)
            if value is ...:
                raise ParameterError(
                    f"{self.name}: needs the known constant {name!r}: get_family({self.name!r}, {name}=...)."
                )
            if value is not default:
                numbers(value, f"{self.name}: {name}")
            self.constants[name] = value if np.ndim(value) == 0 else np.asarray(value)
            setattr(self, name, self.constants[name])

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a report should say of the law: what was assumed that nobody asked for. None by default."""
        return ()

    @property
    def discrete(self) -> bool:
        """Whether the law lives on the integers, so that ``logpdf`` is the log of a probability."""
        return self.support.integer

    @cached_property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters, in declared order."""
        return tuple(parameter.name for parameter in self.parameters)

    @cached_property
    def places(self) -> tuple[slice, ...]:
        """Where the numbers of each parameter stand in the vector of all."""
        ends = list(itertools.accumulate(p.size for p in self.parameters))
        return tuple(slice(end - p.size, end) for p, end in zip(self.parameters, ends, strict=True))

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """Role of every single number among the parameters."""
        return tuple(p.role for p in self.parameters for _ in range(p.size))

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of the single numbers: those of the parameters, with an index for each entry of an array."""
        names: list[str] = []
        for p in self.parameters:
            shape = p.domain.shape
            names += [f"{p.name}[{','.join(map(str, k))}]" for k in np.ndindex(shape)] if shape else [p.name]
        return tuple(names)

    @cached_property
    def distinct(self) -> tuple[int, ...]:
        """Places in `coefficient_names`; of a symmetric matrix, those on and above the diagonal."""
        places: list[int] = []
        first = 0
        for p in self.parameters:
            one = p.domain.parts[0] if isinstance(p.domain, Stack) else p.domain
            entries = enumerate(np.ndindex(p.domain.shape))
            mirrored = isinstance(one, PositiveDefinite)
            places += [first + k for k, index in entries if not mirrored or index[-2] <= index[-1]]
            first += p.size
        return tuple(places)

    @cached_property
    def n_free(self) -> int:
        """How many coordinates are free."""
        return sum(parameter.domain.n_free for parameter in self.parameters)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Laws that the family tends to at the end of its parameter space."""
        return ()

    @property
    def limits_without_zeros(self) -> tuple[Limit, ...]:
        """Laws of positive counts that a law of counts, less its zeros, tends to where it comes to give only zeros."""
        return ()

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """Laws that it tends to as a threshold below it goes to -∞; ``embed`` gives its own parameters there."""
        return ()

    @property
    def chart_when_shifted(self) -> Chart | None:
        """Other parameters of the law above a threshold, which is its last one, in which it is climbed."""
        return None

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Further laws that it tends to, seen through a window or in intervals, at an end of its parameter space."""
        return ()

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Laws that the family is at values of its parameters inside their domains."""
        return ()

    @property
    def images(self) -> tuple[Image, ...]:
        """Laws that functions of x follow where x follows this law."""
        return ()

    def has_kinks(self, *params: Any) -> bool:
        """Whether the density has a kink inside its support, which a derivative by differences may not see.

        Without parameters: whether it may have one.
        """
        return False

    def falls(self, *params: Any) -> tuple[Array, Array] | None:
        """Rates at which the log-density falls below and above the location, if in straight lines; else None."""
        return None

    def limits_near(self, sample: Sample, *params: Any) -> tuple[Limit, ...]:
        """Those with which a maximum at these parameters must be compared: all, where the law says no better."""
        return self.limits

    def domains_beside(self, *params: Any) -> tuple[Domain, ...] | None:
        """Domains in whose coordinates the likelihood is smooth where it bends too sharply in the others; else None."""
        return None

    def by_end(self, *params: Any) -> ByEnd | None:
        """The law by the end of its support, near these parameters; None where no search has need of that.

        Of intervals the likelihood may be highest with the end of the support at the end of one of them, where it has a
        kink, or bends without bound.
        """
        return None

    @property
    def chart(self) -> Chart | None:
        """Other parameters of the law, in which its likelihood is maximised; None for those declared."""
        return None

    @cached_property
    def all_scalar(self) -> bool:
        """Whether every parameter is a number."""
        return all(isinstance(p.domain, Interval) for p in self.parameters)

    @cached_property
    def has_endpoints(self) -> bool:
        """Whether a parameter may be at an end of its domain."""
        return any(p.domain.endpoints for p in self.parameters)

    @cached_property
    def has_location(self) -> bool:
        """Whether the law may be shifted."""
        return any(p.role == "location" for p in self.parameters)

    @cached_property
    def has_scale(self) -> bool:
        """Whether the law may be stretched."""
        return any(p.role in ("scale", "rate", "log-scale") for p in self.parameters) or (
            sum(p.role == "location" for p in self.parameters) > 1  # two ends of an interval
        )

    @property
    def in_threads(self) -> bool:
        """Whether sums over rows take so long that threads share them."""
        return False

    @property
    def of_residuals(self) -> bool:
        """Whether sums of derivatives at one point give those at any other, as those of least squares do."""
        return False

    @property
    def rows_at_once(self) -> int:
        """Rows a block of sums of derivatives."""
        return BLOCK_ROWS

    @cached_property
    def per_row(self) -> tuple[str, ...]:
        """Names of the constants that are arrays, one value a row."""
        return tuple(name for name, value in self.constants.items() if np.ndim(value) == 1)

    def irregular(self, *params: Any) -> tuple[str, ...]:
        """Names of the parameters that, at these values, have no standard error from the information."""
        return self._irregular

    def rough(self, *params: Any) -> tuple[str, ...]:
        """Names of the parameters, each a number, by which the second derivative of a row has no finite variance.

        As the location where the density has a cusp, but its score a variance: 1 - abs(x - loc)^b with b < 3/2.
        """
        return ()

    @cached_property
    def _irregular(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.parameters if not p.regular)

    def strata(self, sample: Sample) -> tuple[Array, ...]:
        """What is known of every row beforehand, given which it has its law: constants given per row."""
        return tuple(np.asarray(sample.known[name], dtype=float) for name in self.per_row)

    @property
    def known(self) -> Known:
        """Its constants that are given per row, by name."""
        return {name: self.constants[name] for name in self.per_row}

    @property
    def forms(self) -> Mapping[str, Form]:
        """Other parameters that it may be given by, as ``"mean"``: what `get_family(name, by=...)` takes."""
        return {}

    @property
    def main_parameter(self) -> str:
        """The parameter that a formula models: ``modelled``, or the first location, else the scale, else the first."""
        if (chosen := self.asked_by or self.modelled) is not None:
            return chosen
        for role in ("location", "log-scale", "scale"):
            for parameter in self.parameters:
                if parameter.role == role:
                    return parameter.name
        return self.parameters[0].name

    @property
    def main_parameters(self) -> tuple[str, ...]:
        """All that it models, where these are several: of a mixture those of each component."""
        return (self.main_parameter,)

    def names_of(self, name: str) -> tuple[str, ...]:
        """The parameters that a name means: of a mixture ``"sigma"`` is that of each component."""
        return (name,)

    def by(self, form: str) -> Family:
        """The same law in other parameters: ``get_family("gamma").by("mean")`` has a mean and a shape.

        Raises
        ------
        UnknownNameError
            If it has no such form.
        """
        from mle_toolkit.families.combinators.reparametrised import Reparametrised

        form = text(form, "by", "the name of a form or parameter")
        if form in self.param_names:
            new = copy(self)
            new.asked_by = form
            return new
        if form not in self.forms:
            known = ", ".join([*self.forms, *self.param_names])
            raise UnknownNameError(f"{self.name} cannot be given by {form!r}; it can by {known}.")
        return Reparametrised(self, self.forms[form], form)

    def exposed(self, exposure: Any) -> Family:
        """The same law of counts of rows that were watched for as long, or as much, as this; its rates are of one unit.

        Parameters
        ----------
        exposure : float or array_like of shape (n,)
            One number, or one a row: years, square kilometres, persons. Where it is 0 the count is 0.

        Raises
        ------
        DataError
            If values are missing, infinite or negative, or all are 0.
        ParameterError
            If the law has no ``rates``.
        """
        from mle_toolkit.data.exposure import checked_exposure
        from mle_toolkit.families.combinators.exposed import Exposed

        if self.rates:
            return Exposed(self, checked_exposure(exposure))
        if not self.discrete:
            raise ParameterError(
                f"{self.name}: exposure is of counts, whose rate it multiplies. For the mean of a continuous law use "
                f'regress("y ~ 1", frame, {self.name!r}, exposure=...).'
            )
        raise ParameterError(
            f"{self.name}: exposure multiplies a rate, and this law has none: {', '.join(self.param_names)}. Use "
            f"poisson, or negbin (whose size is 1 where it is geometric); a law of yours says what is one: rates."
        )

    def with_rows(self, sample: Sample) -> Sample:
        """The sample, with the constants that the law brought for its rows, if it brought any."""
        missing = {name: column for name, column in self.known.items() if name not in sample.known}
        try:
            return sample.with_known(**missing) if missing else sample
        except DataError as error:
            raise ParameterError(f"{self.name}: {error}") from error

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known: constants per row are those, whichever rows they were of before."""
        if not self.per_row:
            return self
        new = type(self)(**self.constants | {name: known[name] for name in self.per_row})
        new.asked_by = self.asked_by
        return new

    @final
    def take(self, rows: Any) -> Family:
        """The law of some of the rows that its constants are of (slice, index or mask)."""
        return self.given(some_of(self.known, rows)) if self.per_row else self

    def resolve(self, sample: Sample) -> Family:
        """Settle what can only be known from the data (the number of categories); the family itself by default."""
        return self

    def in_data_unit(self, theta: Array) -> tuple[Family, Array]:
        """The law, and all its parameters, in the unit of the data: as they are, but for a law with ``own_unit``."""
        return self, theta

    @final
    def law_at(self, theta: Array) -> Distribution:
        """The law at all its parameters in one vector, as a maximum has them; shape (p,)."""
        from mle_toolkit.families.distribution import Distribution

        family, own = self.in_data_unit(theta)
        return Distribution.at(family, family.unpack(own))

    def learned_again(self, sample: Sample) -> Family:
        """What `resolve` learned from other data, learned again from these; the family itself by default."""
        return self

    def resolve_params(self, params: Mapping[str, Any]) -> Family:
        """Settle what can be known from given parameters (the dimension of a vector); the family itself by default."""
        return self

    def domains_at(self, *params: Any) -> tuple[Domain, ...]:
        """Domains of the parameters, in coordinates that are natural at these values; those declared by default."""
        return tuple(p.domain for p in self.parameters)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``, as far as constants are concerned; the family itself by default."""
        return self

    def check(self, sample: Sample) -> None:
        """Raise `DegenerateDataError` where the likelihood has no maximum for these data.

        By default: fewer distinct values than free parameters, where a continuous law with a free scale can
        put unbounded density on the values.
        """
        needed = self.n_free
        if self.discrete or needed < 2:
            return
        if sample.minimum == sample.maximum:
            distinct = 1
        elif needed == 2:
            return
        else:
            few = sample.sketch().x
            if few.ndim > 1:
                needed = -(-needed // few.shape[1])  # rows, each of so many numbers
            distinct = _distinct(few[: 4 * needed])  # a few rows will do, as a rule
            if distinct < needed:
                distinct = _distinct(few)
            if distinct < needed:
                distinct = _distinct((sample if sample.in_memory else sample.tabulated()).x)
        if distinct < needed:
            raise DegenerateDataError(
                f"{self.name}: {sample.nobs:g} observations with {distinct} distinct "
                f"value{'s' if distinct > 1 else ''} cannot determine {self.n_free} parameters; "
                f"the likelihood is unbounded. Use a law with fewer parameters, or get more data."
            )

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` if any observation has zero density under every member."""
        support = self.support
        if support.covers(sample.minimum, sample.maximum) and not support.integer:
            return
        if support.integer and max(abs(sample.minimum), abs(sample.maximum)) > MOST_COUNTED:
            self._check_whole(sample)
        if isinstance(sample, BlockedSample) and not sample.in_memory:
            self._check_support_by_blocks(sample)
            return
        if sample.is_exact and all(np.all(support.contains(x)) for x, _ in sample.blocks()):
            return
        lower, upper = sample.lower, sample.upper
        inside = support.contains(upper)
        if not sample.is_exact:
            # An interval (lower, upper] is possible if it meets the support.
            meets = (upper >= support.lower) if support.closed_lower else (upper > support.lower)
            inside = np.where(lower < upper, meets & (lower < support.upper), inside)
        if inside.all():
            return
        row, *column = np.argwhere(~inside)[0].tolist()
        first = ", ".join(map(str, (number_of(row, sample.rows_given), *column)))
        value = upper[~inside][0]
        outside = np.flatnonzero(~inside if inside.ndim == 1 else ~inside.all(axis=1))
        below = bool(np.any(upper < support.lower))
        raise self._outside(sample, len(outside), first, value, below, numbers_of(outside, sample.rows_given))

    def _check_whole(self, sample: Sample) -> None:
        """Raise `SupportError` for counts so large that formulas of counts lose their digits."""
        if not sample.in_memory:
            largest: Array = np.array([sample.minimum, sample.maximum])
        else:
            ends = np.stack([sample.lower, sample.upper])
            largest = np.max(np.abs(np.where(np.isfinite(ends), ends, 0.0)), axis=0)
        outside = np.flatnonzero(np.abs(largest) > MOST_COUNTED)
        if len(outside):
            first = int(outside[0])
            row = number_of(first, sample.rows_given)
            raise SupportError(
                f"{self.name}: {len(outside)} of {sample.n_rows} counts are above {MOST_COUNTED:g}, where formulas of "
                f"counts have no digits left; the first is x[{row}] = {largest[first]:g}. For measurements choose a "
                f"continuous law.",
                self.name,
                numbers_of(outside, sample.rows_given),
            )

    def _check_support_by_blocks(self, sample: BlockedSample) -> None:
        """Raise `SupportError` as `check_support` does, for rows that are not held."""
        support = self.support
        if support.integer:
            table = sample.tabulated()
            if table.in_memory and np.all(support.contains(table.x)):
                return
        count, row, value = sample.failing(support.contains)
        if count:
            raise self._outside(sample, count, str(row), value, sample.minimum < support.lower, (row,))

    def _outside(
        self, sample: Sample, count: int, first: str, value: float, below: bool, rows: tuple[int, ...]
    ) -> SupportError:
        advice = "Remove them, or choose a law whose support holds them."
        if value == 0.0 == self.support.lower and not below and not self.support.integer:
            advice = f"Remove them, give 0 a probability of its own: hurdle({self.name!r}), or choose another law."
        if self.support.integer and not below:
            advice = "Counts must be whole numbers; for measurements choose a continuous law."
        return SupportError(
            f"{self.name}: {count} of {sample.n_rows} observations lie outside the support {self.support}; "
            f"the first is x[{first}] = {value:g}. {advice}",
            self.name,
            rows,
        )

    def pack(self, params: Mapping[str, Any]) -> Array:
        """Put named parameters into one vector, in declared order; each is checked against its domain."""
        missing = [name for name in self.param_names if name not in params]
        extra = [name for name in params if name not in self.param_names]
        if missing or extra:
            problem = f"unknown parameter {extra[0]!r}" if extra else f"missing parameter {missing[0]!r}"
            raise ParameterError(f"{self.name}: {problem}; its parameters: {', '.join(self.param_names)}.")
        for parameter in self.parameters:
            value = np.asarray(numbers(params[parameter.name], f"{self.name}: {parameter.name}"))
            if not np.all(parameter.domain.contains(value)):
                raise ParameterError(
                    f"{self.name}: {parameter.name} = {params[parameter.name]} lies outside its domain "
                    f"{parameter.domain}."
                )
        values = [np.ravel(np.asarray(params[name], dtype=float)) for name in self.param_names]
        return np.concatenate(values) if values else np.empty(0)

    def unpack(self, theta: Array) -> tuple[Any, ...]:
        """Split one vector into the parameters: floats, and arrays for vectors and matrices."""
        if self.all_scalar:
            return tuple(theta.tolist())
        return tuple(
            [
                theta[place].reshape(shape) if len(shape) > 1 else theta[place] if shape else float(theta[place.start])
                for place, shape in self._cuts
            ]
        )

    @cached_property
    def _cuts(self) -> tuple[tuple[slice, tuple[int, ...]], ...]:
        """Where the numbers of each parameter stand, and its shape."""
        return tuple((place, p.domain.shape) for p, place in zip(self.parameters, self.places, strict=True))

    @staticmethod
    def from_logpdf(
        logpdf: Callable[..., Any],
        parameters: Any,
        support: Interval,
        *,
        name: str = "custom",
        **optional: Callable[..., Any] | bool | Mapping[str, float],
    ) -> Family:
        """Make a family of a function.

        Parameters
        ----------
        logpdf : callable
            ``logpdf(x, *params)``: log-density in nats, vectorised in ``x``.
        parameters : sequence of Parameter, or mapping of name to domain
            The parameters, in the order in which ``logpdf`` takes them.
        support : Interval
            Where the density may be positive; ``mle.COUNTS`` and the like for probabilities.
        name : str
            How the law is called in results.
        **optional
            Any optional part of a `Family`: ``score``, ``start``, ``cdf``, ..., or ``one_maximum=True``.

        Examples
        --------
        >>> import numpy as np
        >>> import mle_toolkit as mle
        >>> law = mle.Family.from_logpdf(
        ...     lambda x, rate: np.log(rate) - rate * x, {"rate": mle.POSITIVE}, mle.NON_NEGATIVE, name="poisson gap"
        ... )
        >>> round(mle.fit([1.0, 2.0, 6.0], law).params["rate"], 9)
        0.333333333
        """
        if isinstance(parameters, Mapping):
            parameters = tuple(Parameter(key, domain) for key, domain in parameters.items())
        parts = {"logpdf": logpdf, **optional}
        members: dict[str, Any] = {key: staticmethod(part) if callable(part) else part for key, part in parts.items()}
        made = {**parts, "parameters": tuple(parameters), "support": support, "name": name}
        members |= {
            "name": name,
            "parameters": tuple(parameters),
            "support": support,
            "__reduce__": lambda law: (_of_parts, ({key: sent(part) for key, part in made.items()},), law.__dict__),
            "__module__": str(getattr(logpdf, "__module__", "")),  # a law of the user's
        }
        unknown = [key for key in optional if not hasattr(Family, key)]
        if unknown:
            raise ParameterError(f"{name}: {unknown[0]!r} is not a part of a Family.")
        law: Family = type("FunctionFamily", (Family,), members)()
        return law

    def __repr__(self) -> str:
        constants = ", ".join(
            f"{k}={v if np.ndim(v) == 0 else 'one per row'}" for k, v in self.constants.items() if v is not None
        )
        return f"{self.name}({', '.join(self.param_names)}" + (f"; {constants})" if constants else ")")


def _of_parts(made: Mapping[str, Any]) -> Family:
    return Family.from_logpdf(**made)


def _distinct(x: Array) -> int:
    """How many different rows there are."""
    return len(set(x.tolist())) if x.ndim == 1 and len(x) < _FEW_ROWS else len(np.unique(x, axis=0))
