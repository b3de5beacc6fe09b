"""What users call: every kind of derivative, its shape, its check, and what it refuses."""

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, NameError_, ShapeError

RNG = np.random.default_rng(7)


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b)) / (1e-300 + np.max(np.abs(b))))


def test_a_list_in_one_place_gives_a_list() -> None:
    dq, dk = eingrad.derivative("sum((Q*K).^2)", ["Q", "K"])
    assert [str(d.formula()) for d in (dq, dk)] == ["2QKKᵀ", "2QᵀQK"]
    assert all(d.check().ok for d in (dq, dk))


def test_mixed_derivatives_have_the_axes_of_output_then_inputs_in_order() -> None:
    y = eingrad.parse("A*B*x", A="4 3", B="3 5", x="5")
    d = eingrad.derivative(y, "A", "x")
    assert [int(str(n)) for n in d.shape] == [4, 4, 3, 5]
    assert d.axes == ("y axis 0", "A axis 0", "A axis 1", "x axis 0")
    assert d.check().ok
    values = {n: RNG.normal(size=s) for n, s in {"A": (4, 3), "B": (3, 5), "x": 5}.items()}
    expected = np.einsum("ij,kl->ijkl", np.eye(4), values["B"])
    np.testing.assert_allclose(d.function()(**values), expected)


def test_layouts_order_the_axes_as_they_promise() -> None:
    d = eingrad.derivative("A*x", "x")
    assert str(d.formula(layout="mixed")) == "A"
    assert str(d.formula(layout="numerator")) == "A"
    assert str(d.formula(layout="denominator")) == "Aᵀ"
    assert [str(n) for n in d.in_layout("denominator").shape] == ["n", "m"]
    tensor = eingrad.derivative("A*B", "A")
    assert tensor.axis_order("denominator") == (2, 3, 1, 0)
    assert tensor.axis_order("numerator") == (0, 1, 3, 2)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_order_is_checked(order: int) -> None:
    d = eingrad.derivative("sum(exp(A*x)) + norm2(x)^2", *["x"] * order)
    assert d.check().ok
    assert len(d.shape) == order


def test_gradient_of_a_vector_suggests_the_jacobian() -> None:
    with pytest.raises(ShapeError, match="jacobian"):
        eingrad.gradient("A*x", "x")
    with pytest.raises(ShapeError, match="derivative"):
        eingrad.hessian("A*x", "x")


def test_what_does_not_occur_gives_an_exact_zero_that_is_said() -> None:
    d = eingrad.derivative("norm2(x)^2", "Z")
    assert d.is_zero
    assert len(d.shape) == 2
    assert "does not occur" in str(d)
    assert d.check().ok


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(NameError_, match="did you mean alpha"):
        eingrad.derivative("alpha*norm2(x)^2", "alpah")


def test_no_variable_is_an_error() -> None:
    with pytest.raises(InputError, match="by which variable"):
        eingrad.derivative("norm2(x)")


# Symmetric variables


def test_conventions_for_a_symmetric_variable() -> None:
    y = eingrad.parse("x'*A*z", A="n n symmetric", x="n", z="n")
    free = eingrad.derivative(y, "A")
    project = eingrad.derivative(y, "A", symmetric="project")
    cookbook = eingrad.derivative(y, "A", symmetric="cookbook")
    for d, word in ((free, "free"), (project, "project"), (cookbook, "cookbook")):
        assert word in str(d)
        assert d.check().ok
    x, z = RNG.normal(size=4), RNG.normal(size=4)
    outer = np.outer(x, z)
    a = np.eye(4)
    np.testing.assert_allclose(free.function()(x=x, z=z, A=a), outer)
    np.testing.assert_allclose(project.function()(x=x, z=z, A=a), (outer + outer.T) / 2)
    both = outer + outer.T - np.diag(np.diag(outer))
    np.testing.assert_allclose(cookbook.function()(x=x, z=z, A=a), both)


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(InputError, match="none of"):
        eingrad.derivative("logdet(A)", "A", symmetric="other")


# Products with directions


def test_vjp_of_a_product_passes_the_incoming_gradient_through() -> None:
    d = eingrad.vjp("A*B", "A")
    assert str(d.formula()) == "GBᵀ"
    assert d.check().ok


def test_jvp_agrees_with_the_jacobian() -> None:
    y = eingrad.parse("tanh(W*x)", W="4 3", x="3")
    d = eingrad.jvp(y, "x")
    assert d.check().ok
    w, x, v = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=3)
    jacobian = eingrad.jacobian(y, "x").function()(W=w, x=x)
    np.testing.assert_allclose(d.function()(W=w, x=x, dx=v), jacobian @ v)


