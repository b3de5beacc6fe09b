"""Rules by name, and the reasons that a reader asks for, from records and written formulas."""

from __future__ import annotations

from dataclasses import replace

from ..dims import shape_text
from ..ir.apply import apply
from ..ir.build import as_node, power
from ..ir.loop import Scan
from ..ir.node import Apply, Contraction, Node, Sum, Term, variable
from ..ir.record import Record, lookup
from ..ir.rule import FamilyRule, IndexRule
from ..ir.walk import depending_on, topological
from ..notation import formula
from ..notation.tree import Tree, call, product, transposed
from ..notation.treewalk import post_order
from .naming import Naming
from .steps import Quantity
from .written import Prose, math

# Rules whose reasons a Jacobian does not need: the matrix beside what moves is seen.
PLAIN_RULES = ("sum rule", "product rule", "sum rule and product rule",
               "linearity: constant factors stay")  # fmt: skip
MAX_NAMED = 45  # characters; a function with a longer sentence goes by its name


def rule_name(q: Quantity) -> str:
    """The rule by which the differential of a quantity is found."""
    node = q.definition
    if recurs(node, q):
        return "recurrence: the chain rule at every step"
    if isinstance(node, Apply):
        record = lookup(node.function)
        if not record.elementwise:
            return record.rule or f"differential of {named(record)}"
        if not node.ndim:
            return "chain rule"
        return "chain rule through an elementwise function: the diagonal matrix becomes ⊙"
    if isinstance(node, Sum):
        moving = [moving_factors(o, q) for o in node.operands]
        return "sum rule and product rule" if any(n > 1 for n in moving) else "sum rule"
    return "product rule" if moving_factors(node, q) > 1 else "linearity: constant factors stay"


def recurs(node: Node, q: Quantity) -> bool:
    """Whether what moves passes through a recurrence."""
    order = topological(node)
    moving = depending_on(order, [v for i in q.inputs for v in (i.variable, i.direction)])
    return any(isinstance(n, Scan) for n in order if n in moving)


def moving_factors(node: Node, q: Quantity) -> int:
    """How many factors of a product move with what a quantity depends on."""
    if not isinstance(node, Contraction | Term):
        return int(_moves(node, q))
    return sum(
        moving_factors(f.node, q) if isinstance(f.node, Contraction | Term) else _moves(f.node, q)
        for f in node.factors
    )


def _moves(node: Node, q: Quantity) -> bool:
    order = topological(node)
    return node in depending_on(order, [i.variable for i in q.inputs])


def named(record: Record) -> str:
    """A function by what its record says it is: `the inverse of a square matrix`."""
    text = record.sentence.split(";")[0].split(". ")[0].rstrip(".")
    unclear = not text.startswith(("The ", "A ")) or len(text) > MAX_NAMED
    if record.notation.kind == "call" and unclear:
        return str(record.notation.unicode)
    first = text.split(" ")[0]
    return text[0].lower() + text[1:] if first in ("The", "A", "Orthonormal") else text


def rule_reasons(q: Quantity, names: Naming) -> list[Prose]:
    """What the rule says, for the function at hand."""
    node = q.definition
    if recurs(node, q):
        return [(
            "The differential of a state follows from that of the state before, by the chain rule "
            "of one step: a recurrence of its own, which runs along.",
        )]  # fmt: skip
    if isinstance(node, Apply):
        record = lookup(node.function)
        if record.elementwise:
            return _slopes(node, q, names)
        rule = f"The rule of {named(record)}: {record.source}."
        return [(rule,), *_kinks(record, node)]
    moving = max(
        (moving_factors(o, q) for o in (node.operands if isinstance(node, Sum) else [node])),
        default=0,
    )
    reasons: list[Prose] = squared_norm(q, names)
    if isinstance(node, Sum):
        reasons.append(("The differential of a sum is the sum of the differentials.",))
        if moving == 1 and any(not _moves(o, q) for o in node.operands):
            reasons.append(("What does not depend on the variable has differential 0.",))
    if moving > 1:
        reasons.append(("Each factor moves in its turn while the others stand still.",))
    elif not isinstance(node, Sum):
        reasons.append(("Only one factor moves; the others are constants and stay in place.",))
    return reasons


def _kinks(record: Record, node: Apply) -> list[Prose]:
    """What is taken for the derivative where there is none."""
    found = [k.text for k in record.kinks if k.when(dict(node.params))]
    return [(f"Convention: {text}.",) for text in found]


