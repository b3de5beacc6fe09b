"""NumPy: windows, sums of overlapping windows, gathers and sums over equal places."""

from __future__ import annotations

PATTERNS = {
    "windows": "_windows({0}, {count}, {taps}, {start}, {stride}, {dilation})",
    "overlap_add": "_overlap_add({0}, {size}, {start}, {stride}, {dilation})",
    "places": "np.array({places}, np.intp)",
    "as_index": "_whole({0})",
    "take": "np.take({0}, {1}, axis={axis})",
    "scatter_add": "_scatter_add({0}, {1}, {size})",
    "one_hot": "np.eye({size}, dtype=dtype)[{0}]",
    "gather_pattern": "np.eye({columns}, dtype=dtype)[{places}]",
    "shifts_pattern": (
        "np.equal.outer(np.add.outer({start} + {stride} * np.arange({count}), "
        "{dilation} * np.arange({taps})), np.arange({size})).astype(dtype)"
    ),
}

WINDOWS = '''
def _windows(x, count, taps, start, stride, dilation):
    """A view w[..., i, k] = x[..., start + stride*i + dilation*k], with zeros around x."""
    ends = [stride * (count - 1), dilation * (taps - 1)]
    before = max(0, -start - sum(min(0, e) for e in ends))
    after = max(0, start + sum(max(0, e) for e in ends) + 1 - x.shape[-1])
    if before or after:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, after)])
    step = x.strides[-1]
    return np.lib.stride_tricks.as_strided(
        x[..., start + before:],
        (*x.shape[:-1], count, taps),
        (*x.strides[:-1], stride * step, dilation * step),
        writeable=False,
    )
'''

OVERLAP_ADD = '''
def _overlap_add(w, size, start, stride, dilation):
    """The sum x[..., start + stride*i + dilation*k] of w[..., i, k]; what falls outside is lost."""
    x = np.zeros((*w.shape[:-2], size), w.dtype)
    if stride < 0:
        w, start, stride = w[..., ::-1, :], start + stride * (w.shape[-2] - 1), -stride
    for k in range(w.shape[-1]):
        first = start + dilation * k
        low = max(0, -(first // stride))
        high = min(w.shape[-2], -((first - size) // stride))
        if low < high:
            at = slice(first + stride * low, first + stride * (high - 1) + 1, stride)
            x[..., at] += w[..., low:high, k]
    return x
'''

SCATTER_ADD = '''
def _scatter_add(values, index, size):
    """The sum of the values at each place that the index names on a first axis."""
    result = np.zeros((size, *values.shape[index.ndim:]), values.dtype)
    np.add.at(result, index, values)
    return result
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
}
