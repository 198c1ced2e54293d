"""An Estimate is a number that carries what is known about it."""

import dataclasses
import math

import pytest

from mle_toolkit import Estimate
from mle_toolkit.errors import ParameterError


def example(**changes):
    values = {"value": 0.5, "se": 0.1, "interval": (0.3, 0.7), "error": 1e-9, "method": "plug-in", "flags": ("ties",)}
    return Estimate(**values | changes)


def test_it_is_a_number_that_cannot_be_changed():
    assert float(example()) == 0.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().value = 1.0


@pytest.mark.parametrize(("unit", "nats"), [("bit", math.log(2)), ("dit", math.log(10)), ("nat", 1.0)])
def test_everything_that_has_a_unit_changes_with_it(unit, nats):
    moved = example().to(unit)
    assert moved.unit == unit
    assert moved.value * nats == pytest.approx(0.5, rel=1e-15)
    assert moved.se * nats == pytest.approx(0.1, rel=1e-15)
    assert moved.interval == pytest.approx((0.3 / nats, 0.7 / nats), rel=1e-15)
    assert moved.error * nats == pytest.approx(1e-9, rel=1e-15)
    assert moved.to("nat").value == pytest.approx(0.5, rel=1e-15)


def test_an_unknown_unit_is_refused_by_name():
    with pytest.raises(ParameterError, match=r"unknown unit 'shannon'; choose nat, bit, dit"):
        example().to("shannon")


def test_what_is_missing_says_why():
    estimate = example(se=None, interval=None, reason="one observation")
    assert "no se: one observation" in repr(estimate)
    assert estimate.to("bit").se is None


def test_a_bound_without_a_lower_end_is_shown_as_a_bound():
    assert "95% below 0.7" in repr(example(interval=(-math.inf, 0.7)))


@pytest.mark.parametrize("changes", [{}, {"se": None, "interval": None, "error": None, "reason": "why"}])
def test_it_comes_back_from_its_record(changes):
    assert Estimate.from_dict(example(**changes).to_dict()) == example(**changes)
