"""TensorFlow's operators inside of `tf.function`: their code has no branch on a value, so it need
not be rewritten, which would take seconds."""

from __future__ import annotations

from .operator import FrameworkOperator
from .tensorflow import TensorFlowNamespace

ENTRIES = (
    *("_apply", "dense", "diagonal", "trace", "solve", "slogdet"),
    *("__add__", "__mul__", "__truediv__", "__matmul__", "shifted", "_made", "_number"),
)


class TensorFlowOperator(FrameworkOperator):
    """A structured operator of TensorFlow's arrays."""


for _name in ENTRIES:
    _method = TensorFlowNamespace.as_written(getattr(FrameworkOperator, _name))
    setattr(TensorFlowOperator, _name, _method)
