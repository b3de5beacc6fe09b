"""The records: one function in one place, grouped by subject."""

from . import elementwise, linalg