def test_hvp_agrees_with_the_hessian() -> None:
    y = eingrad.parse("sum(exp(A*x))", A="4 3", x="3")
    a, x, v = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=3)
    hessian = eingrad.hessian(y, "x").function()(A=a, x=x)
    product = eingrad.hvp(y, "x")
    assert product.check().ok
    np.testing.assert_allclose(product.function()(A=a, x=x, v=v), hessian @ v)


def test_hessian_diagonal_agrees_with_the_hessian() -> None:
    y = eingrad.parse("norm2(T - U*V')^2", T="4 5", U="4 3", V="5 3")
    values = {n: RNG.normal(size=s) for n, s in {"T": (4, 5), "U": (4, 3), "V": (5, 3)}.items()}
    full = eingrad.hessian(y, "U").function()(**values)
    diagonal = eingrad.hessian_diagonal(y, "U")
    assert [str(n) for n in diagonal.shape] == ["4", "3"]
    np.testing.assert_allclose(
        diagonal.function()(**values), np.einsum("ijij->ij", full), rtol=1e-12
    )


def test_gradients_sum_over_outputs_with_incoming_gradients() -> None:
    a, b = eingrad.matrix("A", "4 3"), eingrad.matrix("B", "3 5")
    g = RNG.normal(size=(4, 5))
    value = {"A": RNG.normal(size=(4, 3)), "B": RNG.normal(size=(3, 5))}
    da, db = eingrad.gradients([a @ b, np.sum(a * a)], [a, b], [g, 3.0])
    np.testing.assert_allclose(da.function()(**value), g @ value["B"].T + 6 * value["A"])
    np.testing.assert_allclose(db.function()(**value), value["A"].T @ g)
    (ones,) = eingrad.gradients(a @ b, a)
    np.testing.assert_allclose(ones.function()(**value), np.ones((4, 5)) @ value["B"].T)


def test_an_incoming_gradient_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match="incoming gradient"):
        eingrad.vjp(eingrad.parse("A*B", A="4 3", B="3 5"), "A", np.ones((5, 4)))


# Code


def test_functions_take_what_the_expression_has_and_nothing_else() -> None:
    y = eingrad.parse("x'*A*x + b'*x", A="3 3", x="3", b="3")
    f = eingrad.hessian(y, "x").function()
    a = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(f(A=a), a + a.T)
    np.testing.assert_allclose(f(A=a, x=np.ones(3), b=np.ones(3)), a + a.T)
    with pytest.raises(NameError_, match="no variable called 'c'"):
        f(A=a, c=1.0)
    with pytest.raises(NameError_, match="missing"):
        f(x=np.ones(3))


def test_value_and_derivatives_come_together() -> None:
    y = eingrad.parse("sum(log(exp(-y.*(X*w))+1))", X="6 3", y="6", w="3")
    f = eingrad.hessian(y, "w").function(outputs=("value", "gradient", "hessian"))
    data = {"X": RNG.normal(size=(6, 3)), "y": np.sign(RNG.normal(size=6))}
    w, step = RNG.normal(size=3), 1e-5
    value, gradient, hessian = f(w=w, **data)
    for k in range(3):
        e = step * np.eye(3)[k]
        up, down = f(w=w + e, **data), f(w=w - e, **data)
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[k], rel=1e-6)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * step), hessian[k], rtol=1e-5)
    assert value > 0
    with pytest.raises(InputError, match="no output called"):
        eingrad.gradient(y, "w").source(outputs=("hessian",))


def test_single_precision_stays_single() -> None:
    f = eingrad.gradient("norm2(A*x-y)^2", "x").function()
    arrays = {
        n: RNG.normal(size=s).astype(np.float32) for n, s in {"A": (4, 3), "x": 3, "y": 4}.items()
    }
    assert f(**arrays).dtype == np.float32


# Answers


def test_right_answers_are_equal_in_any_spelling() -> None:
    for answer in ("2*A'*(A*x - y)", "2Aᵀ(Ax − y)", "2*A'*A*x - 2*A'*y", "A'*(2*A*x-2*y)"):
        verdict = eingrad.check("norm2(A*x-y)^2", "x", answer=answer)
        assert verdict.equal, (answer, verdict.reason)


@pytest.mark.parametrize(
    ("answer", "word"),
    [("A'*(A*x - y)", "factor"), ("-2*A'*(A*x - y)", "sign")],
)
def test_wrong_answers_are_told_why(answer: str, word: str) -> None:
    verdict = eingrad.check("norm2(A*x-y)^2", "x", answer=answer)
    assert not verdict.equal
    assert word in verdict.reason


