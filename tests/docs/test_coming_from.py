"""The page for those who come from other packages names nothing of ours that does not exist."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import scipy.stats

import mle_toolkit as mle
import mle_toolkit.sklearn
from mle_toolkit.families.registry import family_class

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "coming-from.md").read_text(encoding="utf-8")
ROWS = [row.strip().strip("|").split("|") for row in TEXT.splitlines() if row.startswith("|")]
SPANS = sorted({span for row in ROWS for span in re.findall(r"`([^`]+)`", row[-1])})

OF_LAWS = {
    name
    for law in map(family_class, mle.families())
    for name in (*(p.name for p in law.parameters), *law.constant_defaults)
} | {"mean", "precision", "pi", "threshold", "rate"}
"""What parameters and constants of laws are called; those of other parametrisations and of laws made of laws too."""

OTHERS = {"NA", "predict"}
"""Words of other packages in the right-hand column."""

ROOTS = {
    "mle": [mle], "mle_toolkit": [mle_toolkit], "scipy": [scipy], "sample": [mle.Sample],
    "fit": [mle.Fit, mle.RegressionFit],
}  # fmt: skip


def found(node):
    """Give what a chain of names may stand for; nothing if it does not begin with a name of ours."""
    if isinstance(node, ast.Name):
        return ROOTS.get(node.id, [])
    homes = found(node.value) if isinstance(node, ast.Attribute) else []
    there = [getattr(home, node.attr) for home in homes if hasattr(home, node.attr)]
    assert there or not homes, f"there is no {ast.unparse(node)}"
    return there


def check_call(call):
    """Its arguments are some, and its law is known."""
    called = found(call.func)
    taken = {name for one in called for name in inspect.signature(one).parameters}
    taken |= OF_LAWS if taken & {"others", "params"} else set()
    assert not called or {keyword.arg for keyword in call.keywords} <= taken
    place = 1 if mle.fit in called else 2 if mle.regress in called else len(call.args)
    for law in call.args[place : place + 1]:
        if isinstance(law, ast.Constant):
            mle.get_family(law.value, **({"n": 5} if law.value == "binomial" else {}))


def check(node):
    """Every chain of names leads somewhere, and calls are of functions that take what they are given."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            found(part)
        if isinstance(part, ast.Call):
            check_call(part)
        if isinstance(part, ast.Dict):
            assert {key.value for key in part.keys} <= OF_LAWS


@pytest.mark.parametrize("span", SPANS)
def test_every_name_of_ours_exists(span):
    tree = ast.parse(span, mode="eval").body
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        assert mle.get_family(tree.value)
    elif isinstance(tree, ast.Name):
        assert span in OF_LAWS | OTHERS
    else:
        check(tree)


def test_the_tables_are_read():
    assert len(SPANS) > 100
    with pytest.raises(AssertionError, match=r"no mle\.plot\.qqq"):
        check(ast.parse("mle.plot.qqq(fit)", mode="eval"))
    for wrong in (
        "mle.plot.qq(fit, sigma=1)",
        "mle.fit(x, 'gamma', fixd={'shape': 1})",
        "mle.fit(x, 'gamma', fixed={'shap': 1})",
    ):
        with pytest.raises(AssertionError):
            check(ast.parse(wrong, mode="eval"))
    with pytest.raises(mle.MleError):
        check(ast.parse("mle.regress('y ~ x', frame, 'gama')", mode="eval"))
