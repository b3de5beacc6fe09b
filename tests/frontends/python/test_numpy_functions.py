"""NumPy's own functions give, on tensors, what they give on arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eingrad.ir.record import REGISTRY
from tests.frontends.python.agreement import assert_agrees

Case = tuple[str, Callable[..., Any], tuple[str, ...]]


def case(name: str, function: Callable[..., Any], *shapes: str) -> Any:
    return pytest.param(function, shapes, id=name)


def walk(cases: list[Any]) -> Any:
    return pytest.mark.parametrize(("function", "shapes"), cases)


UNARY = {
    "m n": "exp exp2 expm1 sin cos tan arctan sinh cosh tanh arcsinh negative positive square "
    "absolute fabs sign cbrt reciprocal conjugate deg2rad rad2deg degrees radians logical_not",
    "m n positive": "log log2 log10 log1p sqrt",
}
BINARY = (
    "add subtract multiply divide true_divide maximum minimum fmax fmin hypot arctan2 logaddexp "
    "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_xor "
    "heaviside"
)


@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for shape, names in UNARY.items() for name in names.split()]
)
def test_a_universal_function_of_one_tensor(name, shape):
    assert_agrees(getattr(np, name), shape)


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh"])
def test_an_inverse_on_its_interval(name):
    assert_agrees(lambda x: getattr(np, name)(np.tanh(x) * 0.9), "m n")


@pytest.mark.parametrize("name", BINARY.split())
def test_a_universal_function_broadcasts(name):
    assert_agrees(getattr(np, name), "m n", "n")
    assert_agrees(getattr(np, name), "m 1", "m n")
    assert_agrees(lambda x: getattr(np, name)(x, 0.5), "m n")
    assert_agrees(lambda x: getattr(np, name)(0.5, x), "m n")


@walk(
    [
        case("arccosh", lambda x: np.arccosh(1 + x), "m n positive"),
        case("power", lambda x: np.power(x, 3), "m n"),
        case("power of tensors", np.power, "m n positive", "n"),
        case("number to a power", lambda x: np.power(2.5, x), "m n"),
        case("float_power", lambda x: np.float_power(x, 1.5), "m n positive"),
        case("bitwise on comparisons", lambda x: (x > 0) & ~(x > 1) | (x < -1) ^ (x < -2), "m n"),
        case("sum of comparisons", lambda x: (x > 0) + (x > -1), "m n"),
        case("add.reduce", np.add.reduce, "m n"),
        case("add.reduce of an axis", lambda x: np.add.reduce(x, axis=1), "m n"),
        case("multiply.reduce", np.multiply.reduce, "m n"),
        case("maximum.reduce", lambda x: np.maximum.reduce(x, axis=-1), "m n"),
        case("minimum.reduce", np.minimum.reduce, "m n"),
        case("add.accumulate", lambda x: np.add.accumulate(x, axis=1), "m n"),
        case("multiply.outer", np.multiply.outer, "m n", "k"),
        case("subtract.outer", np.subtract.outer, "m", "n"),
        case("greater.outer", np.greater.outer, "m", "n"),
    ]
)
def test_powers_booleans_and_methods_of_universal_functions(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case(f"{name}-{axis}-{keep}", lambda x, f=name, a=axis, k=keep: getattr(np, f)(
            x, axis=a, keepdims=k), "k m n")
        for name in ("sum", "mean", "var", "std", "prod", "max", "min", "amax", "amin", "ptp")
        for axis in (None, 1, -1, (0, 2), (2, 1))
        for keep in (False, True)
    ]
)  # fmt: skip
def test_a_reduction_over_any_axes(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case("var with ddof", lambda x: np.var(x, axis=0, ddof=1), "m n"),
        case("std with ddof", lambda x: np.std(x, ddof=2), "m n"),
        case("std with float ddof", lambda x: np.std(x, ddof=1.5), "m n"),
        case("var with correction", lambda x: np.var(x, correction=1), "m n"),
        case("average", np.average, "m n"),
        case("average of an axis", lambda x, w: np.average(x, axis=1, weights=w), "m n",
             "n positive"),
        case("average with full weights", lambda x, w: np.average(x, weights=w), "m n",
             "m n positive"),
        case("cumsum", np.cumsum, "m n"),
        case("cumsum of an axis", lambda x: np.cumsum(x, axis=1), "m n k"),
        case("cumsum of the first axis", lambda x: np.cumsum(x, 0), "m n"),
        case("diff", np.diff, "m n"),
        case("second diff", lambda x: np.diff(x, n=2, axis=0), "m n"),
        case("any", lambda x: np.any(x > 1, axis=0), "m n"),
        case("all", lambda x: np.all(x > -1, axis=1, keepdims=True), "m n"),
        case("count_nonzero", lambda x: np.count_nonzero(x > 0, axis=1), "m n"),
        case("trapezoid", lambda x: np.trapezoid(x, dx=0.5, axis=0), "m n"),
        case("trapezoid at places", np.trapezoid, "m n", "n"),
        case("cov", np.cov, "m n"),
        case("cov of columns", lambda x: np.cov(x, rowvar=False, bias=True), "m n"),
    ]
)  # fmt: skip
def test_moments_and_running_sums(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case("outer", np.outer, "m", "n"),
        case("outer ravels", np.outer, "m n", "k"),
        case("inner of vectors", np.inner, "n", "n"),
        case("inner", np.inner, "k m n", "p n"),
        case("dot of vectors", np.dot, "n", "n"),
        case("dot of matrices", np.dot, "m n", "n k"),
        case("dot of stacks", np.dot, "k m n", "p n q"),
        case("dot with a scalar", lambda x: np.dot(x, 3), "m n"),
        case("vdot", np.vdot, "m n", "m n"),
        case("matmul", np.matmul, "m n", "n k"),
        case("matmul of stacks", np.matmul, "p 1 m n", "k n q"),
        case("matmul vector", np.matmul, "n", "k n m"),
        case("vecdot", np.vecdot, "m n", "n"),
        case("tensordot", np.tensordot, "k m n", "m n p"),
        case("tensordot of one", lambda a, b: np.tensordot(a, b, axes=1), "m n", "n k"),
        case("tensordot of none", lambda a, b: np.tensordot(a, b, 0), "m", "n k"),
        case("tensordot of pairs", lambda a, b: np.tensordot(a, b, axes=([0, 2], [1, 0])),
             "k m n", "n k p"),
        case("tensordot of a pair", lambda a, b: np.tensordot(a, b, axes=(1, 1)), "m n", "k n"),
        case("kron", np.kron, "m n", "k p"),
        case("kron of a vector", np.kron, "m n", "k"),
        case("einsum", lambda a, b: np.einsum("ij,jk->ik", a, b), "m n", "n k"),
        case("einsum to a scalar", lambda a, x: np.einsum("i,ij,j->", x, a, x), "n n", "n"),
        case("implicit einsum", lambda a, b: np.einsum("ij,jk", a, b), "m n", "n k"),
        case("implicit einsum is alphabetical", lambda a: np.einsum("ba", a), "m n"),
        case("einsum diagonal", lambda a: np.einsum("ii->i", a), "n n"),
        case("einsum trace", lambda a: np.einsum("ii", a), "n n"),
        case("einsum ellipsis", lambda a, b: np.einsum("...ij,j->...i", a, b), "p k m n", "n"),
        case("einsum of two ellipses", lambda a, b: np.einsum("...i,...i->i...", a, b),
             "k 1 m", "p m"),
        case("implicit ellipsis", lambda a, b: np.einsum("i...,i...", a, b), "n m k", "n k"),
        case("einsum stretches", lambda a, b: np.einsum("ij,ij->ij", a, b), "1 n", "m n"),
        case("einsum of lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
             "m n", "n k"),
        case("einsum optimize", lambda a, b: np.einsum("ij,j->i", a, b, optimize=True),
             "m n", "n"),
        case("cross", np.cross, "m 3", "3"),
        case("linalg.multi_dot", lambda a, b, c: np.linalg.multi_dot([a, b, c]),
             "m n", "n k", "k p"),
        case("multi_dot of vectors", lambda a, b, c: np.linalg.multi_dot([a, b, c]),
             "m", "m n", "n"),
        case("linalg.matrix_power", lambda a: np.linalg.matrix_power(a, 5), "n n"),
        case("matrix_power 0", lambda a: np.linalg.matrix_power(a, 0), "n n"),
        case("matrix_power -2", lambda a: np.linalg.matrix_power(a, -2), "n n"),
        case("linalg.outer", np.linalg.outer, "m", "n"),
        case("linalg.matmul", np.linalg.matmul, "m n", "n k"),
        case("linalg.vecdot", np.linalg.vecdot, "m n", "n"),
        case("linalg.tensordot", lambda a, b: np.linalg.tensordot(a, b, axes=1), "m n", "n k"),
        case("linalg.cross", np.linalg.cross, "3", "m 3"),
    ]
)  # fmt: skip
def test_a_product(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case("transpose", np.transpose, "k m n"),
        case("transpose to an order", lambda x: np.transpose(x, (1, 0, 2)), "k m n"),
        case("transpose axes=", lambda x: np.transpose(x, axes=(2, -3, 1)), "k m n"),
        case("swapaxes", lambda x: np.swapaxes(x, 0, -1), "k m n"),
        case("moveaxis", lambda x: np.moveaxis(x, 0, -1), "k m n p"),
        case("moveaxis of several", lambda x: np.moveaxis(x, [0, 1], [-1, -2]), "k m n p"),
        case("rollaxis", lambda x: np.rollaxis(x, 2), "k m n"),
        case("rollaxis forward", lambda x: np.rollaxis(x, 0, 2), "k m n"),
        case("matrix_transpose", np.matrix_transpose, "k m n"),
        case("linalg.matrix_transpose", np.linalg.matrix_transpose, "k m n"),
        case("reshape", lambda x: np.reshape(x, (-1, x.shape[0])), "m n"),
        case("reshape to integers", lambda x: np.reshape(x, (2, 6)), "3 4"),
        case("reshape to a number", lambda x: np.reshape(x, -1), "m n"),
        case("ravel", np.ravel, "k m n"),
        case("expand_dims", lambda x: np.expand_dims(x, (0, -1)), "m n"),
        case("expand_dims axis=", lambda x: np.expand_dims(x, axis=1), "m n"),
        case("squeeze", np.squeeze, "1 m 1 n"),
        case("squeeze of an axis", lambda x: np.squeeze(x, axis=(0,)), "1 m 1"),
        case("broadcast_to", lambda x, y: np.broadcast_to(x, y.shape), "n", "m n"),
        case("broadcast_to integers", lambda x: np.broadcast_to(x, (2, 3, 4)), "3 1"),
        case("broadcast_arrays", np.broadcast_arrays, "m 1", "n"),
        case("meshgrid", np.meshgrid, "m", "n"),
        case("meshgrid ij", lambda x, y: np.meshgrid(x, y, indexing="ij"), "m", "n"),
        case("atleast_1d", lambda x: np.atleast_1d(x[0]), "m"),
        case("atleast_2d", np.atleast_2d, "m"),
        case("concatenate", lambda x, y: np.concatenate([x, y]), "m n", "k n"),
        case("concatenate axis", lambda x, y: np.concatenate((x, y, x), axis=1), "m n", "m k"),
        case("concatenate all", lambda x, y: np.concatenate((x, y), axis=None), "m n", "k"),
        case("concatenate with an array", lambda x: np.concatenate([x, np.arange(2.0)]), "3"),
        case("append", np.append, "m n", "k"),
        case("stack", lambda x, y: np.stack([x, y]), "m n", "m n"),
        case("stack last", lambda x, y: np.stack([x, y], axis=-1), "m n", "m n"),
        case("stack of scalars", lambda x: np.stack([x[0], x[1] * x[2]]), "m"),
        case("vstack", lambda x, y: np.vstack([x, y]), "n", "m n"),
        case("hstack", lambda x, y: np.hstack([x, y]), "m n", "m k"),
        case("hstack of vectors", lambda x, y: np.hstack([x, y]), "m", "n"),
        case("column_stack", lambda x, y: np.column_stack([x, y]), "m", "m n"),
        case("dstack", lambda x, y: np.dstack([x, y]), "m n", "m n"),
        case("block", lambda a, b, c, d: np.block([[a, b], [c, d]]), "m n", "m k", "p n", "p k"),
        case("split", lambda x: np.split(x, 2, axis=1), "m 4"),
        case("split at places", lambda x: np.split(x, [1, 3]), "5 n"),
        case("unstack", lambda x: np.unstack(x, axis=1), "m 3"),
        case("take", lambda x: np.take(x, [2, 0, 1], axis=1), "m 4"),
        case("take of all", lambda x: np.take(x, [[2, 7], [0, 1]]), "3 4"),
        case("flip", np.flip, "m n"),
        case("flip an axis", lambda x: np.flip(x, axis=1), "m n"),
        case("fliplr", np.fliplr, "m n"),
        case("flipud", np.flipud, "m n"),
        case("roll", lambda x: np.roll(x, 1, axis=1), "m n"),
        case("roll back", lambda x: np.roll(x, -2), "m n"),
        case("repeat", lambda x: np.repeat(x, 3, axis=0), "m n"),
        case("repeat all", lambda x: np.repeat(x, 2), "m n"),
        case("tile", lambda x: np.tile(x, (2, 3)), "m n"),
        case("tile to more axes", lambda x: np.tile(x, (2, 1, 3)), "m n"),
        case("pad", lambda x: np.pad(x, ((1, 2), (0, 1))), "m n"),
        case("pad with a number", lambda x: np.pad(x, 1, constant_values=2.5), "m"),
        case("shape", np.shape, "3 4"),
        case("ndim", np.ndim, "m n"),
        case("size", np.size, "3 4"),
        case("copy", np.copy, "m n"),
        case("real", np.real, "m n"),
        case("zeros_like", np.zeros_like, "m n"),
        case("ones_like", np.ones_like, "m n"),
        case("full_like", lambda x: np.full_like(x, 2.5), "m n"),
    ]
)
def test_a_function_of_axes(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        *(case(f"trace {k}", lambda x, k=k: np.trace(x, offset=k), "n n") for k in (0, 1, -2)),
        *(case(f"trace of a rectangle {k}", lambda x, k=k: np.trace(x, k), "3 5")
          for k in (0, 1, 3, -1)),
        case("trace of a stack", lambda x: np.trace(x, axis1=0, axis2=2), "n m n"),
        *(case(f"diag of a vector {k}", lambda x, k=k: np.diag(x, k), "n") for k in (0, 1, -2)),
        *(case(f"diag of a matrix {k}", lambda x, k=k: np.diag(x, k=k), "n n")
          for k in (0, 1, -2)),
        *(case(f"diagonal {k}", lambda x, k=k: np.diagonal(x, k, 2, 0), "5 m 4")
          for k in (0, 2, -1)),
        case("diagflat", np.diagflat, "m n"),
        case("linalg.trace", np.linalg.trace, "n n"),
        case("linalg.diagonal", lambda x: np.linalg.diagonal(x, offset=1), "n n"),
        *(case(f"tril {k}", lambda x, k=k: np.tril(x, k), "m n") for k in (0, 1, -1)),
        *(case(f"triu {k}", lambda x, k=k: np.triu(x, k=k), "k m n") for k in (0, 1, -1)),
    ]
)  # fmt: skip
def test_a_diagonal_or_triangle(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case("where", lambda x, y: np.where(x > y, x, y * 2), "m n", "n"),
        case("where with numbers", lambda x: np.where(x > 0, 1.5, 0), "m n"),
        case("where of numbers that count", lambda x: np.where(x, x, 7), "m n"),
        case("where by an array", lambda x: np.where(np.eye(3, dtype=bool), x, 0.5), "3 3"),
        case("select", lambda x: np.select([x > 1, x > 0], [x, x * x], default=-1), "m n"),
        case("clip", lambda x: np.clip(x, -0.5, 0.5), "m n"),
        case("clip below", lambda x: np.clip(x, 0, None), "m n"),
        case("clip above", lambda x: np.clip(x, None, 0.3), "m n"),
        case("clip by keywords", lambda x: np.clip(x, min=-0.1, max=0.2), "m n"),
        case("clip at infinity", lambda x: np.clip(x, -np.inf, 0.2), "m n"),
        case("clip between tensors", np.clip, "m n", "n", "n positive"),
    ]
)
def test_a_choice_of_entries(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case("inv", np.linalg.inv, "n n"),
        case("inv of a stack", np.linalg.inv, "k n n"),
        case("det", np.linalg.det, "n n"),
        case("slogdet", lambda x: tuple(np.linalg.slogdet(x)), "n n"),
        case("slogdet fields", lambda x: np.linalg.slogdet(x).logabsdet, "n n"),
        case("solve", np.linalg.solve, "n n", "n"),
        case("solve matrices", np.linalg.solve, "n n", "n k"),
        case("pinv", np.linalg.pinv, "m n"),
        case("cholesky", np.linalg.cholesky, "n n spd"),
        case("upper cholesky", lambda x: np.linalg.cholesky(x, upper=True), "n n spd"),
        case("eigvalsh", np.linalg.eigvalsh, "n n symmetric"),
        case("singular values", lambda x: np.linalg.svd(x, compute_uv=False), "3 5"),
        case("singular values of a tall matrix", lambda x: np.linalg.svd(x, True, False), "5 3"),
        case("svdvals", np.linalg.svdvals, "k n n"),
        case("cond", np.linalg.cond, "n n"),
        case("cond 1", lambda x: np.linalg.cond(x, 1), "n n"),
    ]
)
def test_linear_algebra(function, shapes):
    assert_agrees(function, *shapes)


@walk(
    [
        case(f"vector {ord}", lambda x, o=ord: np.linalg.norm(x, o), "n")
        for ord in (None, 2, 1, 3, 2.5, 4, 0, -1, np.inf, -np.inf)
    ]
    + [
        case(f"matrix {ord}", lambda x, o=ord: np.linalg.norm(x, ord=o), "m n")
        for ord in (None, "fro", "nuc", 1, -1, 2, np.inf, -np.inf)
    ]
    + [
        case(f"matrix of integer sizes {ord}", lambda x, o=ord: np.linalg.norm(x, ord=o), "3 5")
        for ord in ("nuc", 2, -2)
    ]
    + [
        case(f"axes {ord} {axis} {keep}", lambda x, o=ord, a=axis, k=keep: np.linalg.norm(
            x, o, axis=a, keepdims=k), "k m n")
        for ord, axis in ((None, 1), (1, 0), (np.inf, -1), (None, (0, 2)), ("fro", (2, 1)),
                          (1, (0, 2)), (1, (2, 0)), (np.inf, (1, 2)), ("nuc", (0, 1)))
        for keep in (False, True)
    ]
    + [
        case("norm of all entries", np.linalg.norm, "k m n"),
        case("vector_norm", lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3), "k m n"),
        case("matrix_norm", lambda x: np.linalg.matrix_norm(x, ord=1, keepdims=True), "k m n"),
    ]
)  # fmt: skip
def test_a_norm(function, shapes):
    assert_agrees(function, *shapes)


def test_every_name_that_a_record_claims_gives_the_values_of_numpy():
    claimed: dict[str, str] = {}
    for record in REGISTRY.values():
        for name in record.numpy:
            assert claimed.setdefault(name, record.name) == record.name
            function: Any = np
            for part in name.split("."):
                function = getattr(function, part)
            shape = "m n positive" if record.elementwise else "n n spd"
            with np.errstate(all="ignore"):
                assert_agrees(function, *[shape] * len(record.domain))
