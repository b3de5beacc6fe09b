"""NumPy: windows, sums of overlapping windows, gathers and sums over equal places."""

from __future__ import annotations

PATTERNS = {
    "all_windows": "_windows({0}, {slides})",
    "overlap_add_along": (
        "_overlap_add({0}, {axis}, {tap}, {size}, {start}, {stride}, {dilation})"
    ),
    "places": "np.array({places}, np.intp)",
    "as_index": "_whole({0})",
    "take": "np.take({0}, {1}, axis={axis})",
    "scatter_add": "_scatter_add({0}, {1}, {size})",
    "pick": "{0}[(*np.indices({1}.shape, sparse=True), {1})]",
    "add_at": "{0}[(*np.indices({1}.shape, sparse=True), {1})]",
    "one_hot": "np.eye({size}, dtype=dtype)[{0}]",
    "gather_pattern": "np.eye({columns}, dtype=dtype)[{places}]",
    "shifts_pattern": (
        "np.equal.outer(np.add.outer({start} + {stride} * np.arange({count}), "
        "{dilation} * np.arange({taps})), np.arange({size})).astype(dtype)"
    ),
}

WINDOWS = '''
def _windows(x, *slides):
    """A view: along each axis that is slid along, the place of a window; then the places in it.

    A slide is (axis, count, taps, start, stride, dilation): start + stride*i + dilation*k, with
    zeros around x.
    """
    shape, inside, first = list(x.shape), [slice(None)] * x.ndim, [slice(None)] * x.ndim
    for axis, count, taps, start, stride, dilation in slides:
        ends = [stride * (count - 1), dilation * (taps - 1)]
        before = max(0, -start - sum(min(0, e) for e in ends))
        after = max(0, start + sum(max(0, e) for e in ends) + 1 - x.shape[axis])
        inside[axis] = slice(before, before + x.shape[axis])
        first[axis] = slice(start + before, None)
        shape[axis] += before + after
    if tuple(shape) != x.shape:
        x, inner = np.zeros(shape, x.dtype), x
        x[tuple(inside)] = inner
    strides = list(x.strides)
    for axis, count, taps, start, stride, dilation in slides:
        shape[axis] = count
        shape.append(taps)
        strides.append(dilation * x.strides[axis])
        strides[axis] = stride * x.strides[axis]
    return np.lib.stride_tricks.as_strided(x[tuple(first)], shape, strides, writeable=False)
'''

OVERLAP_ADD = '''
def _overlap_add(w, axis, tap, size, start, stride, dilation):
    """The sum x[..., start + stride*i + dilation*k, ...] of w with i on an axis, and k on another,
    which goes; what falls outside is lost."""
    w = np.moveaxis(w, tap, 0)
    axis -= tap < axis
    count = w.shape[1 + axis]
    if stride < 0:
        w, start, stride = np.flip(w, 1 + axis), start + stride * (count - 1), -stride
    x = np.zeros((*w.shape[1 : 1 + axis], size, *w.shape[2 + axis :]), w.dtype)
    ahead = (slice(None),) * axis
    for k in range(len(w)):
        first = start + dilation * k
        low = max(0, -(first // stride))
        high = min(count, -((first - size) // stride))
        if low < high:
            at = slice(first + stride * low, first + stride * (high - 1) + 1, stride)
            x[(*ahead, at)] += w[(k, *ahead, slice(low, high))]
    return x
'''

CONTRACT = '''
def _contract(a, b, axes_a, axes_b):
    """Contraction of paired axes as one product of matrices; the other axes of a, then those of b.

    What is copied to make a matrix is copied in the order that lies closest in memory.
    """
    large, axes = (a, axes_a) if a.size >= b.size else (b, axes_b)
    order = sorted(range(len(axes)), key=lambda k: -abs(large.strides[axes[k]]))
    matrices, shape = [], []
    for x, axes in ((a, axes_a), (b, axes_b)):
        summed = [axes[k] for k in order]
        free = [k for k in range(x.ndim) if k not in axes]
        rows = [x.shape[k] for k in free]
        columns = [x.shape[k] for k in summed]
        size = (math.prod(rows), math.prod(columns))
        shape += rows
        ends = [(abs(x.strides[k]), -x.shape[k]) for k in (free or summed)[-1:] + summed[-1:]]
        if ends[0] < ends[1]:
            matrices.append(x.transpose(summed + free).reshape(size[::-1]).T)
        else:
            matrices.append(x.transpose(free + summed).reshape(size))
    return (matrices[0] @ matrices[1].T).reshape(shape)
'''

SCATTER_ADD = '''
def _scatter_add(values, index, size):
    """The sum of the values at each place that the index names on a first axis."""
    shape = (size, *values.shape[index.ndim:])
    if values.size < 1024 or values.dtype.itemsize > 8:
        result = np.zeros(shape, values.dtype)
        np.add.at(result, index, values)
        return result
    # A product with the sparse 0/1 matrix of the places is many times as fast.
    at = np.where(index < 0, index + size, index).ravel()
    if at.size and not 0 <= at.min() <= at.max() < size:
        raise IndexError(f"an index is out of bounds for an axis of size {size}")
    parts = (np.ones(at.size, values.dtype), at, np.arange(at.size + 1))
    matrix = scipy.sparse.csc_array(parts, shape=(size, at.size))
    return (matrix @ values.reshape(at.size, -1)).reshape(shape)
'''

WHOLE = '''
def _whole(index):
    """An index as integers; what is not a whole number (to rounding) names no place."""
    if index.dtype.kind in "iub":
        return index.astype(np.intp)
    finite = np.where(np.isfinite(index), index, 0.5)
    places = np.rint(finite)
    off = abs(finite - places) > 64 * np.finfo(index.dtype).eps * np.maximum(abs(places), 1)
    if off.any():
        raise IndexError(f"an index holds whole numbers, not {index[off].flat[0]}")
    return places.astype(np.intp)
'''

HELPERS = {
    "as_index": WHOLE,
    "windows": WINDOWS,
    "overlap_add": OVERLAP_ADD,
    "scatter_add": SCATTER_ADD,
    "tensordot": CONTRACT,
}
