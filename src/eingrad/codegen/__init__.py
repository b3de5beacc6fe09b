"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import BACKENDS, Generated, generate
from .plan import Plan, Step
from .sharing import in_common_parts

__all__ = [
    "BACKENDS",
    "Generated",
    "Plan",
    "Step",
    "generate",
    "in_common_parts",
]
