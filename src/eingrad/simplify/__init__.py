"""Other forms of the same tensor: flat, canonical (for equality), and the shortest for showing."""

from .canonical import canonical, equal, flat
from .choose import shortest

__all__ = ["canonical", "equal", "flat", "shortest"]
