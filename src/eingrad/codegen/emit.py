"""From a program to statements: which values get a name, and how each operation is written.

A value that is used once is written where it is used, as long as the line stays readable; all
others get names. Views (`X.T`, `y[:, None]`) of named things cost nothing and are repeated.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..dims import Dim
from .arguments import size_text
from .names import Names
from .program import ZERO, Program, Value
from .target import Target, fill, number_source, parsed, slots

MAX_LENGTH = 64  # of an expression before parts of it get names
FREE = frozenset({"input", "number", "size"})
VIEWS = frozenset({"transpose", "index"})
OPERATORS: dict[str, ast.operator] = {
    "mul": ast.Mult(),
    "div": ast.Div(),
    "matmul": ast.MatMult(),
}


class Emission:
    """Writes the statements for some values of a program.

    Attributes
    ----------
    lines:
        The statements so far.
    size_symbols:
        Symbols of the sizes that the statements use.
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
        self.arguments = arguments
        self.size_names = size_names
        self.lines: list[str] = []
        self.size_symbols: set[str] = set()
        self.uses = reachable(roots)
        self._tree: dict[Value, ast.expr] = {}
        self._length: dict[Value, int] = {}
        self._named: set[Value] = set()

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

    def owned(self, value: Value) -> str:
        """A name of an array with the value's content that may be written to."""
        if value.op in ("broadcast", "full", *FREE, *VIEWS, "diagonal", "reshape", "constant"):
            if value.op == "broadcast":
                return self.assign(
                    self._fill("materialised", [self._tree[value.args[0]]], shape=value.shape)
                )
            if value.op == "full":
                return self.named(value)
            return self.assign(self._fill("copy", [self._tree[value]]))
        name = self.named(value)
        if self.uses[value] > 1:
            return self.assign(self._fill("copy", [ast.Name(name)]))
        return name

    def dim(self, dim: Dim) -> str:
        """A size as source."""
        self.size_symbols |= dim.symbols()
        return size_text(dim, self.size_names)

    def shape(self, shape: Iterable[Dim]) -> str:
        """A shape as source."""
        dims = [self.dim(d) for d in shape]
        return f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"

    def indexed(self, entries: Sequence[tuple[Any, ...] | None], shape: Sequence[Dim]) -> str:
        """Indexing of an axis each by `(start, step, count)`, `(start,)`; None is a new axis."""
        texts: list[str] = []
        turned: list[str] = []
        totals = iter(shape)
        for entry in entries:
            if entry is None:
                texts.append("None")
                turned.append(":")
                continue
            total = next(totals)
            if len(entry) == 1:
                texts.append(self.dim(entry[0]))
                continue
            start, step, count = entry
            turned.append(":" if step > 0 else "::-1")
            if step < 0:  # the same entries upwards, then turned round
                start, step = start + (count - 1) * step, -step
            stop = start + count * step - (step - 1)
            text = ("" if start == ZERO else self.dim(start)) + ":"
            text += "" if stop == total else self.dim(stop)
            texts.append(text + (f":{step}" if step > 1 else ""))
        return _brackets(texts) + _brackets(turned)

    def returned(self, roots: Sequence[Value], labels: Sequence[str]) -> str:
        """What the function returns: an expression, or names after the labels."""
        results: list[ast.expr] = []
        seen: set[Value] = set()
        for value in roots:
            results.append(self._result(value, value in seen))
            seen.add(value)
        if len(results) == 1:
            return ast.unparse(results[0])
        names = []
        for label, tree in zip(labels, results, strict=True):
            name = self.names.fresh(label)
            self.lines.append(f"{name} = {ast.unparse(tree)}")
            names.append(name)
        return ", ".join(names)

    def _result(self, value: Value, again: bool) -> ast.expr:
        """A returned value: never an argument, a view of one, or an array returned before."""
        inner = value
        while inner.op in ("transpose", "index", "reshape", "diagonal"):
            inner = inner.args[0]
        tree = self._tree[value]
        if value.op == "broadcast":
            return self._fill("materialised", [self._tree[value.args[0]]], shape=value.shape)
        if value.weak:
            return self._fill("full", [tree], shape=value.shape)
        if inner.op in ("input", "broadcast") or again:
            return self._fill("copy", [tree])
        return tree

    # Writing.

    def _write(self, value: Value) -> None:
        if value.op == "embed":
            self.target.embed(self, value)
            return
        if value.op == "constant":
            array = next(
                a
                for a, v in zip(self.program.constants, self._constants(), strict=True)
                if v is value
            )
            self.bind(value, self.assign(self._fill("array", [], data=_data(array))))
            return
        template, tree = None, None
        if value.op == "call":
            function, *params = value.params
            template = self.target.function_template(function, len(value.args), dict(params))
        self._shorten(value, template)
        args = [self._tree[a] for a in value.args]
        tree = fill(template, args) if template is not None else self._expression(value, args)
        if value.op == "call" and value.weak:
            tree = fill(slots(self.target.weak_call), [tree])
        self._tree[value] = tree
        self._length[value] = sum(self._length[a] for a in value.args) + _own_length(value)
        if value.op in FREE:
            self._length[value] = len(ast.unparse(tree))
            return
        if self.uses[value] > 1:
            is_view = value.op in VIEWS and isinstance(self._tree[value.args[0]], ast.Name)
            if not is_view:
                self.named(value)

    def _constants(self) -> list[Value]:
        return [v for v in self.program.values if v.op == "constant"]

    def _shorten(self, value: Value, template: str | None) -> None:
        """Give names to arguments that are used twice or make the line long."""
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
            self.named(longest)

    def _fill(self, spelling: str, args: Sequence[ast.expr], **params: Any) -> ast.expr:
        texts = {
            k: self.shape(v) if k == "shape" else self.dim(v) if isinstance(v, Dim) else str(v)
            for k, v in params.items()
        }
        places = [f"_slot{k}_" for k in range(len(args))]
        return fill(self.target.spellings[spelling].format(*places, **texts), args)

    def _expression(self, value: Value, args: list[ast.expr]) -> ast.expr:
        op = value.op
        if op in OPERATORS:
            if op == "mul" and value.args[0] is value.args[1] and not isinstance(args[0], ast.Name):
                return ast.BinOp(args[0], ast.Pow(), ast.Constant(2))
            return ast.BinOp(args[0], OPERATORS[op], args[1])
        method = getattr(self, f"_{op}", None)
        if method is not None:
            return method(value, args)
        return self._fill(op, args)

    def _input(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return ast.Name(self.arguments[value.params[0]])

    def _number(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return ast.parse(number_source(value.params[0]), mode="eval").body

    def _size(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return ast.parse(self.dim(value.params[0]), mode="eval").body

    def _neg(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return ast.UnaryOp(ast.USub(), args[0])

    def _add(self, value: Value, args: list[ast.expr]) -> ast.expr:
        tree = args[0] if value.params[0] > 0 else ast.UnaryOp(ast.USub(), args[0])
        for sign, arg in zip(value.params[1:], args[1:], strict=True):
            tree = ast.BinOp(tree, ast.Add() if sign > 0 else ast.Sub(), arg)
        return tree

    def _power(self, value: Value, args: list[ast.expr]) -> ast.expr:
        exponent = number_source(value.params[0])
        return self._fill(
            "power", args, exponent=exponent if "/" not in exponent else f"({exponent})"
        )

    def _transpose(self, value: Value, args: list[ast.expr]) -> ast.expr:
        if value.params == tuple(range(value.ndim))[::-1]:
            return self._fill("T", args)
        return self._fill("transpose", args, axes=", ".join(map(str, value.params)))

    def _index(self, value: Value, args: list[ast.expr]) -> ast.expr:
        shape = value.args[0].shape
        entries: list[tuple[Any, ...] | None] = []
        axis = 0
        for entry in value.params:
            if entry[0] == "new":
                entries.append(None)
                continue
            entries.append((ZERO, 1, shape[axis]) if entry[0] == "all" else entry[1:])
            axis += 1
        return fill(f"_slot0_{self.indexed(entries, shape)}", args)

    def _reshape(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self._fill("reshape", args, shape=value.shape)

    def _with_shape(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self._fill(value.op, args, shape=value.shape)

    _broadcast = _full = _ones = _zeros = _with_shape  # type: ignore[assignment]

    def _eye(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self._fill("eye", args, n=value.params[0])

    def _diagonal(self, value: Value, args: list[ast.expr]) -> ast.expr:
        if value.args[0].ndim == 2:
            return self._fill("matrix_diagonal", args)
        return self._fill("diagonal", args, axis1=value.params[0], axis2=value.params[1])

    def _sum(self, value: Value, args: list[ast.expr]) -> ast.expr:
        axes = value.params
        if len(axes) == value.args[0].ndim:
            return self._fill("sum_all", args)
        return self._fill("sum", args, axes=axes[0] if len(axes) == 1 else axes)

    def _tensordot(self, value: Value, args: list[ast.expr]) -> ast.expr:
        first, second = value.params
        ndim = value.args[0].ndim
        if first == tuple(range(ndim - len(first), ndim)) and second == tuple(range(len(second))):
            axes = str(len(first))
        elif len(first) == 1:
            axes = f"({first[0]}, {second[0]})"
        else:
            axes = f"({first}, {second})"
        return self._fill("tensordot", args, axes=axes)

    def _tril(self, value: Value, args: list[ast.expr]) -> ast.expr:
        (k,) = value.params
        return self._fill(value.op if k else value.op + "0", args, k=k)

    _triu = _tril

    def _cumsum(self, value: Value, args: list[ast.expr]) -> ast.expr:
        axis, reverse = value.params
        return self._fill("reversed_cumsum" if reverse else "cumsum", args, axis=axis)

    def _kernel(self, value: Value, args: list[ast.expr]) -> ast.expr:
        kind, (rows, columns), pairs = value.params
        params = dict(pairs)
        if kind == "selection":
            start = self.dim(params["start"])
            return self._fill(
                "selection_pattern",
                args,
                rows=rows,
                columns=columns,
                start=start,
                step=params["step"],
            )
        if kind == "tril":
            return self._fill("lower_pattern", args, rows=rows, columns=columns, k=params["k"])
        return self._fill("upper_pattern", args, rows=rows, columns=columns, k=-params["k"])

    def _concatenate(self, value: Value, args: list[ast.expr]) -> ast.expr:
        places = ", ".join(f"_slot{k}_" for k in range(len(args)))
        template = self.target.spellings["concatenate"].format(
            parts=f"({places})", axis=value.params[0]
        )
        return fill(template, args)


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


def _brackets(entries: list[str]) -> str:
    """`[…]` without trailing colons; empty when nothing is left."""
    while entries and entries[-1] == ":":
        entries = entries[:-1]
    return f"[{', '.join(entries)}]" if entries else ""


def _own_length(value: Value) -> int:
    if value.op in OPERATORS or value.op in ("neg", "add"):
        return 3 * max(1, len(value.args) - 1)
    if value.op == "transpose":
        return 2
    if value.op == "index":
        return 4 * len(value.params)
    return 14


def _data(array: np.ndarray) -> str:
    """An array as nested lists in source, exactly."""

    def item(x: Any) -> str:
        if isinstance(x, list):
            return f"[{', '.join(map(item, x))}]"
        if isinstance(x, float) and not math.isfinite(x):
            return "np.nan" if math.isnan(x) else "np.inf" if x > 0 else "-np.inf"
        return repr(x)

    return item(array.tolist())
