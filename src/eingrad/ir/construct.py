"""Operations of linear algebra in terms of `einsum`: products, reductions, views, structured
leaves.

Everything that both front doors need is here once: shapes as NumPy has them, `ShapeError`
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..dims import ONE, Dim, as_dim, product, shape_text
from ..errors import ShapeError
from . import kernels
from .build import add, broadcast_shape, einsum, multiply, power, scale
from .node import Node
from .node import size as size_node


def ones(shape: Iterable[Dim]) -> Node:
    """The array of ones."""
    dims = tuple(shape)
    return einsum([], [(k,) for k in range(len(dims))], 1, dict(enumerate(dims)))


def eye(n: Dim | int | str) -> Node:
    """The identity matrix: nothing but a delta."""
    return einsum([], [(0,), (0,)], 1, {0: as_dim(n)})


def size_value(dim: Dim) -> Node:
    """A size as a scalar: a number when it is known, else a `Size` leaf."""
    if len(dim.terms) != 1:
        return size_node(dim) if dim.terms else scale(0, ones(()))
    ((symbols, coefficient),) = dim.terms
    return einsum([(size_node(as_dim(s)), ()) for s in symbols], [], coefficient)


def axis_of(node: Node, axis: int) -> int:
    """A possibly negative axis as a valid one; `ShapeError` otherwise."""
    if not -node.ndim <= axis < node.ndim:
        raise ShapeError(
            f"axis {axis} of an array with {node.ndim} axes ({shape_text(node.shape)})"
        )
    return axis % node.ndim


def sum_axes(node: Node, axes: Iterable[int] | None = None, keepdims: bool = False) -> Node:
    """The sum over some axes (all by default)."""
    gone = set(range(node.ndim)) if axes is None else {axis_of(node, a) for a in axes}
    out: list[tuple[int, ...]] = []
    for k in range(node.ndim):
        if k not in gone:
            out.append((k,))
        elif keepdims:
            out.append(())
    return einsum([(node, [(k,) for k in range(node.ndim)])], out)


def mean_axes(node: Node, axes: Iterable[int] | None = None, keepdims: bool = False) -> Node:
    """The mean over some axes (all by default)."""
    gone = range(node.ndim) if axes is None else sorted({axis_of(node, a) for a in axes})
    count = product(node.shape[k] for k in gone)
    return multiply(sum_axes(node, gone, keepdims), power(size_value(count), -1))


def matmul(a: Node, b: Node) -> Node:
    """NumPy's `@`: vectors, matrices and stacks of matrices with broadcasting."""
    if not a.ndim or not b.ndim:
        raise ShapeError("@ takes vectors, matrices and stacks; one side is a scalar")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ShapeError(f"inner sizes differ: {shape_text(a.shape)} @ {shape_text(b.shape)}")
    batch = broadcast_shape([a.shape[:-2], b.shape[:-2]])
    rank = len(batch)
    sizes: dict[object, Dim] = dict(enumerate(batch))

    def lead(node: Node) -> list[tuple[object, ...]]:
        extra = node.shape[:-2]
        return [() if d.is_one else (k + rank - len(extra),) for k, d in enumerate(extra)]

    left = [*lead(a), *((("i",),) if a.ndim > 1 else ()), ("j",)]
    right = [*lead(b), ("j",), *((("k",),) if b.ndim > 1 else ())]
    out: list[tuple[object, ...]] = [(k,) for k in range(rank)]
    out += [("i",)] if a.ndim > 1 else []
    out += [("k",)] if b.ndim > 1 else []
    return einsum([(a, left), (b, right)], out, 1, sizes)


def outer(a: Node, b: Node) -> Node:
    """All products of an entry of `a` with an entry of `b`; axes of a, then axes of b."""
    left = [(("a", k),) for k in range(a.ndim)]
    right = [(("b", k),) for k in range(b.ndim)]
    return einsum([(a, left), (b, right)], [*left, *right])


def tensordot(a: Node, b: Node, axes_a: Sequence[int], axes_b: Sequence[int]) -> Node:
    """Sum of products over paired axes; the other axes of a, then those of b."""
    if len(axes_a) != len(axes_b):
        raise ShapeError("tensordot pairs as many axes of one operand as of the other")
    pairs = [(axis_of(a, p), axis_of(b, q)) for p, q in zip(axes_a, axes_b, strict=True)]
    left: list[tuple[object, ...]] = [(("a", k),) for k in range(a.ndim)]
    right: list[tuple[object, ...]] = [(("b", k),) for k in range(b.ndim)]
    for p, q in pairs:
        if a.shape[p] != b.shape[q]:
            raise ShapeError(
                f"axis {p} of {shape_text(a.shape)} and axis {q} of {shape_text(b.shape)} differ"
            )
        right[q] = left[p]
    out = [x for k, x in enumerate(left) if k not in {p for p, _ in pairs}]
    out += [x for k, x in enumerate(right) if k not in {q for _, q in pairs}]
    return einsum([(a, left), (b, right)], out)


