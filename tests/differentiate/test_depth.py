"""Deep graphs: cost grows linearly, terms stay few, structure is kept, nothing recurses."""

import pytest

from eingrad.differentiate import differentiate
from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.build import multiply, sum_of
from eingrad.ir.construct import inner_product, matmul
from eingrad.ir.node import Node, Sum, Term, Variable, variable
from eingrad.ir.walk import topological

N = Dim.symbol("n")


def tanh_network(depth: int, residual: bool) -> tuple[Node, Variable]:
    h: Node = variable("x", (N,))
    first = variable("W0", (N, N))
    for k in range(depth):
        step = apply("tanh", matmul(first if k == 0 else variable(f"W{k}", (N, N)), h))
        h = sum_of(h, step) if residual else step
    return h, first


def nodes_of_gradient(depth: int, residual: bool) -> int:
    h, first = tanh_network(depth, residual)
    return len(topological(differentiate(inner_product(h, h), [first])))


@pytest.mark.parametrize("residual", [False, True])
def test_gradient_of_a_network_is_linear_in_depth(residual: bool) -> None:
    sizes = [nodes_of_gradient(depth, residual) for depth in (20, 40, 80)]
    assert sizes[2] - sizes[1] == pytest.approx(2 * (sizes[1] - sizes[0]), rel=0.05)


def test_gradient_of_a_very_deep_network_does_not_recurse() -> None:
    assert nodes_of_gradient(1500, residual=False) < 20 * 1500


def test_hessian_of_a_residual_network_keeps_the_outer_product_in_few_terms() -> None:
    depth = 64
    h, first = tanh_network(depth, residual=True)
    hessian = differentiate(inner_product(h, h), [first, first])
    assert isinstance(hessian, Sum)
    assert len(hessian.operands) <= 4
    assert len(topological(hessian)) < 40 * depth
    x = variable("x", (N,))
    for term in hessian.operands:
        assert isinstance(term, Term)
        carried = sorted(f.indices for f in term.factors if f.node is x)
        assert carried == [(term.out[1],), (term.out[3],)]


def test_a_vector_by_a_scalar_goes_forward_at_a_small_multiple_of_the_value() -> None:
    c = variable("c", ())
    h: Node = multiply(variable("x", (N,)), c)
    for k in range(64):
        h = sum_of(h, apply("tanh", matmul(variable(f"W{k}", (N, N)), h)))
    assert len(topological(differentiate(h, [c]))) <= 5 * len(topological(h))


def test_both_directions_agree_on_a_small_network() -> None:
    import numpy as np

    from eingrad.verify.reference import evaluate

    h, first = tanh_network(3, residual=True)
    rng = np.random.default_rng(0)
    values = {f"W{k}": rng.normal(size=(3, 3)) / 2 for k in range(3)} | {"x": rng.normal(size=3)}
    reverse = evaluate(differentiate(h, [first], "reverse"), values)
    forward = evaluate(differentiate(h, [first], "forward"), values)
    assert reverse.shape == (3, 3, 3)
    np.testing.assert_allclose(reverse, forward, rtol=1e-12)
