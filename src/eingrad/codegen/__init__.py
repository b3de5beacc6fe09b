"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import BACKENDS, Generated, generate
from .plan import Plan, Step

__all__ = ["BACKENDS", "Generated", "Plan", "Step", "generate"]
