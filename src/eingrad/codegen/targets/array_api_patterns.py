"""The array API standard: placing among zeros, windows, gathers and sums over equal places.

The standard has no pad, no scatter and no writing into arrays that all libraries share; what it
has is `take`. So whatever moves entries is a `take`, from an array with one zero put behind it
where some places have no entry.
"""

from __future__ import annotations

ON = "dtype=dtype, device=device"
PATTERNS = {
    "diag": "_diag({0}, xp)",
    "windows": "_windows({0}, {count}, {taps}, {start}, {stride}, {dilation}, xp)",
    "overlap_add": "_overlap_add({0}, {size}, {start}, {stride}, {dilation}, xp)",
    "places": "xp.asarray({places}, dtype=xp.int64, device=device)",
    "as_index": "_as_index({0}, {size}, xp)",
    "take": "_take({0}, {1}, {axis}, xp)",
    "scatter_add": "_scatter_add({0}, {1}, {size}, xp)",
    "pick": "_pick({0}, {1}, xp)",
    "one_hot": f"_take(xp.eye({{size}}, {ON}), {{0}}, 0, xp)",
    "gather_pattern": (
        f"xp.take(xp.eye({{columns}}, {ON}), "
        "xp.asarray({places}, dtype=xp.int64, device=device), axis=0)"
    ),
    "shifts_pattern": (
        "xp.astype({start} + {stride} * xp.arange({count}, device=device)[:, None, None] "
        "+ {dilation} * xp.arange({taps}, device=device)[:, None] "
        "== xp.arange({size}, device=device), dtype)"
    ),
}

DIAG = '''
def _diag(v, xp):
    """The diagonal matrix of a vector."""
    n = xp.arange(v.shape[0], device=getattr(v, "device", None))
    return xp.where(n[:, None] == n, v, 0)
'''

TAKE = '''
def _take(x, index, axis, xp):
    """The entries of x at the places that an index of any shape names on an axis."""
    axis %= x.ndim
    taken = xp.take(x, xp.reshape(index, (-1,)), axis=axis)
    return xp.reshape(taken, (*x.shape[:axis], *index.shape, *x.shape[axis + 1:]))
'''

TAKE_OR_ZERO = '''
def _take_or_zero(x, at, among, axis, xp):
    """The entries of x at some places of an axis, and zero where they are not among those of x."""
    axis %= x.ndim
    end = (*x.shape[:axis], 1, *x.shape[axis + 1:])
    end = xp.zeros(end, dtype=x.dtype, device=getattr(x, "device", None))
    at = xp.where(among, at, x.shape[axis])
    return _take(xp.concat((x, end), axis=axis), at, axis, xp)
'''

PLACED = '''
def _placed(x, axis, start, step, total, xp):
    """Zeros, with the entries of x at start, start + step, ... on an axis of size total."""
    place = xp.arange(total, device=getattr(x, "device", None)) - start
    at = place // step
    among = (at * step == place) & (at >= 0) & (at < x.shape[axis])
    return _take_or_zero(x, at, among, axis, xp)
'''

WINDOWS = '''
def _windows(x, count, taps, start, stride, dilation, xp):
    """w[..., i, k] = x[..., start + stride*i + dilation*k], with zeros around x."""
    device = getattr(x, "device", None)
    at = stride * xp.arange(count, device=device)[:, None] + start
    at = at + dilation * xp.arange(taps, device=device)
    return _take_or_zero(x, at, (at >= 0) & (at < x.shape[-1]), -1, xp)
'''

OVERLAP_ADD = '''
def _overlap_add(w, size, start, stride, dilation, xp):
    """The sum x[..., start + stride*i + dilation*k] of w[..., i, k]; what falls outside is lost."""
    count, taps = w.shape[-2:]
    device = getattr(w, "device", None)
    k = xp.arange(taps, device=device)
    offset = xp.arange(size, device=device)[:, None] - start - dilation * k
    i = offset // stride
    among = (i * stride == offset) & (i >= 0) & (i < count)
    w = xp.reshape(w, (*w.shape[:-2], count * taps))
    return xp.sum(_take_or_zero(w, i * taps + k, among, -1, xp), axis=-1)
'''

AS_INDEX = '''
def _as_index(x, size, xp):
    """The nearest whole numbers; negative ones count from the end of an axis of that size.

    They are looked up among all places, so that a library that checks bounds does so here.
    """
    index = xp.astype(xp.round(x), xp.int64)
    index = xp.where((index < 0) & (index >= -size), index + size, index)
    return _take(xp.arange(size, device=getattr(x, "device", None)), index, 0, xp)
'''

SCATTER_ADD = '''
def _scatter_add(values, index, size, xp):
    """The sum of the values at each place that the index names on a first axis.

    The values are sorted by place, and added up within each run of equal places by doubling.
    """
    rest = values.shape[index.ndim:]
    index = xp.reshape(index, (-1,))
    count = index.shape[0]
    values = xp.reshape(values, (count, math.prod(rest)))
    order = xp.argsort(index)
    index, values = xp.take(index, order, axis=0), xp.take(values, order, axis=0)
    step = 1
    while step < count:
        same = index[step:] == index[:count - step]
        before = xp.where(same[:, None], values[:count - step, :], 0)
        values = xp.concat((values[:step, :], values[step:, :] + before), axis=0)
        step *= 2
    place = xp.arange(size, dtype=index.dtype, device=getattr(index, "device", None))
    end = xp.searchsorted(index, place, side="right")
    among = end > xp.searchsorted(index, place)
    return xp.reshape(_take_or_zero(values, end - 1, among, 0, xp), (size, *rest))
'''

PICK = '''
def _pick(x, index, xp):
    """The entry of each row of x at the place that the index names for it."""
    axis, size = index.ndim, x.shape[index.ndim]
    places = xp.reshape(index % size, (*index.shape, 1) + (1,) * (x.ndim - axis - 1))
    along = xp.arange(size, device=getattr(x, "device", None))
    here = xp.reshape(along, (size,) + (1,) * (x.ndim - axis - 1)) == places
    return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=axis)
'''

HELPERS = {
    "pick": PICK,
    "diag": DIAG,
    "embed": TAKE + TAKE_OR_ZERO + PLACED,
    "windows": TAKE + TAKE_OR_ZERO + WINDOWS,
    "overlap_add": TAKE + TAKE_OR_ZERO + OVERLAP_ADD,
    "as_index": TAKE + AS_INDEX,
    "take": TAKE,
    "one_hot": TAKE,
    "scatter_add": TAKE + TAKE_OR_ZERO + SCATTER_ADD,
}
