"""The tables of this subject."""

from __future__ import annotations

import numpy as np

from ..measure import plain_table, ratio_table
from ..rivals import use_double_precision
from .functions import cases
from .gradients import jax_row, tensorflow_row, torch_row
from .losses import losses
from .rules import jax_rule, torch_rule


def report() -> str:
    """Gradients in each framework, then custom rules."""
    use_double_precision()
    every = [loss for dtype in (np.float32, np.float64) for loss in losses(dtype)]
    tables = [
        ratio_table("Gradients in JAX", [jax_row(loss) for loss in every]),
        ratio_table("Gradients in PyTorch", [torch_row(loss) for loss in every]),
        ratio_table("Gradients in TensorFlow", [tensorflow_row(loss, False) for loss in every]),
        ratio_table(
            "Gradients in TensorFlow with XLA", [tensorflow_row(loss, True) for loss in every]
        ),
    ]
    return "\n\n".join([*tables, *_rules()])


def _rules() -> list[str]:
    every = [case for dtype in (np.float32, np.float64) for case in cases(dtype)]
    by_jax = [jax_rule(case) for case in every]
    by_torch = [torch_rule(case) for case in every]
    half = len(every) // 2  # bytes of float32 alone
    header = ["kept for the backward pass, float32", "eingrad", "composed, autodiff"]
    compiled = ["eingrad", "composed, autograd", "PyTorch's own kernel"]
    eager = ["eingrad, eager", "composed, eager"]
    return [
        ratio_table("Custom rules in JAX, forward and backward", [row for row, _ in by_jax]),
        plain_table("What JAX keeps", header, [kept for _, kept in by_jax[:half]]),
        ratio_table("Custom rules in PyTorch, forward and backward", [r for r, _ in by_torch]),
        plain_table(
            "What PyTorch keeps",
            [header[0], *compiled, *eager],
            [kept for _, kept in by_torch[:half]],
        ),
    ]
