"""Layers whose backward passes are derived from their forward definitions."""

from .layer import Layer

__all__ = ["Layer"]
