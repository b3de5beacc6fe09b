"""The code stage: nodes → products in a good order → straight-line program → source text."""

from .generate import Generated, generate

__all__ = ["Generated", "generate"]
