"""Data in blocks of rows: what one block gives, how two such results meet, and the rest."""

from .drive import BLOCK_BYTES, accumulated, blocks_of
from .split import Partial, Split, split
from .write import MERGES, Written, written

__all__ = [
    "BLOCK_BYTES",
    "MERGES",
    "Partial",
    "Split",
    "Written",
    "accumulated",
    "blocks_of",
    "split",
    "written",
]
