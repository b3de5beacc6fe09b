"""One recurrent cell and back-propagation through time, statement by statement as in the course.

a_t = tanh(z_t), z_t = W_ax x_t + W_aa a_{t−1} + b_a, columns for samples. With g the gradient that
arrives at a_t and dz = g ⊙ (1 − a_t²), the five answers are
∂x = W_axᵀ dz, ∂W_ax = dz xᵀ, ∂a_{t−1} = W_aaᵀ dz, ∂W_aa = dz a_{t−1}ᵀ, ∂b_a = Σ dz over samples.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad import nn
from eingrad.calculus.explained import explanation
from eingrad.codegen import generate
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, framework_jax
from tests.codegen.backends import call as call_generated
from tests.explain.replay import Replay

SIZES = {"n_a": 4, "n_x": 3, "n_y": 5, "m": 2}
CELL = {
    "x": eg.matrix("x", "n_x m"),
    "W_ax": eg.matrix("W_ax", "n_a n_x"),
    "a_prev": eg.matrix("a_prev", "n_a m"),
    "W_aa": eg.matrix("W_aa", "n_a n_a"),
    "b_a": eg.vector("b_a", "n_a"),
}
Z = CELL["W_ax"] @ CELL["x"] + CELL["W_aa"] @ CELL["a_prev"] + CELL["b_a"][:, None]
ANSWERS = {
    "x": ("W_axᵀ dz", lambda v, dz: v["W_ax"].T @ dz),
    "W_ax": ("dz xᵀ", lambda v, dz: dz @ v["x"].T),
    "a_prev": ("W_aaᵀ dz", lambda v, dz: v["W_aa"].T @ dz),
    "W_aa": ("dz a_prevᵀ", lambda v, dz: dz @ v["a_prev"].T),
    "b_a": ("dz 𝟏", lambda v, dz: dz.sum(axis=1)),
}


def arrays(shapes: dict[str, Any], sizes: dict[str, int] = SIZES) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        n: 0.7 * rng.normal(size=[d.evaluate(sizes) for d in t.node.shape])
        for n, t in shapes.items()
    }


def close(found: Any, wanted: Any, what: str = "") -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12, err_msg=what)


# --- rules 1 to 3 ---------------------------------------------------------------------------------


def test_rule_1_the_derivative_of_a_matrix_times_a_column_is_the_matrix() -> None:
    d = eg.jacobian(eg.parse("W*x", W="n m", x="m"), "x")
    assert str(d.formula()) == "W"


def test_rule_2_a_row_times_a_matrix_has_the_same_derivative() -> None:
    """xW with a row x: the factors change places, the result does not."""
    d = eg.derivative(eg.parse("(x'*W)'", W="m n", x="m"), "x", layout="denominator")
    assert str(d.formula()) == "W"


def test_rule_3_a_product_by_one_factor_is_a_tensor_that_flattens_to_the_other() -> None:
    """Four axes; the other factor is all that is in it, and it goes to the right, transposed."""
    d = eg.derivative(Z, CELL["W_aa"])
    assert d.shape_text == "n_a×m×n_a×n_a"
    flat = d.compress("dz")
    assert str(flat.formula()) == "a_prevᵀ"
    assert str(flat.pullback_formula()) == "dz a_prevᵀ"
    assert "multiplies the incoming gradient from the right" in flat.sentence
    assert flat.lossless and flat.expand().node is d.node


@pytest.mark.parametrize("factor", ["W_ax", "x"])
def test_rule_3_holds_for_both_factors(factor: str) -> None:
    flat = eg.derivative(Z, CELL[factor]).compress("dz")
    side = {"W_ax": ("xᵀ", "right"), "x": ("W_axᵀ", "left")}[factor]
    assert (str(flat.formula()), f"from the {side[1]}" in flat.sentence) == (side[0], True)


# --- the answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_in_dz(name: str) -> None:
    """Digit by digit as the course prints it, and equal to NumPy by hand."""
    written, by_hand = ANSWERS[name]
    answer = eg.vjp(Z, CELL[name], "dz")
    assert str(answer.formula()) == written
    values = arrays(CELL)
    dz = np.random.default_rng(4).normal(size=(SIZES["n_a"], SIZES["m"]))
    close(evaluate(answer.node, {**values, "dz": dz}, SIZES), by_hand(values, dz))


def test_dz_is_the_arriving_gradient_times_the_slope_of_tanh() -> None:
    dz = eg.vjp(np.tanh(eg.matrix("z", "n_a m")), "z", "g")
    assert str(dz.formula()) == "g ⊙ (1 − tanh(z) ⊙ tanh(z))"


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_from_the_gradient_at_a(name: str) -> None:
    """Through tanh: the value of the cell stands in it, not its argument twice."""
    answer = eg.vjp(np.tanh(Z), CELL[name], "g")
    product = {"b_a": "(g ⊙ (1 − P ⊙ P))𝟏", "x": "W_axᵀ(g ⊙ (1 − P ⊙ P))",
               "a_prev": "W_aaᵀ(g ⊙ (1 − P ⊙ P))", "W_ax": "(g ⊙ (1 − P ⊙ P))xᵀ",
               "W_aa": "(g ⊙ (1 − P ⊙ P)) a_prevᵀ"}[name]  # fmt: skip
    where = "P = tanh(W_aa a_prev + W_ax x + b_a 𝟏ᵀ)"
    assert str(answer.formula()) == f"{product} where {where}"
    values = arrays(CELL)
    g = np.random.default_rng(5).normal(size=(SIZES["n_a"], SIZES["m"]))
    z = values["W_ax"] @ values["x"] + values["W_aa"] @ values["a_prev"] + values["b_a"][:, None]
    wanted = ANSWERS[name][1](values, g * (1 - np.tanh(z) ** 2))
    given = {**values, "g": g}
    for backend in BACKENDS:
        found = call_generated(backend, generate({"d": answer.node}, backend=backend), given)
        close(found, wanted, backend)


def test_the_layer_of_the_library_is_this_cell() -> None:
    layer = nn.rnn_cell_columns()
    g = np.random.default_rng(6).normal(size=(SIZES["n_a"], SIZES["m"]))
    values = arrays(CELL)
    inputs = {"x": values["x"], "a": values["a_prev"]}
    params = {"Wax": values["W_ax"], "Waa": values["W_aa"], "b": values["b_a"]}
    dz = g * (1 - layer.forward(inputs, params) ** 2)
    found = layer.backward(g)
    for name, own in zip(("x", "a_prev", "W_ax", "W_aa", "b_a"), found, strict=True):
        close(found[own], ANSWERS[name][1](values, dz), name)


# --- the steps ------------------------------------------------------------------------------------


def steps(name: str) -> Any:
    return explanation(eg.vjp(np.tanh(Z), CELL[name], "g"), "differentials", "full")


@pytest.mark.parametrize("name", ANSWERS)
def test_each_step_is_shown_and_holds_in_numbers(name: str) -> None:
    """z first, then tanh, put together by the chain rule; every line is evaluated."""
    answer = eg.vjp(np.tanh(Z), CELL[name], "g")
    made = explanation(answer, "differentials", "full")
    rules = [step.rule for step in made.steps]
    places = [
        next(k for k, rule in enumerate(rules) if rule.startswith(start))
        for start in ("sum rule", "chain rule through an elementwise", "put in", "read off")
    ]
    assert places == sorted(places)
    replay = Replay(answer, made)
    assert replay.lines() > 5 and replay.joins()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("W_ax", "⟨G, ZB⟩ = ⟨GBᵀ, Z⟩: what stands on the right goes over transposed, to the right"),
        ("W_aa", "⟨G, ZB⟩ = ⟨GBᵀ, Z⟩: what stands on the right goes over transposed, to the right"),
        ("x", "⟨G, AZ⟩ = ⟨AᵀG, Z⟩: what stands on the left goes over transposed, to the left"),
        ("a_prev", "⟨G, AZ⟩ = ⟨AᵀG, Z⟩: what stands on the left goes over transposed, to the left"),
    ],
)
def test_the_side_and_the_transpose_have_a_reason(name: str, why: str) -> None:
    assert why in str(steps(name))


def test_axes_of_one_size_are_told_apart_by_where_they_come_from() -> None:
    """W_aa is n_a×n_a: a_{t−1}dzᵀ would have its shape too, and is not the answer."""
    text = str(steps("W_aa"))
    assert "Sizes alone do not tell this order from others, as W_aa is square" in text
    assert "rows of dW_aa are rows of P, columns of dW_aa meet the rows on the right" in text
    assert "what stands on the left is square" in str(steps("a_prev"))
    assert "It is the one order in which the shapes fit" in str(steps("W_ax"))
    d = eg.derivative(Z, CELL["W_aa"])
    assert d.axes == ("y axis 0", "y axis 1", "W_aa axis 0", "W_aa axis 1")


@pytest.mark.parametrize("name", ANSWERS)
def test_with_all_sizes_equal_the_answer_is_the_same(name: str) -> None:
    """Nothing is chosen by size: n_a = n_x = m."""
    equal = {n: eg.tensor(n, (3,) * t.node.ndim) for n, t in CELL.items()}
    z = equal["W_ax"] @ equal["x"] + equal["W_aa"] @ equal["a_prev"] + equal["b_a"][:, None]
    answer = eg.vjp(z, equal[name], "dz")
    assert str(answer.formula()) == ANSWERS[name][0]
    values, dz = arrays(equal), np.random.default_rng(7).normal(size=(3, 3))
    close(evaluate(answer.node, {**values, "dz": dz}), ANSWERS[name][1](values, dz))


def test_rule_3_entry_by_entry() -> None:
    """The proof by brute force: z written out, a matrix of matrices, and what is collected."""
    e = eg.derivative(Z, CELL["W_aa"]).entries(n_a=2, n_x=2, m=2)
    assert dict(e.value)["y_12"].startswith("w_aa_11 a_prev_12 + w_aa_12 a_prev_22 + w_ax_11 x_12")
    singles = {s.name: s.text for s in e.singles}
    for i, j, k, l in np.ndindex(2, 2, 2, 2):
        wanted = f"a_prev_{l + 1}{j + 1}" if i == k else "0"
        assert singles[f"∂y_{i + 1}{j + 1}/∂w_aa_{k + 1}{l + 1}"] == wanted
    assert (len(singles), e.zeros) == (16, 8)
    assert e.combined.formula == "G a_prevᵀ"
    assert e.combined.labels[0, 1] == "g_11 a_prev_21 + g_12 a_prev_22"
    assert "term by term" in e.proof


# --- back-propagation through time ----------------------------------------------------------------

PARAMETERS = {n: CELL[n] for n in ("W_ax", "W_aa", "b_a")} | {"a0": eg.matrix("a0", "n_a m")}
READOUT = {"W_ya": eg.matrix("W_ya", "n_y n_a"), "b_y": eg.vector("b_y", "n_y")}
LOSSES = ("many-to-one", "many-to-many")


def network(kind: str, steps: int | str = "T") -> tuple[Any, dict[str, Any]]:
    """Half the squared error of the last state, or softmax and cross-entropy of every step."""
    p = PARAMETERS | {"x": eg.tensor("x", (steps, "n_x", "m"))}

    def step(a: Any, x: Any) -> Any:
        return np.tanh(p["W_ax"] @ x + p["W_aa"] @ a + p["b_a"][:, None])

    states = eg.scan(step, p["a0"], p["x"])
    if kind == "many-to-one":
        return np.sum((states[-1] - eg.matrix("y", "n_a m")) ** 2) / 2, p
    y = eg.tensor("y", (steps, "n_y", "m"))
    scores = READOUT["W_ya"] @ states + READOUT["b_y"][:, None]
    total = eg.function("logsumexp")(scores, axis=1)
    return np.sum(total) - np.sum(y * scores), p | READOUT


def sample(kind: str, steps: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    values = arrays(PARAMETERS | (READOUT if kind == "many-to-many" else {}))
    values["x"] = rng.normal(size=(steps, SIZES["n_x"], SIZES["m"]))
    shape = (SIZES["n_a"],) if kind == "many-to-one" else (steps, SIZES["n_y"])
    y = rng.uniform(0.1, 1, size=(*shape, SIZES["m"]))
    return values | {"y": y if kind == "many-to-one" else y / y.sum(axis=1, keepdims=True)}


def by_numpy(kind: str, v: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same formulas by hand: forward, then back from the last step."""
    steps = len(v["x"])
    a = [v["a0"]]
    for x in v["x"]:
        a.append(np.tanh(v["W_ax"] @ x + v["W_aa"] @ a[-1] + v["b_a"][:, None]))
    d = {n: np.zeros_like(value) for n, value in v.items() if n != "y"}
    da = np.zeros_like(v["a0"])
    for t in range(steps, 0, -1):
        if kind == "many-to-many":
            scores = np.exp(v["W_ya"] @ a[t] + v["b_y"][:, None])
            ds = scores / scores.sum(axis=0) - v["y"][t - 1]
            d["W_ya"] += ds @ a[t].T
            d["b_y"] += ds.sum(axis=1)
            da = da + v["W_ya"].T @ ds
        elif t == steps:
            da = a[t] - v["y"]
        dz = (1 - a[t] ** 2) * da
        d["W_ax"] += dz @ v["x"][t - 1].T
        d["W_aa"] += dz @ a[t - 1].T
        d["b_a"] += dz.sum(axis=1)
        d["x"][t - 1] = v["W_ax"].T @ dz
        da = v["W_aa"].T @ dz
    return d | {"a0": da}


