"""The last pass over a formula: shared parts get "where" lines.

Lines are also cut where they grow too long, so that a formula is linear in the size of its graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .index import Letters
from .names import Names
from .tree import ROW, Tree, make, name
from .treewalk import post_order, with_args

MIN_SHARED = 7  # a part shorter than this is repeated rather than named
MIN_SAVED = 12
MAX_LINE = 160


class Line(NamedTuple):
    """`title_letters = tree`; the formula itself has no title."""

    title: Tree | None
    letters: Letters
    tree: Tree


def share(lines: Sequence[Line], names: Names) -> list[Line]:
    """The lines with a new line for each part that occurs again, definitions before their uses."""
    roots = [line.tree for line in lines]
    uses: dict[Tree, int] = {}
    order = post_order(*roots)
    for tree in order:
        for arg in tree.args:
            uses[arg] = uses.get(arg, 0) + 1
    for root in roots:
        uses[root] = uses.get(root, 0) + 1
    new: dict[Tree, Tree] = {}
    lettered: set[Tree] = set()
    stepped: dict[Tree, str] = {}  # what depends on the running step, and its letter
    made: dict[Tree, Tree] = {}  # title → definition
    titles: dict[Tree, Tree] = {}  # definition → title
    for tree in order:
        if tree.op in ("sub", "delta") or any(a in lettered for a in tree.args):
            lettered.add(tree)
        letter = _step(tree, stepped)
        if letter:
            stepped[tree] = letter
        fresh = with_args(tree, tuple(new[a] for a in tree.args))
        if fresh.length > MAX_LINE:
            args = tuple(
                _name_it(a, made, titles, names, stepped.get(old, ""))
                if a.length > MAX_LINE // 3 and _may_be_named(a) and old not in lettered
                else a
                for old, a in zip(tree.args, fresh.args, strict=True)
            )
            for old, a in zip(tree.args, args, strict=True):
                new[old] = a
            fresh = with_args(fresh, args)
        saved = (uses[tree] - 1) * (fresh.length - 1)
        if (
            tree not in lettered
            and fresh.length >= MIN_SHARED
            and saved >= MIN_SAVED
            and _may_be_named(fresh)
        ):
            fresh = _name_it(fresh, made, titles, names, stepped.get(tree, ""))
        new[tree] = fresh
    result: list[Line] = []
    for line in lines:
        _emit(new[line.tree], made, result)
        tree = new[line.tree]
        if line.title is None and tree in made:  # the whole formula needs no name of its own
            result = [entry for entry in result if entry.title is not tree]
            tree = made[tree]
        result.append(line._replace(tree=tree))
    return result


def _may_be_named(tree: Tree) -> bool:
    if tree.kind == ROW or tree.op in (
        "name",
        "at",
        "size",
        "number",
        "eye",
        "ones",
        "commutation",
    ):
        return False
    if tree.op == "transpose" or (tree.op == "call" and tree.data[0] == "diag"):
        return tree.args[0].op != "name" and tree.op != "transpose"
    return True


def _step(tree: Tree, stepped: Mapping[Tree, str]) -> str:
    """The letter of the running step that a tree depends on; a sum over it does not."""
    if tree.op == "at":
        return tree.data[1]  # the letters, of loops around first
    found = max((stepped[a] for a in tree.args if a in stepped), key=len, default="")
    if tree.op == "sigma":
        return ",".join(letter for letter in found.split(",") if letter not in tree.data)
    return found


def _name_it(
    tree: Tree,
    made: dict[Tree, Tree],
    titles: dict[Tree, Tree],
    names: Names,
    step: str = "",
) -> Tree:
    """A name for a part, with the step that it depends on."""
    found = titles.get(tree)
    if found is not None:
        return found
    ndim = sum(tree.kind)
    if step and any(t.op == "at" and _passed_back(t) for t in post_order(tree)):
        title = name(names.fresh("dz"), ndim, tree.symmetric)
    else:
        title = name(names.for_kind(ndim), ndim, tree.symmetric)
    if step:
        title = make("at", [title], (step, step), tree.kind, tree.symmetric)
    made[title] = tree
    titles[tree] = title
    return title


def _passed_back(tree: Tree) -> bool:
    """Whether this is a state's gradient, dh_t: then so is what is made of it."""
    return len(tree.args[0].data) > 1 and tree.args[0].data[0] == "d"


def _emit(tree: Tree, made: dict[Tree, Tree], result: list[Line]) -> None:
    """Append the definitions that a tree needs, each once, in order."""
    done = {line.title for line in result}
    stack = [(tree, False)]
    while stack:
        top, ready = stack.pop()
        if ready:
            if top not in done:
                done.add(top)
                result.append(Line(top, (), made[top]))
            continue
        for part in post_order(top):
            if part in made and part not in done:
                stack.append((part, True))
                stack.append((made[part], False))
