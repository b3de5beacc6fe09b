"""Laws of matrix algebra on formula trees: each takes one part and gives another of equal value.

A law that does not apply gives None. What is called by what name is the list at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from ..notation.tree import (
    ONE,
    SCALAR,
    Tree,
    diag,
    elementwise_power,
    fraction,
    make,
    number,
    product,
    transposed,
)
from ..notation.treewalk import with_args


def _signs(tree: Tree) -> Tree | None:
    """A minus inside a product or a fraction stands before it; two of them are none."""
    if tree.op in ("product", "hadamard", "kron"):
        count = sum(a.op == "neg" for a in tree.args)
        if not count:
            return None
        bare = [a.args[0] if a.op == "neg" else a for a in tree.args]
        return _signed(with_args(tree, tuple(bare)), count)
    if tree.op == "frac":
        count = sum(a.op == "neg" for a in tree.args)
        bare = [a.args[0] if a.op == "neg" else a for a in tree.args]
        return _signed(fraction(*bare), count) if count else None
    if tree.op == "neg" and tree.args[0].op == "neg":
        return tree.args[0].args[0]
    if tree.op == "sum" and any(a.op == "neg" for a in tree.args[1:]):
        signs = tuple(
            s * (-1 if k and a.op == "neg" else 1)
            for k, (s, a) in enumerate(zip(tree.data, tree.args, strict=True))
        )
        bare = [a.args[0] if k and a.op == "neg" else a for k, a in enumerate(tree.args)]
        return make("sum", bare, signs, tree.kind, tree.symmetric)
    if tree.op in ("transpose", "power", "elpower") or _linear(tree):
        inner = tree.args[0]
        if inner.op != "neg":
            return None
        odd = tree.op not in ("power", "elpower")
        if not odd and (not isinstance(tree.data, int)):
            return None
        return _signed(with_args(tree, (inner.args[0],)), 1 if odd else tree.data)
    return None


def _signed(tree: Tree, count: int) -> Tree:
    return make("neg", [tree], kind=tree.kind, symmetric=tree.symmetric) if count % 2 else tree


def _linear(tree: Tree) -> bool:
    return (
        tree.op == "call" and tree.data[0] in ("sum", "tr", "diag", "vec") and len(tree.args) == 1
    )


def _numbers(tree: Tree) -> Tree | None:
    """Numbers in a product are multiplied and stand in front."""
    if tree.op == "product":
        tree = with_args(tree, tuple(_freed(tree.args)))
        found = [a for a in tree.args if a.op == "number"]
        if len(found) < 2 and (not found or tree.args[0] is found[0]):
            return None
        value = 1
        for a in found:
            value *= a.data
        rest = [a for a in tree.args if a.op != "number"]
        return product(number(value), *rest)
    if tree.op == "hadamard":
        head = [a for a in tree.args if a.op == "product" and a.args[0].op == "number"]
        loose = [a for a in tree.args if a.op == "number"]
        if not head and not loose:
            return None
        value = 1
        rest = []
        for a in tree.args:
            if a.op == "number":
                value *= a.data
            elif a in head:
                value *= a.args[0].data
                rest.append(product(*a.args[1:]))
            else:
                rest.append(a)
        inner = make("hadamard", rest, None, tree.kind) if len(rest) > 1 else rest[0]
        return product(number(value), inner)
    if tree.op == "transpose" and tree.args[0].op == "product":
        inner = tree.args[0]
        if inner.args[0].op == "number":
            return product(inner.args[0], transposed(product(*inner.args[1:])))
    return None


def _freed(args: Sequence[Tree]) -> list[Tree]:
    """Factors with the number of a product in brackets, (2 xᵀx), as a factor of its own."""
    row = []
    for a in args:
        if a.op == "product" and a.scalar and a.args[0].op == "number":
            row += [a.args[0], product(*a.args[1:])]
        else:
            row.append(a)
    return row


def _transposes(tree: Tree) -> Tree | None:
    """(AB)ᵀ = BᵀAᵀ, (Aᵀ)ᵀ = A, the transpose of a symmetric matrix."""
    if tree.op != "transpose" or tree.args[0].op in ("name", "call", "power"):
        return None
    after = transposed(tree.args[0])
    return None if after is tree else after


def _units(tree: Tree) -> Tree | None:
    """Factors 1, I in a product and 𝟏 in an elementwise one."""
    if tree.op == "product":
        kept = [a for a in tree.args if a is not ONE]
        wide = [a for a in kept if not a.scalar]
        if len([a for a in wide if a.op != "eye"]) and any(a.op == "eye" for a in wide):
            kept = [a for a in kept if a.op != "eye"]
        return product(*kept) if len(kept) < len(tree.args) else None
    if tree.op == "hadamard":
        kept = [a for a in tree.args if a.op != "ones" and a is not ONE]
        if not kept or len(kept) == len(tree.args):
            return None
        return kept[0] if len(kept) == 1 else make("hadamard", kept, None, tree.kind)
    if tree.op == "call" and tree.data == ("diag", ()) and tree.args[0].op == "ones":
        return diag(tree.args[0])
    return None


def _roots(tree: Tree) -> Tree | None:
    """√(a²) = a of a norm, (√a)² = a, powers of powers of a norm."""
    if tree.op != "power":
        return None
    base, e = tree.args[0], tree.data
    if base.op == "power" and (base.args[0].op == "norm" or isinstance(e, int)):
        whole = Fraction(e) * Fraction(base.data)
        exact = int(whole) if whole.denominator == 1 else whole
        inner = base.args[0]
        return inner if exact == 1 else make("power", [inner], exact, tree.kind, tree.symmetric)
    return None


def _fractions(tree: Tree) -> Tree | None:
    """(a/b) x = a x/b, (a/b)/c = a/(b c)."""
    if tree.op == "product" and any(a.op == "frac" for a in tree.args):
        above = [a.args[0] if a.op == "frac" else a for a in tree.args]
        below = [a.args[1] for a in tree.args if a.op == "frac"]
        return fraction(product(*above), product(*below))
    if tree.op == "frac" and tree.args[0].op == "frac":
        inner, under = tree.args
        return fraction(inner.args[0], product(inner.args[1], under))
    if tree.op == "frac" and tree.args[1].op == "frac":
        over, inner = tree.args
        return fraction(product(over, inner.args[1]), inner.args[0])
    return None


def _cancelled(tree: Tree) -> Tree | None:
    """2a/(2b) = a/b: numbers above and below a line in lowest terms."""
    if tree.op != "frac":
        return None
    (above, over), (below, under) = map(_split, tree.args)
    ratio = Fraction(above) / Fraction(below)
    if (ratio.numerator, ratio.denominator) == (above, below):
        return None
    top = product(number(ratio.numerator), *over)
    if ratio.denominator == 1 and not under:
        return top
    return fraction(top, product(number(ratio.denominator), *under))


def _split(tree: Tree) -> tuple[int | Fraction, list[Tree]]:
    args = tree.args if tree.op == "product" else (tree,)
    value: int | Fraction = 1
    rest = []
    for a in args:
        if a.op == "number" and isinstance(a.data, int | Fraction):
            value *= a.data
        else:
            rest.append(a)
    return value, rest


def _inverses(tree: Tree) -> Tree | None:
    """A matrix beside its inverse."""
    if tree.op != "product":
        return None
    args = list(tree.args)
    for k in range(len(args) - 1):
        left, right = args[k], args[k + 1]
        if left.kind == (True, True) and (_inverts(left, right) or _inverts(right, left)):
            rest = [*args[:k], *args[k + 2 :]]
            if any(a.kind == (True, True) or a.kind != SCALAR for a in rest):
                return product(*rest)
    return None


def _inverts(a: Tree, b: Tree) -> bool:
    if a.op == "transpose" and b.op == "transpose":
        a, b = a.args[0], b.args[0]
    return a.op == "call" and a.data[0] == "inv" and a.args[0] is b


def _repeated(tree: Tree) -> Tree | None:
    """b b = b² of scalars."""
    if tree.op != "product":
        return None
    scalars = [a for a in tree.args if a.scalar and a.op != "number"]
    bases = Counter(a.args[0] if a.op == "power" else a for a in scalars)
    if not any(k > 1 for k in bases.values()):
        return None
    exponents: dict[Tree, Fraction] = {}
    for a in scalars:
        base, e = (a.args[0], a.data) if a.op == "power" else (a, 1)
        exponents[base] = exponents.get(base, Fraction(0)) + Fraction(e)
    powers = [
        make("power", [b], int(e) if e.denominator == 1 else e) if e != 1 else b
        for b, e in exponents.items()
        if e
    ]
    numbers = [a for a in tree.args if a.op == "number"]
    return product(*numbers, *powers, *(a for a in tree.args if not a.scalar))


def _like_terms(tree: Tree) -> Tree | None:
    """a + a = 2a."""
    if tree.op != "sum":
        return None
    totals: dict[Tree, int | Fraction] = {}
    for sign, a in zip(tree.data, tree.args, strict=True):
        bare, sign = (a.args[0], -sign) if a.op == "neg" else (a, sign)
        value, rest = _split(bare)
        core = product(*rest) if bare.op == "product" else (ONE if bare.op == "number" else bare)
        totals[core] = totals.get(core, 0) + sign * value
    if len(totals) == len(tree.args):
        return None
    terms = [(core, c) for core, c in totals.items() if c]
    if not terms:
        return None
    drawn = [product(number(c if c > 0 else -c), core) for core, c in terms]
    signs = [1 if c > 0 else -1 for _, c in terms]
    if len(drawn) == 1:
        return _signed(drawn[0], signs[0] < 0)
    if signs[0] < 0:
        drawn[0] = _signed(drawn[0], 1)
    return make("sum", drawn, (1, *signs[1:]), tree.kind, tree.symmetric)


def _entry_powers(tree: Tree) -> Tree | None:
    """(x.^a).^b = x.^(ab)."""
    if tree.op == "elpower" and tree.args[0].op == "elpower" and isinstance(tree.data, int):
        return elementwise_power(tree.args[0], tree.data)
    return None


LAWS: tuple[tuple[str, Callable[[Tree], Tree | None]], ...] = (
    ("signs to the front", _signs),
    ("factors 1, I and ones change nothing", _units),
    ("transpose of a product or a sum: (AB)ᵀ = BᵀAᵀ, (Aᵀ)ᵀ = A", _transposes),
    ("A A⁻¹ = I", _inverses),
    ("root of a square, power of a power", _roots),
    ("power of a power", _entry_powers),
    ("one fraction line: (a/b) x = ax/b", _fractions),
    ("numbers to the front", _numbers),
    ("numbers cancel above and below the line", _cancelled),
    ("equal factors as a power", _repeated),
    ("like terms are added", _like_terms),
)
