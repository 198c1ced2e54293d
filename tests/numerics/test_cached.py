"""Properties that are computed once."""

import functools

from mle_toolkit.numerics.cached import cached_property


class Asked:
    """Counts how often it is asked."""

    times = 0

    @cached_property
    def value(self):
        """Something that is computed."""
        self.times += 1
        return object()


def test_a_cached_property_is_computed_once_for_each():
    one, other = Asked(), Asked()
    assert one.value is one.value
    assert one.value is not other.value
    assert (one.times, other.times) == (1, 1)


def test_it_is_one_of_functools_for_those_who_ask_the_class():
    assert isinstance(Asked.value, functools.cached_property)
    assert Asked.value.__doc__ == "Something that is computed."
