"""What a fitted model needs to know of the rows of another frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.frames import column_of
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.links import Link
from mle_toolkit.likelihood.model import Model
from mle_toolkit.regression.given import is_frame
from mle_toolkit.regression.names import named
from mle_toolkit.regression.predictors import log_exposure


@dataclass(frozen=True)
class Fitted:
    """A model with the designs that it was fitted with.

    Attributes
    ----------
    model : Model
    designs : mapping of str to Design
    links : mapping of str to Link
    held : mapping of str to float
        Coefficients that were given, or are at a bound.
    shifted : tuple of str
        Parameters whose predictors had an offset, or an exposure.
    """

    model: Model
    designs: Mapping[str, Design]
    links: Mapping[str, Link]
    held: Mapping[str, float]
    shifted: tuple[str, ...]

    def known_of(
        self, frame: Any, offset: Any, exposure: Any, unseen: Literal["raise", "nan"], constants: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Designs, offsets and known constants of the rows of a frame."""
        law, linear = self.model.base, self.model.linear
        apart = isinstance(frame, Mapping) and set(frame) <= set(self.designs)  # one array a parameter
        columns = Columns(frame) if is_frame(frame) and not apart else None
        known: dict[str, Any] = {}
        given = {} if offset is None else dict(offset) if isinstance(offset, Mapping) else {None: offset}
        whole = {name: column_of(columns, value, "offset") for key, value in given.items() for name in named(law, key)}
        for main in law.main_parameters if exposure is not None else ():
            size = np.asarray(column_of(columns, exposure, "exposure"), dtype=float)
            whole[main] = whole.get(main, 0.0) + log_exposure(size, main, self.links[main])
        n_rows = 0
        for name, design in self.designs.items():
            own = frame[name] if apart else frame if columns is None or design.spec is None else columns
            matrix = design.matrix(own, unseen)
            n_rows = len(matrix)
            mine = [f"{name}[{term}]" for term in design.names]
            held = np.array([name in self.held for name in mine])
            shift: Any = 0.0
            if held.any():
                shift = matrix[:, held] @ np.array([self.held[key] for key in mine if key in self.held])
            if name in self.shifted and name not in whole:
                raise ParameterError(
                    f"predict: the fit had an offset, or an exposure, of {name}; give that of the rows of the frame "
                    f"(exposure=1 for rates)."
                )
            if name in whole:
                shift = shift + whole[name]
            known[linear[name].key] = matrix[:, ~held]
            if (key := linear[name].offset) is not None:
                known[key] = np.broadcast_to(np.asarray(shift, dtype=float), n_rows)
            elif name in whole:
                raise ParameterError(f"predict: the fit had no offset of {name}, and no exposure.")
        for name in law.per_row:
            if name not in constants:
                raise ParameterError(f"predict: each row has its own {name}; give it: predict(frame, {name}=...).")
            value = column_of(columns, constants[name], name)
            known[name] = np.broadcast_to(np.asarray(value, dtype=float), n_rows)
        return known
