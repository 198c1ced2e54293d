"""What laws say of one another: special cases, and laws that functions of x follow."""

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.comparison.candidates import candidates
from mle_toolkit.families.maps import SAME
from mle_toolkit.families.nesting import special_case, special_values
from mle_toolkit.families.registry import family_class
from mle_toolkit.families.relations import Image, Limit


def laws():
    found = [family_class(name) for name in mle.families()]
    return [law() for law in found if not any(value is ... for value in law.constant_defaults.values())]


def ordinary(law, share):
    return [p.typical[0] + share * (p.typical[1] - p.typical[0]) for p in law.parameters]


def inside(law, params):
    p = np.linspace(0.03, 0.97, 9)
    return mle.Distribution(law, dict(zip(law.param_names, params, strict=True))).ppf(p)


def log_density(law, x, params):
    return np.asarray(law.logpdf(x, *params), dtype=float)


CASES = [(law, case) for law in laws() for case in law.special_cases]
IMAGES = [(law, image) for law in laws() for image in law.images]


@pytest.mark.parametrize(("law", "case"), CASES, ids=lambda item: getattr(item, "name", ""))
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_special_case_is_the_law_at_these_values(law, case, share):
    params = ordinary(case.family, share)
    x = inside(case.family, params)
    embedded = case.embed(*params)
    np.testing.assert_allclose(log_density(law, x, embedded), log_density(case.family, x, params), rtol=1e-10)
    assert case.at
    assert set(case.at) <= set(law.param_names)
    assert special_case(law, case.family) is not None
    values = dict(zip(law.param_names, embedded, strict=True))
    assert special_values(law, case.family) == {name: values[name] for name in case.at}


@pytest.mark.parametrize(("law", "image"), IMAGES, ids=lambda item: getattr(item, "name", ""))
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_an_image_is_the_law_of_that_function_of_x(law, image, share):
    """The density of f(x), times the slope of f, is that of x."""
    params = ordinary(law, share)
    x = inside(law, params)
    moved = log_density(image.family, image.of.forward(x), image.embed(*params)) + image.of.log_slope(x)
    np.testing.assert_allclose(moved, log_density(law, x, params), rtol=1e-10, atol=1e-12)
    assert set(image.at) <= (set(image.family.param_names) if image.of is SAME else set())


@pytest.mark.parametrize("law", [law for law in laws() if law.limits_when_shifted], ids=lambda law: law.name)
def test_a_law_with_a_threshold_names_where_it_goes(law):
    (far,) = law.limits_when_shifted
    limit = mle.shifted(law).limits[-1]
    assert isinstance(limit, Limit)
    values = ordinary(limit.family, 0.4)
    assert limit.embed(*values) == (*far.embed(*values), -np.inf)


class Root(mle.Family):
    """A law of the user's: x² is exponential, and log x minus a Gumbel variable."""

    name = "root"
    parameters = (mle.Parameter("size", mle.POSITIVE, typical=(0.5, 2.0), role="scale"),)
    support = mle.POSITIVE

    def logpdf(self, x, size):
        return np.log(2 * x) - 2 * np.log(size) - np.square(x / size)

    @property
    def images(self):
        return (Image(mle.get_family("weibull"), lambda size: (2.0, size), SAME, at=("shape",)),)


def test_a_law_in_its_own_file_may_say_that_it_is_a_special_case_of_an_older_one():
    x = mle.datasets.load("air_conditioning")["hours"]
    large, small = mle.fit(x, "weibull"), mle.fit(x, Root())
    assert special_values(mle.get_family("weibull"), Root()) == {"shape": 2.0}
    assert large.test(nested=small).statistic == pytest.approx(2 * (large.llf - small.llf), rel=1e-9)


def test_a_law_of_the_users_is_not_taken_for_ours_of_the_same_name():
    own = mle.Family.from_logpdf(
        lambda x, scale: -np.log(scale) - x / scale, {"scale": mle.POSITIVE}, mle.POSITIVE, name="exponential"
    )
    assert special_values(mle.get_family("gamma"), own) == {}
    assert special_values(mle.get_family("gamma"), mle.get_family("exponential")) == {"shape": 1.0}


def test_special_cases_pass_to_the_law_in_other_parameters():
    by_mean = mle.get_family("gamma", by="mean")
    (case,) = by_mean.special_cases
    assert case.embed(3.0) == (3.0, 1.0)
    assert special_values(by_mean, mle.get_family("exponential")) == {"shape": 1.0}


def test_limits_whose_parameters_are_numbers_have_the_density_that_the_law_has_there():
    """Where the formula holds at the end of a domain too, the parameters that a limit gives are those of its law."""
    told = []
    for law in laws():
        for limit in law.limits if not law.multivariate else ():
            typical = [p.typical or (0.5, 2.0) for p in limit.family.parameters]
            params = tuple(0.6 * low + 0.4 * high for low, high in typical)
            at_end = mle.Distribution.at(limit.family, params)
            x = (
                law.support.lower + 0.7 * np.arange(1.0, 9.0)
                if np.isfinite(law.support.lower)
                else np.arange(-3.0, 4.0)
            )
            x = np.floor(x) if law.discrete else x
            with np.errstate(all="ignore"):
                try:
                    here = log_density(law, x, [float(value) for value in limit.embed(*params)])
                except ZeroDivisionError:
                    continue
                right = at_end.logpdf(x)
            both = np.isfinite(here) & np.isfinite(right)
            if both.sum() > 1:
                told.append((law.name, limit.family.name))
                np.testing.assert_allclose(here[both], right[both], rtol=1e-6, atol=1e-6, err_msg=str(told[-1]))
    assert {("gev", "reversed exponential"), ("kappa4", "uniform"), ("rice", "rayleigh")} < set(told)


ROUNDED = mle.Sample.rounded([1.0, 2.0, 4.0, 7.0, 8.0], 1.0)


@pytest.mark.parametrize("name", candidates(ROUNDED, counts=False))
def test_limits_are_the_same_laws_each_time(name):
    """Maxima of limits are kept by law: one that was made anew was climbed again whenever a climb asked for it."""
    law = mle.get_family(name)

    def limits():
        near = [law.limits_near(ROUNDED, *ordinary(law, share)) for share in (0.2, 0.7)]
        return [limit.family for limit in (*law.limits, *(limit for some in near for limit in some))]

    assert all(one is other for one, other in zip(limits(), limits(), strict=True))
    assert mle.get_family(f"negated({name})") is mle.get_family(f"negated({name})")


def test_limits_of_what_is_seen_are_kept_with_the_data():
    """A law of counts of which a window shows a part has limits there, and their maxima are looked for once."""
    lower = [-np.inf, 0, -np.inf, 0, -np.inf, 1, 0, -np.inf, -np.inf, 1, 1, 1, -np.inf, 0]
    upper = [0, 0, 2, 0, 2, 2, 1, 0, 4, np.inf, 2, 1, 0, 1]
    sample = mle.Sample.intervals(lower, upper, [1, 3, 3, 3, 2, 1, 1, 1, 3, 1, 2, 2, 1, 2])
    fit = fit_quietly(sample, "mixture(poisson, 2)")
    assert fit.llf == pytest.approx(fit_quietly(sample, "zip").llf, rel=1e-10)
    names = [law.name for law in sample.maxima]
    assert len(names) == len(set(names))
