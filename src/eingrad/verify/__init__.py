"""The second opinion: reference evaluator, random samples, differences, judging of answers."""

from .answer import Verdict, judge
from .binding import bind_sizes
from .differences import Report, check_derivative
from .reference import evaluate
from .sample import sample_points, sample_sizes

__all__ = [
    "Report",
    "Verdict",
    "bind_sizes",
    "check_derivative",
    "evaluate",
    "judge",
    "sample_points",
    "sample_sizes",
]