def collecting_reasons(q: Quantity, terms: list[Node]) -> list[Prose]:
    """Why the terms of a product rule become one expression."""
    reasons: list[Prose] = []
    if len(set(terms)) < len(terms):
        reasons.append((
            "The factors that move are the same, and each contributes the same (a number is its "
            "own transpose: pᵀ dp = dpᵀ p); equal terms are added.",
        ))  # fmt: skip
    elif not q.shape and len(terms) > 1:
        reasons.append((
            "A number is its own transpose, so that a term may be turned round: uᵀMz = zᵀMᵀu. "
            "Then what the terms share is pulled out.",
        ))  # fmt: skip
    return reasons


def squared_norm(q: Quantity, names: Naming) -> list[Prose]:
    """What ‖Z‖² is as a product, where it is written so."""
    written = names.formula(q.definition)
    for tree in post_order(written.tree):
        if tree.op == "power" and tree.data == 2 and tree.args[0].op == "norm":
            z = tree.args[0].args[0]
            shown = math(replace(written, tree=tree))
            if z.kind == (True, True):
                other = call("tr", product(transposed(z), z))
            else:
                other = product(transposed(z), z)
            return [(shown, " is the sum of the squares of the entries, ",
                     math(replace(written, tree=other)), ".")]  # fmt: skip
    return []


def _slopes(node: Apply, q: Quantity, names: Naming) -> list[Prose]:
    """The scalar derivative of an elementwise function, from the record's own rule."""
    record = lookup(node.function)
    arguments = [
        variable(o.name if hasattr(o, "name") else names.names.for_kind(0), ())
        for o in node.operands
    ]
    if node.function == "power":
        value = power(arguments[0], node.param("exponent"))
    else:
        value = apply(node.function, *arguments, **dict(node.params))
    reasons: list[Prose] = []
    moving = {i.variable for i in q.inputs}
    params = dict(node.params) if record.rule_params else {}
    for operand, argument, rule in zip(node.operands, arguments, record.derivative, strict=True):
        if operand not in moving or rule is None or isinstance(rule, IndexRule | FamilyRule):
            continue
        slope = as_node(rule(value, *arguments, **params))
        reasons.append((
            "For one number, the derivative of ",
            math(formula(value)),
            " by ",
            math(formula(argument)),
            " is ",
            math(formula(slope)),
            ".",
        ))  # fmt: skip
    reasons += _kinks(record, node)
    if node.ndim:
        reasons.append((
            "Each entry of the result depends on the same entry of the argument alone: the "
            "Jacobian is a diagonal matrix, and diag(s) times a vector is s ⊙ that vector.",
        ))  # fmt: skip
    return reasons


def moving_reason(local: Node, q: Quantity, to: Quantity, names: Naming) -> Prose:
    """Why ⟨G, L(du)⟩ = ⟨L*(G), du⟩ has the sides and transposes that it has."""
    if recurs(local, q):
        return (
            "The transpose of a recurrence runs backwards, from the last step to the first, and "
            "adds what each step contributes: back-propagation through time.",
        )  # fmt: skip
    written = names.formula(local)
    wanted = f"have the shape {shape_text(to.shape)} of {to.name}"
    spots = f"What stands beside d{to.name} must {wanted if to.shape else 'be a number'}."
    if q.shape:
        spots = f"G has the shape {shape_text(q.shape)} of {q.name}; w{spots[1:]}"
    du = math(names.formula(to.direction))
    if written.form == "index" or written.where:
        return (
            "What multiplies each entry of ", du,
            " is collected in the place of that entry. " + spots,
        )  # fmt: skip
    tree = written.tree
    while tree.op in ("neg", "frac", "product"):  # down to the part that moves
        held = [a for a in tree.args if _holds(a, to.direction.name)]
        if tree.op == "product" and not (len(held) == 1 and held[0].scalar and to.shape):
            break
        if len(held) != 1:
            break
        tree = held[0]
    if tree.op == "name":
        return (du, " stands alone: the factor stays as it is.")
    if tree.op == "transpose" and tree.args[0].op == "name":
        return ("A transpose moves to the other side: ⟨G, Zᵀ⟩ = ⟨Gᵀ, Z⟩. " + spots,)
    if tree.op == "hadamard":
        return (
            "An elementwise factor moves to the other side unchanged: "
            "⟨G, s ⊙ z⟩ = ⟨s ⊙ G, z⟩.",
            *_behind(tree, q, to, spots),
        )  # fmt: skip
    if tree.op == "product":
        return _product_reason(tree, q, to, spots)
    if tree.op == "call" and tree.data[0] == "tr":
        return (
            "A trace stays the same when its factors are turned round in a circle, until the "
            "differential stands last; then tr(MZ) = ⟨Mᵀ, Z⟩, as the entry z_ij is multiplied by "
            "m_ji: a transpose appears. " + spots,
        )  # fmt: skip
    if tree.op == "call" and tree.data[0] == "sum":
        return ("A sum adds all entries, so that each entry receives the same factor. " + spots,)
    return (
        "What multiplies each entry of ", du,
        " is collected in the place of that entry. " + spots,
    )  # fmt: skip


