"""Where Newton's method alone leads from parameters that are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.estimation.climb import newton_end
from mle_toolkit.estimation.maximum import objective_near
from mle_toolkit.estimation.starts import domains_of
from mle_toolkit.likelihood.sums import Likelihood


@dataclass(frozen=True)
class Climbed:
    """A maximum to which Newton's method came.

    Attributes
    ----------
    likelihood : Likelihood
    value : float
        Its least mean negative log-likelihood, in its unit.
    theta : array
        The parameters there, in its unit.
    """

    likelihood: Likelihood
    value: float
    theta: Array

    @property
    def loglik(self) -> float:
        """Of the data."""
        return (self.likelihood.log_jacobian - self.value) * self.likelihood.nobs

    @property
    def params(self) -> dict[str, Any]:
        """By name, in the unit of the data."""
        family = self.likelihood.family
        values = family.unpack(self.likelihood.unit.params_to_data(family, self.theta))
        return dict(zip(family.param_names, values, strict=True))


def climbed_from(likelihood: Likelihood, theta: Array, free: Sequence[bool] | None = None) -> Climbed | None:
    """Where Newton's method leads from parameters in the unit of the likelihood; None where to no maximum.

    All are free, unless it is said of each.
    """
    family = likelihood.family
    all_free = [True] * len(family.parameters)
    objective = objective_near(likelihood, domains_of(family), theta, free or all_free, charted=False)
    end = newton_end(objective, objective.coordinates.from_theta(theta))
    return None if end is None else Climbed(likelihood, end.value, objective.coordinates.to_theta(end.u))
