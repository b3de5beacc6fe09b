"""Vector and matrix derivatives by their definitions in denominator layout, one test for each.

Rows belong to the input, columns to the output; Δw ≈ (∂w/∂v)ᵀ Δv. Each derivative is compared with
an expectation written by hand in NumPy, and so is its printed formula, read back.
"""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate
from tests.calculus.definitions import RNG, holds, values_of

# --- partial and total derivatives, approximation -------------------------------------------------


def test_a_partial_derivative_keeps_the_other_variables_fixed():
    """f(x, y) = 2x²y: ∂f/∂x = 2(2x)y."""
    f = eingrad.parse("2*x^2*y", x="", y="")
    holds(f, "x", lambda x, y: 4 * x * y, "scalar", [], "4xy")


def test_a_total_derivative_adds_what_each_variable_contributes():
    """df/ds = ∂f/∂x dx/ds + ∂f/∂y dy/ds + ∂f/∂z dz/ds for k = 3 variables of s."""
    x, y, z, s = (eingrad.scalar(name) for name in "xyzs")
    path = {"x": s**2, "y": np.exp(s), "z": 3 * s}
    d = eingrad.derivative(x * y + np.sin(z) * x, s, total=path)
    s = 0.7
    x, y, z = s**2, np.exp(s), 3 * s
    terms = {"x": (y + np.sin(z)) * 2 * s, "y": x * np.exp(s), "z": x * np.cos(z) * 3}
    for name, wanted in terms.items():
        found = evaluate(d.contributions[name].node, {"s": s, "x": x, "y": y, "z": z})
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(evaluate(d.node, {"s": s}), sum(terms.values()), rtol=1e-12)
    assert str(d).startswith("df/ds")


def test_the_planar_approximation_is_good_for_small_steps_only():
    """Δs ≈ (∂s/∂v)ᵀ Δv: halving the step quarters what is left."""
    y = eingrad.parse("sin(c'*v) + v'*Q*v", c="4", v="4", Q="4 4")
    gradient = eingrad.derivative(y, "v", layout="denominator")
    values = values_of(y.node)
    step = RNG.normal(size=4)
    slope = gradient.function()(**values) @ step

    def left(h):
        moved = {**values, "v": values["v"] + h * step}
        return evaluate(y.node, moved) - evaluate(y.node, values) - h * slope

    for h in (1e-2, 1e-3):
        assert left(h) / left(h / 2) == pytest.approx(4, rel=0.05)


def test_the_derivatives_of_a_plane_are_constants():
    """θᵀx + θ₀ by x is θ, wherever."""
    f = eingrad.parse("θ'*x + t", θ="4", x="4", t="")
    d = holds(f, "x", lambda θ, **_: θ, "4", ["x axis 0"], "θ")
    assert "x" not in {v.name for v in variables(d.node)}


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_chain_rule_of_many_variables_has_a_term_for_each(k):
    """df/ds = Σ_i ∂f/∂x_i dx_i/ds: f = Σ_i i x_i², x_i = sin(i s)."""
    s, parts = eingrad.scalar("s"), [eingrad.scalar(f"x{i}") for i in range(1, k + 1)]
    f = sum(i * x**2 for i, x in enumerate(parts, 1)) + 0 * s
    path = {f"x{i}": np.sin(i * s) for i in range(1, k + 1)}
    d = eingrad.derivative(f, s, total=path)
    assert set(d.contributions) - {"s"} == set(path)
    wanted = sum(2 * i * np.sin(i * 0.3) * i * np.cos(i * 0.3) for i in range(1, k + 1))
    np.testing.assert_allclose(evaluate(d.node, {"s": 0.3}), wanted, rtol=1e-12)


def test_small_changes_add_up_in_any_order():
    """Δf ≈ Σ_i ∂f/∂x_i Δx_i: what each change adds does not depend on which comes first."""
    f = eingrad.parse("x*exp(y) + sin(y*z)", x="", y="", z="")
    at, step = {"x": 0.4, "y": -0.7, "z": 1.1}, {"x": 2e-6, "y": -3e-6, "z": 1e-6}
    parts = {n: float(evaluate(eingrad.derivative(f, n).node, at)) * step[n] for n in at}
    for order in (("x", "y", "z"), ("z", "x", "y")):
        now = dict(at)
        for name in order:
            before = evaluate(f.node, now)
            now[name] += step[name]
            assert evaluate(f.node, now) - before == pytest.approx(parts[name], rel=1e-4)
    whole = evaluate(f.node, {n: at[n] + step[n] for n in at}) - evaluate(f.node, at)
    assert whole == pytest.approx(sum(parts.values()), rel=1e-4)


