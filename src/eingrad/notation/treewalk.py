"""Walks over formula trees: iterative, each part once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .tree import Tree, make

T = TypeVar("T")


def post_order(*roots: Tree) -> list[Tree]:
    """All parts of the roots, each once, parts before wholes."""
    seen: set[Tree] = set()
    result: list[Tree] = []
    stack: list[tuple[Tree, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        tree, done = stack.pop()
        if done:
            result.append(tree)
        elif tree not in seen:
            seen.add(tree)
            stack.append((tree, True))
            stack.extend((a, False) for a in reversed(tree.args) if a not in seen)
    return result


def fold(root: Tree, step: Callable[[Tree, list[T]], T]) -> T:
    """`step(tree, values of its args)` from the leaves up; never recursive."""
    values: dict[Tree, T] = {}
    for tree in post_order(root):
        values[tree] = step(tree, [values[a] for a in tree.args])
    return values[root]


def with_args(tree: Tree, args: tuple[Tree, ...]) -> Tree:
    """The tree with other parts of the same kinds."""
    if args == tree.args:
        return tree
    return make(tree.op, args, tree.data, tree.kind, tree.symmetric)
