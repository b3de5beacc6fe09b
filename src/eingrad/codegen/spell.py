"""How each operation is written: operators, indexing, and the spellings of the target."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from ..dims import Dim, as_dim
from ..ir.node import Shape
from .arguments import size_text
from .program import ZERO, Value, broadcast
from .targets.target import Target, fill, number_source

OPERATORS: dict[str, ast.operator] = {
    "mul": ast.Mult(),
    "div": ast.Div(),
}


def _binary(operator: ast.operator, a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, operator, b)


class Speller:
    """Writes operations as syntax trees.

    Attributes
    ----------
    size_symbols:
        Symbols of the sizes that were written.
    """

    def __init__(
        self, target: Target, arguments: Mapping[str, str], size_names: Mapping[str, str]
    ) -> None:
        self.target = target
        self.arguments = arguments
        self.size_names = size_names
        self.size_symbols: set[str] = set()

    def dim(self, dim: Dim) -> str:
        """A size as source."""
        self.size_symbols |= dim.symbols()
        return size_text(dim, self.size_names)

    def shape(self, shape: Iterable[Dim]) -> str:
        """A shape as source."""
        dims = [self.dim(d) for d in shape]
        return f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"

    def subscripts(
        self, entries: Sequence[tuple[Any, ...] | None], shape: Sequence[Dim]
    ) -> tuple[str, str]:
        """Indexing of an axis each by `(start, step, count)`, `(start,)`; None is a new axis.

        Steps are positive in the first subscript; the second turns axes round.
        """
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
        return _brackets(texts, self.target.whole_indices), _brackets(turned)

    def fill_text(self, spelling: str, *args: str, **params: Any) -> str:
        """`fill` of source, as source."""
        trees = [ast.parse(text, mode="eval").body for text in args]
        return ast.unparse(self.fill(spelling, trees, **params))

    def fill(self, spelling: str, args: Sequence[ast.expr], **params: Any) -> ast.expr:
        texts = {
            k: self.shape(v) if k == "shape" else self.dim(v) if isinstance(v, Dim) else str(v)
            for k, v in params.items()
        }
        places = [f"_slot{k}_" for k in range(len(args))]
        return fill(self.target.spellings[spelling].format(*places, **texts), args)

    def elementwise(
        self, shapes: Sequence[Shape], args: list[ast.expr], write: Callable[..., ast.expr]
    ) -> ast.expr:
        """`write(*args)`; where the library cannot broadcast that, alike axes are put side by side.

        Axes are alike along which the same operands are broadcast.
        """
        most = self.target.broadcast_axes
        total = broadcast(shapes)
        if most is None or len(total) <= most:
            return write(*args)
        axes = range(len(total))
        lacking = [[len(s) < n or s[-n].is_one for s in shapes] for n in range(len(total), 0, -1)]
        long = [state for state, dim in zip(lacking, total, strict=True) if not dim.is_one]
        if sum(now != before for before, now in pairwise(long)) < most:
            return write(*args)
        order = sorted(axes, key=lambda k: lacking[k])
        turned = []
        for shape, tree in zip(shapes, args, strict=True):
            if shape:
                absent = ", ".join(["None"] * (len(total) - len(shape)))
                tree = fill(f"_slot0_[{absent}]", [tree]) if absent else tree
                tree = self.fill("transpose", [tree], axes=", ".join(map(str, order)))
            turned.append(tree)
        back = ", ".join(str(order.index(k)) for k in axes)
        return self.fill("transpose", [write(*turned)], axes=back)

    def expression(self, value: Value, args: list[ast.expr]) -> ast.expr:
        op = value.op
        if op in OPERATORS:
            if op == "mul" and value.args[0] is value.args[1] and not isinstance(args[0], ast.Name):
                return ast.BinOp(args[0], ast.Pow(), ast.Constant(2))
            shapes = [a.shape for a in value.args]
            return self.elementwise(shapes, args, partial(_binary, OPERATORS[op]))
        method = getattr(self, f"_{op}", None)
        if method is not None:
            return method(value, args)
        return self.fill(op, args)

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
        shape = value.args[0].shape
        for sign, other, arg in zip(value.params[1:], value.args[1:], args[1:], strict=True):
            operator = ast.Add() if sign > 0 else ast.Sub()
            tree = self.elementwise([shape, other.shape], [tree, arg], partial(_binary, operator))
            shape = broadcast([shape, other.shape])
        return tree

    def _matmul(self, value: Value, args: list[ast.expr]) -> ast.expr:
        """`@`, or for libraries where it takes no vectors what they have for those."""
        ranks = (min(value.args[0].ndim, 2), min(value.args[1].ndim, 2))
        if self.target.row_vectors and ranks == (2, 1) and value.args[0].op == "transpose":
            turned = args[0]
            if isinstance(turned, ast.Attribute):  # not where the transpose got a name
                return ast.BinOp(args[1], ast.MatMult(), turned.value)
        special = {(2, 1): "matvec", (1, 2): "vecmat", (1, 1): "dot"}.get(ranks, "matmul")
        if special in self.target.spellings:
            return self._flagged(special, value, args)
        return ast.BinOp(args[0], ast.MatMult(), args[1])

    def _flagged(self, spelling: str, value: Value, args: list[ast.expr]) -> ast.expr:
        """A product of matrices; where the library has a flag for it, in place of a transpose."""
        args = list(args)
        turned = ""
        for k, side in enumerate("ab"):
            arg, tree = value.args[k], args[k]
            *lead, row, column = range(max(2, arg.ndim))
            swap = (*lead, column, row)
            if arg.op != "transpose" or arg.params != swap or not isinstance(tree, ast.Call):
                continue
            if f"{spelling}_{turned}{side}" in self.target.spellings:
                turned += side
                args[k] = tree.args[0]
        return self.fill(f"{spelling}_{turned}" if turned else spelling, args)

    def _vdot(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill("vdot", args, ndim=value.args[0].ndim)

    def _solve(self, value: Value, args: list[ast.expr]) -> ast.expr:
        vector = value.ndim == 1 and "solve_vector" in self.target.spellings
        return self._flagged("solve_vector" if vector else "solve", value, args)

    def _power(self, value: Value, args: list[ast.expr]) -> ast.expr:
        exponent = number_source(value.params[0])
        return self.fill(
            "power", args, exponent=exponent if "/" not in exponent else f"({exponent})"
        )

    def _clip(self, value: Value, args: list[ast.expr]) -> ast.expr:
        low, high = map(number_source, value.params)
        return self.fill("clip", args, low=low, high=high)

    def _transpose(self, value: Value, args: list[ast.expr]) -> ast.expr:
        if value.params == (1, 0):
            return self.fill("T", args)
        return self.fill("transpose", args, axes=", ".join(map(str, value.params)))

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
        taken, turned = self.subscripts(entries, shape)
        tree = fill(f"_slot0_{taken}", args)
        if not turned:
            return tree
        if "flip" not in self.target.spellings:
            return fill(f"_slot0_{turned}", [tree])
        axes = [k for k, text in enumerate(turned[1:-1].split(", ")) if text != ":"]
        return self.fill("flip", [tree], axes=tuple(axes))

    def _reshape(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill("reshape", args, shape=value.shape)

    def _with_shape(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill(value.op, args, shape=value.shape)

    _broadcast = _full = _ones = _zeros = _with_shape  # type: ignore[assignment]

    def _eye(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill("eye", args, n=value.params[0])

    def _diagonal(self, value: Value, args: list[ast.expr]) -> ast.expr:
        if value.args[0].ndim == 2:
            return self.fill("matrix_diagonal", args)
        if "last_diagonal" in self.target.spellings:
            ndim = value.args[0].ndim
            order = [*(k for k in range(ndim) if k not in value.params), *value.params]
            if order != list(range(ndim)):
                args = [self.fill("transpose", args, axes=", ".join(map(str, order)))]
            return self.fill("last_diagonal", args)
        return self.fill("diagonal", args, axis1=value.params[0], axis2=value.params[1])

    def _sum(self, value: Value, args: list[ast.expr]) -> ast.expr:
        axes = value.params
        if len(axes) == value.args[0].ndim:
            return self.fill("sum_all", args)
        return self.fill("sum", args, axes=axes[0] if len(axes) == 1 else axes)

    def _tensordot(self, value: Value, args: list[ast.expr]) -> ast.expr:
        first, second = value.params
        ndim = value.args[0].ndim
        if first == tuple(range(ndim - len(first), ndim)) and second == tuple(range(len(second))):
            axes = str(len(first))
        elif "contract" in self.target.spellings:
            return self.fill("contract", args, first=first, second=second)
        elif len(first) == 1 and self.target.single_axes:
            axes = f"({first[0]}, {second[0]})"
        else:
            axes = f"({first}, {second})"
        return self.fill("tensordot", args, axes=axes)

    def _tril(self, value: Value, args: list[ast.expr]) -> ast.expr:
        (k,) = value.params
        return self.fill(value.op if k else value.op + "0", args, k=k)

    _triu = _tril

    def _cumsum(self, value: Value, args: list[ast.expr]) -> ast.expr:
        axis, reverse = value.params
        return self.fill("reversed_cumsum" if reverse else "cumsum", args, axis=axis)

    def _kernel(self, value: Value, args: list[ast.expr]) -> ast.expr:
        kind, shape, pairs = value.params
        params = dict(pairs)
        if kind == "shifts":
            count, taps, size = shape
            return self.fill("shifts_pattern", args, count=count, taps=taps, size=size, **params)
        rows, columns = shape
        if kind == "gather":
            places = self._listed_places(params["places"], columns)
            return self.fill("gather_pattern", args, places=places, columns=columns)
        if kind == "selection":
            start = self.dim(params["start"])
            return self.fill(
                "selection_pattern",
                args,
                rows=rows,
                columns=columns,
                start=start,
                step=params["step"],
            )
        if kind == "tril":
            return self.fill("lower_pattern", args, rows=rows, columns=columns, k=params["k"])
        return self.fill("upper_pattern", args, rows=rows, columns=columns, k=-params["k"])

    def _windows(self, value: Value, args: list[ast.expr]) -> ast.expr:
        """All axes together, or one after another where a library slides along the last one."""
        names = ("count", "taps", "start", "stride", "dilation")
        if "all_windows" in self.target.spellings:
            slides = ", ".join(self.shape(map(as_dim, slide)) for slide in value.params)
            return self.fill("all_windows", args, slides=slides)
        (tree,) = args
        ndim = value.args[0].ndim
        for axis, *slide in value.params:
            rest = [k for k in range(ndim) if k != axis]
            tree = self._permuted(tree, [*rest, axis])
            tree = self.fill("windows", [tree], **dict(zip(names, slide, strict=True)))
            tree = self._permuted(tree, [*range(axis), ndim - 1, *range(axis, ndim - 1), ndim])
            ndim += 1
        return tree

    def _overlap_add(self, value: Value, args: list[ast.expr]) -> ast.expr:
        names = ("size", "start", "stride", "dilation")
        axis, tap, *how = value.params
        params = dict(zip(names, how, strict=True))
        if "overlap_add_along" in self.target.spellings:
            return self.fill("overlap_add_along", args, axis=axis, tap=tap, **params)
        rest = [k for k in range(value.args[0].ndim) if k not in (axis, tap)]
        tree = self._permuted(args[0], [*rest, axis, tap])
        tree = self.fill("overlap_add", [tree], **params)
        at, last = axis - (tap < axis), len(rest)
        return self._permuted(tree, [*range(at), last, *range(at, last)])

    def _convolve(self, value: Value, args: list[ast.expr]) -> ast.expr:
        strides, padding, spread, dilation = value.params
        ends = ", ".join(self.shape(pair) for pair in padding)
        return self.fill(
            "convolve",
            args,
            strides=strides,
            padding=f"[{ends}]",
            spread=spread,
            dilation=dilation,
        )

    def _permuted(self, tree: ast.expr, order: Sequence[int]) -> ast.expr:
        if list(order) == list(range(len(order))):
            return tree
        return self.fill("transpose", [tree], axes=", ".join(map(str, order)))

    def _places(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill(value.op, args, places=self._listed_places(*value.params))

    def _listed_places(self, places: Sequence[int], size: Dim) -> str:
        """Constant places on an axis, as a list."""
        if self.target.negative_places:
            return str(list(places))
        return f"[{', '.join(str(p) if p >= 0 else self.dim(size + p) for p in places)}]"

    def _as_index(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill(value.op, args, size=value.params[0])

    def _take(self, value: Value, args: list[ast.expr]) -> ast.expr:
        axis = value.params[0]
        return self.fill(value.op, args, axis=axis, before=":, " * axis)

    def _scatter_add(self, value: Value, args: list[ast.expr]) -> ast.expr:
        return self.fill(value.op, args, size=value.params[0])

    _one_hot = _pick = _scatter_add

    def _add_at(self, value: Value, args: list[ast.expr]) -> ast.expr:
        """The base with a weight added to one entry of each row."""
        base, index, weights = args
        if value.args[2].weak:
            weights = self.fill("scalar", [weights])
        if value.params[0] < 0:
            weights = ast.UnaryOp(ast.USub(), weights)
        if "added_at" in self.target.spellings:
            return self.fill("added_at", [base, index, weights])
        places = self.fill("one_hot", [index], size=value.shape[-1])
        return fill("_slot0_ + _slot1_[..., None] * _slot2_", [base, weights, places])

    def _concatenate(self, value: Value, args: list[ast.expr]) -> ast.expr:
        places = ", ".join(f"_slot{k}_" for k in range(len(args)))
        template = self.target.spellings["concatenate"].format(
            parts=f"({places})", axis=value.params[0]
        )
        return fill(template, args)


def _brackets(entries: list[str], whole: bool = False) -> str:
    """`[…]` without trailing colons unless all axes are named; empty when nothing is left."""
    if whole and any(e != ":" for e in entries):
        return f"[{', '.join(entries)}]"
    while entries and entries[-1] == ":":
        entries = entries[:-1]
    return f"[{', '.join(entries)}]" if entries else ""
