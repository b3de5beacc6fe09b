"""The text front end: a formula as people write it → a node of the IR, with what was inferred."""

from .parse import Parsed, parse, parse_index_form

__all__ = ["Parsed", "parse", "parse_index_form"]