# --- the five derivatives that are arrays of up to two axes ---------------------------------------


def test_scalar_by_vector_is_a_column():
    """m×1: the entry ∂s/∂v_i in row i."""
    holds(
        eingrad.parse("c'*v + v'*Q*v", c="4", v="4", Q="4 4"),
        "v",
        lambda c, v, Q: c + (Q + Q.T) @ v,
        "4",
        ["v axis 0"],
        "(Q + Qᵀ)v + c",
    )


def test_vector_by_scalar_is_a_row():
    """1×n: the entry ∂w_j/∂s in column j, so that Δw = (∂w/∂s)ᵀ Δs."""
    w = eingrad.parse("exp(s)*A*b", s="", A="5 3", b="3")
    d = holds(w, "s", lambda s, A, b: np.exp(s) * A @ b, "1×5", ["y axis 0"], "exp(s) bᵀAᵀ")
    assert d.is_row and not d.in_layout("numerator").is_row
    assert str(d.in_layout("numerator").formula()) == "exp(s) Ab"


def test_vector_by_vector_has_the_input_in_rows():
    """m×n, ∂w_j/∂v_i in row i and column j; w of 3 and v of 2 entries."""
    d = holds(
        eingrad.parse("tanh(C*v)", C="3 2", v="2"),
        "v",
        lambda C, v: C.T * (1 - np.tanh(C @ v) ** 2),
        "2×3",
        ["v axis 0", "y axis 0"],
        "Cᵀ diag(1 − tanh(Cv) ⊙ tanh(Cv))",
    )
    values, step = values_of(d.of), 1e-6 * np.array([2.0, -1.0])
    moved = {**values, "v": values["v"] + step}
    change = evaluate(d.of, moved) - evaluate(d.of, values)
    array = evaluate(d.node, values).transpose(d.axis_order())
    np.testing.assert_allclose(change, array.T @ step, rtol=1e-4)


def test_a_matrix_of_derivatives_is_a_row_of_columns_and_a_column_of_rows():
    """∂w/∂v = [∂w_1/∂v, …, ∂w_n/∂v], and below one another the rows ∂w/∂v_i."""
    d = eingrad.derivative(eingrad.parse("tanh(C*v)", C="3 2", v="2"), "v", layout="denominator")
    values = values_of(d.of)
    array = evaluate(d.node, values).transpose(d.axis_order())
    by_output, by_input = d.blocks(0), d.blocks(1)
    assert [k.as_int() for k in (*by_output.shape, *by_output.block_shape)] == [3, 2]
    assert [k.as_int() for k in (*by_input.shape, *by_input.block_shape)] == [2, 3]
    for j in range(3):
        np.testing.assert_allclose(evaluate(by_output[j].node, values), array[:, j], rtol=1e-12)
    for i in range(2):
        np.testing.assert_allclose(evaluate(by_input[i].node, values), array[i], rtol=1e-12)
    assert by_output.open() is d


def test_matrix_by_scalar_has_the_shape_of_the_transpose():
    """k×r for M of shape r×k: ∂m_ij/∂s in row j and column i."""
    holds(
        eingrad.parse("s^2*P + exp(s)*R", P="3 5", R="3 5", s=""),
        "s",
        lambda s, P, R: 2 * s * P.T + np.exp(s) * R.T,
        "5×3",
        ["y axis 1", "y axis 0"],
        "2sPᵀ + exp(s) Rᵀ",
    )


def test_scalar_by_matrix_has_the_shape_of_the_matrix():
    """r×k for M of shape r×k."""
    holds(
        eingrad.parse("u'*M*t", u="3", M="3 5", t="5"),
        "M",
        lambda u, t, **_: np.outer(u, t),
        "3×5",
        ["M axis 0", "M axis 1"],
        "utᵀ",
    )


# --- tensors --------------------------------------------------------------------------------------


def test_vector_by_matrix_is_a_three_tensor():
    holds(
        eingrad.parse("M*t", M="3 5", t="5"),
        "M",
        lambda t, **_: np.einsum("ik,j->ijk", np.eye(3), t),
        "3×5×3",
        ["M axis 0", "M axis 1", "y axis 0"],
        "δ_ik t_j",
    )


def test_matrix_by_vector_is_a_three_tensor():
    holds(
        eingrad.parse("(c'*v)*P + u*v'*Q", c="2", v="2", P="3 4", u="3", Q="2 4"),
        "v",
        lambda c, P, u, Q, **_: np.einsum("a,ij->aji", c, P) + np.einsum("i,aj->aji", u, Q),
        "2×4×3",
        ["v axis 0", "y axis 1", "y axis 0"],
        "P_kj c_i + Q_ij u_k",
    )


