"""The route by differentials: dy = …, rearranged until it is ⟨∂y/∂x, dx⟩, and read off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..differentiate import differentiate, pullback, pushforward
from ..dims import shape_text
from ..ir.build import add, einsum, is_zero, number, scale, split_coefficient, zeros
from ..ir.construct import inner_product
from ..ir.node import Apply, Contraction, Node, Sum, Term, Variable, variable
from ..ir.walk import depending_on, substitute, topological, variables
from .naming import Naming, at
from .rewriting import put_in, rewritings, same_terms
from .rules import collecting_reasons, moving_reason, rule_name, rule_reasons
from .steps import Equation, Quantity, Step
from .traces import turned
from .written import PLAIN, Mark, Math, Part, Prose, Written, distinct, mark, math


def steps(names: Naming, full: bool) -> tuple[list[Step], Node]:
    """The steps, and ∂y/∂x in the names of the derivation."""
    changes = {q.direction: total_change(q) for q in names.quantities}
    made = [_differential(q, changes[q.direction], names) for q in names.quantities]
    if names.root.full.ndim:
        more, result = _forward(names, changes, full)
    else:
        more, result = _by_inner_products(names, changes, full)
    return [*made, *more], result


# Differentials of the intermediate results -------------------------------------------------------


def total_change(q: Quantity) -> Node:
    """dq in terms of the differentials of what it is computed from."""
    return _own_value(q, add(*change_terms(q)))


def change_terms(q: Quantity) -> list[Node]:
    """The terms of dq as the rules give them, one for each factor that moves."""
    if q.definition is q.inputs[0].variable:
        return [q.inputs[0].direction]
    return [t for t in _terms(q.definition, q) if not is_zero(t)] or [zeros(q.shape)]


def _terms(node: Node, q: Quantity) -> list[Node]:
    if isinstance(node, Sum):
        return [t for operand in node.operands for t in _terms(operand, q)]
    if not isinstance(node, Contraction | Term):
        return [_pushed(node, q)]
    dependent = depending_on(topological(node), [i.variable for i in q.inputs])
    coefficient = node.coefficient if isinstance(node, Term) else 1
    out = node.out if isinstance(node, Term) else [(a,) for a in node.out]
    result = []
    for k, factor in enumerate(node.factors):
        if factor.node not in dependent:
            continue
        moved = _terms(factor.node, q) if _product(factor.node) else [_pushed(factor.node, q)]
        for term in moved:
            factors = [(term if j == k else f.node, f.indices) for j, f in enumerate(node.factors)]
            result.append(einsum(factors, out, coefficient, dict(enumerate(node.sizes))))
    return result


def _product(node: Node) -> bool:
    return isinstance(node, Contraction | Term)


def _pushed(node: Node, q: Quantity) -> Node:
    return add(*(pushforward(node, i.variable, i.direction) for i in q.inputs))


def _own_value(q: Quantity, node: Node) -> Node:
    """The value of a function inside of its own derivative goes by its name: dP = −P dX P."""
    if isinstance(q.definition, Apply):
        return substitute(node, {q.definition: q.variable})
    return node


def _differential(q: Quantity, change: Node, names: Naming) -> Step:
    terms = [_own_value(q, t) for t in change_terms(q)]
    left = names.name(q.direction.name)
    before = names.equation(names.name(q.name), q.definition, of=q.name)
    lines = [before]
    sides: list[Part | Math] = []
    moving = [i.direction.name for i in q.inputs]
    if len(terms) > 1:
        for k, term in enumerate(terms):
            minus = k > 0 and split_coefficient(term)[0] < 0
            bare = scale(-1, term) if minus else term
            sides += [" − " if minus else " + "] * bool(k) + [names.boxed(bare, *moving)]
    inner = math("d", "(", names.write(q.definition), ")")
    written = names.formula(change)
    shown = bool(sides) and not written.letters
    collected = names.boxed(change, *moving)
    final = math(at(left, written), " = ", collected)
    if shown and same_terms([names.formula(t) for t in terms], written):
        final = math(left, " = ", inner, " = ", *sides)
        shown = False
    if shown:
        lines.append(
            Equation(math(left, " = ", inner, " = ", *sides), "", add(*terms), q.name, True)
        )
    lines.append(Equation(final, names.shapes(change), change, q.name, True))
    why = rule_reasons(q, names)
    if q.variable in topological(change):
        why.append((f"What stands there for {q.name} itself goes by its name.",))
    if shown:
        why += collecting_reasons(q, terms)
    return Step("differential", rule_name(q), tuple(lines), distinct(why))


# A scalar: inner products ------------------------------------------------------------------------


def _by_inner_products(
    names: Naming, changes: dict[Variable, Node], full: bool
) -> tuple[list[Step], Node]:
    """dy = Σ ⟨G_u, du⟩, one intermediate result after another put in, until only dx is left."""
    root = names.root
    made = []
    place = {q.name: k for k, q in enumerate(names.quantities)}
    pending = _pulled(root, number(1), names)
    start = changes[root.direction]
    dy = names.name(root.direction.name)
    end = state(pending)
    why: list[Prose] = [(
        "The differential of a scalar is written as a sum of inner products ⟨G, dZ⟩, the products "
        "of entries added up: gᵀdz for vectors, tr(GᵀdZ) for matrices; of numbers, g · dz. What "
        "stands beside dZ is the derivative by Z.",
    )]  # fmt: skip
    every = [_own_value(root, t) for t in change_terms(root)]
    terms = list(dict.fromkeys(every))
    row: list[Part | Math] = [names.write(start)]
    if len(terms) == len(every) > 1:
        row = []
        for t in terms:
            row += [*([" + "] if row else []), names.write(t)]
    lines = [Equation(math(dy, " = ", *row), "", start, root.name, True)]
    for u in pending:
        for term in terms:
            part = substitute_others(term, u, names)
            if is_zero(part):
                continue
            lines += _as_inner_product(part, u, names, alone=len(terms) == 1)
            reason = moving_reason(part, root, u, names)
            why.append(reason)
    lines.append(Equation(math(dy, " = ", _row(pending, names)), "", end, root.name, True))
    made.append(Step("collect", "as inner products", tuple(lines), distinct(why), start, end))
    while any(u is not names.start for u in pending):
        v = max((u for u in pending if u is not names.start), key=lambda u: place[u.name])
        made.append(_insert(v, pending, changes[v.direction], names))
        g = pending.pop(v)
        for u, more in _pulled(v, g, names).items():
            pending[u] = add(pending[u], more) if u in pending else more
            if is_zero(pending[u]):
                del pending[u]
    result = pending.get(names.start, zeros(names.x.shape))
    return made, result


def _as_inner_product(part: Node, u: Quantity, names: Naming, alone: bool) -> list[Equation]:
    """One term of dy as ⟨G, du⟩; a trace is turned round first, and then its transpose taken."""
    left = names.write(part)
    written = names.formula(part)
    found = turned(written, u.direction.name)
    one = differentiate(part, [u.direction])
    lines: list[Equation] = []
    if found is not None:
        if str(found.trace) != str(written):
            row = math(left, " = ", found.trace)
            lines.append(Equation(row, "the trace is cyclic", part))
        laws = rewritings(found.beside, names.formula(one)) or []
        for formula, law in [(found.beside, "tr(MᵀZ) = ⟨M, Z⟩"),
                             *((r.formula, r.law) for r in laws)]:  # fmt: skip
            row = math(left, " = ", inner_row({u: math(formula)}, names))
            lines.append(Equation(row, law, part))
    elif not alone:
        lines.append(Equation(math(left, " = ", _row({u: one}, names)), "", part))
    return lines


def substitute_others(change: Node, u: Quantity, names: Naming) -> Node:
    """The part of a differential that moves with one quantity."""
    others: dict[Node, Node] = {
        q.direction: zeros(q.shape) for q in names.directions.values() if q is not u
    }
    return substitute(change, others)


def _pulled(q: Quantity, g: Node, names: Naming) -> dict[Quantity, Node]:
    """What ⟨g, dq⟩ has beside the differential of each input."""
    if q.definition is q.inputs[0].variable:
        return {q.inputs[0]: g}
    pulled = {i: _own_value(q, pullback(q.definition, i.variable, g)) for i in q.inputs}
    return {i: node for i, node in pulled.items() if not is_zero(node)}


def state(pending: dict[Quantity, Node]) -> Node:
    """Σ ⟨G_u, du⟩ as a node."""
    if not pending:
        return number(0)
    return add(*(inner_product(g, u.direction) for u, g in pending.items()))


def _row(pending: dict[Quantity, Node], names: Naming) -> Math:
    return inner_row({u: math(names.write(h)) for u, h in pending.items()}, names)


def inner_row(
    pending: Mapping[Quantity, Math],
    names: Naming,
    instead: Mapping[Quantity, Math] | None = None,
) -> Math:
    """Σ ⟨G_u, du⟩ as it is written, of numbers g · du; some right sides put in."""
    row: list[Part | Math] = []
    for u, left in pending.items():
        right: Part | Math = names.name(u.direction.name)
        if instead is not None and u in instead:
            right = mark(instead[u])
        row += [" + "] * bool(row)
        if u.shape:
            row += ["⟨", left, ", ", right, "⟩"]
        elif PLAIN.draw(left) in ("1", "⟦1⟧"):
            row.append(right)
        else:
            row += [*_factor(left, first=not row), " · ", right]
    return math(*row) if row else math(names.write(number(0)))


def _factor(left: Math, first: bool) -> list[Part | Math]:
    """A number before a dot, in brackets where it is a sum or a negative one inside of a row."""
    (part, *more) = left.parts
    tree = part.formula.tree if isinstance(part, Written) and not more else None
    bare = isinstance(part, Mark) or (tree is not None and tree.op != "sum")
    if bare and (first or tree is None or tree.op != "neg"):
        return [left]
    return ["(", left, ")"]


def _insert(v: Quantity, pending: dict[Quantity, Node], change: Node, names: Naming) -> Step:
    """dv replaced by what it is, and what stands beside it moved to the other side."""
    dy = names.name(names.root.direction.name)
    start = state(pending)
    own = math(names.name(v.direction.name))
    g = pending[v]
    fresh = _pulled(v, g, names)
    others = {u: h for u, h in pending.items() if u is not v}
    after = dict(others)
    for u, more in fresh.items():
        after[u] = add(after[u], more) if u in after else more
    after = {u: h for u, h in after.items() if not is_zero(h)}
    end = state(after)
    whole = {u: math(names.write(h)) for u, h in pending.items()}
    rest = {u: whole[u] for u in others}
    lines = [
        Equation(math(dy, " = ", inner_row(whole, names, {v: own})), "", start),
        Equation(math(dy, " = ", inner_row(whole, names, {v: names.write(change)})), "", start),
    ]
    known = [u for u in fresh if u in pending]
    alone = len(fresh) == 1 and not known
    moved = [m for u, h in fresh.items() for m in _moved(v, u, g, h, names)] if alone else []
    for left, law in moved:
        row = inner_row({**rest, **dict.fromkeys(fresh, left)}, names)
        lines.append(Equation(math(dy, " = ", row), law, end))
    if moved:
        law = f"{lines[-1].shapes}; " if lines[-1].shapes else ""
        lines[-1] = replace(lines[-1], shapes=law + _sizes(after))
    else:
        last = {u: math(mark(names.write(h)) if u in fresh else names.write(h))
                for u, h in after.items()}  # fmt: skip
        lines.append(Equation(math(dy, " = ", inner_row(last, names)), _sizes(after), end))
    why: list[Prose] = []
    said = False
    for u in fresh:
        local = substitute_others(change, u, names)
        parts = local.operands if isinstance(local, Sum) else (local,)
        reason = distinct(moving_reason(part, v, u, names) for part in parts)
        if v.shape and not said and not (isinstance(g, Variable) and g.name == "G"):
            # The rules say G; where a variable is called that, the reader must be told apart.
            taken = any(w.name == "G" for w in variables(start))
            lead = "In the rule below G stands for " if taken else "Here G = "
            why.append((lead, names.write(g), "."))
            said = True
        why += reason
    if known:
        what = ", ".join(f"d{u.name}" for u in known)
        why.append((f"{what} was there before: both contributions are added.",))
    rule = f"put in d{v.name}, and move to the other side"
    return Step("insert", rule, tuple(lines), distinct(why), start, end)


def _moved(
    v: Quantity, u: Quantity, g: Node, pulled: Node, names: Naming
) -> list[tuple[Math, str]]:
    """What stands beside du, with G put in as it is; then one law a line, up to the usual form."""
    stand_in = variable(names.names.fresh("G"), v.shape)
    names.names.taken.discard(stand_in.name)
    literal = _pulled(v, stand_in, names).get(u)
    if literal is None or g is number(1):
        return []
    written, inner = names.formula(literal), names.formula(g)
    begun = put_in(written, {stand_in.name: inner})
    laws = None if begun is None else rewritings(begun, names.formula(pulled))
    if begun is None or laws is None:
        return []
    first = math(Written(written, {stand_in.name: math(mark(inner))}))
    return [(first, ""), *((math(mark(line.formula)), line.law) for line in laws)]


def _sizes(pending: dict[Quantity, Node]) -> str:
    return ", ".join(f"beside d{u.name}: {shape_text(g.shape)}" for u, g in pending.items())


# Anything else: the differential itself ---------------------------------------------------------


def _forward(names: Naming, changes: dict[Variable, Node], full: bool) -> tuple[list[Step], Node]:
    """dY with one differential after another put in, until only dX is left."""
    root = names.root
    dy = names.name(root.direction.name)
    current = changes[root.direction]
    made = []
    for q in reversed(names.quantities[:-1]):
        before = names.formula(current)
        if q.direction not in topological(current):
            continue
        change = changes[q.direction]
        after = substitute(current, {q.direction: change})
        name = q.direction.name
        left = at(dy, before)
        lines = [
            Equation(math(left, " = ", names.boxed(current, name)), "", current, root.name, True),
            Equation(math(left, " = ", names.put(current, {name: names.write(change)})), "", after),
        ]
        begun = put_in(before, {name: names.formula(change)})
        laws = None if begun is None else rewritings(begun, names.formula(after))
        lines += [
            Equation(math(left, " = ", line.formula), line.law, after, root.name, True)
            for line in laws or ()
        ]
        end = names.equation(dy, after, of=root.name, differential=True)
        if laws:
            lines[-1] = replace(end, shapes=f"{lines[-1].shapes}; {end.shapes}")
        elif laws is None:
            lines.append(end)
        why: Prose = (
            f"d{q.name} is known from the step above; nothing else changes, and products keep "
            "their order.",
        )
        made.append(Step("insert", f"put in d{q.name}", tuple(lines), (why,), current, after))
        current = after
    return made, differentiate(current, [names.start.direction])
