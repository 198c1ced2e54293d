"""The loss for PyTorch is the likelihood of `regress`, and its gradient that of the law."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.torch import nll_loss

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra [torch])", exc_type=ImportError)

RNG = np.random.default_rng(20_240_101)
X = RNG.normal(size=(60, 2))


def predictors(k):
    return torch.tensor(0.3 * RNG.normal(size=(60, k)), dtype=torch.float64, requires_grad=True)


CASES = {
    "normal": RNG.normal(size=60),
    "gamma": RNG.gamma(2.0, size=60) + 0.01,
    "negbin": RNG.poisson(2.0, size=60).astype(float),
    "beta": RNG.beta(2.0, 3.0, size=60),
    "student_t": RNG.standard_t(4.0, size=60),
    "bernoulli": RNG.integers(0, 2, size=60).astype(float),
}


@pytest.mark.parametrize("family", CASES)
def test_gradient_is_that_of_the_value(family):
    """Judged by PyTorch's own differences."""
    loss, y = nll_loss(family), torch.tensor(CASES[family])
    outputs = predictors(len(loss.parameters))
    assert torch.autograd.gradcheck(lambda at: loss(at, y), (outputs,), eps=1e-6, atol=1e-7)


def test_value_is_that_of_pytorch_with_logits():
    y, outputs = torch.tensor(CASES["bernoulli"]), predictors(1)
    own = torch.nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], y)
    assert nll_loss("bernoulli")(outputs, y).item() == pytest.approx(own.item(), rel=1e-13)


def test_logits_keep_their_digits_where_probabilities_round():
    outputs = torch.tensor([40.0, 800.0], dtype=torch.float64, requires_grad=True)
    loss = nll_loss("bernoulli", reduction="sum")(outputs, np.array([1.0, 0.0]))
    loss.backward()
    assert loss.item() == 800.0 + np.log1p(np.exp(-40.0))
    np.testing.assert_allclose(outputs.grad.numpy(), [-np.exp(-40.0), 1.0], rtol=1e-14)


def test_weights_are_repetitions():
    loss, y, outputs = nll_loss("gamma"), CASES["gamma"], predictors(2)
    times = np.arange(60) % 3
    weighted = loss(outputs, y, times)
    repeated = loss(outputs[np.repeat(np.arange(60), times)], np.repeat(y, times))
    assert weighted.item() == pytest.approx(repeated.item(), rel=1e-13)


def test_a_linear_network_is_the_regression():
    """Two outputs of one linear layer: the same maximum as formulas for both parameters, in the same currency."""
    y = 1.0 + X[:, 0] - X[:, 1] + np.exp(0.3 * X[:, 0]) * RNG.normal(size=60)
    design = np.column_stack([np.ones(60), X])
    fit = mle.regress(y, design, "normal", sigma=design)
    layer = torch.nn.Linear(2, 2, dtype=torch.float64)
    loss = nll_loss("normal")
    search = torch.optim.LBFGS(layer.parameters(), max_iter=300, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def closure():
        search.zero_grad()
        value = loss(layer(torch.tensor(X)), y)
        value.backward()
        return value

    search.step(closure)
    assert loss(layer(torch.tensor(X)), y).item() == pytest.approx(fit.cross_entropy, abs=1e-9)
    assert layer.weight.detach().numpy()[0] == pytest.approx(np.asarray(fit.params["mu"])[1:], abs=1e-4)


def test_single_precision_stays_single():
    outputs = predictors(2).detach().to(torch.float32).requires_grad_()
    value = nll_loss("normal", reduction="sum")(outputs, CASES["normal"])
    value.backward()
    assert value.dtype is outputs.grad.dtype is torch.float32


@pytest.mark.parametrize(
    ("outputs", "y", "says"),
    [
        (np.zeros((3, 2)), [1.0, 2.0], "outputs of 3 rows, 2 observations"),
        (np.zeros((2, 3)), [1.0, 2.0], r"shape \(n, 2\), one column for each of mean, shape"),
        (np.array([[800.0, 0.0], [0.0, 0.0]]), [1.0, 2.0], r"mean leaves \(0, ∞\) in 1 of 2 rows"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), [1.0, 2.0], "outputs of 1 rows are not finite"),
        (np.zeros((2, 2)), [1.0, -2.0], "outside the support"),
        (np.zeros((2, 2)), [1.0, np.nan], "missing"),
    ],
)
def test_what_cannot_be_a_loss_is_said(outputs, y, says):
    with pytest.raises(mle.MleError, match=says):
        nll_loss("gamma")(torch.tensor(outputs), y)


def test_unknown_parameters_of_links_are_named():
    with pytest.raises(mle.MleError, match="no parameter 'scale'; its parameters: mean, shape"):
        nll_loss("gamma", links={"scale": "log"})
