"""Other forms of the same tensor: flat, canonical (for equality), and the shortest for showing."""

from .canonical import canonical, equal, flat
from .choose import shortest, shortest_each, shortest_together

__all__ = ["canonical", "equal", "flat", "shortest", "shortest_each", "shortest_together"]
