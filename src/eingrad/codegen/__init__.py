"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import BACKENDS, Generated, generate
from .installed import framework_needed
from .plan import Plan, Step
from .sharing import in_common_parts

__all__ = [
    "BACKENDS",
    "Generated",
    "Plan",
    "Step",
    "framework_needed",
    "generate",
    "in_common_parts",
]
