"""Residual blocks, branches and shared names: gradients of other libraries, chains read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad import nn
from eingrad.errors import InputError, NameError_, ShapeError
from eingrad.verify.reference import evaluate
from tests.nn.blocks import SIZES, arrays, close, gradients

# --- wiring ---------------------------------------------------------------------------------------


def queries_keys_values() -> nn.Network:
    """Three projections of one input, in words of `wire`."""
    sides = {n: nn.dense("m", "n", "b t", bias=False) for n in "QKV"}
    return nn.Network(
        *(nn.wire(layer, n, W=f"W_{n}", X="X") for n, layer in sides.items()),
        nn.wire(nn.attention("b", "t", "t", "n", "n", mask=True), Q="Q", K="K", V="V"),
    )


def test_queries_keys_and_values_come_of_one_input() -> None:
    torch = pytest.importorskip("torch")
    net = queries_keys_values()
    assert list(net.arguments) == ["X", "W_Q", "W_K", "W_V", "mask"]
    given = arrays(net)
    value, incoming, found = gradients(net, given)
    tensors = {n: torch.tensor(v, requires_grad=True) for n, v in given.items()}
    parts = [tensors["X"] @ tensors[f"W_{n}"] for n in "QKV"]
    wanted = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
    close(value, wanted.detach())
    slopes = torch.autograd.grad(wanted, [tensors[n] for n in found], torch.tensor(incoming))
    for name, slope in zip(found, slopes, strict=True):
        close(found[name], slope, name)


def test_a_branch_is_the_same_network() -> None:
    net, wired = (
        nn.branch(
            *(nn.dense("m", "n", "b t", bias=False) for _ in range(3)),
            join=nn.attention("b", "t", "t", "n", "n", mask=True),
        ),
        queries_keys_values(),
    )
    given = arrays(wired)
    other = dict(zip(net.arguments, given.values(), strict=True))
    for one, two in zip(gradients(net, other)[2].values(), gradients(wired, given)[2].values(),
                        strict=True):  # fmt: skip
        close(one, two)


def test_a_projection_makes_shapes_equal() -> None:
    net = nn.residual(
        nn.dense("m", "n"), nn.activation("tanh"), projection=nn.dense("m", "n", bias=False)
    )
    given = arrays(net)
    value, incoming, found = gradients(net, given)
    slope = incoming * (1 - np.tanh(given["X"] @ given["W1"] + given["b1"]) ** 2)
    close(value, np.tanh(given["X"] @ given["W1"] + given["b1"]) + given["X"] @ given["W3"])
    close(found["W3"], given["X"].T @ incoming)
    close(found["X"], slope @ given["W1"].T + incoming @ given["W3"].T)


def test_one_name_is_one_parameter() -> None:
    """Weights that an autoencoder uses twice have the sum of both gradients."""
    back = nn.Layer("back", lambda A, W: W @ A, inputs={"A": "n b"}, params={"W": "m n"})
    net = nn.Network(
        nn.wire(nn.dense_columns("m", "n", bias=False), W="W"),
        nn.activation("tanh", "n b"),
        nn.wire(back, W="W"),
        nn.wire(nn.squared_error("m b"), T="A"),
    )
    assert list(net.arguments) == ["A", "W"]
    given = arrays(net)
    A, W = given["A"], given["W"]
    hidden = np.tanh(W.T @ A)
    left = (W @ hidden - A) / SIZES["m"]
    inner = (W.T @ left) * (1 - hidden**2)
    _, _, found = gradients(net, given, incoming=1)
    close(found["W"], left @ hidden.T + A @ inner.T)
    close(found["A"], W @ inner - left)


@pytest.mark.parametrize("learnt_first", [True, False])
def test_what_one_layer_learns_and_another_is_given_is_learnt(learnt_first: bool) -> None:
    """It has the gradient of both uses, whichever comes first."""
    given = nn.Layer("mixed", lambda X, M: X @ M, inputs={"X": "b n"}, constants={"M": "n n"})
    steps = [nn.wire(nn.dense("n", "n", bias=False), W="M"), nn.wire(given, M="M")]
    net = nn.Network(*(steps if learnt_first else steps[::-1]))
    assert (list(net.params), list(net.constants)) == (["M"], [])
    rng = np.random.default_rng(0)
    X, M, G = (rng.normal(size=shape) for shape in ((2, 3), (3, 3), (2, 3)))
    net.forward(X, {"M": M})
    expected = X.T @ G @ M.T + M.T @ X.T @ G  # of Y = X M M
    np.testing.assert_allclose(net.backward(G)["M"], expected)


def test_recurrent_cells_are_layers_that_share_weights() -> None:
    names = {"Wx": "Wx", "Wh": "Wh", "b": "b"}
    cells = [nn.wire(nn.rnn_cell("m", "n"), X="X1", H="H", **names)]
    cells += [nn.wire(nn.rnn_cell("m", "n"), X=f"X{k}", **names) for k in (2, 3)]
    net = nn.Network(*cells, inputs=("X2", "X3"), name="unrolled")
    assert list(net.params) == ["Wx", "Wh", "b"]
    given = arrays(net)
    _, incoming, found = gradients(net, given)
    X = eingrad.tensor("X", (3, "b", "m"))
    tensors = {n: net.params[n] for n in net.params} | {"H": net.inputs["H"]}
    states = eingrad.scan(
        lambda h, x: np.tanh(x @ tensors["Wx"] + h @ tensors["Wh"] + tensors["b"]), tensors["H"], X
    )
    stacked = {**given, "X": np.stack([given[f"X{k}"] for k in (1, 2, 3)]), "G": incoming}
    for name, t in tensors.items():
        close(found[name], evaluate(eingrad.vjp(states[-1], t, "G").node, stacked, SIZES), name)


# --- the chain ------------------------------------------------------------------------------------


def chained(net: nn.Network, given: dict[str, np.ndarray], incoming: np.ndarray) -> dict[str, Any]:
    """The gradients that the lines of a chain give when they are read back and evaluated."""
    values = dict(given)
    for link in net.links:
        own = {n: values[m] for n, m in link.arguments.items()}
        params = {n: own.pop(n) for n in link.layer.params}
        values[link.value] = link.layer.forward(own, params)
    known = {**values, f"d{net.links[-1].value}": incoming}
    shapes = {n: " ".join(map(str, np.shape(v))) for n, v in known.items()}
    found: dict[str, Any] = {}
    for line in net.chain().splitlines():
        if not line.startswith("  d"):
            continue
        name, rest = line.strip().split(" = ", 1)
        formula = rest.split(": ∂")[0].rsplit(", ", 1)[0]
        formula = formula.removeprefix("… + ").removesuffix(" + …")
        declared = {n: s for n, s in shapes.items() if n in formula}
        parsed = eingrad.parse(formula, **declared)
        term = evaluate(parsed.node, {n: known[n] for n in declared})
        assert ("… + " in rest) == (name in found)
        known[name] = found[name] = found.get(name, 0) + term
        shapes[name] = " ".join(map(str, np.shape(term)))
    return found


NETS: dict[str, Callable[[], nn.Network]] = {
    "rows": lambda: nn.Network(
        nn.dense("m", "k"), nn.activation("tanh", "b k"), nn.residual(nn.dense("k", "k"))
    ),
    "columns": lambda: nn.Network(
        nn.dense_columns("m", "k"),
        nn.activation("sin", "k b"),
        nn.residual(nn.residual(nn.dense_columns("k", "k")), nn.activation("exp", "k b")),
    ),
    "one sample": lambda: nn.Network(
        nn.dense_columns("m", "k", ""),
        nn.residual(nn.dense_columns("k", "k", ""), nn.activation("tanh", "k")),
    ),
    "projected": lambda: nn.residual(nn.dense("m", "n"), projection=nn.dense("m", "n", bias=False)),
    "taken three times": lambda: nn.Network(
        nn.dense("m", "n"),
        nn.activation("sin", "b n"),
        nn.wire(nn.addition("b n"), Y="Z1"),
        nn.wire(nn.addition("b n"), Y="Z1"),
    ),
}


@pytest.mark.parametrize("net", NETS)
def test_the_lines_of_a_chain_compute_the_gradients(net: str) -> None:
    network = NETS[net]()
    given = arrays(network)
    _, incoming, wanted = gradients(network, given)
    found = chained(network, given, incoming)
    for name, gradient in wanted.items():
        close(found[f"d{name}"], gradient, name)


def test_a_value_that_two_layers_take_has_a_sum() -> None:
    lines = nn.residual(nn.dense("n", "n", bias=False)).chain().splitlines()
    assert [line.split(",")[0].strip() for line in lines if "dX = " in line] == [
        "dX = dA2 + …", "dX = … + dZ1 W1ᵀ",
    ]  # fmt: skip
    assert lines[-1].startswith("…: what the other lines")


def test_the_chain_knows_what_is_declared_of_an_argument() -> None:
    """Whole numbers stay whole numbers; what is given and takes no gradient is named."""
    net = nn.Network(
        nn.embedding("v", "n", "b"), nn.dense("n", "k"), nn.labelled_cross_entropy("b", "k")
    )
    lines = net.chain().splitlines()
    assert lines[1].startswith("L = labelled_cross_entropy(Z2, label)")
    assert "Z1 = embedding(index), b×n" in lines
    assert lines[-1].startswith("  dtable1 = one_hot(index, size=v)ᵀ dZ1, v×n")


# --- what does not fit ----------------------------------------------------------------------------


def test_what_does_not_fit_is_named() -> None:
    dense = nn.dense("n", "n")
    with pytest.raises(ShapeError, match=r"the layers give b×k, its input is b×n"):
        nn.residual(nn.dense("n", "k"))
    with pytest.raises(InputError, match=r"residual has 3 inputs, not one"):
        nn.residual(nn.attention())
    with pytest.raises(InputError, match=r"2 layers, but attention takes Q, K, V"):
        nn.branch(dense, dense, join=nn.attention())
    with pytest.raises(NameError_, match=r"dense has no argument 'Q' to wire"):
        nn.wire(dense, Q="X")
    with pytest.raises(NameError_, match=r"layer 2 \(addition\): there is no A1 for its Y"):
        nn.Network(dense, nn.wire(nn.addition(), Y="A1"))
    with pytest.raises(InputError, match=r"layer 2 \(attention\) has 3 inputs.*K, V are"):
        nn.Network(dense, nn.wire(nn.attention(), Q="Z1"))
    with pytest.raises(InputError, match=r"no layer takes Z1, the value of layer 1 \(dense\)"):
        nn.Network(dense, nn.wire(nn.dense("n", "n"), X="X"))
    with pytest.raises(InputError, match=r"no layer takes the input memory"):
        nn.Network(dense, inputs=("memory",))
    with pytest.raises(NameError_, match=r"would be called X, as something else is"):
        nn.Network(dense, nn.wire(dense, "X"))
    with pytest.raises(NameError_, match=r"dense: 'a b' cannot be a name"):
        nn.wire(dense, W="a b")
    with pytest.raises(InputError, match=r"layer 2 of a network is no layer"):
        nn.Network(dense, nn.dense)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"W is n×n in layer 1 \(dense\) and n×k in layer 2"):
        nn.Network(nn.wire(dense, W="W"), nn.wire(nn.dense("n", "k"), W="W"))


def test_layers_within_networks_are_named_by_both_numbers() -> None:
    with pytest.raises(
        ShapeError, match=r"layer 2\.1 \(dense\) takes b×k, layer 1 \(dense\) gives b×n"
    ):
        nn.Network(nn.dense("m", "n"), nn.residual(nn.dense("k", "k")))
    with pytest.raises(
        ShapeError, match=r"layer 3 \(attention\) takes K of b×s×n, layer 1 \(dense\) gives b×t×n"
    ):
        row = nn.dense("m", "n", "b t")
        attend = nn.attention("b", "t", "s", "n", "n")
        nn.Network(row, nn.wire(row, X="X"), nn.wire(attend, Q="Z2", K="Z1", V="Z1"))
