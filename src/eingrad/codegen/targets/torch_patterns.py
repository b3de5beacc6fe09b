"""PyTorch: windows, sums of overlapping windows, gathers and sums over equal places."""

from __future__ import annotations

PATTERNS = {
    "windows": "_windows({0}, {count}, {taps}, {start}, {stride}, {dilation})",
    "overlap_add": "_overlap_add({0}, {size}, {start}, {stride}, {dilation})",
    "places": "torch.tensor({places}, dtype=torch.long, device=device)",
    "as_index": "{0}.round().long()",
    "take": "{0}[{before}{1}]",
    "scatter_add": "_scatter_add({0}, {1}, {size})",
    "pick": "{0}[(*_rows({1}), {1})]",
    "added_at": "{0}.index_put((*_rows({1}), {1}), {2}, accumulate=True)",
    "one_hot": "torch.eye({size}, dtype=dtype, device=device)[{0}]",
    "gather_pattern": "torch.eye({columns}, dtype=dtype, device=device)[{places}]",
    "shifts_pattern": (
        "({start} + {stride} * torch.arange({count}, device=device)[:, None, None] "
        "+ {dilation} * torch.arange({taps}, device=device)[:, None] "
        "== torch.arange({size}, device=device)).to(dtype)"
    ),
}

WINDOWS = '''
def _windows(x, count, taps, start, stride, dilation):
    """w[..., i, k] = x[..., start + stride*i + dilation*k], with zeros around x."""
    if count == 0 or taps == 0:
        return x.new_zeros((*x.shape[:-1], count, taps))
    turned = [axis for axis, step in ((-2, stride), (-1, dilation)) if step < 0]
    first = start + min(0, stride * (count - 1)) + min(0, dilation * (taps - 1))
    stride, dilation = abs(stride), abs(dilation)
    width = dilation * (taps - 1) + 1
    last = first + stride * (count - 1) + width
    before = max(0, -first)
    x = torch.nn.functional.pad(x, (before, max(0, last - x.shape[-1])))
    windows = x[..., first + before : last + before].unfold(-1, width, stride)[..., ::dilation]
    return torch.flip(windows, turned) if turned else windows
'''

OVERLAP_ADD = '''
def _overlap_add(w, size, start, stride, dilation):
    """The sum x[..., start + stride*i + dilation*k] of w[..., i, k]; what falls outside is lost."""
    rows = start + stride * torch.arange(w.shape[-2], device=w.device)
    at = rows[:, None] + dilation * torch.arange(w.shape[-1], device=w.device)
    at = torch.where((0 <= at) & (at < size), at, size)
    x = w.new_zeros((*w.shape[:-2], size + 1))  # one place more for what falls outside
    return x.index_add(-1, at.flatten(), w.flatten(-2))[..., :size]
'''

SCATTER_ADD = '''
def _scatter_add(values, index, size):
    """The sum of the values at each place that the index names on a first axis."""
    result = values.new_zeros((size, *values.shape[index.ndim:]))
    return result.index_put((index,), values, accumulate=True)
'''

ROWS = '''
def _rows(index):
    """The place of each entry of an index on each of its axes."""
    places = [torch.arange(n, device=index.device) for n in index.shape]
    return [p.reshape(-1, *(1,) * (index.ndim - 1 - k)) for k, p in enumerate(places)]
'''

HELPERS = {
    "pick": ROWS,
    "add_at": ROWS,
    "windows": WINDOWS,
    "overlap_add": OVERLAP_ADD,
    "scatter_add": SCATTER_ADD,
}
