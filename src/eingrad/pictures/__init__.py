"""Pictures of derivatives: matrices of matrices with every entry written, stacks, patterns."""

from .draw import KINDS, draw
from .entries import Entries, entry
from .labels import Labels
from .picture import Picture

__all__ = ["KINDS", "Entries", "Labels", "Picture", "draw", "entry"]
