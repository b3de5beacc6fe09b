"""TensorFlow: triangles, windows, sums of overlapping windows, gathers, sums over equal places."""

from __future__ import annotations

PATTERNS = {
    "tril": "_tril({0}, {k})",
    "triu": "_triu({0}, {k})",
    "windows": "_windows({0}, {count}, {taps}, {start}, {stride}, {dilation})",
    "overlap_add": "_overlap_add({0}, {size}, {start}, {stride}, {dilation})",
    "places": "tf.constant({places}, tf.int32)",
    "as_index": "_places({0}, {size})",
    "take": "tf.gather({0}, {1}, axis={axis})",
    "scatter_add": "tf.math.unsorted_segment_sum({0}, {1}, {size})",
    "pick": "tf.gather({0}, {1}, axis=len({1}.shape), batch_dims=len({1}.shape))",
    "one_hot": "tf.gather(tf.eye({size}, dtype=dtype), {0})",
    "gather_pattern": "tf.one_hot(tf.constant({places}, tf.int32), {columns}, dtype=dtype)",
    "shifts_pattern": (
        "tf.cast({start} + {stride} * tf.range({count})[:, None, None] + {dilation} * "
        "tf.range({taps})[:, None] == tf.range({size}), dtype)"
    ),
}

TRIL = '''
def _tril(x, k):
    """The entries up to diagonal k, zeros above it."""
    rows, columns = x.shape[-2:]
    return tf.where(tf.range(rows)[:, None] + k >= tf.range(columns), x, 0)
'''

TRIU = '''
def _triu(x, k):
    """The entries from diagonal k on, zeros below it."""
    rows, columns = x.shape[-2:]
    return tf.where(tf.range(rows)[:, None] + k <= tf.range(columns), x, 0)
'''

WINDOWS = '''
def _windows(x, count, taps, start, stride, dilation):
    """w[..., i, k] = x[..., start + stride*i + dilation*k], with zeros around x."""
    ends = [stride * (count - 1), dilation * (taps - 1)]
    before = max(0, -start - sum(min(0, e) for e in ends))
    after = max(0, start + sum(max(0, e) for e in ends) + 1 - x.shape[-1])
    x = tf.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, after)])
    at = start + before + stride * tf.range(count)[:, None] + dilation * tf.range(taps)
    return tf.gather(x, at, axis=-1)
'''

OVERLAP_ADD = '''
def _overlap_add(w, size, start, stride, dilation):
    """The sum x[..., start + stride*i + dilation*k] of w[..., i, k]; what falls outside is lost."""
    *lead, count, taps = w.shape
    at = start + stride * tf.range(count)[:, None] + dilation * tf.range(taps)
    at = tf.where((0 <= at) & (at < size), at, -1)  # a negative place is dropped
    axes = list(range(len(lead)))
    w = tf.transpose(w, (len(lead), len(lead) + 1, *axes))
    return tf.transpose(tf.math.unsorted_segment_sum(w, at, size), (*(k + 1 for k in axes), 0))
'''

PLACES = '''
def _places(index, size):
    """Whole numbers as places on an axis; a negative one counts from the end."""
    index = tf.cast(tf.round(index), tf.int64)
    return tf.where(index < 0, index + size, index)
'''

PLACED = '''
def _placed(x, start, step, shape):
    """Zeros with x at start, start + step, start + 2*step, ... along each axis."""
    end = [a + s * n for a, s, n in zip(start, step, x.shape)]
    end = [min(e, n) for e, n in zip(end, shape)]
    return tf.raw_ops.StridedSliceGrad(shape=shape, begin=start, end=end, strides=step, dy=x)
'''

HELPERS = {
    "tril": TRIL,
    "triu": TRIU,
    "windows": WINDOWS,
    "overlap_add": OVERLAP_ADD,
    "as_index": PLACES,
    "embed": PLACED,
}
