"""Training by second derivatives: coefficients of scikit-learn's, optima of SciPy's, quadratic
convergence, and clear ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import InputError, NameError_, UnsupportedError

datasets = pytest.importorskip("sklearn.datasets")
linear = pytest.importorskip("sklearn.linear_model")
optimize = pytest.importorskip("scipy.optimize")


def scaled(name: str) -> tuple[np.ndarray, np.ndarray]:
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    spread = X.std(0)
    return (X - X.mean(0)) / np.where(spread > 0, spread, 1), y


def softmax_regression() -> nn.Network:
    return nn.Network(nn.dense("m", "k"), nn.softmax_cross_entropy(classes="k"))


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    X, y = scaled("breast_cancer")
    net = nn.Network(nn.dense("m", "k"), nn.logistic("b k"))
    params = {"W1": np.zeros((30, 1)), "b1": np.zeros(1)}
    data = {"X": X, "T": np.where(y == 1, 1.0, -1.0)[:, None]}
    found = nn.newton(net, data, params, penalty={"W1": 1 / len(y)})
    assert found.converged
    theirs = linear.LogisticRegression(C=1, solver="newton-cholesky", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(params["W1"][:, 0], theirs.coef_[0], atol=1e-8)
    np.testing.assert_allclose(params["b1"], theirs.intercept_, atol=1e-8)


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_softmax_regression_is_that_of_scikit_learn(name: str) -> None:
    X, y = scaled(name)
    net = softmax_regression()
    params = {"W1": np.zeros((X.shape[1], 3)), "b1": np.zeros(3)}
    found = nn.newton(net, {"X": X, "T": np.eye(3)[y]}, params, penalty={"W1": 1 / len(y)})
    assert found.converged
    theirs = linear.LogisticRegression(C=1, solver="newton-cholesky", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(params["W1"], theirs.coef_.T, atol=1e-6)
    # The same number for all classes changes no probability.
    ours = params["b1"] - params["b1"].mean()
    np.testing.assert_allclose(ours, theirs.intercept_ - theirs.intercept_.mean(), atol=1e-6)


def test_convergence_is_quadratic() -> None:
    X, y = scaled("wine")
    params = {"W1": np.zeros((13, 3)), "b1": np.zeros(3)}
    found = nn.newton(
        softmax_regression(), {"X": X, "T": np.eye(3)[y]}, params, penalty=1e-2, tolerance=1e-13
    )
    slopes = [s.slope for s in found.steps]
    digits = -np.log10(slopes[4:])  # each step doubles them, and more at the end
    assert digits[0] > 2 and len(digits) > 3
    assert all(b > 1.35 * a for a, b in pairwise(digits))
    assert digits[-1] > 1.9 * digits[-3]


def test_the_shift_of_all_logits_is_left_alone() -> None:
    """Without a penalty on the biases the Hessian is singular there."""
    X, y = scaled("iris")
    params = {"W1": np.zeros((4, 3)), "b1": np.array([1.0, 2.0, 3.0])}
    data = {"X": X, "T": np.eye(3)[y]}
    found = nn.newton(softmax_regression(), data, params, penalty={"W1": 1e-2})
    assert found.converged and abs(params["b1"].sum() - 6) < 1e-5


def test_one_parameter_is_solved_for_by_the_structure_of_its_block() -> None:
    """Least squares with 2000 unknowns: the Hessian is XᵀX ⊗ I, and one step is enough."""
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(60, 20)), rng.normal(size=(60, 400))
    net = nn.Network(nn.dense("m", "k", bias=False), nn.squared_error("b k"))
    params = {"W1": np.zeros((20, 400))}
    found = nn.newton(net, {"X": X, "T": T}, params, damping=0, penalty=0.5)
    assert found.converged and len(found.steps) == 2
    wanted = np.linalg.solve(X.T @ X / 60 + 0.5 * np.eye(20), X.T @ T / 60)
    np.testing.assert_allclose(params["W1"], wanted, atol=1e-12)


def test_more_unknowns_than_are_written_out() -> None:
    """Conjugate gradients with products of the blocks."""
    rng = np.random.default_rng(4)
    X, T = rng.normal(size=(30, 90)), rng.normal(size=(30, 50))
    net = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    params = {"W1": np.zeros((90, 50)), "b1": np.zeros(50)}
    found = nn.newton(net, {"X": X, "T": T}, params, penalty=0.1, damping=0)
    assert found.converged
    A = np.column_stack([X, np.ones(30)])
    wanted = np.linalg.solve(A.T @ A / 30 + 0.1 * np.eye(91), A.T @ T / 30)
    np.testing.assert_allclose(np.vstack([params["W1"], params["b1"]]), wanted, atol=1e-8)


def curve() -> tuple[nn.Network, dict[str, np.ndarray]]:
    rng = np.random.default_rng(5)
    X = np.linspace(-2, 2, 40)[:, None]
    T = 1.5 * np.tanh(2 * X + 1) - np.tanh(3 * X - 2) + 0.05 * rng.normal(size=X.shape)
    net = nn.Network(
        nn.dense("m", "h"),
        nn.activation("tanh", "b h"),
        nn.dense("h", "k"),
        nn.squared_error("b k"),
    )
    return net, {"X": X, "T": T}


def test_gauss_newton_finds_the_least_squares_of_scipy() -> None:
    net, data = curve()
    params = nn.initial(net, 2, m=1, h=2, k=1)
    start = np.concatenate([params[n].ravel() for n in ("W1", "b1", "W3", "b3")])

    def residuals(flat: np.ndarray) -> np.ndarray:
        w, b, v, c = np.split(flat, [2, 4, 6])
        hidden = np.tanh(data["X"] @ w[None, :] + b)
        return ((hidden @ v[:, None] + c) - data["T"]).ravel() / np.sqrt(40)

    found = nn.gauss_newton(net, data, params, tolerance=1e-9)
    theirs = optimize.least_squares(residuals, start, method="lm", xtol=1e-15, ftol=1e-15)
    assert found.converged
    assert found.losses[-1] == pytest.approx(theirs.cost, rel=1e-8)
    assert all(b <= a for a, b in pairwise(found.losses))
    flat = np.concatenate([params[n].ravel() for n in ("W1", "b1", "W3", "b3")])
    assert optimize.least_squares(residuals, flat, method="lm").cost == pytest.approx(
        found.losses[-1], rel=1e-9
    )


def test_gauss_newton_of_a_classifier_with_hidden_units() -> None:
    X, y = scaled("iris")
    net = nn.Network(
        nn.dense("m", "h"),
        nn.activation("tanh", "b h"),
        nn.dense("h", "k"),
        nn.softmax_cross_entropy(classes="k"),
    )
    params = nn.initial(net, 1, m=4, h=3, k=3)
    data = {"X": X, "T": np.eye(3)[y]}
    found = nn.gauss_newton(net, data, params, penalty=1e-3, tolerance=1e-9)
    assert found.converged
    again = nn.newton(net, data, params, penalty=1e-3, tolerance=1e-9)
    assert len(again.steps) == 1  # the gradient is that of Newton's method


def test_a_step_uphill_is_damped() -> None:
    """Far from the minimum of the tanh network its Hessian is not positive definite."""
    net, data = curve()
    params = nn.initial(net, 3, m=1, h=3, k=1)
    found = nn.newton(net, data, params, steps=300, tolerance=1e-8)
    assert max(s.damping for s in found.steps) > 1e-4
    assert all(b <= a for a, b in pairwise(found.losses))
    assert found.losses[-1] < 0.2 * found.losses[0]


def test_kfac_by_hand() -> None:
    net, _ = curve()
    rng = np.random.default_rng(6)
    v = {"X": rng.normal(size=(7, 2)), "T": rng.normal(size=(7, 3))}
    params = nn.initial(net, 4, m=2, h=5, k=3)
    K = nn.kfac(net, "W1", damping="λ").operator(**v, **params, λ=0.1)
    hidden = np.tanh(v["X"] @ params["W1"] + params["b1"])
    slopes = (1 - hidden**2)[:, :, None] * params["W3"]
    A = v["X"].T @ v["X"] / 7 + 0.1 * np.eye(2)
    G = np.einsum("nhk,ngk->hg", slopes, slopes) / 7 + 0.1 * np.eye(5)
    np.testing.assert_allclose(K.dense(), np.einsum("ac,bd->abcd", A, G), atol=1e-13)
    with pytest.raises(UnsupportedError, match="no sum of Kronecker products"):
        nn.kfac(net, "b1")


def test_it_stops_and_says_where() -> None:
    X, y = scaled("iris")
    data: dict[str, Any] = {"X": X.copy(), "T": np.eye(3)[y]}
    params = {"W1": np.zeros((4, 3)), "b1": np.zeros(3)}
    found = nn.newton(softmax_regression(), data, params, steps=2, penalty=1e-3)
    assert not found.converged and found.reason == "stopped after 2 steps"
    assert str(found).splitlines()[-1] == found.reason and len(str(found).splitlines()) == 5
    data["X"][3, 1] = np.nan
    with pytest.raises(nn.TrainingError, match="loss is nan at the start"):
        nn.newton(softmax_regression(), data, params)


def test_reports_come_after_each_step() -> None:
    X, y = scaled("iris")
    params = {"W1": np.zeros((4, 3)), "b1": np.zeros(3)}
    told: list[nn.Step] = []
    found = nn.newton(
        softmax_regression(),
        {"X": X, "T": np.eye(3)[y]},
        params,
        penalty=1e-2,
        report=told.append,
    )
    assert told == list(found.steps[1:])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"penalty": {"V": 1.0}}, NameError_, "no parameter 'V' to penalise"),
        ({"penalty": -1.0}, InputError, "not below 0"),
        ({"steps": 0}, InputError, "at least one step"),
        ({"tolerance": 0.0}, InputError, "positive number"),
        ({"damping": -1.0}, InputError, "not below 0"),
    ],
)
def test_options_that_make_no_sense(options: Any, error: Any, message: str) -> None:
    data = {"X": np.ones((5, 2)), "T": np.eye(3)[[0, 1, 2, 0, 1]]}
    params = {"W1": np.zeros((2, 3)), "b1": np.zeros(3)}
    with pytest.raises(error, match=message):
        nn.newton(softmax_regression(), data, params, **options)


def test_what_cannot_be_trained() -> None:
    data = {"X": np.ones((5, 2)), "T": np.eye(3)[[0, 1, 2, 0, 1]]}
    with pytest.raises(InputError, match="no loss"):
        nn.newton(nn.dense("m", "n"), {"X": data["X"]}, {})
    constant = {"X": np.ones((2, 3)), "T": np.zeros((2, 3))}
    for train in (nn.newton, nn.fit):
        with pytest.raises(InputError, match="squared_error has no parameters to train"):
            train(nn.squared_error(), constant, {})
    with pytest.raises(InputError, match="no network"):
        nn.gauss_newton(nn.squared_error("b k"), {}, {})
    with pytest.raises(NameError_, match="b1 is missing"):
        nn.newton(softmax_regression(), data, {"W1": np.zeros((2, 3))})
    with pytest.raises(InputError, match="floats"):
        nn.newton(softmax_regression(), data, {"W1": np.zeros((2, 3), int), "b1": np.zeros(3)})
    with pytest.raises(NameError_, match="no parameter 'W9'"):
        nn.gauss_newton_block(softmax_regression(), "W9")


def test_single_precision_ends_where_rounding_lets_the_gradient_shrink_no_more() -> None:
    X, y = scaled("iris")
    net = softmax_regression()
    data = {"X": X.astype(np.float32), "T": np.eye(3, dtype=np.float32)[y]}
    params = {"W1": np.zeros((4, 3), np.float32), "b1": np.zeros(3, np.float32)}
    found = nn.newton(net, data, params, penalty={"W1": 0.01})
    assert len(found.steps) < 40
    assert "rounding" in found.reason
    assert found.steps[-1].slope < 1e-6
    assert params["W1"].dtype == np.float32
