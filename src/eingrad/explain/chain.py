"""The route by the chain rule of Jacobians: ∂y/∂u = Σ ∂y/∂v · J_v(u), each with its structure.

J_v(u) is the local Jacobian of one definition, what else it uses held fixed; ∂y/∂u is the total
one, along every path.
"""

from __future__ import annotations

from collections.abc import Hashable

from ..differentiate import differentiate
from ..ir.build import add, einsum, is_zero, scale, split_coefficient
from ..ir.node import Apply, Node
from ..ir.record import lookup
from ..ir.walk import substitute
from ..notation import Formula, derivative_formula
from ..structure import decompose, describe
from .differentials import change_terms, substitute_others
from .naming import Naming, count_text
from .rules import PLAIN_RULES, rule_name, rule_reasons
from .steps import Equation, Quantity, Step
from .written import Local, Math, Part, Partial, Prose, distinct, mark, math


def steps(names: Naming, full: bool) -> tuple[list[Step], Node]:
    """The steps, and ∂y/∂x in the names of the derivation."""
    local: dict[tuple[str, str], Node] = {}
    made: list[Step] = []
    for q in names.quantities:
        for u in q.inputs:
            found = _local(q, u)
            if not is_zero(found):
                local[q.name, u.name] = found
                made.append(_local_step(q, u, found, names, first=not made))
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


def _letter(names: Naming) -> str:
    """What local Jacobians are called."""
    return next(c for c in ("J", "D", "Jac") if c not in names.names.taken)


def _local_step(q: Quantity, u: Quantity, node: Node, names: Naming, first: bool) -> Step:
    left = math(Local(_letter(names), q.name, u.name))
    lines = (
        names.equation(names.name(q.name), q.definition, of=q.name),
        Equation(math(left, " = ", mark(written(q, u, node, names))), size(q, u), node),
    )
    sentence = describe(decompose(node, len(q.shape), [len(u.shape)])).sentence
    flat = len(q.shape) > 1 or len(u.shape) > 1
    why: list[Prose] = []
    if first:
        why.append((
            math(left), f" is the local Jacobian: how {q.name} moves with {u.name} where it stands "
            f"in the line for {q.name}, all other letters of that line held fixed.",
        ))  # fmt: skip
    shape = f"{size(q, u)}: a row for each entry of {q.name}, a column for each entry of {u.name}"
    if not q.shape and not u.shape:
        why.append((f"{q.name} and {u.name} are numbers, and so is this Jacobian.",))
    elif q.shape and u.shape:
        why.append((f"{shape}. Its structure: {sentence}.",))
    else:
        why.append((f"{shape}.",))
    if rule_name(q) not in PLAIN_RULES:
        why += rule_reasons(q, names)
    why += _where_one_moves(q, u, names)
    if len(q.inputs) > 1:
        others = ", ".join(i.name for i in q.inputs if i is not u)
        why.append((f"Here {others} stands still; what moves through it is another path.",))
    if flat:
        why.append((
            "The entries of a matrix are taken column after column (vec); by "
            "vec(AZB) = (Bᵀ ⊗ A) vec(Z) a product becomes a Kronecker product.",
        ))  # fmt: skip
    return Step("jacobian", f"Jacobian of {q.name} by {u.name}: {rule_name(q)}", lines, tuple(why))


def _where_one_moves(q: Quantity, u: Quantity, names: Naming) -> list[Prose]:
    """dq = … du, from which the Jacobian is read: not said for an entrywise function."""
    if isinstance(q.definition, Apply) and lookup(q.definition.function).elementwise:
        return []
    parts = [substitute_others(t, u, names) for t in change_terms(q)]
    found = [t for t in parts if not is_zero(t)]
    if isinstance(q.definition, Apply):
        found = [substitute(t, {q.definition: q.variable}) for t in found]
    if not found or any(names.formula(t).letters for t in found):
        return []
    row: list[Part | Math] = []
    for t in found:
        minus = bool(row) and split_coefficient(t)[0] < 0
        row += [" − " if minus else " + "] * bool(row) + [names.write(scale(-1, t) if minus else t)]
    dq = names.name(q.direction.name)
    return [(f"Where only {u.name} moves, ", math(dq, " = ", *row), ".")]


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
    place = {q.name: k for k, q in enumerate(names.quantities)}
    pending = {u: local[root.name, u.name] for u in root.inputs if (root.name, u.name) in local}
    by_path = set(pending)  # reached so far by the direct path alone
    made: list[Step] = []
    while any(u is not names.start for u in pending):
        v = max((u for u in pending if u is not names.start), key=lambda u: place[u.name])
        made.append(_through(v, pending, by_path, local, names, first=not made))
    return made, pending[names.start]


def _through(
    v: Quantity,
    pending: dict[Quantity, Node],
    by_path: set[Quantity],
    local: dict[tuple[str, str], Node],
    names: Naming,
    first: bool,
) -> Step:
    """∂y/∂v J_v(u) added to what is known of ∂y/∂u, for each u that v depends on."""
    root, letter = names.root, _letter(names)
    out = len(root.shape)

    def called(u: Quantity) -> Part:
        own = u in by_path
        return Local(letter, root.name, u.name) if own else Partial(root.name, (u.name,))

    start = _applied(pending, out)
    lines: list[Equation] = []
    why: list[Prose] = []
    if first:
        left = math(Partial(root.name, (names.x.name,)))
        why.append((
            left, f" is the total Jacobian, along every path from {names.x.name} to {root.name}; a "
            "path contributes the product of its local Jacobians, the last one first.",
        ))  # fmt: skip
    before, outer = pending.pop(v), called(v)
    by_path.discard(v)
    for u in v.inputs:
        second = local.get((v.name, u.name))
        if second is None:
            continue
        through = _composed(before, second, out, len(v.shape), len(u.shape))
        known = u in pending
        total = add(pending[u], through) if known else through
        left = math(Partial(root.name, (u.name,)))
        sides: list[Part | Math] = [mark(outer), " ", mark(Local(letter, v.name, u.name))]
        numbers: list[Part | Math] = [
            "(", math(written(root, v, before, names)), ")", " ",
            "(", math(written(v, u, second, names)), ")",
        ]  # fmt: skip
        shapes = f"({size(root, v)})({size(v, u)}) ⟶ {size(root, u)}"
        if known:
            sides = [called(u), " + ", *sides]
            numbers = [math(written(root, u, pending[u], names)), " + ", *numbers]
            shapes = f"{size(root, u)} + {shapes}"
        lines.append(Equation(math(left, " = ", *sides), shapes, total))
        lines.append(Equation(math(left, " = ", *numbers), "", total))
        result = mark(written(root, u, total, names))
        lines.append(Equation(math(left, " = ", result), size(root, u), total))
        why.append(_order(v))
        if known:
            why.append((f"{u.name} is reached on several paths: their products are added.",))
        by_path.discard(u)
        pending[u] = total
        if is_zero(total):
            del pending[u]
    rule = f"chain rule through {v.name}"
    return Step("insert", rule, tuple(lines), distinct(why), start, _applied(pending, out))


def _order(v: Quantity) -> Prose:
    if not v.shape:
        return (f"{v.name} is one number: a column times a row, or a number times either.",)
    return (
        f"Columns of the first and rows of the second both belong to the entries of {v.name} "
        f"({_count(v)} of them), and are summed over: the shapes fix the order.",
    )  # fmt: skip
