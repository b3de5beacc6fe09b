"""Recurrences of random steps: both directions, code and text agree with differences, whatever
states are kept."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.ir.node import Node, Variable
from eingrad.ir.text import from_text, to_text
from eingrad.verify import check_derivative
from eingrad.verify.reference import evaluate_all

SIZES = {"T": 4, "n": 3}
SHAPES = {"W": "n n", "b": "n", "c": "", "h0": "n", "g0": "n", "X": "T n", "s": "T"}


def random_expression(
    rng: random.Random, given: dict[str, Any], atoms: list[Any], depth: int
) -> Any:
    """A vector made of others by products, sums and functions."""
    if not depth or rng.random() < 0.15:
        return rng.choice(atoms)

    def part() -> Any:
        return random_expression(rng, given, atoms, depth - 1)

    return rng.choice(
        [
            lambda: np.tanh(part()),
            lambda: part() + part(),
            lambda: part() * np.sin(part()),
            lambda: rng.choice([given["W"], given["W"].T]) @ part(),
            lambda: 0.5 * part() - given["b"],
            lambda: eg.function("softmax")(part()) * given["c"],
            lambda: 0.2 * part() * np.sum(part() * part()),
            lambda: part() / (1 + part() ** 2),
        ]
    )()


def random_loss(rng: random.Random, given: dict[str, Any], checkpoint: bool | int) -> Any:
    """One or two carries, with or without inputs, in either direction."""
    two, stacked = rng.random() < 0.5, rng.random() < 0.7

    def body(state: Any, *slices: Any) -> Any:
        atoms = [*(state if two else [state]), given["b"]]
        if stacked:
            atoms.append(slices[0][0] * np.cos(slices[0][1]))
        first = np.tanh(random_expression(rng, given, atoms, 3))
        if not two:
            return first
        return first, np.sin(random_expression(rng, given, [*atoms, first], 2))

    init = (given["h0"], given["g0"]) if two else given["h0"]
    xs = (given["X"], given["s"]) if stacked else None
    reverse = rng.random() < 0.4
    states = eg.scan(body, init, xs, length="T", reverse=reverse, checkpoint=checkpoint)
    seen = states[0] + states[1] if two else states
    return rng.choice(
        [
            lambda: np.sum(seen**2),
            lambda: np.sum(seen[-1] ** 3) + np.sum(seen[0]),
            lambda: np.sum(np.sin(seen) * given["X"]) + np.sum(seen[1:] * seen[:-1]),
            lambda: np.sum(seen @ given["W"] @ seen.T),
        ]
    )()


@pytest.mark.parametrize("seed", range(16))
def test_random_recurrences(seed: int) -> None:
    rng = random.Random(seed)
    given = {name: eg.tensor(name, shape) for name, shape in SHAPES.items()}
    loss = random_loss(rng, given, checkpoint=(False, True, 1, 3)[seed % 4]).node
    outputs: dict[str, Node] = {"value": loss}
    for name, tensor in given.items():
        v = tensor.node
        assert isinstance(v, Variable)
        for mode in ("reverse", "forward"):
            found = differentiate(loss, [v], mode)
            report = check_derivative(loss, [v], found, points=1, sizes=SIZES)
            assert report.ok, (name, mode, report.text)
            assert from_text(to_text(found)) is found
        outputs[name] = eg.derivative(loss, tensor).node
    numbers = np.random.default_rng(seed)
    values = {
        name: 0.5 * numbers.normal(size=[SIZES[s] for s in shape.split()])
        for name, shape in SHAPES.items()
    }
    generated = generate(outputs)
    extra = {python: SIZES[symbol] for symbol, python in generated.sizes.items()}
    found = generated.function()(**{k: values[k] for k in generated.arguments}, **extra)
    expected = evaluate_all(list(outputs.values()), values, SIZES)
    for name, one, other in zip(outputs, found, expected, strict=True):
        assert np.allclose(one, other, rtol=1e-9, atol=1e-9), name
