"""JAX: windows, sums of overlapping windows, gathers and sums over equal places."""

from __future__ import annotations

PATTERNS = {
    "windows": "_windows({0}, {count}, {taps}, {start}, {stride}, {dilation})",
    "overlap_add": "_overlap_add({0}, {size}, {start}, {stride}, {dilation})",
    "places": "jnp.array({places}, int)",
    "as_index": "jnp.rint({0}).astype(int)",
    "take": "jnp.take({0}, {1}, axis={axis})",
    "scatter_add": "_scatter_add({0}, {1}, {size})",
    "convolve": (
        "jax.lax.conv_general_dilated({0}, {1}, {strides}, {padding}, "
        "lhs_dilation={spread}, rhs_dilation={dilation})"
    ),
    "pick": "{0}[(*jnp.indices({1}.shape, sparse=True), {1})]",
    "one_hot": "jnp.eye({size}, dtype=dtype)[{0}]",
    "gather_pattern": "jnp.eye({columns}, dtype=dtype)[jnp.array({places}, int)]",
    "shifts_pattern": (
        "({start} + {stride} * jnp.arange({count})[:, None, None] + {dilation} * "
        "jnp.arange({taps})[:, None] == jnp.arange({size})).astype(dtype)"
    ),
}

WINDOWS = '''
def _windows(x, count, taps, start, stride, dilation):
    """w[..., i, k] = x[..., start + stride*i + dilation*k], with zeros around x."""
    at = start + stride * jnp.arange(count)[:, None] + dilation * jnp.arange(taps)
    return jnp.where((0 <= at) & (at < x.shape[-1]), x[..., at % max(1, x.shape[-1])], 0)
'''

OVERLAP_ADD = '''
def _overlap_add(w, size, start, stride, dilation):
    """The sum x[..., start + stride*i + dilation*k] of w[..., i, k]; what falls outside is lost."""
    at = start + stride * jnp.arange(w.shape[-2])[:, None] + dilation * jnp.arange(w.shape[-1])
    at = jnp.where(at < 0, size, at)
    return jnp.zeros((*w.shape[:-2], size), w.dtype).at[..., at].add(w, mode="drop")
'''

SCATTER_ADD = '''
def _scatter_add(values, index, size):
    """The sum of the values at each place that the index names on a first axis."""
    return jnp.zeros((size, *values.shape[index.ndim:]), values.dtype).at[index].add(values)
'''

HELPERS = {
    "windows": WINDOWS,
    "overlap_add": OVERLAP_ADD,
    "scatter_add": SCATTER_ADD,
}
