"""Generated code stays on the device of its arguments: nothing in it asks for a value."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from benchmarks.frameworks.losses import Loss, losses

LOSSES = losses(np.float32)


@pytest.mark.parametrize("loss", LOSSES, ids=[loss.name for loss in LOSSES])
def test_pytorch_computes_without_values(loss: Loss) -> None:
    """On the device `meta` there are shapes and no values, so asking for one is an error."""
    import torch

    made = eingrad.gradients(loss.expression, list(loss.by)).function("torch")
    given = {n: torch.from_numpy(a).to("meta") for n, a in loss.arrays.items()}
    found = made(**{n: given[n] for n in made.arguments})
    several = found if isinstance(found, tuple) else (found,)
    for name, gradient in zip(loss.by, several, strict=True):
        assert gradient.device.type == "meta"
        assert gradient.shape == given[name].shape
        assert gradient.dtype == given[name].dtype


@pytest.mark.parametrize("loss", LOSSES, ids=[loss.name for loss in LOSSES])
def test_sizes_enter_pytorch_without_a_copy_from_the_host(loss: Loss) -> None:
    """`torch.tensor` of a number copies it to the device and waits; `torch.full` writes there."""
    source = eingrad.gradients(loss.expression, list(loss.by)).source("torch")
    assert "= torch.tensor(" not in source


@pytest.mark.parametrize("loss", LOSSES, ids=[loss.name for loss in LOSSES])
def test_jax_compiles_to_one_program_without_callbacks_or_transfers(loss: Loss) -> None:
    import jax

    made = eingrad.gradients(loss.expression, list(loss.by)).function("jax")
    given = {n: loss.arrays[n] for n in made.arguments}
    text = jax.jit(lambda given: made(**given)).lower(given).as_text()
    for word in ("callback", "infeed", "outfeed", "device_put", "annotate_device_placement"):
        assert word not in text
