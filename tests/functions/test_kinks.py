"""What a record states for its kinks is what its rule gives there."""

import numpy as np
import pytest

import eingrad
from eingrad.calculus.explained import explanation
from eingrad.differentiate import differentiate
from eingrad.ir.apply import apply
from eingrad.ir.build import power
from eingrad.ir.node import variable
from eingrad.ir.record import REGISTRY
from eingrad.verify import evaluate

STATED = [(name, k) for name, r in REGISTRY.items() for k, kink in enumerate(r.kinks) if kink.at]


@pytest.mark.parametrize(("name", "k"), STATED)
def test_the_slope_at_a_kink_is_the_one_stated(name, k):
    record = REGISTRY[name]
    kink = record.kinks[k]
    inputs = [variable(f"x{i}", ()) for i in range(len(kink.at))]
    params = dict(record.defaults)
    if name == "power":
        params, node = {"exponent": 0.5}, power(inputs[0], 0.5)
    else:
        node = apply(name, *inputs)
    point = {v.name: np.array(float(a)) for v, a in zip(inputs, kink.at, strict=True)}
    for v, slope in zip(inputs, kink.slopes, strict=True):
        wanted = float(params[slope] if isinstance(slope, str) else slope)
        with np.errstate(divide="ignore"):
            got = float(evaluate(differentiate(node, [v]), point, {}))
        assert got == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["max", "min"])
def test_equal_extremes_share_the_derivative(name):
    d = eingrad.gradient(f"{name}(x)", "x")
    sign = 1 if name == "max" else -1
    got = evaluate(d.node, {"x": sign * np.array([1.0, 2.0, 2.0])}, {"n": 3})
    np.testing.assert_allclose(got, [0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("text", "x", "said"),
    [
        ("sum(relu(A*x))", "x", "relu has no derivative at 0; 0 is taken there"),
        ("sum(abs(x))", "x", "|x| has no derivative at 0; 0 is taken there"),
        ("norm2(x)", "x", "a root has no finite derivative at 0"),
        ("max(x)", "x", "several entries are largest; they share it"),
    ],
)
def test_a_convention_is_a_note_of_the_derivative_and_a_line_of_its_derivation(text, x, said):
    d = eingrad.gradient(text, x)
    assert any(said in note for note in d.notes)
    assert said in str(explanation(d, "differentials", "full"))
    assert said in str(explanation(d, "chain", "full"))


def test_kinks_that_the_variable_does_not_reach_are_not_mentioned():
    assert not eingrad.gradient("sum(relu(y))*sum(x)", "x").notes