def test_matrix_by_matrix_is_a_four_tensor():
    holds(
        eingrad.parse("P*M*R", P="2 3", M="3 4", R="4 5"),
        "M",
        lambda P, R, **_: np.einsum("li,jk->ijkl", P, R),
        "3×4×5×2",
        ["M axis 0", "M axis 1", "y axis 1", "y axis 0"],
        "P_li R_jk",
    )


def test_a_three_tensor_by_a_two_tensor_is_a_five_tensor():
    """Axes add up and sizes multiply, however many there are."""
    holds(
        eingrad.parse('einsum("abp,pq->abq", T, M)', T="2 3 4", M="4 5"),
        "M",
        lambda T, **_: np.einsum("abp,qc->pqcba", T, np.eye(5)),
        "4×5×5×3×2",
        ["M axis 0", "M axis 1", "y axis 2", "y axis 1", "y axis 0"],
        "δ_jk T_mli",
    )


def test_columns_of_a_tensor_are_stacked():
    """vec: [1 2; 3 4] → (1, 3, 2, 4)."""
    A = np.array([[1.0, 2.0], [3.0, 4.0]])
    stacked = eingrad.parse("vec(A)", A="2 2")
    np.testing.assert_array_equal(evaluate(stacked.node, {"A": A}), [1, 3, 2, 4])
    d = eingrad.derivative(eingrad.parse("P*M*R", P="2 3", M="3 4", R="4 5"), "M", layout="vec")
    assert str(d.formula()) == "Rᵀ ⊗ P"


@pytest.mark.parametrize("output", ["", "2", "2 3", "2 3 4"])
@pytest.mark.parametrize("by", ["", "5", "5 6", "5 6 7"])
def test_axes_add_up_and_sizes_multiply(output, by):
    """Axes(∂y/∂x) = Axes(y) + Axes(x) and Size(∂y/∂x) = Size(y) Size(x), tensors among them."""
    y = np.sin(np.sum(eingrad.tensor("x", by))) * eingrad.tensor("C", output)
    d = eingrad.derivative(y, "x", layout="denominator")
    sizes = [[int(n) for n in text.split()] for text in (output, by)]
    assert len(d.shape) == len(d.axes) == len(sizes[0]) + len(sizes[1])
    assert np.prod([k.as_int() for k in d.shape]) == np.prod(sizes[0]) * np.prod(sizes[1])
    assert [k.as_int() for k in d.shape] == [*sizes[1], *reversed(sizes[0])]


# --- ways to deal with a tensor -------------------------------------------------------------------


def test_a_pattern_of_zeros_is_flattened_to_its_diagonal():
    """[3 0 0; 0 9 0; 0 0 4] → [3; 9; 4], and nothing is lost."""
    d = eingrad.jacobian(eingrad.parse("a .* x", a="3", x="3"), "x")
    condensed = d.compress()
    values = {"a": np.array([3.0, 9.0, 4.0]), "x": np.ones(3)}
    np.testing.assert_array_equal(evaluate(d.node, values), np.diag([3.0, 9.0, 4.0]))
    np.testing.assert_array_equal(evaluate(condensed.node, values), [3, 9, 4])
    assert condensed.lossless and condensed.expand().node is d.node


def test_axes_are_hidden_and_shown_again():
    """M as one thing: the tensor is a vector of 3 matrices of 2×5."""
    d = eingrad.derivative(eingrad.parse("P*M*t", P="3 2", M="2 5", t="5"), "M")
    hidden = d.blocks(1, 2)
    assert [k.as_int() for k in hidden.block_shape] == [2, 5]
    values = values_of(d.of)
    whole = evaluate(d.node, values)
    for i in range(3):
        np.testing.assert_allclose(evaluate(hidden[i].node, values), whole[i], rtol=1e-12)
    assert hidden.open() is d


def test_a_tensor_is_contracted_by_products_and_sums():
    """Σ_ij ∂L/∂y_ij ∂y_ij/∂M_kl: what software does for the chain rule, without the tensor."""
    d = eingrad.derivative(eingrad.parse("P*M*R", P="2 3", M="3 4", R="4 5"), "M")
    values, G = values_of(d.of), RNG.normal(size=(2, 5))
    pulled = eingrad.vjp(d.of, "M", "G")
    found = evaluate(pulled.node, {**values, "G": G})
    np.testing.assert_allclose(found, np.tensordot(G, evaluate(d.node, values), 2), rtol=1e-12)
    assert str(pulled.formula()) == "PᵀGRᵀ"
