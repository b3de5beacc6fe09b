"""The route by the chain rule of Jacobians: ∂y/∂u = Σ ∂y/∂v · ∂v/∂u, each with its structure."""

from __future__ import annotations

from collections.abc import Hashable

from ..differentiate import differentiate
from ..ir.build import add, einsum, is_zero
from ..ir.node import Apply, Node
from ..ir.walk import substitute
from ..notation import Formula, derivative_formula
from ..structure import decompose, describe
from .naming import Naming, count_text
from .rules import rule_name
from .steps import Equation, Quantity, Step
from .written import Math, Part, Partial, Prose, distinct, mark, math


def steps(names: Naming, full: bool) -> tuple[list[Step], Node]:
    """The steps, and ∂y/∂x in the names of the derivation."""
    local: dict[tuple[str, str], Node] = {}
    made = []
    for q in names.quantities:
        for u in q.inputs:
            found = _local(q, u)
            if not is_zero(found):
                local[q.name, u.name] = found
                made.append(_local_step(q, u, found, names))
    more, result = _chained(names, local)
    return [*made, *more], result


def _local(q: Quantity, u: Quantity) -> Node:
    """∂q/∂u, what else q depends on held fast."""
    found = differentiate(q.definition, [u.variable])
    if isinstance(q.definition, Apply):  # the value inside of its own derivative has a name
        found = substitute(found, {q.definition: q.variable})
    return found


def written(q: Quantity, u: Quantity, node: Node, names: Naming) -> Formula:
    """A Jacobian as the matrix ∂vec q/∂vec uᵀ."""
    form = "vec" if (q.shape and u.shape) or len(q.shape) > 1 or len(u.shape) > 1 else "auto"
    layout = "mixed" if q.shape or form == "vec" else "numerator"
    made = derivative_formula(
        node, n_out=len(q.shape), wrt=[u.variable], form=form, layout=layout,
        names=names.taken,
    )  # fmt: skip
    return made


def size(q: Quantity, u: Quantity) -> str:
    """Rows × columns of a Jacobian as a matrix."""
    return f"{_count(q)}×{_count(u)}"


def _count(q: Quantity) -> str:
    text = count_text(q.shape)
    return f"({text})" if "+" in text else text


def _local_step(q: Quantity, u: Quantity, node: Node, names: Naming) -> Step:
    left = math(Partial(q.name, (u.name,)))
    lines = (
        names.equation(names.name(q.name), q.definition, of=q.name),
        Equation(math(left, " = ", mark(written(q, u, node, names))), size(q, u), node),
    )
    sentence = describe(decompose(node, len(q.shape), [len(u.shape)])).sentence
    why: list[Prose] = [(
        f"{size(q, u)}: a row for each entry of {q.name}, a column for each entry of {u.name}. "
        f"Its structure: {sentence}.",
    )]  # fmt: skip
    others = ", ".join(i.name for i in q.inputs if i is not u)
    if others:
        why.append((f"Here {others} stands still; what moves through it is another path.",))
    if len(q.shape) > 1 or len(u.shape) > 1:
        why.append((
            "The entries of a matrix are taken column after column (vec); by "
            "vec(AZB) = (Bᵀ ⊗ A) vec(Z) a product becomes a Kronecker product.",
        ))  # fmt: skip
    return Step("jacobian", f"Jacobian of {q.name} by {u.name}: {rule_name(q)}", lines, tuple(why))


def _composed(first: Node, second: Node, out: int, middle: int, inner: int) -> Node:
    """Σ over the axes of the middle of ∂y/∂v · ∂v/∂u."""
    a: list[tuple[Hashable, ...]] = [(("y", k),) for k in range(out)]
    b: list[tuple[Hashable, ...]] = [(("v", k),) for k in range(middle)]
    c: list[tuple[Hashable, ...]] = [(("u", k),) for k in range(inner)]
    return einsum([(first, [*a, *b]), (second, [*b, *c])], [*a, *c])


def _applied(pending: dict[Quantity, Node], out: int) -> Node:
    """Σ ∂y/∂u du: what all states of the chain have in common."""
    return add(*(_composed(j, u.direction, out, len(u.shape), 0) for u, j in pending.items()))


def _chained(names: Naming, local: dict[tuple[str, str], Node]) -> tuple[list[Step], Node]:
    root = names.root
    out = len(root.shape)
    place = {q.name: k for k, q in enumerate(names.quantities)}
    pending = {u: local[root.name, u.name] for u in root.inputs if (root.name, u.name) in local}
    made = []
    while any(u is not names.start for u in pending):
        v = max((u for u in pending if u is not names.start), key=lambda u: place[u.name])
        start = _applied(pending, out)
        first = pending.pop(v)
        lines: list[Equation] = []
        why: list[Prose] = []
        for u in v.inputs:
            second = local.get((v.name, u.name))
            if second is None:
                continue
            through = _composed(first, second, out, len(v.shape), len(u.shape))
            total = add(pending[u], through) if u in pending else through
            left = math(Partial(root.name, (u.name,)))
            sides: list[Part | Math] = [
                mark(Partial(root.name, (v.name,))), " ", mark(Partial(v.name, (u.name,)))
            ]  # fmt: skip
            numbers: list[Part | Math] = [
                "(", math(written(root, v, first, names)), ")", " ",
                "(", math(written(v, u, second, names)), ")",
            ]  # fmt: skip
            known = u in pending
            shapes = f"({size(root, v)})({size(v, u)}) ⟶ {size(root, u)}"
            more = " + what came on other paths" if known else ""
            lines.append(Equation(math(left, " = ", *sides), shapes + more))
            if known:
                numbers = [math(written(root, u, pending[u], names)), " + ", *numbers]
            lines.append(Equation(math(left, " = ", *numbers), ""))
            lines.append(
                Equation(
                    math(left, " = ", mark(written(root, u, total, names))), size(root, u), total
                )
            )
            why.append((
                f"Columns of the first and rows of the second both belong to the entries of "
                f"{v.name} ({_count(v)} of them), and are summed over: the shapes fix the order.",
            ))  # fmt: skip
            if known:
                why.append((f"{u.name} is reached on several paths: their products are added.",))
            pending[u] = total
            if is_zero(total):
                del pending[u]
        rule = f"chain rule through {v.name}"
        made.append(Step("insert", rule, tuple(lines), distinct(why), start,
                         _applied(pending, out)))  # fmt: skip
    return made, pending[names.start]
