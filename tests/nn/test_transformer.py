"""A transformer block composed of layers: gradients of other libraries, shared masks, training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.codegen import generate
from eingrad.errors import InputError
from tests.codegen.backends import call
from tests.nn.blocks import WIDTH, arrays, close, gradients, transformer_block


def torch_attention(X: Any, given: dict[str, Any], place: str) -> Any:
    import torch

    parts = (
        torch.einsum("btd,hde->bhte", X, given[f"{n}{place}"])
        for n in ("queries", "keys", "values")
    )
    heads = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
    return torch.einsum("bhte,hed->btd", heads, given[f"projection{place}"])


def torch_block(norm_first: bool, p: dict[str, Any]) -> Any:
    import torch
    from torch.nn import functional

    def norm(X: Any, place: str) -> Any:
        return functional.layer_norm(X, (WIDTH,), p[f"scale{place}"], p[f"shift{place}"])

    def perceptron(X: Any, first: str, second: str) -> Any:
        hidden = functional.gelu(functional.linear(X, p[f"W{first}"].T, p[f"b{first}"]))
        return functional.linear(hidden, p[f"W{second}"].T, p[f"b{second}"])

    assert torch.is_tensor(p["X"])
    if norm_first:
        h = p["X"] + torch_attention(norm(p["X"], "1_1"), p, "1_2")
        return h + perceptron(norm(h, "2_1"), "2_2", "2_4")
    h = norm(p["X"] + torch_attention(p["X"], p, "1_1"), "2")
    return norm(h + perceptron(h, "3_1", "3_3"), "4")


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_transformer_block_has_the_gradients_of_pytorch(norm_first: bool) -> None:
    torch = pytest.importorskip("torch")
    net = transformer_block(norm_first)
    given = arrays(net)
    value, incoming, found = gradients(net, given)
    tensors = {n: torch.tensor(v, requires_grad=n != "mask") for n, v in given.items()}
    wanted = torch_block(norm_first, tensors)
    close(value, wanted.detach())
    slopes = torch.autograd.grad(wanted, [tensors[n] for n in found], torch.tensor(incoming))
    assert list(found) == ["X", *net.params]
    for name, slope in zip(found, slopes, strict=True):
        close(found[name], slope, name)


def test_a_transformer_block_has_the_gradients_of_jax() -> None:
    from tests.codegen.backends import framework_jax

    jax = framework_jax()
    jnp = jax.numpy
    net = transformer_block()
    given = arrays(net)
    value, incoming, found = gradients(net, given)

    def block(p: dict[str, Any]) -> Any:
        def norm(X: Any, place: str) -> Any:
            return (
                jax.nn.standardize(X, axis=-1, epsilon=1e-5) * p[f"scale{place}"]
                + p[f"shift{place}"]
            )

        X = norm(p["X"], "1_1")
        Q, K, V = (
            jnp.einsum("btd,hde->bthe", X, p[f"{n}1_2"]) for n in ("queries", "keys", "values")
        )
        # jax.nn.dot_product_attention takes softmax in single precision.
        scores = jnp.einsum("bthe,bshe->bhts", Q, K) / jnp.sqrt(Q.shape[-1])
        weights = jax.nn.softmax(scores, where=jnp.tri(X.shape[1], dtype=bool), axis=-1)
        heads = jnp.einsum("bhts,bshe->bthe", weights, V)
        h = p["X"] + jnp.einsum("bthe,hed->btd", heads, p["projection1_2"])
        hidden = jax.nn.gelu(norm(h, "2_1") @ p["W2_2"] + p["b2_2"], approximate=False)
        return h + hidden @ p["W2_4"] + p["b2_4"]

    close(value, block(given))
    slopes = jax.grad(lambda p: (block(p) * incoming).sum())(given)
    for name, slope in found.items():
        close(slope, slopes[name], name)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_code_for_a_transformer_block_is_the_same_everywhere(backend: str) -> None:
    net = transformer_block()
    given = arrays(net)
    value, incoming, wanted = gradients(net, given)
    outputs = {f"d{n}": partial.node for n, partial in net.partials.items()}
    generated = generate({"value": net.output.node, **outputs}, backend=backend)
    results = call(backend, generated, {**given, net.incoming: incoming})
    close(results[0], value)
    for name, found in zip(net.partials, results[1:], strict=True):
        close(found, wanted[name], name)


def test_two_blocks_share_a_mask_and_words_meet_their_places() -> None:
    words = nn.wire(nn.embedding("v", "6", "b t"), "words", index="index", table="words_table")
    places = nn.wire(nn.embedding("t", "6", "b t"), "places", index="place", table="places_table")
    net = nn.Network(
        words,
        places,
        nn.wire(nn.addition("b t 6"), X="words", Y="places"),
        nn.wire(transformer_block(), mask="mask"),
        nn.wire(transformer_block(), mask="mask"),
        nn.dense("6", "v", "b t", bias=False),
        name="language_model",
    )
    assert list(net.constants) == ["index", "place", "mask"]
    assert {"scale4_1_1", "scale5_1_1", "W5_2_4", "W6", "words_table"} <= set(net.params)
    assert len(net.params) == 2 + 2 * 12 + 1
    given = arrays(net)
    rng = np.random.default_rng(5)
    given |= {"index": rng.integers(0, 9, (2, 5)), "place": np.tile(np.arange(5), (2, 1))}
    _, incoming, found = gradients(net, given)
    for name in ("words_table", "W4_2_2", "keys5_1_2"):
        direction = rng.normal(size=given[name].shape)
        moved = [
            gradients(net, {**given, name: given[name] + h * direction})[0] for h in (1e-5, -1e-5)
        ]
        slope = ((moved[0] - moved[1]) * incoming).sum() / 2e-5
        assert slope == pytest.approx((found[name] * direction).sum(), rel=1e-6), name


def test_a_transformer_is_trained_with_a_mask_that_is_no_sample() -> None:
    """Losses of `fit` are those of the passes of the network, step by step."""
    net = nn.Network(
        nn.embedding("v", "6", "b t"),
        transformer_block(),
        nn.dense("6", "v", "b t"),
        nn.labelled_cross_entropy("b t", "v"),
    )
    text = np.random.default_rng(3).integers(0, 9, (8, 6))
    data, fixed = {"index": text[:, :-1], "label": text[:, 1:]}, {"mask": np.tri(5)}
    params = nn.initial(net, 2, v=9)
    own, step, wanted = {n: v.copy() for n, v in params.items()}, nn.Adam(0.02), []
    losses = nn.fit(net, data, params, fixed=fixed, step=nn.Adam(0.02), epochs=25, batch=8)
    for _ in range(25):
        wanted.append(net.forward({**data, **fixed}, own))
        step(own, {n: g for n, g in net.backward(1.0).items() if n in own})
    np.testing.assert_allclose(losses, wanted, rtol=1e-6)
    assert losses[-1] < losses[0] / 2
    with pytest.raises(InputError, match="mask is given as data and as fixed"):
        nn.fit(net, {**data, "mask": np.ones((8, 5))}, params, fixed=fixed)
