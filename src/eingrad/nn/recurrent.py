"""One step of a recurrence: the cells of recurrent networks, rows for samples."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ..frontends.python import Tensor, function, gather, one_hot, scan, zeros
from .layer import Layer


def rnn_cell(inputs: str = "m", hidden: str = "n", batch: str = "b") -> Layer:
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


def rnn_cell_columns(inputs: str = "m", hidden: str = "n", batch: str = "b") -> Layer:
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


def gru_cell(inputs: str = "m", hidden: str = "n", batch: str = "b") -> Layer:
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


def lstm_cell(inputs: str = "m", hidden: str = "n", batch: str = "b") -> Layer:
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
) -> Layer:
    """How well a recurrent network foretells each symbol of a sequence from those before it: the
    mean cross-entropy. Whole numbers `index` and `label` are (batch, steps), the label of a place
    being the index of the next one.

    h_t = tanh(table[index_t] + h_{t−1} Wh + bh), scores h_t Wo + bo, from a state of zeros.

    `checkpoint` is that of `scan`: True for memory that grows with √steps.

    Examples
    --------
    >>> sorted(next_symbol().params)
    ['Wh', 'Wo', 'bh', 'bo', 'table']
    """

    def definition(
        index: Tensor,
        label: Tensor,
        table: Tensor,
        Wh: Tensor,
        bh: Tensor,
        Wo: Tensor,
        bo: Tensor,
    ) -> Tensor:
        X = np.swapaxes(gather(table, index), 0, 1)
        start = zeros(X.shape[1:])
        states = scan(lambda h, x: np.tanh(x + h @ Wh + bh), start, X, checkpoint=checkpoint)
        scores = np.swapaxes(states, 0, 1) @ Wo + bo
        chosen = one_hot(label, scores.shape[-1]) * scores
        total = np.sum(function("logsumexp")(scores, axis=-1)) - np.sum(chosen)
        return total / (index.shape[0] * index.shape[1])

    return Layer(
        "next_symbol",
        definition,
        inputs={},
        params={
            "table": f"{symbols} {hidden}",
            "Wh": f"{hidden} {hidden}",
            "bh": hidden,
            "Wo": f"{hidden} {symbols}",
            "bo": symbols,
        },
        constants={"index": f"{batch} {steps} integer", "label": f"{batch} {steps} integer"},
    )
