"""Sizes of 𝟏 and I are left out where they follow from what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from ..ir.record import REGISTRY
from .tree import MATRIX, SCALAR, Tree, eye, ones
from .treewalk import with_args

Ends = tuple[bool, bool]  # of rows and columns

NO, BY_SHAPE, YES = range(3)  # BY_SHAPE: told by the shape of the whole, to what is more than I


def hide_sizes(root: Tree, whole: bool = False) -> Tree:
    """Leave out the sizes of 𝟏 and I where they follow.

    `whole` says that the reader knows the shape of the root.
    """
    start = (root, (BY_SHAPE, BY_SHAPE) if whole else (NO, NO))
    new: dict[tuple[Tree, tuple[int, int]], Tree] = {}
    stack = [(start, False)]
    while stack:
        key, ready = stack.pop()
        tree, told = key
        if key in new:
            continue
        if tree.op == "eye":
            new[key] = eye(None) if YES in told else tree
        elif tree.op == "ones":
            new[key] = ones(None) if told[0] == YES else tree
        elif not tree.args:
            new[key] = tree
        else:
            parts = list(zip(tree.args, _told(tree, told), strict=True))
            if ready:
                new[key] = with_args(tree, tuple(new[part] for part in parts))
            else:
                stack.append((key, True))
                stack.extend((part, False) for part in parts)
    return new[start]


def _told(tree: Tree, told: tuple[int, int]) -> list[tuple[int, int]]:
    """What each part is told about its rows and columns."""
    none = (NO, NO)
    if tree.op == "product":
        result = [none] * len(tree.args)
        wide = [k for k, a in enumerate(tree.args) if not a.scalar]
        for k, before, after in zip(wide, [None, *wide], [*wide[1:], None], strict=False):
            rows = told[0] if before is None else YES * knows_size(tree.args[before])[1]
            columns = told[1] if after is None else YES * knows_size(tree.args[after])[0]
            if before is not None and not tree.args[k].kind[0]:
                rows = NO
            result[k] = (rows, columns)
        return result
    if tree.op in ("sum", "hadamard"):
        result = []
        for k in range(len(tree.args)):
            others = [knows_size(a) for j, a in enumerate(tree.args) if j != k]
            result.append(
                (
                    YES if told[0] or any(o[0] for o in others) else NO,
                    YES if told[1] or any(o[1] for o in others) else NO,
                )
            )
        if any(map(_is_eye, tree.args)):  # square: rows and columns tell each other
            result = [(max(t), max(t)) for t in result]
        return [none if a.scalar else t for a, t in zip(tree.args, result, strict=True)]
    if tree.op == "transpose":
        return [(told[1], told[0])]
    if tree.op == "kron" and all(told):
        eyes = [k for k, a in enumerate(tree.args) if _is_eye(a)]
        if len(eyes) == 1 and all(
            all(knows_size(a)) for k, a in enumerate(tree.args) if k not in eyes
        ):
            return [(YES, YES) if k in eyes else none for k in range(len(tree.args))]
    if tree.op == "power" and tree.kind == MATRIX:
        return [(max(told), max(told))]
    record = REGISTRY.get(tree.data[0]) if tree.op == "call" else None
    if tree.op in ("neg", "frac", "elpower") or (record is not None and record.elementwise):
        return [none if a.scalar else told for a in tree.args]
    return [none] * len(tree.args)


def _is_eye(tree: Tree) -> bool:
    if tree.op == "product":
        return all(a.scalar or a.op == "eye" for a in tree.args)
    if tree.op in ("frac", "neg"):
        return _is_eye(tree.args[0])
    return tree.op == "eye"


def knows_size(tree: Tree) -> Ends:
    """Whether the numbers of rows and columns of a tree follow from names in it."""
    stack = [tree]
    while stack:
        top = stack[-1]
        missing = [a for a in top.args if a not in _KNOWN]
        stack.extend(missing)
        if not missing:
            _KNOWN[top] = _known(stack.pop(), _KNOWN)
    return _KNOWN[tree]


_KNOWN: WeakKeyDictionary[Tree, Ends] = WeakKeyDictionary()


def _known(tree: Tree, known: Mapping[Tree, Ends]) -> Ends:
    if tree.op in ("ones", "eye") or tree.kind == SCALAR:
        return (False, False)
    if not tree.args:
        return (True, True)
    if tree.op == "transpose":
        return known[tree.args[0]][::-1]
    parts = [known[a] for a in tree.args if a.kind != SCALAR]
    if tree.op == "product":
        return (parts[0][0], parts[-1][1])
    if tree.op in ("sum", "hadamard", "elpower"):
        return (any(p[0] for p in parts), any(p[1] for p in parts))
    both = all(
        p[0] and (p[1] or a.kind[1] is False)
        for p, a in zip(parts, [a for a in tree.args if a.kind != SCALAR], strict=True)
    )
    return (both, both)
