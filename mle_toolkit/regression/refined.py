"""The last digits of least squares.

Source: Björck (1996), Numerical Methods for Least Squares Problems, sec. 2.9.3 (residuals in a longer precision).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.likelihood.model import Model

_STEPS = 2


def refined(model: Model, sample: Sample, parameter: str, coefficients: Array) -> Array:
    """Coefficients of a nearly collinear design whose score is 0 in longer doubles, where the law is of least squares.

    Parameters
    ----------
    model : Model
    sample : Sample
        The observations, in the unit of the data, with the designs.
    parameter : str
        The parameter that the design makes.
    coefficients : ndarray of shape (k,)
        Of the design as it was given, at the maximum to the digits that its conditioning leaves.

    Returns
    -------
    ndarray of shape (k,)
        The same for any other law, link, kind of data or design.
    """
    term, base = model.linear[parameter], model.base
    by_least_squares = base.of_least_squares and parameter == base.main_parameter and term.link.name == "identity"
    whole = term.ended is None and term.run_off is None and sample.is_plain and sample.in_memory
    if not (by_least_squares and whole and len(model.linear) == 1 and term.frame.ndim > 1):
        return coefficients
    to_data, raw = term.map_to_data, np.asarray(sample.known[term.key], dtype=np.longdouble)
    weight = np.ones(len(raw)) if sample.weight is None else sample.weight
    offset = 0.0 if term.offset is None else sample.known[term.offset]
    design = term.design(sample.known) / term.factor  # the columns of the design times the map
    products = (design * weight[:, None]).T @ design
    found = coefficients.astype(np.longdouble)
    for _ in range(_STEPS):
        left = sample.x - offset - raw @ found
        score = to_data.T.astype(np.longdouble) @ (raw.T @ (weight * left))
        found = found + to_data @ np.linalg.solve(products, np.asarray(score, dtype=float))
    return np.asarray(found, dtype=float)
