"""Single entries of tensors as exact symbols, b_12 x_1: for pictures and for explanations."""

from .content import Content, content
from .expand import Entries, entry
from .labels import Labels
from .pairs import Pair
from .polynomial import Entry

__all__ = ["Content", "Entries", "Entry", "Labels", "Pair", "content", "entry"]
