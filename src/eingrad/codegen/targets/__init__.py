"""The backends: one file each says how its operations are written."""

from .array_api import ARRAY_API
from .jax import JAX
from .numpy import NUMPY
from .target import Target
from .tensorflow import TENSORFLOW
from .torch import TORCH

TARGETS: dict[str, Target] = {
    target.name: target for target in (NUMPY, JAX, TORCH, TENSORFLOW, ARRAY_API)
}

__all__ = ["TARGETS", "Target"]
