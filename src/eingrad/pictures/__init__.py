"""Pictures of derivatives: matrices of matrices with every entry written, stacks, patterns."""

from ..entries import Entries, Labels, entry
from .draw import KINDS, draw
from .picture import Picture

__all__ = ["KINDS", "Entries", "Labels", "Picture", "draw", "entry"]
