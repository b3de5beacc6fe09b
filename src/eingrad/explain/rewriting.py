"""From a formula with something put in, to the form it is simplified to: one named law a line.

A law looks at one part of a formula tree and gives another part of the same value. Laws are tried
in the order of the list; each one is used wherever it applies before the next, and what it gives is
a line of its own. Only the order of summands and of commuting factors changes without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..notation import Formula
from ..notation.tree import Tree, make
from ..notation.treewalk import fold, post_order, with_args
from .laws import LAWS

MAX_PARTS = 300  # of a formula that is rewritten law by law; a larger one is rewritten at once
MAX_LINES = 12
NAMED = "what stands there more than once is given a name"


@dataclass(frozen=True)
class Rewritten:
    """A line: the formula after a law was used, and the law."""

    law: str
    formula: Formula


def put_in(written: Formula, definitions: Mapping[str, Formula]) -> Formula | None:
    """The formula with definitions in the place of names, as it stands before any law is used.

    None where a formula is more than its tree: in index notation, or a recurrence.
    """
    own = inlined(written)
    trees = {name: inlined(f) for name, f in definitions.items()}
    if own is None or any(t is None for t in trees.values()):
        return None

    def replaced(tree: Tree, args: list[Tree]) -> Tree:
        found = trees.get(tree.data) if tree.op == "name" else None
        return with_args(tree, tuple(args)) if found is None else found

    directions = dict(written.directions)
    taken = written.names
    for one in definitions.values():
        directions |= one.directions
        taken |= one.names
    whole = fold(own, replaced)
    moving = {t.data for t in post_order(whole) if t.op == "name"} & directions.keys()
    return replace(
        written, tree=whole, where=(), names=taken, directions={k: directions[k] for k in moving}
    )


def inlined(written: Formula) -> Tree | None:
    """The tree of a formula with its "where" lines put in; None in index notation."""
    if written.letters or written.steps or any(line.letters for line in written.where):
        return None
    known: dict[str, Tree] = {}

    def replaced(tree: Tree, args: list[Tree]) -> Tree:
        found = known.get(tree.data) if tree.op == "name" else None
        return with_args(tree, tuple(args)) if found is None else found

    for line in written.where:
        if line.title is not None:
            known[line.title.data] = fold(line.tree, replaced)
    return fold(written.tree, replaced)


def rewritings(start: Formula, goal: Formula) -> list[Rewritten] | None:
    """Lines from one formula to another of the same value; None where laws do not lead there.

    The last line is the goal itself.
    """
    first, final = inlined(start), inlined(goal)
    if first is None or final is None or len(post_order(first, final)) > MAX_PARTS:
        return None
    wanted = _usual(final)
    current = _flat(first)
    lines: list[Rewritten] = []
    while _usual(current) is not wanted:
        step = _next(current)
        if step is None or len(lines) == MAX_LINES:
            last = _last(current, final)
            if last is None:
                return None
            lines.append(Rewritten(last, goal))
            break
        law, current = step
        lines.append(Rewritten(law, replace(start, tree=current, where=())))
    if goal.where and not lines:
        return [Rewritten(NAMED, goal)]
    if goal.where and lines[-1].formula is not goal:
        return [*lines, Rewritten(NAMED, goal)]
    if lines:
        lines[-1] = Rewritten(lines[-1].law, goal)
    return lines


def same_terms(terms: Sequence[Formula], whole: Formula) -> bool:
    """Whether a formula is the sum of these, in any order: nothing was added up or pulled out."""
    trees = [inlined(t) for t in terms]
    found = inlined(whole)
    if found is None or any(t is None for t in trees):
        return False
    row = [t for t in trees if t is not None]
    return _usual(make("sum", row, (1,) * len(row), found.kind)) is _usual(found)


def _next(tree: Tree) -> tuple[str, Tree] | None:
    for law, rule in LAWS:
        after = _everywhere(tree, rule)
        if after is not tree:
            return law, after
    return None


def _everywhere(tree: Tree, rule: Callable[[Tree], Tree | None]) -> Tree:
    def step(part: Tree, args: list[Tree]) -> Tree:
        part = with_args(part, tuple(args))
        for _ in range(4):  # what a law gives may be one more place for it
            after = rule(part)
            if after is None or after is part:
                break
            part = after
        return part

    return _flat(fold(tree, step))


def _flat(tree: Tree) -> Tree:
    """Products of products and sums of sums without their inner brackets, which say nothing."""

    def step(part: Tree, args: list[Tree]) -> Tree:
        if part.op in ("product", "hadamard"):
            row: list[Tree] = []
            for a in args:
                inner = a.op == part.op and (part.op == "hadamard" or not a.scalar or part.scalar)
                row.extend(a.args if inner else [a])
            return make(part.op, row, part.data, part.kind, part.symmetric)
        if part.op == "sum":
            terms, signs = _opened_sum(args, part.data)
            return make("sum", terms, signs, part.kind, part.symmetric)
        return with_args(part, tuple(args))

    return fold(tree, step)


def _opened_sum(args: Sequence[Tree], signs: Sequence[int]) -> tuple[list[Tree], tuple[int, ...]]:
    terms: list[Tree] = []
    found: list[int] = []
    for sign, a in zip(signs, args, strict=True):
        inner = a.op == "sum"
        terms.extend(a.args if inner else [a])
        found.extend(sign * s for s in a.data) if inner else found.append(sign)
    return terms, tuple(found)


def _usual(tree: Tree) -> Tree:
    """The tree with summands and commuting factors in one order: equal up to that order."""

    def step(part: Tree, args: list[Tree]) -> Tree:
        if part.op == "sum":
            signs = [s * (-1 if a.op == "neg" else 1) for s, a in zip(part.data, args, strict=True)]
            bare = [a.args[0] if a.op == "neg" else a for a in args]
            pairs = sorted(zip(bare, signs, strict=True), key=lambda p: (_key(p[0]), p[1]))
            return make("sum", [p[0] for p in pairs], tuple(p[1] for p in pairs), part.kind)
        if part.op == "hadamard":
            return make("hadamard", sorted(args, key=_key), None, part.kind)
        if part.op == "product":
            if any(a.op == "number" for a in args[1:]):  # its place is in front
                return make("product", args, None, part.kind)
            numbers = sorted((a for a in args if a.scalar), key=_key)
            return make("product", [*numbers, *(a for a in args if not a.scalar)], None, part.kind)
        return make(part.op, args, part.data, part.kind)

    return fold(_flat(tree), step)


def _key(tree: Tree) -> str:
    return repr(tree)


def _last(before: Tree, after: Tree) -> str | None:
    """What is left to do, as the number of names and functions tells it; None if it does not.

    What terms share is pulled out: fewer of each. Brackets are opened: more of each.
    """
    old, new = _parts(before), _parts(after)
    if old.keys() != new.keys():
        return None
    if old == new:
        if _numbers_in(before) != _numbers_in(after):
            return "numbers are multiplied and cancelled"
        terms = before.op == "sum" and (after.op != "sum" or len(after.args) < len(before.args))
        return "what terms share is pulled out" if terms else "in the usual order"
    if all(new[k] <= old[k] for k in new):
        return "what terms share is pulled out, and like terms are added"
    if all(new[k] >= old[k] for k in old):
        return "brackets are opened"
    return None


def _parts(tree: Tree) -> Counter[object]:
    """Names, functions, norms and powers in a tree, each as often as it occurs."""
    counts: Counter[object] = Counter()
    stack = [tree]
    while stack:
        part = stack.pop()
        stack.extend(part.args)
        if part.op in ("name", "kernel", "commutation", "norm", "size"):
            counts[part.op, part.data] += 1
        elif part.op == "call" and part.data[0] not in ("sum", "tr", "diag", "vec"):
            counts[part.data] += 1
    return counts


def _numbers_in(tree: Tree) -> Counter[object]:
    return Counter(t.data for t in post_order(tree) if t.op == "number")
