"""Operators pass through what traces and transforms functions: no value of theirs is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, ShapeError, UnsupportedError
from tests.operators.backends import double, moved
from tests.operators.random_operators import operator_of
from tests.operators.test_solvers import CASES as STRUCTURES

rng = np.random.default_rng(2)
RIDGE = eingrad.hessian("sum(log(1+exp(X*w))) + norm2(w)^2", "w")
FACTORS = eingrad.hessian("norm2(T - U*V')^2", "U")


def everything(operator: Any, v: Any) -> dict[str, Any]:
    """All that operators do, by name, for an operator with output and input of one shape."""
    return {
        "matvec": operator.matvec(v),
        "rmatvec": operator.rmatvec(v),
        "solve": operator.solve(v),
        "dense": operator.dense(),
        "diagonal": operator.diagonal(),
        "trace": operator.trace(),
        "slogdet": operator.slogdet()[1],
        "T": (operator.T @ operator).matvec(v),
        "shifted": (2 * operator).shifted(1.5).solve(v),
        "iterative": operator.solve(v, method="iterative"),
    }


def _keeps_shape(name: str) -> bool:
    """Output and input have one shape, and divide their axes alike: a commutation does not."""
    operator, _ = operator_of(*STRUCTURES[name][:2])
    return operator.out_shape == operator.in_shape and name != "commutation"


SQUARE = list(filter(_keeps_shape, STRUCTURES))


@pytest.mark.parametrize("name", SQUARE)
def test_jit_takes_operators_of_each_structure(name: str) -> None:
    with double("jax"):
        import jax

        sizes, terms, _ = STRUCTURES[name]
        plain, _ = operator_of(sizes, terms)
        operator = moved(plain, "jax")
        v = rng.normal(size=(2, *plain.in_shape))
        found = jax.jit(everything)(operator, v)
        for method, expected in everything(plain, v).items():
            tolerance = 1e-6 if method == "iterative" else 1e-9
            np.testing.assert_allclose(
                found[method], expected, rtol=tolerance, atol=tolerance, err_msg=method
            )


def test_binding_inside_of_jit_gives_the_same_results_and_no_shapes_are_traced() -> None:
    with double("jax"):
        import jax

        X, w, b = rng.normal(size=(3, 7)), rng.normal(size=7), rng.normal(size=(2, 7))

        @jax.jit
        def solved(X: Any, w: Any, b: Any) -> Any:
            return RIDGE.operator("jax", X=X, w=w).solve(b)

        expected = RIDGE.operator(X=X, w=w).solve(b)
        np.testing.assert_allclose(solved(X, w, b), expected, atol=1e-10)
        shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (X, w, b)]
        assert jax.eval_shape(solved, *shapes).shape == (2, 7)
        with pytest.raises(InputError, match="a size is an integer"):
            jax.jit(lambda V, m: FACTORS.operator("jax", V=V, m=m).trace())(np.ones((3, 2)), 4)


def test_operators_go_out_of_jit_and_into_it_again_without_a_second_trace() -> None:
    with double("jax"):
        import jax

        traced = []

        @jax.jit
        def bound(V: Any) -> Any:
            return FACTORS.operator("jax", V=V, m=4).shifted(0.5)

        @jax.jit
        def trace(operator: Any) -> Any:
            traced.append(operator)
            return operator.trace()

        for _ in range(2):
            V = rng.normal(size=(3, 2))
            expected = FACTORS.operator(V=V, m=4).shifted(0.5).trace()
            np.testing.assert_allclose(trace(bound(V)), expected)
        assert len(traced) == 1


def test_the_leaves_of_an_operator_are_its_cores() -> None:
    with double("jax"):
        import jax

        X, w = rng.normal(size=(2, 9)), rng.normal(size=9)
        operator = RIDGE.operator("jax", X=X, w=w)  # holds X, weights and X again
        leaves, treedef = jax.tree_util.tree_flatten(operator)
        assert sum(a.nbytes for a in leaves) == operator.nbytes
        assert sorted(a.shape for a in leaves) == [(2,), (2, 9)]
        again = jax.tree_util.tree_unflatten(treedef, leaves)
        v = rng.normal(size=9)
        np.testing.assert_array_equal(again @ v, operator @ v)
        assert again.structure == operator.structure
        assert again.solver == operator.solver
        assert jax.tree_util.tree_structure(again) == treedef
        other = RIDGE.operator("jax", X=X + 1, w=w)
        assert jax.tree_util.tree_structure(other) == treedef

        H = FACTORS.operator("jax", V=rng.normal(size=(3, 2)), m=4)
        doubled = jax.tree_util.tree_map(lambda a: 2 * a, H)
        np.testing.assert_allclose(doubled.dense(), 2 * H.dense())
        half = jax.tree_util.tree_map(lambda a: a.astype(np.float32), H)
        assert half.dtype == np.float32


def test_vmap_binds_stacks_of_operators_and_applies_them() -> None:
    with double("jax"):
        import jax

        V, v = rng.normal(size=(5, 3, 2)), rng.normal(size=(4, 2))
        stack = jax.vmap(lambda V: FACTORS.operator("jax", V=V, m=4).shifted(0.1))(V)
        found = jax.vmap(lambda operator: operator.solve(v))(stack)
        for k in range(5):
            expected = FACTORS.operator(V=V[k], m=4).shifted(0.1).solve(v)
            np.testing.assert_allclose(found[k], expected, atol=1e-9)
        with pytest.raises(ShapeError, match="a stack of operators acts inside of vmap"):
            stack @ v
        with pytest.raises(ShapeError, match="a stack of operators acts inside of vmap"):
            stack.solve(v)


def test_gradients_by_an_operator_are_an_operator() -> None:
    with double("jax"):
        import jax

        V, v = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
        operator = FACTORS.operator("jax", V=V, m=4)

        def energy(operator: Any) -> Any:
            return (operator.solve(v) * v).sum() / 2

        slope = jax.grad(energy)(operator)
        x = np.asarray(operator.solve(v))
        # ½ vᵀH⁻¹v by the core C of H = 2 I ⊗ C is −xᵀx for x = H⁻¹v.
        symmetric = np.asarray(slope.dense())[0, :, 0] / 2
        np.testing.assert_allclose((symmetric + symmetric.T) / 2, -x.T @ x, atol=1e-10)
        second = jax.jvp(jax.grad(energy), (operator,), (operator,))[1]
        scaled = np.asarray(second.dense())  # the gradient is homogeneous of degree −2
        np.testing.assert_allclose(scaled, -2 * np.asarray(slope.dense()), atol=1e-9)


def test_the_derivative_of_an_iterative_solution_is_exact() -> None:
    with double("jax"):
        import jax

        M = rng.normal(size=(5, 5))
        M = M @ M.T + np.eye(5)
        plain, _ = operator_of((5, 5), [(1.0, [(0,)], [(1,)], [(M, (0, 1))])])
        operator = moved(plain, "jax").assume("spd")
        b = rng.normal(size=5)

        def first(operator: Any, method: str) -> Any:
            return operator.solve(b, method=method)[0]

        one, two = (jax.grad(first)(operator, method).dense() for method in ("iterative", "dense"))
        # Cholesky reads the lower triangle: what is compared is the symmetric part.
        np.testing.assert_allclose(one + one.T, two + two.T, rtol=1e-6, atol=1e-8)


# PyTorch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SQUARE)
def test_shapes_alone_are_enough_for_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    from eingrad.operators.frameworks.operator import FrameworkOperator
    from eingrad.operators.frameworks.torch import TorchNamespace

    sizes, terms, _ = STRUCTURES[name]
    plain, _ = operator_of(sizes, terms)
    xp = TorchNamespace(torch.float32, torch.device("meta"))
    operator = FrameworkOperator(plain.terms, plain.out_shape, plain.in_shape, xp)
    v = torch.ones((2, *plain.in_shape), device="meta")
    expected = everything(plain, np.ones((2, *plain.in_shape)))
    for method, result in everything(operator, v).items():
        assert result.device.type == "meta", method
        assert result.dtype == torch.float32, method
        assert tuple(result.shape) == np.shape(expected[method]), method


def test_meta_tensors_bind_operators_that_no_memory_would_hold() -> None:
    torch = pytest.importorskip("torch")
    A = torch.empty((10**6, 10**7), device="meta")
    H = eingrad.hessian("sum(exp(A*x))", "x").operator(
        "torch", A=A, x=torch.empty(10**7, device="meta")
    )
    assert H.matvec(torch.empty((3, 10**7), device="meta")).shape == (3, 10**7)
    assert H.dense().shape == (10**7, 10**7)


def test_torch_vmap_and_derivatives_of_second_order() -> None:
    torch = pytest.importorskip("torch")
    X = torch.tensor(rng.normal(size=(4, 3, 6)))
    w, b = torch.tensor(rng.normal(size=6)), torch.tensor(rng.normal(size=6))
    stack = torch.func.vmap(lambda X: RIDGE.operator("torch", X=X, w=w).solve(b))(X)
    for k in range(4):
        expected = RIDGE.operator(X=X[k].numpy(), w=w.numpy()).solve(b.numpy())
        np.testing.assert_allclose(stack[k], expected, atol=1e-10)
    for method in ("auto", "iterative"):

        def solved(X: Any, b: Any, method: str = method) -> Any:
            return RIDGE.operator("torch", X=X, w=w).solve(b, method=method)

        leaves = (X[0].clone().requires_grad_(), b.clone().requires_grad_())
        assert torch.autograd.gradcheck(solved, leaves, rtol=1e-4)
        assert torch.autograd.gradgradcheck(solved, leaves, rtol=1e-3, atol=1e-4)
    with pytest.raises(UnsupportedError, match=r"torch\.vmap does not allow"):
        torch.func.vmap(lambda X: RIDGE.operator("torch", X=X, w=w).solve(b, method="iterative"))(X)


# TensorFlow -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "dense", "iterative"])
def test_binding_inside_of_a_tensorflow_function(method: str) -> None:
    tf = pytest.importorskip("tensorflow")
    X, w, b = rng.normal(size=(3, 7)), rng.normal(size=7), rng.normal(size=(2, 7))

    @tf.function
    def slope(X: Any, w: Any, b: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(X)
            x = RIDGE.operator("tensorflow", X=X, w=w).solve(b, method=method)
        return x, tape.gradient(x, X)

    x, found = slope(*map(tf.constant, (X, w, b)))
    np.testing.assert_allclose(x, RIDGE.operator(X=X, w=w).solve(b), atol=1e-7)
    E = np.zeros((3, 7))
    E[1, 4] = 1e-5
    up, down = (RIDGE.operator(X=X + s * E, w=w).solve(b).sum() for s in (1, -1))
    np.testing.assert_allclose(found[1, 4], (up - down) / 2e-5, rtol=1e-4)


def test_sizes_that_tensorflow_does_not_know_are_an_error() -> None:
    tf = pytest.importorskip("tensorflow")

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, 2], tf.float64)])
    def trace(V: Any) -> Any:
        return FACTORS.operator("tensorflow", V=V, m=3).trace()

    with pytest.raises(UnsupportedError, match="input_signature without None"):
        trace(tf.ones((3, 2), tf.float64))
