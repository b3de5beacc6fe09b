"""Where tensors come from: variables, constants, identities."""

from __future__ import annotations

from typing import Any

from ...dims import Dim
from ...errors import ShapeError
from ...ir import build, construct
from ...ir.node import Shape, variable
from ..declare import check_name, declaration
from .convert import node_of
from .products import contracted
from .shaping import shape_of
from .tensor import Tensor


def tensor(name: str, shape: Any = "", facts: str = "") -> Tensor:
    """A variable of any number of axes.

    Parameters
    ----------
    name:
        An identifier; subscripts and Greek letters are fine.
    shape:
        Sizes, symbolic or integer: `"n m k"`, `"4 6"`, `(3, 4, "n")`, or sizes of other tensors.
    facts:
        What is known of it: `symmetric spd psd positive nonnegative integer diagonal triangular
        orthogonal`.

    Raises
    ------
    NameError_, ShapeError, FactError
        The name, a size or a fact is none.

    Examples
    --------
    >>> tensor("X", (3, "n", 5)).shape
    (3, n, 5)
    >>> tensor("A", (4, 4), "spd")
    <Tensor A: 4×4 spd>
    """
    name = check_name(name)
    if isinstance(shape, Dim):
        shape = (shape,)
    sizes, found = declaration(shape, name, facts)
    return Tensor(variable(name, tuple(Dim(d.terms) for d in sizes), found, dormant=True))


def scalar(name: str, facts: str = "") -> Tensor:
    """A scalar variable.

    >>> scalar("c", "positive")
    <Tensor c: scalar positive>
    """
    return tensor(name, "", facts)


def vector(name: str, shape: Any = "n", facts: str = "") -> Tensor:
    """A vector variable; `shape` is its size.

    >>> vector("x").shape, vector("y", 5).shape
    ((n,), (5,))
    """
    return _of_rank(1, "vector", name, shape, facts)


def matrix(name: str, shape: Any = "m n", facts: str = "") -> Tensor:
    """A matrix variable.

    >>> matrix("A", "n n", "symmetric")
    <Tensor A: n×n symmetric>
    """
    return _of_rank(2, "matrix", name, shape, facts)


def _of_rank(rank: int, kind: str, name: str, shape: Any, facts: str) -> Tensor:
    made = tensor(name, shape, facts)
    if made.ndim != rank:
        raise ShapeError(
            f"{name}: a {kind} has {rank} {'size' if rank == 1 else 'sizes'}, not {made.ndim}",
            hint="eingrad.tensor makes variables with any number of axes",
        )
    return made


def constant(value: Any) -> Tensor:
    """A number or an array as a tensor.

    >>> constant([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return Tensor(node_of(value))


def eye(n: Any) -> Tensor:
    """The identity matrix; its size may be symbolic, which `np.eye` cannot have.

    >>> eye("n").shape
    (n, n)
    """
    (size,) = _shape((n,))
    return Tensor(construct.eye(size))


def ones(shape: Any) -> Tensor:
    """The tensor of ones of a shape (`"m n"`, or a tuple of sizes).

    Raises
    ------
    ShapeError
        The text is no list of sizes.

    Examples
    --------
    >>> ones("m 3").shape
    (m, 3)
    """
    return Tensor(construct.ones(_shape(shape)))


def zeros(shape: Any) -> Tensor:
    """The zero tensor of a shape (`"m n"`, or a tuple of sizes).

    Raises
    ------
    ShapeError
        The text is no list of sizes.

    Examples
    --------
    >>> zeros("m 3").shape
    (m, 3)
    """
    return Tensor(build.zeros(_shape(shape)))


def _shape(shape: Any) -> Shape:
    if isinstance(shape, tuple | list):
        return tuple(d for part in shape for d in shape_of(part))
    return shape_of(shape)


def einsum(spec: str, *tensors: Any) -> Tensor:
    """Einstein's summation; a letter that is repeated in the result puts values on a diagonal.

    Parameters
    ----------
    spec:
        Such as `"ij,jk->ik"`; `...` stands for further axes.
    tensors:
        Tensors, arrays or numbers.

    Raises
    ------
    ShapeError
        Subscripts and shapes do not fit.

    Examples
    --------
    >>> T, x = tensor("T", "n n n"), vector("x")
    >>> einsum("ijk,j,k->i", T, x, x).shape
    (n,)
    >>> einsum("i->ii", x).shape
    (n, n)
    """
    return Tensor(contracted(spec, [node_of(t) for t in tensors]))