def inner_product(a: Node, b: Node) -> Node:
    """⟨a, b⟩: the sum of all entries of the elementwise product."""
    if a.shape != b.shape:
        raise ShapeError(f"shapes differ: {shape_text(a.shape)} and {shape_text(b.shape)}")
    indices = [(k,) for k in range(a.ndim)]
    return einsum([(a, indices), (b, indices)], [])


def diagonal(node: Node, axis1: int = 0, axis2: int = 1) -> Node:
    """The entries where two axes agree; the common axis comes last, as in NumPy."""
    p, q = axis_of(node, axis1), axis_of(node, axis2)
    if p == q or node.shape[p] != node.shape[q]:
        raise ShapeError(f"no square pair of axes for a diagonal in {shape_text(node.shape)}")
    indices = [(k,) if k != q else (p,) for k in range(node.ndim)]
    out = [(k,) for k in range(node.ndim) if k not in (p, q)]
    return einsum([(node, indices)], [*out, (p,)])


def trace(node: Node, axis1: int = 0, axis2: int = 1) -> Node:
    """The sum of the diagonal."""
    d = diagonal(node, axis1, axis2)
    return sum_axes(d, [-1])


def diag_matrix(vector: Node) -> Node:
    """The diagonal matrix of a vector (leading axes are a batch)."""
    lead = [(k,) for k in range(vector.ndim - 1)]
    last = (vector.ndim - 1,)
    return einsum([(vector, [*lead, last])], [*lead, last, last])


def kron(a: Node, b: Node) -> Node:
    """The Kronecker product; operands get leading axes of size 1 to equal rank, as in NumPy."""
    rank = max(a.ndim, b.ndim)
    left: list[tuple[object, ...]] = [(("a", k),) for k in range(rank - a.ndim, rank)]
    right: list[tuple[object, ...]] = [(("b", k),) for k in range(rank - b.ndim, rank)]
    pad_a = [()] * (rank - a.ndim) + left
    pad_b = [()] * (rank - b.ndim) + right
    out = [(*p, *q) for p, q in zip(pad_a, pad_b, strict=True)]
    return einsum([(a, left), (b, right)], out)


def vec(node: Node) -> Node:
    """Columns stacked: the last axis varies slowest."""
    indices = [(k,) for k in range(node.ndim)]
    return einsum([(node, indices)], [tuple(range(node.ndim))[::-1]])


def ravel(node: Node) -> Node:
    """Rows one after another: the last axis varies fastest."""
    indices = [(k,) for k in range(node.ndim)]
    return einsum([(node, indices)], [tuple(range(node.ndim))])


def reshape(node: Node, shape: Iterable[Dim | int]) -> Node:
    """Row-major reshape; one size may be −1."""
    from .indices import Atoms

    wanted = list(shape)
    total = product(node.shape)
    unknown = [k for k, d in enumerate(wanted) if not isinstance(d, Dim) and d == -1]
    known = product(as_dim(d) for k, d in enumerate(wanted) if k not in unknown)
    if len(unknown) > 1:
        raise ShapeError("reshape can infer one size only")
    if unknown:
        rest = total.divide(known)
        if rest is None:
            raise ShapeError(f"cannot reshape {shape_text(node.shape)}: {known} does not divide it")
        wanted[unknown[0]] = rest
    target = tuple(as_dim(d) for d in wanted)
    if product(target) != total:
        raise ShapeError(f"cannot reshape {shape_text(node.shape)} to {shape_text(target)}")
    if target == node.shape:
        return node
    flat = ravel(node)
    atoms = Atoms()
    parts = [atoms.fresh(d) for d in target]
    sizes: dict[object, Dim] = dict(enumerate(target))
    return einsum([(flat, [tuple(parts)])], [(k,) for k in parts], 1, sizes)


def expand_dims(node: Node, axes: Iterable[int]) -> Node:
    """New axes of size 1 at the given places of the result."""
    places = list(axes)
    rank = node.ndim + len(places)
    new = {p % rank for p in places}
    if len(new) < len(places) or any(not -rank <= p < rank for p in places):
        raise ShapeError(f"cannot insert axes {places} into {shape_text(node.shape)}")
    old = iter(range(node.ndim))
    out = [() if k in new else (next(old),) for k in range(rank)]
    return einsum([(node, [(k,) for k in range(node.ndim)])], out)


