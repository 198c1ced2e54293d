"""What is tested of every law on the line, for the tests of those laws that are too dear to be drawn there."""

import test_laws

CHECKS = {
    name: check.hypothesis.inner_test
    for name, check in vars(test_laws).items()
    if hasattr(check, "hypothesis")
    for mark in getattr(check, "pytestmark", [])
    if mark.name == "parametrize" and any(law.name == "logistic" for law in mark.args[1])
}
"""The test by its name; it takes a law and a seed. See `strategies.DEAR`."""
