"""The value of a formula, from its tree alone: what is written is what is computed.

Columns are m×1 arrays, as they are written. Entries carry their index letters as named axes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import mul

import numpy as np

from eingrad.ir import kernels
from eingrad.ir.record import lookup
from eingrad.notation.formula import Formula
from eingrad.notation.tree import Tree
from eingrad.notation.treewalk import fold, post_order


class Undetermined(Exception):
    """The letters of a merged axis stand nowhere else, so that their sizes cannot be read off."""


@dataclass
class Entry:
    """A scalar that depends on index letters: one axis for each."""

    letters: tuple[str, ...]
    array: np.ndarray

    def over(self, letters: tuple[str, ...]) -> np.ndarray:
        """The array with one axis for each of `letters`, of size 1 where it does not depend."""
        order = [self.letters.index(x) for x in letters if x in self.letters]
        shape = iter(self.array.transpose(order).shape)
        return self.array.transpose(order).reshape(
            [next(shape) if x in self.letters else 1 for x in letters]
        )


@dataclass
class Unsized:
    """A matrix with a 𝟏 or I whose size follows from where it stands; `build(shape)` makes it."""

    shape: tuple[int | None, int | None]
    build: Callable

    def told(self, shape):
        """The matrix once its shape is known, itself before."""
        shape = [b if a is None else a for a, b in zip(self.shape, shape, strict=True)]
        return self if None in shape else self.build(shape)


def ones():
    return Unsized((None, 1), np.ones)


def eye():
    return Unsized((None, None), lambda shape: np.eye(shape[0]))


def told(value, shape):
    return value.told(shape) if isinstance(value, Unsized) else value


def matrix_product(parts):
    """A product whose inner sizes are those of the neighbours."""
    parts = list(parts)
    for _ in parts:
        for k, part in enumerate(parts):
            rows = parts[k - 1].shape[1] if k else None
            columns = parts[k + 1].shape[0] if k + 1 < len(parts) else None
            if isinstance(part, Unsized) and part.shape == (None, None):  # square
                rows = columns = columns if rows is None else rows
            parts[k] = told(part, (rows, columns))
    outer = (parts[0].shape[0], parts[-1].shape[1])

    def build(shape):
        first, last = told(parts[0], (shape[0], None)), told(parts[-1], (None, shape[1]))
        if len(parts) == 1:
            return told(parts[0], shape)
        return matrix_product([first, *parts[1:-1], last])

    if any(isinstance(p, Unsized) for p in parts):
        return Unsized(outer, build)
    result = parts[0]
    for part in parts[1:]:
        result = result[0, 0] * part if result.shape == (1, 1) != part.shape[:1] else result @ part
    return result


def entrywise(parts, combine):
    """A sum or an elementwise product; its parts tell each other their shape."""
    wide = [p for p in parts if np.ndim(p) or isinstance(p, Unsized)]
    shape = [next((p.shape[k] for p in wide if p.shape[k] is not None), None) for k in (0, 1)]
    parts = [told(p, shape) for p in parts]
    if any(isinstance(p, Unsized) for p in parts):
        return Unsized(tuple(shape), lambda s: combine([told(p, s) for p in parts]))
    return combine(parts)


def together(parts, combine):
    letters = tuple(dict.fromkeys(x for p in parts for x in p.letters))
    return Entry(letters, combine(*(p.over(letters) for p in parts)))


def as_entry(value):
    return value if isinstance(value, Entry) else Entry((), np.asarray(value).reshape(()))


class TreeValue:
    """Evaluates the lines of one formula."""

    def __init__(self, formula: Formula, values, sizes):
        self.formula = formula
        self.sizes = sizes
        self.values = {k: np.asarray(v, float) for k, v in values.items()}
        self.values.update(formula.constants)
        for title, letters, tree in formula.where:
            natural = self.natural(tree, letters)
            self.values[title.data] = natural

    def result(self):
        """The value in the formula's shape."""
        shape = [d.evaluate(self.sizes) for d in self.formula.shape]
        self.shape = shape
        tree, letters = self.formula.tree, self.formula.letters
        if letters or (self.formula.form == "index" and tree.op != "name"):
            return self.natural(tree, letters, shape)
        value = fold(tree, self.step)
        if isinstance(value, Unsized):
            value = value.told(shape if len(shape) == 2 else [*shape, None])
        value = np.asarray(value, float)
        if tree.scalar:
            return np.broadcast_to(value.reshape([1] * len(shape)), shape)
        return value.reshape(shape)

    def natural(self, tree: Tree, letters, shape=None):
        self.letter_sizes = {}
        if shape is not None:
            self.learn(shape, letters)
        for _ in range(3):
            for part in post_order(tree):
                if part.op == "delta":
                    for a, b in (part.data, part.data[::-1]):
                        if a in self.letter_sizes:
                            self.letter_sizes.setdefault(b, self.letter_sizes[a])
                if part.op == "sub":
                    base = fold(part.args[0], self.step)
                    if part.args[0].kind == (True, False):
                        base = base.reshape(-1)
                    self.learn(np.shape(base), part.data)
        value = fold(tree, self.step)
        if not letters:
            value = np.asarray(value.array if isinstance(value, Entry) else value, float)
            if tree.kind in ((True, False), (False, True)):
                return value.reshape(-1)
            return value.reshape(shape) if shape is not None else value
        flat = tuple(x for group in letters for x in group)
        entry = as_entry(value)
        array = np.broadcast_to(entry.over(flat), [self.letter_sizes.get(x, 1) for x in flat])
        if shape is None:
            sizes = iter(array.shape)
            return array.reshape([int(np.prod([next(sizes) for _ in g])) for g in letters])
        if all(len(g) == 1 for g in letters):
            return np.broadcast_to(array, shape)
        return array.reshape(shape)

    def size(self, dim):
        return dim.evaluate(self.sizes)

    def step(self, tree, args):
        return getattr(self, "_" + tree.op)(tree, args)

    def _number(self, tree, args):
        return np.asarray(float(tree.data))

    def _size(self, tree, args):
        return np.asarray(float(self.size(tree.data)))

    def _name(self, tree, args):
        value = self.values[tree.data]
        return value.reshape(-1, 1) if tree.kind == (True, False) else value

    def _ones(self, tree, args):
        return ones() if tree.data is None else np.ones((self.size(tree.data), 1))

    def _eye(self, tree, args):
        return eye() if tree.data is None else np.eye(self.size(tree.data))

    def _commutation(self, tree, args):
        m, n = map(self.size, tree.data)
        return np.eye(m * n).reshape(n, m, n, m).transpose(1, 0, 2, 3).reshape(m * n, m * n)

    def _kernel(self, tree, args):
        return kernels.dense(tree.data, self.sizes)

    def _delta(self, tree, args):
        a, b = tree.data
        size = self.letter_sizes.get(a, self.letter_sizes.get(b))
        return Entry(tree.data, np.eye(size))

    def _sum(self, tree, args):
        if any(isinstance(a, Entry) for a in args):
            return together(
                [as_entry(a) for a in args],
                lambda *xs: sum(s * x for s, x in zip(tree.data, xs, strict=True)),
            )
        return entrywise(
            args, lambda parts: sum(s * x for s, x in zip(tree.data, parts, strict=True))
        )

    def _neg(self, tree, args):
        return self._scaled(args[0], -1.0)

    def _scaled(self, value, c):
        if isinstance(value, Entry):
            return Entry(value.letters, c * value.array)
        if isinstance(value, Unsized):
            return Unsized(value.shape, lambda shape: c * value.build(shape))
        return c * value

    def _product(self, tree, args):
        if any(isinstance(a, Entry) for a in args):
            return together(
                [as_entry(a) for a in args], lambda *xs: np.prod(np.broadcast_arrays(*xs), axis=0)
            )
        wide = [a for a, t in zip(args, tree.args, strict=True) if not t.scalar]
        scale = np.prod(
            [np.asarray(a).item() for a, t in zip(args, tree.args, strict=True) if t.scalar]
        )
        return self._scaled(matrix_product(wide), scale) if wide else np.asarray(scale)

    def _hadamard(self, tree, args):
        return entrywise(args, lambda parts: reduce(mul, parts))

    def _kron(self, tree, args):
        if any(isinstance(a, Unsized) for a in args):
            rest = int(np.prod([a.shape[0] for a in args if not isinstance(a, Unsized)]))
            args = [told(a, [self.shape[0] // rest] * 2) for a in args]
        result = np.ones((1, 1))
        for a in args:
            result = np.kron(result, a)
        return result

    def _frac(self, tree, args):
        if any(isinstance(a, Entry) for a in args):
            return together([as_entry(a) for a in args], lambda x, y: x / y)
        return self._scaled(args[0], 1.0 / np.asarray(args[1]).item())

    def _power(self, tree, args):
        e = float(tree.data)
        (a,) = args
        if isinstance(a, Entry):
            return Entry(a.letters, a.array**e)
        if tree.scalar:
            return a**e
        return np.linalg.matrix_power(a, int(tree.data))

    def _elpower(self, tree, args):
        return args[0] ** float(tree.data)

    def _transpose(self, tree, args):
        if isinstance(args[0], Unsized):
            inner = args[0]
            return Unsized(inner.shape[::-1], lambda shape: inner.build(shape[::-1]).T)
        return args[0].T

    def _norm(self, tree, args):
        return np.sqrt((args[0] ** 2).sum())

    def _call(self, tree, args):
        function, params = tree.data
        if any(isinstance(a, Entry) for a in args):
            record = lookup(function)
            return together(
                [as_entry(a) for a in args], lambda *xs: record.evaluate(*xs, **dict(params))
            )
        if function == "diag":
            if tree.kind == (True, True):
                return np.diag(args[0][:, 0])
            return np.diag(args[0]).reshape(-1, 1)
        if function == "tr":
            return np.trace(args[0])
        if function in ("tril", "triu"):
            return getattr(np, function)(args[0], *params)
        if function == "sum":
            return args[0].sum()
        if function == "vec":
            return args[0].reshape(-1, 1, order="F")
        if function == "reshape":
            return args[0].reshape([self.size(d) for d in params])
        natural = [
            a.reshape(-1) if arg.kind == (True, False) else a
            for arg, a in zip(tree.args, args, strict=True)
        ]
        value = np.asarray(lookup(function).evaluate(*natural, **dict(params)), float)
        return value.reshape(-1, 1) if tree.kind == (True, False) else value

    def _sub(self, tree, args):
        (value,) = args
        base = tree.args[0]
        if base.kind == (True, False):
            value = value.reshape(-1)
        letters = tuple(x for group in tree.data for x in group)
        shape = []
        for axis, group in zip(np.shape(value), tree.data, strict=True):
            shape.extend(self.cut(axis, group))
        array = np.asarray(value).reshape(shape)
        distinct = tuple(dict.fromkeys(letters))
        return Entry(
            distinct, np.einsum(array, [distinct.index(x) for x in letters], range(len(distinct)))
        )

    def cut(self, axis, group):
        if len(group) == 1:
            return [axis]
        known = [self.letter_sizes.get(x) for x in group]
        missing = [k for k, size in enumerate(known) if size is None]
        if len(missing) > 1:
            raise Undetermined("the sizes of a merged axis do not follow")
        for k in missing:
            known[k] = axis // int(np.prod([s for s in known if s is not None]))
        return known

    def learn(self, shape, groups):
        """Sizes of letters from an array's shape."""
        for axis, group in zip(shape, groups, strict=True):
            missing = [x for x in group if x not in self.letter_sizes]
            if len(missing) == 1:
                rest = int(np.prod([self.letter_sizes[x] for x in group if x in self.letter_sizes]))
                self.letter_sizes[missing[0]] = int(axis) // rest

    def _sigma(self, tree, args):
        value = as_entry(args[0])
        axes = tuple(value.letters.index(x) for x in tree.data)
        kept = tuple(x for x in value.letters if x not in tree.data)
        return Entry(kept, value.array.sum(axes))


def evaluate_formula(formula: Formula, values, sizes) -> np.ndarray:
    """The value of a formula in its own shape."""
    return TreeValue(formula, values, sizes).result()
