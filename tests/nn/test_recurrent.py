"""Recurrent cells run over a sequence are the modules of PyTorch, with its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad import nn

torch = pytest.importorskip("torch")
STEPS, BATCH, INPUTS, HIDDEN = 5, 2, 3, 4


def weights(module: Any, gates: str) -> dict[str, np.ndarray]:
    """PyTorch's weights by the names of the cell: stacked by gates, transposed."""
    found = {}
    for kind, name in {"W": "weight_ih_l0", "U": "weight_hh_l0"}.items():
        parts = np.split(getattr(module, name).detach().numpy().T, len(gates), axis=1)
        found |= {f"{kind}{g}": part for g, part in zip(gates, parts, strict=True)}
    inside, outside = (
        np.split(getattr(module, f"bias_{k}_l0").detach().numpy(), len(gates)) for k in ("ih", "hh")
    )
    for g, one, other in zip(gates, inside, outside, strict=True):
        found |= {"bc": one, "dc": other} if g == "c" else {f"b{g}": one + other}
    return found


def run(kind: str) -> tuple[Any, dict[str, Any]]:
    """Hidden states (and the last cell state) of a sequence, in our cells."""
    layer = {"gru": nn.gru_cell, "lstm": nn.lstm_cell}[kind](str(INPUTS), str(HIDDEN))
    X = eingrad.tensor("X", (STEPS, "b", INPUTS))
    H, params = layer.inputs["H"], layer.params
    if kind == "gru":
        states = eingrad.scan(lambda h, x: layer(X=x, H=h, **params), H, X)
        return [states], {"X": X, "H": H, **params}

    def step(state: Any, x: Any) -> Any:
        both = layer(X=x, H=state[0], C=state[1], **params)
        return both[0], both[1]

    hidden, cells = eingrad.scan(step, (H, layer.inputs["C"]), X)
    return [hidden, cells[-1]], {"X": X, "H": H, "C": layer.inputs["C"], **params}


@pytest.mark.parametrize(
    ("kind", "module", "gates"), [("gru", torch.nn.GRU, "rzc"), ("lstm", torch.nn.LSTM, "ifgo")]
)
def test_cells_are_those_of_pytorch(kind: str, module: Any, gates: str) -> None:
    torch.manual_seed(4)
    theirs = module(INPUTS, HIDDEN, dtype=torch.float64)
    starts = {"X": (STEPS, BATCH, INPUTS), "H": (BATCH, HIDDEN), "C": (BATCH, HIDDEN)}
    rng = np.random.default_rng(3)
    outputs, arguments = run(kind)
    given = {n: rng.normal(size=s) for n, s in starts.items() if n in arguments}
    tensors = {n: torch.tensor(v, requires_grad=True) for n, v in given.items()}
    states = tuple(tensors[n][None] for n in "HC" if n in tensors)
    hidden, after = theirs(tensors["X"], states if kind == "lstm" else states[0])
    wanted = [hidden, after[1][0]] if kind == "lstm" else [hidden]
    incoming = [rng.normal(size=w.shape) for w in wanted]
    total = sum((w * torch.tensor(g)).sum() for w, g in zip(wanted, incoming, strict=True))
    total.backward()

    values = {**given, **weights(theirs, gates)}
    names = [f"G{k}" for k in range(len(outputs))]
    slopes = eingrad.gradients(outputs, list(arguments.values()), names)
    computed = slopes.function()(**values, **dict(zip(names, incoming, strict=True)))
    found = dict(zip(arguments, computed, strict=True))
    for name in given:
        np.testing.assert_allclose(found[name], tensors[name].grad, rtol=1e-10, atol=1e-10)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        parameter = getattr(theirs, name)
        parameter.data = parameter.grad
    for name, slope in weights(theirs, gates).items():
        # The sum of PyTorch's two biases has the gradient of either, not the sum of both.
        slope = slope / 2 if name[0] == "b" and name != "bc" else slope
        np.testing.assert_allclose(found[name], slope, rtol=1e-10, atol=1e-10, err_msg=name)


def test_the_value_of_an_lstm_is_its_hidden_state_and_its_cell() -> None:
    (hidden, cell), _ = run("lstm")
    assert [str(d) for d in hidden.shape] == ["5", "b", "4"]
    assert [str(d) for d in cell.shape] == ["b", "4"]
