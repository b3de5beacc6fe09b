"""One step of a recurrence: the cells of recurrent networks, rows for samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..errors import InputError
from ..frontends.python import Tensor, function, gather, one_hot, scan, zeros
from .layer import Layer


def rnn_cell(inputs: str = "?m", hidden: str = "?n", batch: str = "*b") -> Layer:
    """tanh(X Wx + H Wh + b), X (batch, inputs), H and the value (batch, hidden).

    Examples
    --------
    >>> print(rnn_cell().partials["Wh"].formula())
    Hᵀ(G ⊙ (1 − P ⊙ P)) where P = tanh(H Wh + X Wx + 𝟏 bᵀ)
    """

    def definition(X: Tensor, H: Tensor, Wx: Tensor, Wh: Tensor, b: Tensor) -> Tensor:
        return np.tanh(X @ Wx + H @ Wh + b)

    return Layer(
        "rnn_cell",
        definition,
        inputs={"X": f"{batch} {inputs}", "H": f"{batch} {hidden}"},
        params={"Wx": f"{inputs} {hidden}", "Wh": f"{hidden} {hidden}", "b": hidden},
    )


def rnn_cell_columns(inputs: str = "?m", hidden: str = "?n", batch: str = "?b") -> Layer:
    """a = tanh(W_ax x + W_aa a_prev + b 𝟏ᵀ), columns for samples, as courses write it.

    x (inputs, batch), a and the value (hidden, batch); vectors without a batch (`""`).

    Examples
    --------
    >>> print(rnn_cell_columns().partials["Waa"].formula())
    (G ⊙ (1 − P ⊙ P))aᵀ where P = tanh(Waa a + Wax x + b 𝟏ᵀ)
    """

    def definition(x: Tensor, a: Tensor, Wax: Tensor, Waa: Tensor, b: Tensor) -> Tensor:
        return np.tanh(Wax @ x + Waa @ a + (b if x.ndim == 1 else b[:, None]))

    return Layer(
        "rnn_cell_columns",
        definition,
        inputs={"x": f"{inputs} {batch}", "a": f"{hidden} {batch}"},
        params={"Wax": f"{hidden} {inputs}", "Waa": f"{hidden} {hidden}", "b": hidden},
    )


def gru_cell(inputs: str = "?m", hidden: str = "?n", batch: str = "*b") -> Layer:
    """The gated recurrent unit: r = σ(X Wr + H Ur + br), z = σ(X Wz + H Uz + bz),
    c = tanh(X Wc + bc + r ⊙ (H Uc + dc)), and z ⊙ H + (1 − z) ⊙ c.

    X (batch, inputs), H and the value (batch, hidden). K. Cho et al. (2014), arXiv:1406.1078.

    The reset gate r comes after the product with Uc, and the update gate z keeps the old state:
    that is `torch.nn.GRU`, cuDNN and Keras (`reset_after=True`). PyTorch stacks the transposed
    weights as r, z, c, and has a second bias for r and z, which only adds to the first; Keras
    stacks z, r, c.

    Examples
    --------
    >>> layer = gru_cell()
    >>> print(*layer.params)
    Wr Wz Wc Ur Uz Uc br bz bc dc
    >>> layer.output.shape
    (b, n)
    """
    sigmoid = function("sigmoid")

    def definition(X: Tensor, H: Tensor, **p: Tensor) -> Tensor:
        r = sigmoid(X @ p["Wr"] + H @ p["Ur"] + p["br"])
        z = sigmoid(X @ p["Wz"] + H @ p["Uz"] + p["bz"])
        c = np.tanh(X @ p["Wc"] + p["bc"] + r * (H @ p["Uc"] + p["dc"]))
        return z * H + (1 - z) * c

    params = {f"W{g}": f"{inputs} {hidden}" for g in "rzc"}
    params |= {f"U{g}": f"{hidden} {hidden}" for g in "rzc"}
    params |= {f"b{g}": hidden for g in "rzc"} | {"dc": hidden}
    return Layer(
        "gru_cell",
        definition,
        inputs={"X": f"{batch} {inputs}", "H": f"{batch} {hidden}"},
        params=params,
    )


def lstm_cell(inputs: str = "?m", hidden: str = "?n", batch: str = "*b") -> Layer:
    """Long short-term memory: the value is (2, batch, hidden), the new hidden and cell state.

    i, f, o = σ(X W + H U + b) with the weights of each, g = tanh(X Wg + H Ug + bg), the cell
    f ⊙ C + i ⊙ g, and the hidden state o ⊙ tanh(cell). X (batch, inputs), H and C (batch, hidden).
    S. Hochreiter and J. Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735, with the forget gates
    of F. Gers et al. (2000), doi:10.1162/089976600300015015, and no peepholes.

    That is `torch.nn.LSTM`, which stacks the transposed weights as i, f, g, o and has a second
    bias, which only adds to the first; Keras has the same order and one bias.

    Examples
    --------
    >>> lstm_cell().output.shape
    (2, b, n)
    """
    sigmoid = function("sigmoid")

    def definition(X: Tensor, H: Tensor, C: Tensor, **p: Tensor) -> Tensor:
        i, f, o = (sigmoid(X @ p[f"W{g}"] + H @ p[f"U{g}"] + p[f"b{g}"]) for g in "ifo")
        candidate = np.tanh(X @ p["Wg"] + H @ p["Ug"] + p["bg"])
        cell = f * C + i * candidate
        return cast(Any, np.stack)([o * np.tanh(cell), cell])

    params = {f"W{g}": f"{inputs} {hidden}" for g in "ifog"}
    params |= {f"U{g}": f"{hidden} {hidden}" for g in "ifog"}
    params |= {f"b{g}": hidden for g in "ifog"}
    state = f"{batch} {hidden}"
    return Layer(
        "lstm_cell",
        definition,
        inputs={"X": f"{batch} {inputs}", "H": state, "C": state},
        params=params,
    )


def next_symbol(
    symbols: str = "v",
    hidden: str = "n",
    batch: str = "b",
    steps: str = "t",
    checkpoint: bool | int = False,
    cell: str = "rnn",
    truncate: int | None = None,
) -> Layer:
    """How well a recurrent network foretells each symbol of a sequence from those before it: the
    mean cross-entropy. Whole numbers `index` and `label` are (batch, steps), the label of a place
    being the index of the next one.

    States h_t = cell(table[index_t], h_{t−1}) from zeros, scores h_t Wy + by.

    Parameters
    ----------
    checkpoint:
        That of `eingrad.scan`: True for memory that grows with √steps.
    cell:
        `"rnn"`: tanh(table[index_t] + h_{t−1} Wh + bh); `"gru"` and `"lstm"`: `gru_cell` and
        `lstm_cell`, with their parameters.
    truncate:
        After how many steps gradients through states are cut; see `eingrad.scan`.

    Raises
    ------
    InputError
        There is no such cell; `truncate` is no number of steps.

    Examples
    --------
    >>> sorted(next_symbol().params)
    ['Wh', 'Wy', 'bh', 'by', 'table']
    >>> len(next_symbol(cell="gru").params), len(next_symbol(cell="lstm").params)
    (13, 15)
    """
    if cell not in CELLS:
        raise InputError(f"there is no cell {cell!r}", hint=f"cells: {', '.join(CELLS)}")
    inner = CELLS[cell](hidden)

    def definition(
        index: Tensor, label: Tensor, table: Tensor, Wy: Tensor, by: Tensor, **p: Tensor
    ) -> Tensor:
        X = np.swapaxes(gather(table, index), 0, 1)
        start = (zeros(X.shape[1:]),) * len(inner.starts)
        states = scan(
            lambda s, x: inner.step(s, x, p), start, X, checkpoint=checkpoint, truncate=truncate
        )[0]
        scores = np.swapaxes(states, 0, 1) @ Wy + by
        chosen = one_hot(label, scores.shape[-1]) * scores
        total = np.sum(function("logsumexp")(scores, axis=-1)) - np.sum(chosen)
        return total / (index.shape[0] * index.shape[1])

    return Layer(
        "next_symbol",
        definition,
        inputs={},
        params={
            "table": f"{symbols} {hidden}",
            **inner.params,
            "Wy": f"{hidden} {symbols}",
            "by": symbols,
        },
        constants={"index": f"{batch} {steps} integer", "label": f"{batch} {steps} integer"},
    )


@dataclass(frozen=True)
class _Cell:
    """A cell in a sequence: (states, input, parameters) → states, the first being the hidden one.

    Attributes
    ----------
    starts:
        The names of its states.
    params:
        The shapes of its parameters.
    """

    starts: str
    params: Mapping[str, str]
    step: Callable[[tuple[Tensor, ...], Tensor, Mapping[str, Tensor]], tuple[Tensor, ...]]


def _plain(hidden: str) -> _Cell:
    """tanh(x + h Wh + bh): the matrix of the input is in the table."""

    def step(states: tuple[Tensor, ...], x: Tensor, p: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        return (np.tanh(x + states[0] @ p["Wh"] + p["bh"]),)

    return _Cell("H", {"Wh": f"{hidden} {hidden}", "bh": hidden}, step)


def _of_layer(made: Callable[[str, str], Layer], starts: str) -> Callable[[str], _Cell]:
    """One of the cells above; inputs are as wide as states."""

    def cell(hidden: str) -> _Cell:
        layer = made(hidden, hidden)

        def step(
            states: tuple[Tensor, ...], x: Tensor, p: Mapping[str, Tensor]
        ) -> tuple[Tensor, ...]:
            value = layer(X=x, **dict(zip(starts, states, strict=True)), **p)
            return (value,) if len(starts) == 1 else tuple(value[k] for k in range(len(starts)))

        shapes = {n: " ".join(map(str, t.node.shape)) for n, t in layer.params.items()}
        return _Cell(starts, shapes, step)

    return cell


CELLS: Mapping[str, Callable[[str], _Cell]] = {
    "rnn": _plain,
    "gru": _of_layer(gru_cell, "H"),
    "lstm": _of_layer(lstm_cell, "HC"),
}
