"""Generated code on a GPU, beside jitted JAX and `torch.compile`; skipped in words without one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .frameworks.gradients import jax_row, torch_row
from .frameworks.losses import losses
from .measure import Row, ratio_table
from .rivals import use_double_precision


def report() -> str:
    """A table for each framework that has a GPU, float32 and float64.

    Nothing may move to the host: JAX refuses transfers that are not asked for while it computes,
    and PyTorch those that would have to wait for the device.
    """
    every = [loss for dtype in (np.float32, np.float64) for loss in losses(dtype)]
    parts = ["### GPU"]
    device, why = jax_device()
    if device is None:
        parts.append(f"JAX: skipped, {why}.")
    else:
        use_double_precision()
        rows = [_jax(loss, device) for loss in every]
        parts.append(ratio_table(f"Gradients in JAX on {device.device_kind}", rows))
    name, why = torch_device()
    if name is None:
        parts.append(f"PyTorch: skipped, {why}.")
    else:
        parts.append(ratio_table(f"Gradients in PyTorch on {name}", [_torch(x) for x in every]))
    return "\n\n".join(parts)


def jax_device() -> tuple[Any, str]:
    """JAX's first GPU, or None and why there is none."""
    try:
        import jax
    except ImportError:
        return None, "it is not installed"
    try:
        return jax.devices("gpu")[0], ""
    except RuntimeError:
        return None, f"this JAX ({jax.__version__}) finds no GPU"


def torch_device() -> tuple[str | None, str]:
    """What PyTorch calls its first GPU, or None and why there is none."""
    try:
        import torch
    except ImportError:
        return None, "it is not installed"
    if not torch.cuda.is_available():
        return None, f"this PyTorch ({torch.__version__}) finds no GPU"
    return torch.cuda.get_device_name(0), ""


def _jax(loss: Any, device: Any) -> Row:
    import jax

    with jax.default_device(device):
        return jax_row(loss, lambda a: jax.device_put(a, device), guarded=jax_guard)


def _torch(loss: Any) -> Row:
    import torch

    return torch_row(
        loss,
        lambda a: torch.from_numpy(a).cuda(),
        done=torch.cuda.synchronize,
        guarded=torch_guard,
    )


def jax_guard(call: Any) -> Any:
    """The call; a transfer in it is an error."""
    import jax

    def guarded() -> Any:
        with jax.transfer_guard("disallow"):
            return call()

    return guarded


def torch_guard(call: Any) -> Any:
    """The call; an operation in it that waits for the device is an error."""
    import torch

    def guarded() -> Any:
        torch.cuda.set_sync_debug_mode("error")
        try:
            return call()
        finally:
            torch.cuda.set_sync_debug_mode("default")

    return guarded