def _behind(tree: Tree, q: Quantity, to: Quantity, spots: str) -> Prose:
    """What happens after an elementwise factor has moved: y ⊙ (A dx)."""
    held = [a for a in tree.args if _holds(a, to.direction.name)]
    if len(held) == 1 and held[0].op == "product":
        return (" Then ", *_product_reason(held[0], q, to, spots))
    return ()


def _product_reason(tree: Tree, q: Quantity, to: Quantity, spots: str) -> Prose:
    """⟨G, A dX B⟩ = ⟨AᵀGBᵀ, dX⟩, as far as it applies."""
    args = [a for a in tree.args if not a.scalar]
    place = next((k for k, a in enumerate(args) if _holds(a, to.direction.name)), None)
    if place is None:
        return ("The factor moves along. " + spots,)
    turned = args[place].op == "transpose"
    left, right = place > 0, place + 1 < len(args)
    if args[place].op not in ("name", "transpose", "product", "hadamard"):
        return (
            "What multiplies each entry of the differential is collected in its place. " + spots,
        )  # fmt: skip
    if args[place].op == "hadamard":
        return ("Factors move one after another: matrices turned, elementwise ones not. " + spots,)
    if tree.scalar and len(to.shape) == 2:
        return (
            "uᵀZv = ⟨uvᵀ, Z⟩: the entry z_ij is multiplied by u_i and v_j. " + spots,
        )  # fmt: skip
    if tree.scalar and to.shape:
        return (
            "A row times a column is an inner product: gᵀz = ⟨g, z⟩; with a matrix between, "
            "gᵀBz = ⟨Bᵀg, z⟩. " + spots,
        )  # fmt: skip
    if not left and not right:
        return ("Only numbers stand beside the differential; they move along.",)
    if left and right:
        text = "⟨G, AZB⟩ = ⟨AᵀGBᵀ, Z⟩: what stands on the left goes over transposed, to the left; "
        text += "what stands on the right goes over transposed, to the right. "
    elif left:
        text = "⟨G, AZ⟩ = ⟨AᵀG, Z⟩: what stands on the left goes over transposed, to the left. "
    else:
        text = "⟨G, ZB⟩ = ⟨GBᵀ, Z⟩: what stands on the right goes over transposed, to the right. "
    if turned:
        text += "Where Z is itself transposed, the whole is transposed once more. "
    return (text + _order(q, to, left=left, right=right, turned=turned) + spots,)


def _order(q: Quantity, to: Quantity, *, left: bool, right: bool, turned: bool) -> str:
    """Whether sizes alone leave one order; else where each axis of Z in AZB comes from."""
    own, there = to.shape[::-1] if turned else to.shape, q.shape
    square = [to.name] if len(own) == 2 and own[0] == own[1] else []
    if left and there and own[0] == there[0]:
        square.append("what stands on the left")
    if right and len(own) == len(there) == 2 and own[1] == there[1]:
        square.append("what stands on the right")
    if not square:
        return "It is the one order in which the shapes fit: "
    name = f"d{to.name}ᵀ" if turned else f"d{to.name}"
    origins = [
        f"rows of {name} meet the columns on the left" if left
        else f"rows of {name} are rows of {q.name}"
    ]  # fmt: skip
    if len(own) == 2:
        meets = "meet the rows on the right" if right else f"are columns of {q.name}"
        origins.append(f"columns of {name} {meets}")
    said = " and ".join([", ".join(square[:-1]), square[-1]] if square[1:] else square)
    verb = "are" if square[1:] else "is"
    return (
        f"Sizes alone do not tell this order from others, as {said} {verb} square: axes "
        f"are told apart by where they come from; {', '.join(origins)}. "
    )


def _holds(tree: Tree, name: str) -> bool:
    pending = [tree]
    while pending:
        t = pending.pop()
        if t.op == "name" and t.data == name:
            return True
        pending.extend(t.args)
    return False