def loss_of(kind: str, v: dict[str, Any], lib: Any, log_softmax: Any, states: Any) -> Any:
    """The loss of a list of states, in the words of a library."""
    if kind == "many-to-one":
        return lib.sum((states[-1] - v["y"]) ** 2) / 2
    total = 0.0
    for t, state in enumerate(states):
        scores = lib.transpose(v["W_ya"] @ state) + v["b_y"]
        total = total - lib.sum(lib.transpose(v["y"][t]) * log_softmax(scores))
    return total


def by_jax(kind: str, given: dict[str, np.ndarray]) -> dict[str, Any]:
    jax = framework_jax()

    def loss(v: dict[str, Any]) -> Any:
        def step(a: Any, x: Any) -> Any:
            a = jax.numpy.tanh(v["W_ax"] @ x + v["W_aa"] @ a + v["b_a"][:, None])
            return a, a

        _, states = jax.lax.scan(step, v["a0"], v["x"])
        return loss_of(kind, v, jax.numpy, jax.nn.log_softmax, states)

    return jax.jit(jax.grad(loss))(given)


def by_torch(kind: str, given: dict[str, np.ndarray]) -> dict[str, Any]:
    torch = importlib.import_module("torch")
    v = {n: torch.tensor(a, requires_grad=n != "y") for n, a in given.items()}
    states = [v["a0"]]
    for x in v["x"]:
        states.append(torch.tanh(v["W_ax"] @ x + v["W_aa"] @ states[-1] + v["b_a"][:, None]))

    class Words:
        sum = torch.sum
        transpose = staticmethod(lambda a: a.T)

    def log_softmax(scores: Any) -> Any:
        return torch.log_softmax(scores, -1)

    loss_of(kind, v, Words, log_softmax, states[1:]).backward()
    return {n: t.grad for n, t in v.items() if n != "y"}


