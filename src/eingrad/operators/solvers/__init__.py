"""Direct and iterative solvers, one a file; `choose` takes the cheapest that fits."""

from .base import Solver
from .choose import choose

__all__ = ["Solver", "choose"]
