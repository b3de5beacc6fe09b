"""Functions written for arrays run unchanged on tensors, and give the same values."""

import numpy as np
import pytest

from eingrad.frontends.python import Tensor, tensor
from tests.frontends.python.agreement import assert_agrees


def logistic_loss(w, X, y):
    z = X @ w
    return np.mean(np.log1p(np.exp(-y * z))) + 0.05 * np.dot(w, w)


def two_layers_with_cross_entropy(X, W1, b1, W2, b2):
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    labels = np.array([2, 0, 1, 1, 2])
    return -log_p[np.arange(len(X)), labels].mean()


def two_layers_with_one_hot_labels(X, W1, b1, W2, b2, Y):
    hidden = np.tanh(np.dot(X, W1) + b1)
    scores = np.dot(hidden, W2) + b2
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return -(Y * np.log(p)).sum() / X.shape[0]


def ridge(X, y):
    n = X.shape[1]
    return np.linalg.solve(X.T @ X + 0.1 * np.identity(n), X.T @ y)


def ridge_loss(X, w, y):
    r = X.dot(w) - y
    return 0.5 * np.linalg.norm(r) ** 2 / len(X.shape) + 0.1 * np.sum(np.square(w))


def layer_norm(x, gain, bias, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    var = np.var(x, axis=-1, keepdims=True)
    return gain * (x - mean) / np.sqrt(var + eps) + bias


def attention(Q, K, V):
    scores = Q @ K.T / np.sqrt(K.shape[-1])
    scores -= scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ V


def heads(X, Wq, Wk, Wv):
    T, d = X.shape
    q, k, v = (np.reshape(X @ W, (T, 2, d // 2)).transpose(1, 0, 2) for W in (Wq, Wk, Wv))
    scores = np.matmul(q, np.swapaxes(k, 1, 2)) / (d / 2) ** 0.5
    mask = np.where(np.tri(T, dtype=bool), 0, -np.inf)
    e = np.exp(scores + mask)
    p = e / np.sum(e, axis=-1, keepdims=True)
    return np.moveaxis(p @ v, 0, 1).reshape(T, d)


def gaussian_log_likelihood(X, mu, S):
    n, d = X.shape
    away = X - mu[None, :]
    _, logdet = np.linalg.slogdet(S)
    quadratic = np.einsum("ij,jk,ik->", away, np.linalg.inv(S), away)
    return -0.5 * (n * logdet + quadratic + n * d * np.log(2 * np.pi))


def huber(x, delta=1.0):
    a = abs(x)
    return np.where(a <= delta, 0.5 * x**2, delta * (a - 0.5 * delta)).sum()


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def pairwise_distances(X):
    squares = (X * X).sum(axis=1)
    return squares[:, None] + squares[None] - 2 * X @ X.T


def batch_norm(x, gamma, beta):
    return gamma * (x - np.mean(x, 0)) / np.std(x, 0, ddof=1) + beta


def recurrent(x, W, U):
    h = np.zeros(3)
    for t in range(4):
        h = np.tanh(W @ h + U @ x[t])
    return h


def chain_of_concatenations(x, y):
    z = np.concatenate([x, y * 2, np.ones(2)])
    return np.outer(z, z).ravel() @ np.kron(z, z)


def total_variation(u):
    return np.sum(np.abs(np.diff(u, axis=0))) + np.sum(np.abs(np.diff(u, axis=1)))


FUNCTIONS = [
    (logistic_loss, "n", "m n", "m"),
    (two_layers_with_cross_entropy, "5 4", "4 6", "6", "6 3", "3"),
    (two_layers_with_one_hot_labels, "m n", "n p", "p", "p k", "k", "m k"),
    (ridge, "7 4", "7"),
    (ridge_loss, "m n", "n", "m"),
    (layer_norm, "m n", "n", "n"),
    (attention, "m k", "n k", "n p"),
    (heads, "5 4", "4 4", "4 4", "4 4"),
    (gaussian_log_likelihood, "m n", "n", "n n spd"),
    (huber, "m n"),
    (rosenbrock, "n"),
    (pairwise_distances, "m n"),
    (batch_norm, "m n", "n", "n"),
    (recurrent, "4 2", "3 3", "3 2"),
    (chain_of_concatenations, "3", "2"),
    (total_variation, "m n"),
]


@pytest.mark.parametrize("case", FUNCTIONS, ids=[f.__name__ for f, *_ in FUNCTIONS])
def test_a_function_written_for_arrays(case):
    function, *shapes = case
    assert_agrees(function, *shapes)


def test_a_tensor_comes_out_whatever_goes_in_beside_it():
    X = np.random.default_rng(0).normal(size=(5, 3))
    y = np.sign(X[:, 0])
    assert isinstance(logistic_loss(tensor("w", 3), X, y), Tensor)
    assert isinstance(logistic_loss(X[0], tensor("X", (5, 3)), y), Tensor)
