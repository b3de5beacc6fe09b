"""Recurrences and their gradients as a course writes them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import eingrad as eg
from eingrad.notation import formula, to_latex, to_mathml

STEP = "a_t = tanh(V X_t + W a_{t−1} + b)"
BACK = "dz_t = da_t ⊙ (1 − a_t ⊙ a_t), da_{t−1} = Wᵀ dz_t, da_T = 2(a_T − y), t = 1…T"


def network() -> tuple[Any, dict[str, Any]]:
    given = {
        "W": eg.matrix("W", "n n"),
        "V": eg.matrix("V", "n m"),
        "b": eg.vector("b", "n"),
        "a0": eg.vector("a0", "n"),
        "X": eg.matrix("X", "T m"),
    }
    states = eg.scan(
        lambda a, x: np.tanh(given["V"] @ x + given["W"] @ a + given["b"]), given["a0"], given["X"]
    )
    return states, given


def many_to_one() -> tuple[Any, dict[str, Any]]:
    states, given = network()
    return np.sum((states[-1] - eg.vector("y", "n")) ** 2), given


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("W", "Σ_t dz_t a_{t−1}ᵀ"),
        ("V", "Σ_t dz_t X_tᵀ"),
        ("b", "Σ_t dz_t"),
    ],
)
def test_gradients_by_parameters_are_sums_over_steps(name: str, written: str) -> None:
    loss, given = many_to_one()
    assert str(eg.gradient(loss, given[name]).formula()) == f"{written} where {STEP}, {BACK}"


def test_gradients_by_the_start_and_by_each_input() -> None:
    loss, given = many_to_one()
    assert str(eg.gradient(loss, given["a0"]).formula()) == (
        f"da_0 where {STEP}, da_{{t−1}} = Wᵀ(da_t ⊙ (1 − a_t ⊙ a_t)), da_T = 2(a_T − y), t = 1…T"
    )
    assert str(eg.gradient(loss, given["X"]).formula()) == (
        f"P where {STEP}, {BACK.removesuffix(', t = 1…T')}, P_t = Vᵀ dz_t, t = 1…T"
    )


def test_a_loss_of_all_states_meets_each_of_them() -> None:
    states, given = network()
    loss = np.sum((states - eg.matrix("Y", "T n")) ** 2)
    assert str(formula(loss.node)) == (
        "Σ_t ‖a_t − Y_t‖² where a_t = tanh(VX_t + Wa_{t−1} + b), t = 1…T"
    )
    assert str(eg.gradient(loss, given["W"]).formula()) == (
        f"Σ_t dz_t a_{{t−1}}ᵀ where {STEP}, "
        "dz_t = (1 − a_t ⊙ a_t) ⊙ (2a_t + da_t − 2Y_t), da_{t−1} = Wᵀ dz_t, da_T = 0, t = 1…T"
    )


def test_in_latex_each_name_has_one_subscript() -> None:
    loss, given = many_to_one()
    text = to_latex(eg.gradient(loss, given["W"]).formula())
    assert text.startswith(r"\sum_{t} \, \mathit{dz}_{t} \, a_{t-1}^{\top} \quad \text{where } ")
    assert text.endswith(r"\mathit{da}_{T} = 2 \left(a_{T} - y\right),\ t = 1 \ldots T")
    x_in, h0 = eg.matrix("X_in", "T n"), eg.vector("h0", "n")
    states = eg.scan(lambda h, x: np.sin(h + x), h0, x_in)
    assert "{X_{in}}_{t}" in to_latex(formula(states.node))


def test_mathml_is_well_formed() -> None:
    loss, given = many_to_one()
    ElementTree.fromstring(to_mathml(eg.gradient(loss, given["W"]).formula()))


def test_a_start_with_another_name_has_a_line() -> None:
    states = eg.scan(lambda h: np.sin(h), eg.vector("v", "n"), length="T")
    assert str(formula(states[-1].node)) == "s_T where s_t = sin(s_{t−1}), s_0 = v, t = 1…T"


def test_letters_of_the_user_are_left_alone() -> None:
    """Neither the running letter nor the name of a state is one that is taken."""
    t, h0, h = eg.scalar("t"), eg.vector("h0", "n"), eg.vector("h", "n")
    states = eg.scan(lambda g: np.sin(t * g + h), h0, length="T")
    assert str(formula(states[-1].node)) == (
        "h1_T where h1_s = sin(t h1_{s−1} + h), h1_0 = h0, s = 1…T"
    )


def test_carries_refer_to_each_other() -> None:
    h0, c0 = eg.vector("h0", "n"), eg.vector("c0", "n")
    w = eg.matrix("W", "n n")

    def cell(state: Any) -> Any:
        h, c = state
        c = c * np.sin(w @ h)
        return np.tanh(c), c

    h, _ = eg.scan(cell, (h0, c0), length=7)
    assert str(formula(h[-1].node)) == (
        "h_7 where h_t = tanh(c_t), c_t = c_{t−1} ⊙ sin(Wh_{t−1}), t = 1…7"
    )


def test_states_as_a_whole_are_told_by_their_rows() -> None:
    """A product that mixes steps is one of matrices."""
    w, q, h0 = eg.matrix("W", "n n"), eg.matrix("Q", "S T"), eg.vector("h0", "n")
    states = eg.scan(lambda h: np.sin(w @ h), h0, length="T")
    assert str(formula((q @ states).node)) == ("QP where P_t = h_t, h_t = sin(Wh_{t−1}), t = 1…T")


def test_backwards_states_lie_between_the_same_steps() -> None:
    x, h0 = eg.matrix("X", "T n"), eg.vector("h0", "n")
    states = eg.scan(lambda h, x: np.sin(h + x), h0, x, reverse=True)
    assert str(formula(states[0].node)) == ("s_0 where s_{t−1} = sin(X_t + s_t), s_T = h0, t = 1…T")


def test_long_recurrences_after_a_deep_network_do_not_recurse() -> None:
    w, h0 = eg.matrix("W", "n n"), eg.vector("h0", "n")
    y = eg.scan(lambda h: np.sin(w @ h), h0, length="T")[-1]
    for _ in range(1200):
        y = np.tanh(w @ y)
    assert "h_T" in str(formula(y.node))


def test_other_forms_say_the_same_states() -> None:
    loss, given = many_to_one()
    d = eg.gradient(loss, given["W"])
    assert STEP in str(d.formula("index"))
    assert STEP in str(d.formula("vec"))
    assert STEP in str(eg.vjp(network()[0], given["X"]).formula("differential"))


# --- one cell, as the course writes it ------------------------------------------------------------


def test_the_five_partial_derivatives_of_one_cell() -> None:
    """With dz = da ⊙ (1 − a²), columns for samples: each is one product, on the side and with the
    transpose that its axes demand; that of the bias is summed over the batch."""
    wax, waa = eg.matrix("W_ax", "n m"), eg.matrix("W_aa", "n n")
    x, a, b = eg.matrix("x", "m k"), eg.matrix("a_prev", "n k"), eg.vector("b", "n")
    z = wax @ x + waa @ a + b[:, None]
    expected = {
        x: "W_axᵀ dz",
        wax: "dz xᵀ",
        a: "W_aaᵀ dz",
        waa: "dz a_prevᵀ",
        b: "dz 𝟏",
    }
    for v, written in expected.items():
        assert str(eg.vjp(z, v, "dz").formula()) == written
    slope = eg.vjp(np.tanh(eg.matrix("z", "n k")), "z", "da")
    assert str(slope.formula()) == "da ⊙ (1 − tanh(z) ⊙ tanh(z))"


def test_inputs_whose_steps_lie_on_another_axis_have_one_name_with_a_line() -> None:
    batch_first = eg.matrix("A", "b T")
    states = eg.scan(lambda h, x: np.tanh(h * x), eg.vector("h0", "b"), batch_first.T)
    assert str(eg.gradient(np.sum(states[-1]), "h0").formula()) == (
        "dh_0 where P_ij = A_ji, h_t = tanh(P_t ⊙ h_{t−1}), "
        "dh_{t−1} = P_t ⊙ dh_t ⊙ (1 − h_t ⊙ h_t), dh_T = 𝟏_b, t = 1…T"
    )


def test_an_index_inside_of_a_line_keeps_its_name() -> None:
    words = eg.gather(eg.matrix("E", "v n"), eg.tensor("i", "b T integer"))
    states = eg.scan(
        lambda h, x: np.tanh(h + x), eg.matrix("h0", "b n"), np.transpose(words, (1, 0, 2))
    )
    written = str(eg.gradient(np.sum(states[-1]), "h0").formula())
    assert "P_jkl = Σ_m E_ml one_hot(i, size=v)_kjm, h_t = tanh(P_t + h_{t−1})" in written


def test_a_loop_in_each_step_of_another_has_a_letter_of_its_own() -> None:
    def row(h: Any, x: Any) -> Any:
        return np.tanh(eg.scan(lambda g, e: np.sin(w * g + e), h, x)[-1])

    w, h0, M = eg.scalar("w"), eg.scalar("h0"), eg.matrix("M", "S T")
    states = eg.scan(row, h0, M)
    assert str(formula(np.sum(states**2).node)) == (
        "Σ_t h_t² where h_t = tanh(s_{t,T}), s_{t,r} = sin(ws_{t,r−1} + M_{t,r}), "
        "s_{t,0} = h_{t−1}, t = 1…S, r = 1…T"
    )
    written = str(eg.gradient(np.sum(states**2), h0).formula())
    assert "#" not in written
    assert "ds1_{t,T} = (1 − h_t²)(2h_t + s_t)" in written
