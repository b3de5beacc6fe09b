"""Structured derivatives: operators that are never multiplied out, beside all others' arrays."""

from .tables import report

__all__ = ["report"]
