"""From a program to statements: which values get a name, and how each operation is written.

A value that is used once is written where it is used, as long as the line stays readable; all
others get names. Views (`X.T`, `y[:, None]`) of named things cost nothing and are repeated.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from ..ir.record import lookup
from .literals import data_text
from .names import Names
from .program import Program, Value
from .spell import OPERATORS, Speller
from .targets.target import Target, fill, parsed

MAX_LENGTH = 64  # of an expression before parts of it get names
FREE = frozenset({"input", "number", "size"})
VIEWS = frozenset({"transpose", "index"})
ALIASES = VIEWS | {"reshape", "diagonal", "states", "last"}  # may share memory with their argument


class Emission:
    """Writes the statements for some values of a program.

    Attributes
    ----------
    lines:
        The statements so far.
    spell:
        Writes single operations.
    """

    def __init__(
        self,
        program: Program,
        roots: Sequence[Value],
        target: Target,
        names: Names,
        arguments: Mapping[str, str],
        size_names: Mapping[str, str],
    ) -> None:
        self.program = program
        self.target = target
        self.names = names
        self.spell = Speller(target, arguments, size_names)
        self.lines: list[str] = []
        self.uses = reachable(roots)
        self.positive: set[str] = set()  # sizes that were checked not to be 0
        self._tree: dict[Value, ast.expr] = {}
        self._length: dict[Value, int] = {}
        self._named: set[Value] = set()

    def inside(
        self, value: Value, arguments: Mapping[str, str], sizes: Mapping[str, str] = {}
    ) -> Emission:
        """The statements of one step of a loop, and its results as `text(root)`.

        `arguments` are what its bound variables are called, `sizes` its bound sizes.
        """
        body = value.params[0]
        size_names = {**self.spell.size_names, **sizes}
        roots = (*body.roots, *body.kept)
        inner = Emission(body.program, roots, self.target, self.names, arguments, size_names)
        inner.positive |= self.positive | set(sizes.values())
        inner.run()
        self.spell.size_symbols |= inner.spell.size_symbols - sizes.keys()
        return inner

    def results(self, loop: Value, op: str) -> list[Value]:
        """What is used of a loop: `states`, `last`, `kept`; `swept` of a sweep."""
        return [v for v in self.uses if v.op == op and v.args[0] is loop]

    def run(self) -> None:
        """Write everything that the roots need."""
        for value in sorted(self.uses, key=lambda v: v.number):
            self._write(value)

    # For targets.

    def statement(self, text: str) -> None:
        """One more line."""
        self.lines.append(text)

    def text(self, value: Value) -> str:
        """The value as source."""
        return ast.unparse(self._tree[value])

    def named(self, value: Value) -> str:
        """The value as a name, given to it now if it has none."""
        if value not in self._named and value.op not in FREE:
            self.bind(value, self.assign(self._tree[value]))
        return self.text(value)

    def assign(self, tree: ast.expr) -> str:
        """A new name for an expression."""
        return self.assign_text(ast.unparse(tree))

    def assign_text(self, text: str) -> str:
        """A new name for an expression given as source."""
        name = self.names.numbered("t")
        self.lines.append(f"{name} = {text}")
        return name

    def bind(self, value: Value, name: str) -> None:
        """From now on the value is called `name`."""
        self._tree[value] = ast.Name(name)
        self._length[value] = len(name)
        self._named.add(value)

    def write(self, value: Value, text: str) -> None:
        """The value is written as `text`; it gets a name if it is used more than once."""
        tree = ast.parse(text, mode="eval").body
        if self.uses[value] > 1:
            self.bind(value, self.assign(tree))
        else:
            self._tree[value] = tree
            self._length[value] = len(text)

    def owned(self, value: Value) -> str:
        """A name of an array with the value's content that may be written to."""
        if value.op == "broadcast":
            inner = self._tree[value.args[0]]
            return self.assign(self.spell.fill("materialised", [inner], shape=value.shape))
        shared = value.op in FREE or value.op in ALIASES or value.op == "constant"
        if shared or self.uses[value] > 1:
            return self.assign(self.spell.fill("copy", [self._tree[value]]))
        return self.named(value)

    def returned(self, roots: Sequence[Value], labels: Sequence[str]) -> str:
        """What the function returns: an expression, or names after the labels."""
        results = self.results_of(roots)
        if len(results) == 1:
            return results[0]
        names = []
        for label, text in zip(labels, results, strict=True):
            name = self.names.fresh(label)
            self.lines.append(f"{name} = {text}")
            names.append(name)
        return ", ".join(names)

    def results_of(self, roots: Sequence[Value], alone: int = 0) -> list[str]:
        """What a function returns, as expressions: no argument of it, no view of one, and no array
        twice; the first `alone` results no views at all, which would keep a larger array alive."""
        results: list[ast.expr] = []
        seen: set[Value] = set()
        for k, value in enumerate(roots):
            inner = value
            while inner.op in ALIASES:
                inner = inner.args[0]
            shared = inner.op in ("input", "broadcast") or inner in seen
            shared |= k < alone and inner is not value
            results.append(self._result(value, shared))
            seen.add(inner)
        return [ast.unparse(tree) for tree in results]

    def _result(self, value: Value, shared: bool) -> ast.expr:
        """A returned value: never an argument, a view of one, or an array returned before."""
        tree = self._tree[value]
        if value.op == "broadcast":
            return self.spell.fill("materialised", [self._tree[value.args[0]]], shape=value.shape)
        if value.weak:
            return self.spell.fill("full", [tree], shape=value.shape)
        return self.spell.fill("copy", [tree]) if shared else tree

    # Writing.

    def _write(self, value: Value) -> None:
        if value.op == "embed":
            self.target.embed(self, value)
            return
        if value.op == "loop":
            self.target.loop(self, value)
            return
        if value.op == "add_at" and "add_at" in self.target.spellings:
            base, index, weights = value.args
            name, sign = self.owned(base), "+" if value.params[0] > 0 else "-"
            places = self.spell.fill_text("add_at", name, self.named(index))
            self.statement(f"{places} {sign}= {self.text(weights)}")
            self.bind(value, name)
            return
        if value.op == "sweep":
            self.target.sweep(self, value)
            return
        if value.op in ("states", "last", "kept", "swept"):  # named with their loop
            return
        if value.op == "constant":
            data = data_text(self.program.constants[value])
            self.bind(value, self.assign(self.spell.fill("array", [], data=data)))
            return
        template = None
        if value.op == "call":
            function, *params = value.params
            write = self.target.number_template if value.weak else self.target.function_template
            template = write(function, len(value.args), dict(params))
        self._shorten(value, template)
        args = [self._tree[a] for a in value.args]
        if value.op == "call" and not value.weak and not self.target.weak_arguments:
            args = [
                self.spell.fill("scalar", [tree]) if arg.weak else tree
                for arg, tree in zip(value.args, args, strict=True)
            ]
        if template is None:
            tree = self.spell.expression(value, args)
        elif len(args) > 1 and lookup(value.params[0]).elementwise:
            shapes = [a.shape for a in value.args]
            tree = self.spell.elementwise(shapes, args, lambda *given: fill(template, given))
        else:
            tree = fill(template, args)
        self._tree[value] = tree
        self._length[value] = sum(self._length[a] for a in value.args) + _own_length(value)
        if value.op in FREE:
            self._length[value] = len(ast.unparse(tree))
            return
        if self.uses[value] > 1:
            if value.op == "transpose" and value.args[0].op not in VIEWS:
                self._name_below(value)
            is_view = value.op in VIEWS and isinstance(self._tree[value.args[0]], ast.Name)
            if not is_view:
                self.named(value)

    def _shorten(self, value: Value, template: str | None) -> None:
        """Give names to arguments that are used twice or make the line long."""
        if value.op == "pick":
            self.named(value.args[1])
        if template is not None:
            for arg, count in zip(value.args, parsed(template)[1], strict=False):
                if count > 1:
                    self.named(arg)
        if value.op == "mul" and value.args[0] is value.args[1] and value.args[0].op not in VIEWS:
            return
        while sum(self._length[a] for a in value.args) + _own_length(value) > MAX_LENGTH:
            longest = max(value.args, key=lambda a: self._length[a])
            if self._length[longest] < 12:
                break
            if longest in self._named or longest.op in FREE:
                break
            if longest.op == "transpose" and longest.args[0] not in self._named:
                self._name_below(longest)
            else:
                self.named(longest)

    def _name_below(self, transposed: Value) -> None:
        """Name what is transposed rather than the transpose, so that products see it."""
        (inner,) = transposed.args
        self.named(inner)
        self._tree[transposed] = self.spell.expression(transposed, [self._tree[inner]])
        self._length[transposed] = self._length[inner] + _own_length(transposed)


def everything(roots: Sequence[Value]) -> list[Value]:
    """The values that the roots need, with those inside of loops."""
    found = list(reachable(roots))
    for value in found:  # grows as loops are opened
        if value.op in ("loop", "sweep"):
            found.extend(reachable(value.params[0].roots))
    return found


def reachable(roots: Sequence[Value]) -> dict[Value, int]:
    """The values that the roots need, and how often each is used; a root counts one more."""
    uses: dict[Value, int] = {}
    stack = []
    for root in roots:
        if root not in uses:
            stack.append(root)
        uses[root] = uses.get(root, 0) + 1
        while stack:
            for arg in stack.pop().args:
                if arg not in uses:
                    stack.append(arg)
                uses[arg] = uses.get(arg, 0) + 1
    return uses


def _own_length(value: Value) -> int:
    if value.op in OPERATORS or value.op in ("neg", "add"):
        return 3 * max(1, len(value.args) - 1)
    if value.op == "transpose":
        return 2
    if value.op == "index":
        return 4 * len(value.params)
    if value.op in ("windows", "overlap_add"):
        return 34
    return 14
