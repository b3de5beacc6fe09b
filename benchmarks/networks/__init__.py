"""Layers, back-propagation through time and a training step, beside others who compute the same."""

from .report import report

__all__ = ["report"]
