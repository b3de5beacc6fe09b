"""What a tensor consists of: deltas, cores, ranks; condensed forms, blocks, costs."""

from .count import Counts, count
from .decompose import Core, Decomposition, StructuredTerm, decompose
from .describe import CoreDescription, Structure, TermDescription, describe

__all__ = [
    "Core",
    "CoreDescription",
    "Counts",
    "Decomposition",
    "Structure",
    "StructuredTerm",
    "TermDescription",
    "count",
    "decompose",
    "describe",
]
