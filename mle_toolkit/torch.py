"""PyTorch: a network whose outputs are the parameters of a law, trained on its negative log-likelihood.

The loss is NLL / n, in nats per observation: the cross-entropy by which every other model here is judged. PyTorch is
imported when a loss is made, and by nothing else; install it with ``pip install 'mle-toolkit[torch]'``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError, WeightError
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.links import Link
from mle_toolkit.families.registry import get_family
from mle_toolkit.likelihood.model import check_scalar
from mle_toolkit.numerics.differences import AROUND, fourth_order
from mle_toolkit.options import choice, needs
from mle_toolkit.regression.predictors import link_for

Reduction = Literal["mean", "sum"]

_STEP = 1e-3
"""Of differences of fourth order of a log-density by a predictor: error 1e-12. For laws without a score."""


def nll_loss(family: Any, *, links: Mapping[str, Any] | None = None, reduction: Reduction = "mean") -> NLLLoss:
    """Make the loss of a network whose outputs are the parameters of a law.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        The law of one row, in the parameters that `mle_toolkit.regress` models: ``"gamma"`` is by mean and shape.
    links : mapping of str to link, optional
        By parameter: how an output becomes the parameter. By default the usual link of its domain: identity on the
        line, log for positive parameters, logit for probabilities.
    reduction : {"mean", "sum"}
        Mean over the weights, nats per observation; or sum, nats.

    Returns
    -------
    NLLLoss
        Call it as ``loss(outputs, y)`` or ``loss(outputs, y, weights)``.

    Raises
    ------
    ParameterError
        If an option is unknown, or a parameter of the law is no number.
    DataError
        If PyTorch is not installed.

    Examples
    --------
    >>> loss = nll_loss("gamma")  # doctest: +SKIP
    >>> loss.parameters  # doctest: +SKIP
    ('mean', 'shape')
    >>> loss(network(x), y).backward()  # doctest: +SKIP
    """
    law = get_family(family)
    check_scalar(law)
    law = law.by("mean") if "mean" in law.forms and law.asked_by is None else law
    for name in links or {}:
        if name not in law.param_names:
            names = ", ".join(law.param_names)
            raise ParameterError(f"nll_loss: {law.name} has no parameter {name!r}; its parameters: {names}.")
    chosen = tuple(link_for(law, name, (links or {}).get(name)) for name in law.param_names)
    return NLLLoss(law, chosen, choice(reduction, "reduction", get_args(Reduction)))


class NLLLoss:
    """Negative log-likelihood of rows whose laws a network gives; made by `nll_loss`.

    Attributes
    ----------
    family : Family
    links : tuple of Link
        One a parameter.
    reduction : {"mean", "sum"}
    """

    def __init__(self, family: Family, links: Sequence[Link], reduction: str) -> None:
        self.family, self.links, self.reduction = family, tuple(links), reduction
        self._function = _function()

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the columns of the outputs are, on the scale of their links."""
        return self.family.param_names

    def __call__(self, outputs: Any, y: Any, weights: Any = None) -> Any:
        """The loss, with its derivative by the outputs.

        Parameters
        ----------
        outputs : Tensor of shape (n, k), or (n,) for a law with one parameter
            Predictors of the parameters, in the order of `parameters`.
        y : Tensor or array_like of shape (n,)
            Observations; nothing is differentiated by them.
        weights : Tensor or array_like of shape (n,), optional
            How many observations each row is.

        Returns
        -------
        Tensor of shape ()
            Of the type and on the device of the outputs; computed in double precision.

        Raises
        ------
        DataError
            If shapes do not agree, or an observation is missing or impossible under the law.
        ParameterError
            If a parameter leaves its domain, as where a network diverges.
        """
        return self._function.apply(outputs, y, weights, self)

    def distribution(self, outputs: Any) -> Distribution:
        """The law of each row that the outputs of a network stand for."""
        predictors = self._predictors(outputs)
        return Distribution.at(self.family, self._checked([link.value(e) for link, e in self._pairs(predictors)]))

    def value_and_gradient(self, outputs: Any, y: Any, weights: Any = None) -> tuple[float, Array]:
        """The loss, and its derivative by the outputs, as numbers of NumPy."""
        predictors = self._predictors(outputs)
        sample = Sample(_array(y))
        weight = np.ones(sample.n_rows) if weights is None else _array(weights)
        if not len(predictors) == sample.n_rows == len(weight):
            raise DataError(
                f"nll_loss: outputs of {len(predictors)} rows, {sample.n_rows} observations, {len(weight)} weights."
            )
        if not (np.all(np.isfinite(weight)) and np.all(weight >= 0) and np.any(weight > 0)):
            raise WeightError("nll_loss: weights are to be finite and not negative, and some of them above 0.")
        self.family.check_support(sample)
        share = weight / np.sum(weight) if self.reduction == "mean" else weight
        if self.family.by_logit is not None and [link.name for link in self.links] == ["logit"]:
            # Probabilities round to 0 or 1 where their logits still have all digits.
            values, slope, _ = self.family.by_logit(sample.x, predictors[:, 0])
            return -float(np.sum(share * values)), -(share * slope)[:, None]
        with np.errstate(all="ignore"):  # what leaves the range of numbers is named below
            inverses = [link.inverse(eta) for link, eta in self._pairs(predictors)]
        params = self._checked([value for value, _, _ in inverses])
        with np.errstate(all="ignore"):
            values = self.family.logpdf(sample.x, *params)
        lost = np.flatnonzero(~np.isfinite(values))
        if len(lost):
            raise ParameterError(
                f"nll_loss: {len(lost)} of {sample.n_rows} observations are impossible, to double precision, under the "
                f"law that the network gives them; the first is y[{lost[0]}] = {sample.x[lost[0]]:g}. Take smaller "
                f"steps, or begin nearer to the data."
            )
        loss = -float(np.sum(share * values))
        if self.family.score is not None:
            slopes = [slope for _, slope, _ in inverses]
            columns = [s * slope for s, slope in zip(self.family.score(sample.x, *params), slopes, strict=True)]
        else:
            columns = self._differences(sample.x, predictors)
        return loss, -share[:, None] * np.stack(np.broadcast_arrays(*columns), axis=1)

    def _differences(self, x: Array, predictors: Array) -> list[Array]:
        """Derivatives of the log-density by each predictor, for laws that have no score."""

        def moved(k: int, step: float) -> Array:
            at = predictors.copy()
            at[:, k] += step
            return self.family.logpdf(x, *(link.value(eta) for link, eta in self._pairs(at)))

        return [fourth_order([moved(k, m * _STEP) for m in AROUND], _STEP) for k in range(len(self.links))]

    def _pairs(self, predictors: Array) -> list[tuple[Link, Array]]:
        return list(zip(self.links, predictors.T, strict=True))

    def _predictors(self, outputs: Any) -> Array:
        predictors = _array(outputs)
        columns = len(self.links)
        predictors = predictors[:, None] if predictors.ndim == 1 and columns == 1 else predictors
        if predictors.ndim != 2 or predictors.shape[1] != columns:
            raise DataError(
                f"nll_loss: {self.family.name} takes outputs of shape (n, {columns}), one column for each of "
                f"{', '.join(self.parameters)}; got {predictors.shape}."
            )
        lost = np.flatnonzero(~np.isfinite(predictors).all(axis=1))
        if len(lost):
            raise DataError(f"nll_loss: outputs of {len(lost)} rows are not finite; the first is row {lost[0]}.")
        return predictors

    def _checked(self, params: Sequence[Array]) -> tuple[Array, ...]:
        for p, value in zip(self.family.parameters, params, strict=True):
            outside = np.flatnonzero(~p.domain.contains(value))
            if len(outside):
                raise ParameterError(
                    f"nll_loss: {p.name} leaves {p.domain} in {len(outside)} of {len(value)} rows; the first is "
                    f"{p.name}[{outside[0]}] = {value[outside[0]]:g}. Choose another link, or smaller steps."
                )
        return tuple(params)


def _array(tensor: Any) -> Array:
    """A tensor, or what NumPy takes, in double precision."""
    found = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    return np.asarray(found, dtype=float)


def _function() -> Any:
    """The function of PyTorch's whose backward pass is the score of the law."""
    needs("nll_loss", "torch", "torch")
    from torch import from_numpy
    from torch.autograd import Function

    class NegativeLogLikelihood(Function):  # type: ignore[misc]
        """NLL by the score of the law: nothing of the log-density is traced."""

        @staticmethod
        def forward(ctx: Any, outputs: Any, y: Any, weights: Any, loss: NLLLoss) -> Any:
            """Compute value and gradient in one go."""
            value, gradient = loss.value_and_gradient(outputs, y, weights)
            ctx.save_for_backward(from_numpy(gradient).to(outputs).reshape(outputs.shape))
            return outputs.new_tensor(value)

        @staticmethod
        def backward(ctx: Any, outer: Any) -> tuple[Any, None, None, None]:
            """Scale the gradient."""
            (gradient,) = ctx.saved_tensors
            return outer * gradient, None, None, None

    return NegativeLogLikelihood
