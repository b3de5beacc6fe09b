"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import BACKENDS, Generated, generate
from .installed import framework_needed
from .plan import Plan, Step

__all__ = ["BACKENDS", "Generated", "Plan", "Step", "framework_needed", "generate"]