def squeeze(node: Node, axes: Iterable[int] | None = None) -> Node:
    """Without axes of literal size 1."""
    gone = (
        {k for k, d in enumerate(node.shape) if d.is_one}
        if axes is None
        else {axis_of(node, a) for a in axes}
    )
    for k in gone:
        if not node.shape[k].is_one:
            raise ShapeError(f"axis {k} of {shape_text(node.shape)} has not size 1")
    indices = [() if k in gone else (k,) for k in range(node.ndim)]
    return einsum([(node, indices)], [(k,) for k in range(node.ndim) if k not in gone])


def move_axes(node: Node, source: Sequence[int], target: Sequence[int]) -> Node:
    """NumPy's moveaxis."""
    src = [axis_of(node, a) for a in source]
    dst = [axis_of(node, a) for a in target]
    if len(set(src)) < len(src) or len(set(dst)) < len(dst) or len(src) != len(dst):
        raise ShapeError("moveaxis needs as many distinct targets as distinct sources")
    order = [k for k in range(node.ndim) if k not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return einsum([(node, [(k,) for k in range(node.ndim)])], [(k,) for k in order])


def triangle(node: Node, k: int, lower: bool) -> Node:
    """`tril` or `triu`: the entries on one side of the k-th diagonal of the last two axes."""
    if node.ndim < 2:
        raise ShapeError(f"a triangular part needs a matrix, not {shape_text(node.shape)}")
    mask = kernels.triangle(node.shape[-2], node.shape[-1], k, lower)
    indices = [(j,) for j in range(node.ndim)]
    return einsum([(node, indices), (mask, indices[-2:])], indices)


def cumulative_sum(node: Node, axis: int) -> Node:
    """The running sum along an axis: a product with a triangular pattern."""
    a = axis_of(node, axis)
    n = node.shape[a]
    if n.is_one:
        return node
    mask = kernels.triangle(n, n, 0, lower=True)
    indices: list[tuple[object, ...]] = [(j,) for j in range(node.ndim)]
    out = list(indices)
    out[a] = ("new",)
    return einsum([(node, indices), (mask, [("new",), (a,)])], out)


def take_slice(node: Node, axis: int, start: Dim | int, step: int, count: Dim) -> Node:
    """Entries `start, start+step, …` (count of them) of an axis."""
    a = axis_of(node, axis)
    pattern = kernels.selection(count, node.shape[a], start, step)
    indices: list[tuple[object, ...]] = [(j,) for j in range(node.ndim)]
    out = list(indices)
    if node.shape[a].is_one:
        return node
    if count.is_one:
        out[a] = ()
        return einsum([(node, indices), (pattern, [(), (a,)])], out)
    out[a] = ("new",)
    return einsum([(node, indices), (pattern, [("new",), (a,)])], out)


def concatenate(nodes: Sequence[Node], axis: int) -> Node:
    """Arrays one after another along an axis: each is placed by a selection pattern."""
    a = axis_of(nodes[0], axis)
    total = Dim([])
    for node in nodes:
        if node.ndim != nodes[0].ndim or any(
            d != e
            for k, (d, e) in enumerate(zip(node.shape, nodes[0].shape, strict=True))
            if k != a
        ):
            raise ShapeError(
                "cannot concatenate " + " and ".join(shape_text(n.shape) for n in nodes)
            )
        total = total + node.shape[a]
    parts = []
    offset = Dim([])
    for node in nodes:
        if total == node.shape[a]:
            return node
        pattern = kernels.selection(node.shape[a], total, offset, 1)
        indices: list[tuple[object, ...]] = [(j,) for j in range(node.ndim)]
        if node.shape[a].is_one:
            indices[a] = ()
        inner = tuple(indices[a])
        out = list(indices)
        out[a] = ("new",)
        sizes: dict[object, Dim] = {j: d for j, d in enumerate(node.shape)}
        parts.append(einsum([(node, indices), (pattern, [inner, ("new",)])], out, 1, sizes))
        offset = offset + node.shape[a]
    return add(*parts)


def stack(nodes: Sequence[Node], axis: int) -> Node:
    """Arrays side by side along a new axis."""
    rank = nodes[0].ndim + 1
    a = axis % rank if -rank <= axis < rank else axis_of(nodes[0], axis)
    return concatenate([expand_dims(n, [a]) for n in nodes], a)


def matrix_power(node: Node, n: int) -> Node:
    """A^n by repeated squaring, so that a large n stays a small graph; n may be negative."""
    from .apply import apply

    if node.ndim < 2 or node.shape[-1] != node.shape[-2]:
        raise ShapeError(f"a matrix power needs a square matrix, not {shape_text(node.shape)}")
    if n < 0:
        return matrix_power(apply("inv", node), -n)
    result: Node | None = None
    square = node
    while n:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if n:
            square = matmul(square, square)
    if result is None:
        lead = node.shape[:-2]
        return multiply(ones((*lead, ONE, ONE)), eye(node.shape[-1]))
    return result
