"""What must hold for every record: the tests and the mutation check walk the registry with it.

Derivatives are compared with differences of the reference evaluator, to second order, by every
operand, and for stacked operands too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from eingrad.differentiate import differentiate
from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.held import held
from eingrad.ir.node import Node, Variable, variable
from eingrad.ir.record import REGISTRY, Record
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate

# Parameters to try beside the defaults.
PARAMS: dict[str, list[dict[str, Any]]] = {
    "power": [{"exponent": e} for e in (5, -1, -2, Fraction(1, 2), Fraction(-3, 2))],
    "polygamma": [{"order": 1}, {"order": 2}],
    "leaky_relu": [{"slope": Fraction(1, 100)}, {"slope": Fraction(3, 10)}],
    "huber": [{"delta": 1}, {"delta": Fraction(3, 10)}],
    "elu": [{"alpha": 1}, {"alpha": Fraction(17, 10)}],
    "cofactors": [{"order": 2}, {"order": 3}],
    "leave_out": [{"order": 1}, {"order": 2}],
    "expm_slice": [{"order": 1}],
    "one_hot": [{"size": 5}],
}
# Core shapes of operands where the signature is a program.
CORES = {
    "cofactors": ["n n"],
    "leave_out": ["n"],
    "expm_slice": ["n n"],
    "one_hot": ["n"],
    "svdvals": ["m n", "n m"],
    "left_singular": ["m n", "n m"],
    "right_singular": ["m n", "n m"],
}
SIZES = {"n": 3, "m": 4, "k": 5, "a": 2, "b": 3}
SMALL = {"cofactors": 3, "expm_slice": 2}
RTOL = 2e-6


def parameters(record: Record) -> list[dict[str, Any]]:
    """The parameter sets to test a record with."""
    return PARAMS.get(record.name, [dict(record.defaults)])


def shapes(record: Record) -> list[list[tuple[int, ...]]]:
    """Shapes of operands to test a record with; the last is a stack where records take one."""
    sizes = {**SIZES, "n": SMALL.get(record.name, SIZES["n"])}

    def core(pattern: str) -> tuple[int, ...]:
        return tuple(sizes[s] for s in pattern.split())

    if record.elementwise:
        return [[(2, 3)] * len(record.domain)]
    if isinstance(record.signature, str):
        given = record.signature.split("->")[0].split(",")
        cases = [[core(part) for part in given]]
        if given == ["m n "]:
            cases.append([core("n m")])
    else:
        cases = [[core(pattern)] for pattern in CORES[record.name]]
    return [*cases, [(2, *shape) for shape in cases[0]]]


def sample(domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A value of the domain that is otherwise generic: not symmetric, no entries alike."""
    x = rng.uniform(0.3, 1.7, shape) * rng.choice([-1.0, 1.0], shape)
    if domain == "positive":
        return rng.uniform(0.4, 2.5, shape)
    if domain in ("unit", "probability"):
        return rng.uniform(0.1, 0.9, shape)
    if domain == "bounded":
        return rng.uniform(-0.9, 0.9, shape)
    if domain == "above_one":
        return rng.uniform(1.3, 3.0, shape)
    if domain == "integer":  # counted from the end as well
        return rng.integers(-3, 4, shape).astype(float)
    if domain == "boolean":
        return rng.integers(0, 2, shape).astype(float)
    if domain == "spd":
        return x @ np.swapaxes(x, -1, -2) + shape[-1] * np.eye(shape[-1]) + 0.1 * x
    if domain in ("square", "full_rank"):
        return x + 2.5 * np.eye(*shape[-2:])
    return x


def operands(
    record: Record, given: list[tuple[int, ...]], seed: int
) -> tuple[list[Variable], dict[str, np.ndarray]]:
    """Variables and their values."""
    rng = np.random.default_rng([seed, *record.name.encode()])
    names = [f"x{k}" for k in range(len(given))]
    values = {
        name: sample(domain, shape, rng)
        for name, domain, shape in zip(names, record.domain, given, strict=True)
    }
    nodes = [
        variable(name, tuple(Dim.of(d) for d in shape))
        for name, shape in zip(names, given, strict=True)
    ]
    return nodes, values


def difference(node: Node, values: dict[str, np.ndarray], name: str, h: float) -> np.ndarray:
    """∂node/∂name by differences of fourth order, axes of the node, then of the variable."""
    x = values[name]
    (node,), still = held([node], [v for v in variables(node) if v.name == name])
    values = {**values, **dict.fromkeys(still.values(), x)}
    columns = []
    for place in np.ndindex(x.shape):
        total: Any = 0.0
        for step, weight in ((1, 8), (2, -1)):
            for sign in (1, -1):
                moved = x.copy()
                moved[place] += sign * step * h
                total = total + sign * weight * evaluate(node, {**values, name: moved})
        columns.append(np.asarray(total) / (12 * h))
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(node_shape(node) + x.shape)


def node_shape(node: Node) -> tuple[int, ...]:
    """The shape of a node whose sizes are numbers."""
    return tuple(d.evaluate({}) for d in node.shape)


def close(found: np.ndarray, wanted: np.ndarray, what: str, rtol: float = RTOL) -> None:
    """Both arrays agree entry by entry, relative to the largest entry."""
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, expected {wanted.shape}"
    assert np.isfinite(wanted).all(), f"{what}: the sample leaves the domain"
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    error = float(np.abs(found - wanted).max(initial=0.0))
    assert error <= rtol * scale, f"{what}: off by {error:.3g} where entries go up to {scale:.3g}"


def cases(record: Record) -> Iterator[tuple[str, Node, list[Variable], dict[str, np.ndarray]]]:
    """Applications of a record to try, with values."""
    for params, given in itertools.product(parameters(record), shapes(record)):
        nodes, values = operands(record, given, seed=1)
        node = apply(record.name, *nodes, **params)
        yield f"{record.name} {params} {given}", node, nodes, values


def check_derivatives(record: Record, order: int = 2) -> None:
    """First and second derivatives agree with differences, by every (pair of) operands."""
    for what, node, nodes, values in cases(record):
        stacked = not record.elementwise and nodes[0].shape[0].as_int() == 2 and nodes[0].ndim > 1
        for first in nodes:
            slope = differentiate(node, [first])
            close(
                evaluate(slope, values),
                difference(node, values, first.name, 1e-3),
                f"{what} by {first.name}",
            )
            if order < 2 or stacked:
                continue
            for second in nodes:
                close(
                    evaluate(differentiate(node, [first, second]), values),
                    difference(slope, values, second.name, 1e-3),
                    f"{what} by {first.name}, {second.name}",
                    rtol=2e-5,
                )


def check_shape(record: Record) -> None:
    """`evaluate` gives the shape that the signature says, also where a size is 0 or 1."""
    for params, given in itertools.product(parameters(record), shapes(record)):
        nodes, values = operands(record, given, seed=2)
        node = apply(record.name, *nodes, **params)
        assert evaluate(node, values).shape == node_shape(node)


def check_record(record: Record, order: int = 2) -> None:
    """All that a record must pass; the mutation check calls it for a broken one."""
    check_shape(record)
    check_derivatives(record, order)


def all_records() -> list[Record]:
    """Every record, by name."""
    return [REGISTRY[name] for name in sorted(REGISTRY)]