def by_tensorflow(kind: str, given: dict[str, np.ndarray]) -> dict[str, Any]:
    tf = importlib.import_module("tensorflow")
    v = {n: tf.constant(a) for n, a in given.items()}

    class Words:
        sum = tf.reduce_sum
        transpose = tf.transpose

    with tf.GradientTape() as tape:
        tape.watch(v)
        states = [v["a0"]]
        for x in tf.unstack(v["x"]):
            states.append(tf.tanh(v["W_ax"] @ x + v["W_aa"] @ states[-1] + v["b_a"][:, None]))
        loss = loss_of(kind, v, Words, tf.nn.log_softmax, states[1:])
    return tape.gradient(loss, v)


@pytest.mark.parametrize("reference", [by_numpy, by_jax, by_torch, by_tensorflow])
@pytest.mark.parametrize("kind", LOSSES)
def test_back_propagation_for_any_number_of_steps(kind: str, reference: Any) -> None:
    """One function, derived once with T a letter, for 1, 2 and 6 steps."""
    value, p = network(kind)
    function = eg.gradients(value, list(p.values())).function()
    for length in (1, 2, 6):
        given = sample(kind, length)
        wanted = reference(kind, given)
        for name, found in zip(p, function(**given), strict=True):
            close(found, np.asarray(wanted[name]), f"{name}, T = {length}")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", LOSSES)
