"""What a tensor consists of: deltas, cores, ranks; condensed forms, blocks, costs."""

from .decompose import Core, Decomposition, StructuredTerm, decompose

__all__ = ["Core", "Decomposition", "StructuredTerm", "decompose"]
