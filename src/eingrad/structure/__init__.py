"""What a tensor consists of: deltas, cores, ranks; condensed forms, blocks, costs."""

from .blocks import Blocks, hide
from .compress import Compression, Condensed, CondensedTerm, compress
from .cost import Cost, Route, cost, linear_combination
from .count import Counts, count
from .decompose import Core, Decomposition, StructuredTerm, decompose, deepened
from .describe import CoreDescription, Structure, TermDescription, describe
from .kronecker import kronecker
from .kroneckersum import Kronecker, KroneckerFactor, KroneckerSum

__all__ = [
    "Blocks",
    "Compression",
    "Condensed",
    "CondensedTerm",
    "Core",
    "CoreDescription",
    "Cost",
    "Counts",
    "Decomposition",
    "Kronecker",
    "KroneckerFactor",
    "KroneckerSum",
    "Route",
    "Structure",
    "StructuredTerm",
    "TermDescription",
    "compress",
    "cost",
    "count",
    "decompose",
    "deepened",
    "describe",
    "hide",
    "kronecker",
    "linear_combination",
]
