"""Families by their names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.base import Family
from mle_toolkit.options import plainly

_FAMILY_PACKAGE = "mle_toolkit.families"


_registry: dict[str, type[Family]] = {}


_plain_names: dict[str, type[Family]] = {}
"""The same by names without case and marks between words."""


_WRITTEN, _LONGEST_NAME = "().:=[],", 100
"""Marks of a law that is more than a name; and how long a name may be."""


_plain: dict[type[Family], Family] = {}
"""The one instance of each law without constants: families have no state."""

_plain_in_form: dict[tuple[type[Family], str], Family] = {}
"""The same in other parameters, by the name of the form."""


_complete = False


def _load(module: str) -> None:
    for _, item in inspect.getmembers(importlib.import_module(f"{_FAMILY_PACKAGE}.{module}"), inspect.isclass):
        if issubclass(item, Family) and item.__module__ == f"{_FAMILY_PACKAGE}.{module}" and hasattr(item, "name"):
            for name in (item.name, *item.aliases):
                _registry[name] = item


def _load_all() -> None:
    global _complete
    if _complete:
        return
    package = importlib.import_module(_FAMILY_PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        if not module.ispkg:
            _load(module.name)
    _plain_names.update({plainly(name): law for name, law in _registry.items()})
    _complete = True


def families() -> tuple[str, ...]:
    """Canonical names of the registered families, in alphabetical order.

    Examples
    --------
    >>> "gamma" in families()
    True
    """
    _load_all()
    return tuple(sorted({law.name for law in _registry.values()}))


def get_family(family: Any, *, by: str | None = None, exposure: Any = None, **constants: Any) -> Family:
    """Find a family by name.

    Parameters
    ----------
    family : str, Family, or scipy.stats distribution
        A canonical name (`families` lists them), a SciPy or R name as its alias, whatever its case and the marks
        between its words; a law written with what it takes in brackets, as ``"shifted(weibull)"`` or
        ``"binomial(n=12)"``, or one of SciPy's, ``"scipy.rdist"``; a family (passed through); or a scipy.stats
        distribution object.
    **constants
        Known constants of the law: ``n`` of a binomial, ``xmin`` of a zeta law; an array is one value per row.
        For a scipy.stats distribution any of its parameters may be given a known value; ``loc`` is free where the
        law lives on the whole line, and elsewhere 0 unless ``loc=None`` frees it.
    by : str, optional
        The same law in other parameters: ``by="mean"`` gives gamma, beta and beta-binomial laws by their mean. Or one
        of its own: ``by="scale"`` is the gamma law whose scale the formula of a regression models.
    exposure : float or array_like of shape (n,), optional
        Of a law of counts: how long, or how much, the rows were watched; see `fit`.

    Returns
    -------
    Family

    Raises
    ------
    UnknownNameError
        If there is no family of that name.
    ParameterError
        If a constant is unknown, or one that the law needs is missing.

    Examples
    --------
    >>> get_family("norm")
    normal(mu, sigma)
    >>> get_family("binomial", n=12)
    binomial(p; n=12)
    >>> get_family("mixture(Log-Normal, 2)")
    mixture(lognormal(meanlog, sdlog), 2)
    >>> get_family("gamma", by="mean").param_names
    ('mean', 'shape')
    """
    if isinstance(family, str) and by is None and exposure is None and not constants:
        named = _registry.get(family)
        if named is not None and named in _plain:
            return _plain[named]
    if exposure is not None:
        return get_family(family, by=by, **constants).exposed(exposure)
    if by is not None:
        own = get_family(family, **constants)
        return _plain_by(own, by) if isinstance(by, str) and _plain.get(type(own)) is own else own.by(by)
    if isinstance(family, Family):
        if constants:
            raise ParameterError(f"{family.name}: constants belong to the call that makes the family.")
        return family
    if not isinstance(family, str):
        from mle_toolkit.families.scipy_law import ScipyLaw

        return ScipyLaw(family, **constants)
    if any(mark in family for mark in _WRITTEN):
        from mle_toolkit.families.written import family_of, is_written

        if is_written(family):
            return family_of(family, constants)
    try:
        law = family_class(family)
    except UnknownNameError:
        from mle_toolkit.families.written import is_scipy_named, scipy_named

        if not is_scipy_named(family):
            raise
        return get_family(scipy_named(family), **constants)
    if constants or law.constant_defaults:
        return law(**constants)
    if law not in _plain:
        _plain[law] = law()
    return _plain[law]


def _plain_by(law: Family, by: str) -> Family:
    """A law without constants in other parameters: one for all, as each holds itself until the collector comes by."""
    if (type(law), by) not in _plain_in_form:
        _plain_in_form[type(law), by] = law.by(by)
    return _plain_in_form[type(law), by]


def family_class(name: str) -> type[Family]:
    """Find the class of a registered family by its canonical name or an alias."""
    law = _registry.get(name)
    if law is None:
        if len(name) > _LONGEST_NAME:
            raise UnknownNameError(f"unknown family: a name of {len(name):,} characters.")
        if name.isidentifier():
            try:
                _load(name)
            except ModuleNotFoundError as error:
                if error.name != f"{_FAMILY_PACKAGE}.{name}":
                    raise
                _load_all()
        law = _registry.get(name)
    if law is None:
        _load_all()
        law = _plain_names.get(plainly(name))
    if law is None:
        from mle_toolkit.families.written import unknown

        raise unknown(name)
    return law


def is_loaded(name: str) -> bool:
    """Whether a name is one of a law that has been found before."""
    return name in _registry


def is_registered(family: Family) -> bool:
    """Whether a law is one of those found by name, and no other that is called so."""
    try:
        return family_class(family.name) is type(family)
    except UnknownNameError:
        return False


def family_names() -> tuple[str, ...]:
    """Names of the registered families, aliases too."""
    _load_all()
    return tuple(_registry)