def test_code_for_each_framework_runs_the_recursion(kind: str, backend: str) -> None:
    value, p = network(kind)
    given = sample(kind, 4)
    slopes = eg.gradients(value, list(p.values()))
    generated = generate({f"d{n}": d.node for n, d in zip(p, slopes, strict=True)}, backend=backend)
    wanted = by_numpy(kind, given)
    for name, found in zip(p, call_generated(backend, generated, given), strict=True):
        close(found, wanted[name], name)


RECURSION = "dz_t = da_t ⊙ (1 − a_t ⊙ a_t), da_{t−1} = W_aaᵀ dz_t, da_T = a_T − y, t = 1…T"
STATES = "a_t = tanh(W_aa a_{t−1} + W_ax x_t + b_a 𝟏ᵀ)"


@pytest.mark.parametrize(
    ("name", "written"),
    [("W_ax", "Σ_t dz_t x_tᵀ"), ("W_aa", "Σ_t dz_t a_{t−1}ᵀ"), ("b_a", "Σ_t dz_t 𝟏")],
)
def test_the_recursion_is_printed(name: str, written: str) -> None:
    value, p = network("many-to-one")
    assert str(eg.gradient(value, p[name]).formula()) == f"{written} where {STATES}, {RECURSION}"


def test_the_gradient_of_every_input_is_a_line_of_the_recursion() -> None:
    value, p = network("many-to-one")
    text = str(eg.gradient(value, p["x"]).formula("index"))
    assert "dx_t" not in text and "P_t = W_axᵀ dz_t, t = 1…T" in text


def test_a_direct_loss_adds_to_what_later_steps_say() -> None:
    """∂J/∂a_t of many-to-many: W_yaᵀ(softmax − y_t) of this step, and da_t of those after it."""
    value, p = network("many-to-many")
    text = str(eg.gradient(value, p["W_aa"]).formula())
    direct = "W_yaᵀ(softmax(𝟏 b_yᵀ + a_tᵀ W_yaᵀ)ᵀ − y_t)"
    assert text == (
        f"Σ_t dz_t a_{{t−1}}ᵀ where {STATES}, dz_t = (1 − a_t ⊙ a_t) ⊙ ({direct} + da_t), "
        "da_{t−1} = W_aaᵀ dz_t, da_T = 0, t = 1…T"
    )
