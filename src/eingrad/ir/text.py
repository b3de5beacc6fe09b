"""Text form of the IR (placeholder printing until the round-trip form lands)."""

from __future__ import annotations

from .node import Apply, Constant, Contraction, Kernel, Node, Size, Sum, Term, Variable

def to_text(node: Node) -> str:
    def f(fs):
        return " ".join(to_text(x.node) + (str(list(x.indices)) if x.indices else "") for x in fs)
    if isinstance(node, Variable): return node.name
    if isinstance(node, Constant): return "const"
    if isinstance(node, Size): return f"size({node.dim})"
    if isinstance(node, Kernel): return f"{node.kind}"
    if isinstance(node, Apply): return f"{node.function}({', '.join(map(to_text,node.operands))}{''.join(f'; {k}={v}' for k,v in node.params)})"
    if isinstance(node, Contraction): return f"Σ{node.out}<{f(node.factors)}>"
    if isinstance(node, Term): return f"T{node.out}<{node.coefficient}|{f(node.factors)}>"
    return "(" + " + ".join(map(to_text, node.operands)) + ")" if node.operands else "0"
