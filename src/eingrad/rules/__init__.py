"""Custom rules: modules for the frameworks with a function, its derived passes, and their test."""

from .passes import Passes, passes_of
from .saved import POLICIES, least_saved
from .write import FRAMEWORKS, module_source

__all__ = ["FRAMEWORKS", "POLICIES", "Passes", "least_saved", "module_source", "passes_of"]
