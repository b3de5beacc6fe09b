"""The formula tree: what is written, independent of how it is drawn.

A tree is immutable and interned, so equal formulas are one object, and shared parts are shared.
`op` is one of a closed list (see `docs/language.md` for what each means):

| op                                  | args            | data                     |
|-------------------------------------|-----------------|--------------------------|
| `number`                            |                 | a number ≥ 0             |
| `name`, `size`                      |                 | text, `Dim`              |
| `ones`, `eye`                       |                 | `Dim`, or None: follows  |
| `commutation`                       |                 | `(m, n)`                 |
| `kernel`                            |                 | the IR's `Kernel`        |
| `sum`                               | terms           | signs, +1 or −1          |
| `neg`, `transpose`, `norm`          | one             |                          |
| `product`, `hadamard`, `kron`       | factors         |                          |
| `frac`                              | over, under     |                          |
| `power`, `elpower`                  | base            | exponent                 |
| `call`                              | arguments       | `(function, parameters)` |
| `sub`                               | base            | letters for each axis    |
| `sigma`, `delta`                    | body / none     | letters                  |
| `at`                                | a name          | `(step, is it running?)` |

`kind` says which of the two axes of a written matrix are there: `(True, False)` is a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import RLock
from typing import Any
from weakref import WeakValueDictionary

from ..dims import Dim
from ..dims import product as dims_product
from ..ir.kernels import triangle
from ..ir.node import Kernel, Number

Kind = tuple[bool, bool]
SCALAR: Kind = (False, False)
COLUMN: Kind = (True, False)
ROW: Kind = (False, True)
MATRIX: Kind = (True, True)

MAX_REVERSED = 60  # a sum longer than this is transposed as a whole: (…)ᵀ


class Tree:
    """One formula; see the module for `op`, `args` and `data`.

    `length` is about how many characters it takes, `leaves` counts names, `turns` counts
    transposes: the costs by which one reading is preferred to another.
    """

    __slots__ = (
        "__weakref__",
        "args",
        "data",
        "kind",
        "leaves",
        "length",
        "op",
        "symmetric",
        "text",
        "turns",
    )
    op: str
    args: tuple[Tree, ...]
    data: Any
    kind: Kind
    symmetric: bool
    length: int
    leaves: int
    turns: int
    text: str

    def __repr__(self) -> str:
        from .render import to_unicode_tree

        return to_unicode_tree(self)

    @property
    def scalar(self) -> bool:
        """Whether this is a single number."""
        return self.kind == SCALAR

    @property
    def cost(self) -> tuple[int, int, str]:
        """Fewer transposes first, then shorter, then alphabetical."""
        return (self.turns, self.length, self.text)


_INTERNED: WeakValueDictionary[tuple[Any, ...], Tree] = WeakValueDictionary()
_INTERNING = RLock()  # two threads that write one formula must be given one object
_CAP = 1 << 40
_EXTRA = {
    "sum": 3,
    "hadamard": 3,
    "kron": 3,
    "frac": 1,
    "transpose": 1,
    "power": 1,
    "elpower": 5,
    "norm": 2,
    "call": 2,
    "neg": 1,
    "sub": 1,
    "sigma": 2,
    "at": 2,
    "delta": 1,
}


def make(
    op: str,
    args: Iterable[Tree] = (),
    data: Any = None,
    kind: Kind = SCALAR,
    symmetric: bool = False,
) -> Tree:
    """The one tree with this content."""
    args = tuple(args)
    key = (op, args, type(data) is tuple and op == "sum", data, kind, symmetric)
    found = _INTERNED.get(key)
    if found is not None:
        return found
    tree = object.__new__(Tree)
    tree.op, tree.args, tree.data, tree.kind, tree.symmetric = op, args, data, kind, symmetric
    head = "" if args and op != "call" else _head(op, data)
    extra = _EXTRA.get(op, 0)
    between = extra * max(1, len(args) - 1)
    if op in ("product", "hadamard", "transpose", "power", "kron", "neg", "sub"):
        between += sum(2 for a in args if a.op == "sum")
    tree.length = min(_CAP, len(head) + between + sum(a.length for a in args))
    tree.leaves = min(_CAP, (not args) + sum(a.leaves for a in args))
    tree.turns = min(_CAP, (op == "transpose") + sum(a.turns for a in args))
    tree.text = (head + "".join(a.text for a in args))[:40]
    with _INTERNING:
        found = _INTERNED.get(key)  # another thread may have been faster
        if found is not None:
            return found
        _INTERNED[key] = tree
    return tree


def _head(op: str, data: Any) -> str:
    if op == "call":
        return str(data[0])
    return {"ones": "1", "eye": "I"}.get(op, str(data))


# Leaves.


def number(value: Number) -> Tree:
    """A number ≥ 0; a negative one is a `neg`."""
    if value < 0:
        return make("neg", [make("number", data=-value)])
    return make("number", data=value)


ONE = make("number", data=1)
ZERO = make("number", data=0)


def name(text: str, ndim: int, symmetric: bool = False) -> Tree:
    """A variable, a direction, or the name of a "where" line."""
    kind = (ndim >= 1, ndim >= 2)
    return make("name", data=text, kind=kind, symmetric=symmetric)


def ones(dim: Dim | None) -> Tree:
    """The column of ones."""
    return make("ones", data=dim, kind=COLUMN)


def eye(dim: Dim | None) -> Tree:
    """The identity matrix."""
    return make("eye", data=dim, kind=MATRIX, symmetric=True)


def commutation(m: Dim, n: Dim) -> Tree:
    """K with K vec A = vec Aᵀ for A of shape m×n."""
    return make("commutation", data=(m, n), kind=MATRIX)


def kernel(node: Kernel) -> Tree:
    """A 0/1 pattern."""
    return make("kernel", data=node, kind=MATRIX)


# Products.


def alike(trees: Sequence[Tree]) -> list[Tree]:
    """Trees of one shape written alike: a matrix with one row beside rows is `vec(A)ᵀ`."""
    kinds = {t.kind for t in trees}
    if MATRIX not in kinds or not kinds & {ROW, COLUMN}:
        return list(trees)
    result = []
    for tree in trees:
        if tree.kind == MATRIX:
            tree = call("vec", tree, kind=COLUMN)
            tree = transposed(tree) if ROW in kinds else tree
        result.append(tree)
    return result


def product(*factors: Tree) -> Tree:
    """Juxtaposition; a scalar product of vectors inside stays in brackets."""
    flat: list[Tree] = []
    for factor in factors:
        if factor.op == "product" and (
            not factor.scalar or len(factors) == 1 or all(a.scalar for a in factor.args)
        ):
            flat.extend(factor.args)
        elif factor is not ONE:
            flat.append(factor)
    wide = [f for f in flat if not f.scalar]
    if len(wide) > 1:
        kept = [f for f in wide if f.op != "eye"]
        flat = [f for f in flat if f.scalar] + (kept or wide[:1])
        wide = kept or wide[:1]
    if not flat:
        return ONE
    if len(flat) == 1:
        return flat[0]
    kind = (wide[0].kind[0], wide[-1].kind[1]) if wide else SCALAR
    return make("product", flat, kind=kind)


def hadamard(factors: Sequence[Tree]) -> Tree:
    """The elementwise product; factors that are negative powers are divided by."""
    flat: list[Tree] = []
    for factor in factors:
        flat.extend(factor.args if factor.op == "hadamard" else [factor])
    flat = [f for f in flat if f.op != "ones"] or flat[:1]
    if len(flat) == 1:
        return flat[0]
    masks = [f for f in flat if f.op == "kernel" and f.data.kind in ("tril", "triu")]
    if masks:  # A ⊙ (ones below the diagonal) is tril(A)
        rest = [f for f in flat if f is not masks[0]]
        if not rest:  # a mask times itself
            return masks[0]
        inner = hadamard(rest)
        k = dict(masks[0].data.params)["k"]
        return call(masks[0].data.kind, inner, params=(k,) if k else (), kind=inner.kind)
    flat.sort(key=lambda f: (not f.scalar, divides(f), f.length, f.text))
    return make(
        "hadamard",
        flat,
        kind=max(f.kind for f in flat),
        symmetric=all(f.symmetric or f.scalar for f in flat),
    )


def divides(tree: Tree) -> bool:
    """Whether a factor of an elementwise product is written behind ⊘."""
    return tree.op == "elpower" and tree.data < 0


def elementwise_power(base: Tree, exponent: Number) -> Tree:
    """base.^exponent."""
    if base.op == "elpower" and isinstance(exponent, int):
        exponent, base = exponent * base.data, base.args[0]
    if exponent == 1:
        return base
    return make("elpower", [base], exponent, base.kind, base.symmetric)


def power(base: Tree, exponent: Number) -> Tree:
    """A scalar, or a square matrix, to a power."""
    if exponent == 1:
        return base
    return make("power", [base], exponent, base.kind, base.symmetric)


def kron(*factors: Tree) -> Tree:
    """The Kronecker product."""
    flat = [a for f in factors for a in (f.args if f.op == "kron" else [f])]
    if len(flat) == 1:
        return flat[0]
    if all(f.op in ("eye", "ones") and f.op == flat[0].op and f.data is not None for f in flat):
        whole = dims_product(f.data for f in flat)
        return eye(whole) if flat[0].op == "eye" else ones(whole)
    merged: list[Tree] = []
    for factor in flat:  # I_m ⊗ I_n is I_mn
        last = merged[-1] if merged else None
        if last and last.op == factor.op == "eye" and last.data and factor.data:
            merged[-1] = eye(last.data * factor.data)
        else:
            merged.append(factor)
    if len(merged) == 1:
        return merged[0]
    kind = (any(f.kind[0] for f in merged), any(f.kind[1] for f in merged))
    return make("kron", merged, kind=kind)


def fraction(over: Tree, under: Tree) -> Tree:
    """over/under with a scalar below."""
    return make("frac", [over, under], kind=over.kind, symmetric=over.symmetric)


# Functions of the language itself; all others come from the records.


def diag(tree: Tree) -> Tree:
    """diag(v) of a column, the diagonal of a matrix."""
    if is_diag(tree):
        return tree.args[0]
    if tree.op == "ones":
        return eye(tree.data)
    if tree.kind == COLUMN:
        return make("call", [tree], ("diag", ()), MATRIX, True)
    return make("call", [tree], ("diag", ()), COLUMN)


def is_diag(tree: Tree) -> bool:
    """Whether a tree is diag(v)."""
    return tree.op == "call" and tree.data[0] == "diag" and tree.kind == MATRIX


def call(
    function: str,
    *args: Tree,
    params: tuple[Any, ...] = (),
    kind: Kind = SCALAR,
    symmetric: bool = False,
) -> Tree:
    """A function of a record, or of the language: `tr sum vec diag`."""
    return make("call", args, (function, params), kind, symmetric)


def norm(tree: Tree) -> Tree:
    """‖x‖, of a matrix the Frobenius norm."""
    if tree.op == "transpose":
        tree = tree.args[0]
    return make("norm", [tree])


def transposed(tree: Tree) -> Tree:
    """The transpose, with transposes pushed to the names where that does not make it longer."""
    if tree.scalar or tree.symmetric:
        return tree
    if tree.op == "transpose":
        return tree.args[0]
    if tree.op == "product":
        scalars = [a for a in tree.args if a.scalar]
        return product(*scalars, *(transposed(a) for a in tree.args[::-1] if not a.scalar))
    kind = (tree.kind[1], tree.kind[0])
    if tree.op == "kernel" and tree.data.kind in ("tril", "triu"):
        rows, columns = tree.data.shape
        k = dict(tree.data.params)["k"]
        return kernel(triangle(columns, rows, -k, tree.data.kind == "triu"))
    if tree.op == "call" and tree.data[0] in ("tril", "triu"):
        other = "triu" if tree.data[0] == "tril" else "tril"
        return call(
            other, transposed(tree.args[0]), params=tuple(-k for k in tree.data[1]), kind=kind
        )
    if tree.op == "frac":
        return fraction(transposed(tree.args[0]), tree.args[1])
    if tree.op == "neg":
        return make("neg", [transposed(tree.args[0])], kind=kind)
    if tree.op == "sigma":
        return make("sigma", [transposed(tree.args[0])], tree.data, kind)
    if tree.op == "kron":
        return kron(*map(transposed, tree.args))
    if tree.op == "commutation":
        return commutation(tree.data[1], tree.data[0])
    whole = make("transpose", [tree], kind=kind)
    if tree.op in ("sum", "hadamard") and tree.length <= MAX_REVERSED and tree.kind == MATRIX:
        turned = make(tree.op, map(transposed, tree.args), tree.data, kind)
        if turned.turns < whole.turns:
            return turned
    return whole


def indexed(tree: Tree, letters: tuple[tuple[str, ...], ...]) -> Tree:
    """One entry of a tree: letters for each axis."""
    return make("sub", [tree], letters) if letters else tree


def sigma(letters: tuple[str, ...], body: Tree) -> Tree:
    """Σ over letters; what follows up to the next + or − is summed."""
    return make("sigma", [body], letters) if letters else body


def delta(first: str, second: str) -> Tree:
    """The Kronecker delta."""
    return make("delta", data=(first, second))
