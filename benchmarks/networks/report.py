"""The tables of this subject."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..measure import Row, duration, plain_table
from ..rivals import use_double_precision
from . import through_time, training, unrolled
from .layers import HAND, JAX, KERNEL, TORCH, cases, jax_row, numpy_row, torch_row

DTYPE = np.float32


def report() -> str:
    """Layers in three libraries, then back-propagation through time, training, and depth."""
    use_double_precision()
    rows = []
    for case in cases(DTYPE):
        alone, both = numpy_row(case)
        rows.append([case.name, *_layer(alone, both, jax_row(case), torch_row(case))])
    header = [
        f"backward pass of a layer, {np.dtype(DTYPE)}",
        "NumPy",
        "× by hand (asked for: ≤ 1.1)",
        "with forward, × by hand",
        "JAX, both passes",
        f"× {JAX} (≤ 1.1)",
        "PyTorch, both passes",
        f"× {TORCH} (≤ 1.1)",
        f"× {KERNEL}",
    ]
    tables = [plain_table("Layers: eingrad's time, and as a multiple of others'", header, rows)]
    return "\n\n".join([*tables, *through_time.tables(), *training.tables(), *unrolled.tables()])


def _layer(alone: Row, both: Row, jax: Row, torch: Row) -> list[str]:
    return [
        duration(alone.seconds["eingrad"]),
        _times(alone, HAND),
        _times(both, HAND),
        duration(jax.seconds["eingrad"]),
        _times(jax, JAX),
        duration(torch.seconds["eingrad"]),
        _times(torch, TORCH),
        _times(torch, KERNEL),
    ]


def _times(row: Row, name: str) -> str:
    """eingrad's time as a multiple of another's."""
    if name not in row.seconds:
        return row.words.get(name, "–")
    return f"{row.seconds['eingrad'] / row.seconds[name]:.2f}"


__all__: Sequence[str] = ["report"]
