"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import BACKENDS, Generated, generate

__all__ = ["BACKENDS", "Generated", "generate"]
