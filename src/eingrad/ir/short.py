"""One line that shows a node, for people and debuggers."""

from __future__ import annotations

from ..dims import shape_text
from .loop import Scan
from .node import Apply, AxisIndex, Constant, Contraction, Kernel, Node, Size, Sum, Term, Variable

MAX_SHOWN = 160


def short_text(node: Node, depth: int = 3) -> str:
    """One line that shows the top of a node, for debugging: `A[0 1] x[1] -> [0]`."""
    text = _shown(node, depth)
    if len(text) > MAX_SHOWN:
        text = text[: MAX_SHOWN - 1] + "…"
    return f"<{type(node).__name__} {shape_text(node.shape)}: {text}>"


def _shown(node: Node, depth: int) -> str:
    if isinstance(node, Variable):
        return node.name
    if isinstance(node, Constant):
        return "constant"
    if isinstance(node, Size):
        return f"size({node.dim})"
    if isinstance(node, Kernel):
        return node.kind
    if isinstance(node, Sum) and not node.operands:
        return "0"
    if node.operands and not depth:
        return "…"
    if isinstance(node, Apply):
        inner = ", ".join(_shown(o, depth - 1) for o in node.operands[:4])
        params = "".join(f"; {k}={v}" for k, v in node.params)
        return f"{node.function}({inner}{params})"
    if isinstance(node, Scan):
        inner = ", ".join(_shown(o, depth - 1) for o in node.operands[:4])
        return f"scan({inner}; {'before' if node.before else 'after'} {node.place})"
    if isinstance(node, Sum):
        return "(" + " + ".join(_shown(o, depth - 1) for o in node.operands[:8]) + ")"
    return _indexed(node, depth)


def _axis(axis: AxisIndex) -> str:
    return str(axis[0]) if len(axis) == 1 else f"({' '.join(map(str, axis))})"


def _indexed(node: Node, depth: int) -> str:
    assert isinstance(node, Contraction | Term)
    parts = [
        _shown(f.node, depth - 1) + (f"[{' '.join(map(_axis, f.indices))}]" if f.indices else "")
        for f in node.factors[:8]
    ]
    if isinstance(node, Contraction):
        return f"Σ({' '.join(parts)} -> [{' '.join(map(str, node.out))}])"
    if node.coefficient != 1 or not parts:
        parts.insert(0, str(node.coefficient))
    return " ".join(parts) + (f" -> [{' '.join(map(_axis, node.out))}]" if node.out else "")