def test_an_answer_in_another_layout_is_not_equal_and_named() -> None:
    verdict = eingrad.check("A*x", "x", answer="A'")
    assert not verdict.equal
    assert "denominator" in verdict.reason
    assert eingrad.check("A*x", "x", answer="A'", layout="denominator").equal


def test_an_answer_for_symmetric_matrices_only_is_told_so() -> None:
    verdict = eingrad.check("x'*A*x", "x", answer="2*A*x")
    assert not verdict.equal
    assert "symmetric" in verdict.reason


@pytest.mark.parametrize(("written", "held"), [("ﬁ", "fi"), ("µ", "μ"), ("x₁", "x1")])
def test_a_name_to_differentiate_by_is_read_like_a_declared_one(written: str, held: str) -> None:
    y = eingrad.parse(f"3*{held}^2", **{held: ""})
    d = eingrad.derivative(y, written)
    assert d.wrt[0].name == held
    assert d.node is eingrad.derivative(y, held).node
    assert d.node.operands  # 6 times the variable: not the 0 of one that does not occur
    assert eingrad.derivative("7*q", written).wrt[0].name == held


# Names


def test_what_cancels_keeps_its_declared_shape() -> None:
    d = eingrad.derivative(eingrad.parse("A*x - A*x", A="3 4"), "A")
    assert [int(str(n)) for n in d.shape] == [3, 3, 4]
    assert "A cancels" in str(d)


@pytest.mark.parametrize("name", ["A*B", "D):\n import os", "__import__"])
def test_a_text_for_an_incoming_gradient_is_a_name_or_refused(name: str) -> None:
    with pytest.raises(NameError_, match="cannot name a variable"):
        eingrad.vjp("A*B", "B", incoming=name)
    assert str(eingrad.vjp("A*B", "B", incoming="H").formula()) == "AᵀH"


def test_two_variables_of_one_name_and_different_shapes_are_refused() -> None:
    x, other = eingrad.vector("x", "n"), eingrad.vector("x", "m")
    with pytest.raises(InputError, match="two variables are called x"):
        eingrad.derivative((x @ x) * (other @ other), x)


@pytest.mark.parametrize("outputs", [(), "value"])
def test_outputs_are_a_tuple_of_names(outputs: object) -> None:
    with pytest.raises(InputError, match="tuple of names"):
        eingrad.gradient("x'*x", "x").function(outputs=outputs)  # type: ignore[arg-type]


def test_a_size_that_nothing_shows_is_named() -> None:
    f = eingrad.jacobian("2*x", "x").function()
    np.testing.assert_allclose(f(x=np.ones(3)), 2 * np.eye(3))
    ones = eingrad.derivative(eingrad.ones(("n",)) * eingrad.scalar("s"), "s").function()
    with pytest.raises(NameError_, match="the size n is missing"):
        ones(s=1.0)
    assert ones(s=1.0, n=3).tolist() == [1.0, 1.0, 1.0]


def test_new_gradients_and_directions_have_names_that_can_be_written() -> None:
    d = eingrad.vjp("A*G", "A")
    assert str(d.formula()) == "G1 Gᵀ"
    g, incoming = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 4))
    found = d.function()(G=g, G1=incoming)
    np.testing.assert_allclose(found, incoming @ g.T)
    assert eingrad.parse(str(d.formula()), G="n p", G1="m p").node is d.node


def test_a_tangent_says_along_what() -> None:
    d = eingrad.jvp("A*B", "A")
    assert d.title == "∂y/∂A along dA"
    assert d.axes == ("y axis 0", "y axis 1")


@pytest.mark.parametrize("name", ["vjp", "jvp", "hvp", "curvature", "laplacian", "newton_step"])
def test_the_value_beside_a_product_is_that_of_the_function(name: str) -> None:
    text = "A*tanh(B)" if name in ("vjp", "jvp") else "norm2(A*B - C)^2"
    d = getattr(eingrad, name)(text, "B")
    function = d.function(outputs=("value", "derivative"))
    shapes = {"A": (5, 3), "B": (3, 2), "C": (5, 2), "G": (5, 2), "dB": (3, 2), "v": (3, 2)}
    values = {n: RNG.normal(size=shapes[n]) for n in function.arguments}  # no step among them
    value, derivative = function(**values)
    a, b = values["A"], values["B"]
    expected = a @ np.tanh(b) if "tanh" in text else np.sum((a @ b - values["C"]) ** 2)
    np.testing.assert_allclose(value, expected)
    alone = d.function()
    np.testing.assert_allclose(derivative, alone(**{n: values[n] for n in alone.arguments}))
