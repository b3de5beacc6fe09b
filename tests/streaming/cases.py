"""Functions of many rows, with arrays for them."""

from __future__ import annotations

import numpy as np

SHAPES = {"X": "m n", "y": "m", "w": "n", "Y": "m c", "W": "n c", "V": "c n", "λ": "", "T": "n n"}
SIZES = {"m": 23, "n": 4, "c": 3}

# text → the variable that it is differentiated by
CASES = {
    "sum((X*w - y).^2)/2": "w",
    "norm2(X*w - y)": "w",
    "sqrt(sum((X*w - y).^2)/m)": "w",
    "sum((X*w - y).^2)/m + λ*norm2(w)^2": "w",
    "sum(log(exp(-y.*(X*w)) + 1))": "w",
    "sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))": "W",
    "sum(exp(X*w) - y.*(X*w))": "w",
    "sum((tanh(X*w) - y).^2)/2": "w",
    "logsumexp(X*w)": "w",
    "logsumexp(X*W)": "W",
    "sum(logsumexp(X*W, axis=0))": "W",
    "sum(softmax(V*X', axis=1)*X*w)": "V",
    "sum(softmax(X*w).^2)": "w",
    "norm2(X'*softmax(X*w))^2": "w",
    "sqrt(sum(softmax(X*w).*y.^2))": "w",
    "logdet(X'*diag(exp(X*w))*X)": "w",
    "logdet(X'*X + λ*T'*T)*norm2(w)^2": "w",
    "y'*X*inv(X'*X)*(w.^2)": "w",
    "var(X*w)": "w",
    "log(sum((X*w - mean(X*w)).^2))": "w",
    "norm2((X - vector(1, m)*(vector(1, m)'*X)/m)*w)^2": "w",
    "logsumexp(X*w) + norm2(X*w)*sum(y.*(X*w))": "w",
    "sum((X'*X).*(X'*X))*sum(exp(w)) + y'*X*w.^2": "w",
    "m*(2*m + n)*norm2(w)^3 + sum(X*w)": "w",
}


def declared(text: str) -> dict[str, str]:
    """The shapes of the variables that occur in a text."""
    plain = text
    for name in ("softmax", "logsumexp", "exp", "vector", "tanh", "inv", "max", "var"):
        plain = plain.replace(name, "")
    return {name: shape for name, shape in SHAPES.items() if name in plain}


def values(seed: int = 0, **sizes: int) -> dict[str, np.ndarray]:
    """Arrays for all variables."""
    rng = np.random.default_rng(seed)
    lengths = {**SIZES, **sizes}
    arrays = {k: rng.normal(size=[lengths[s] for s in v.split()]) for k, v in SHAPES.items()}
    return {**arrays, "λ": np.array(0.7)}
