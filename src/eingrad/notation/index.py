"""Index notation: δ_ik B_lj, Σ_j A_ij x_j. It can say every node; formulas stand in brackets.

A merged axis has several letters, `A_{(ij)k}`, the last one running fastest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..dims import ONE as DIM_ONE
from ..dims import Dim
from ..ir.node import (
    Apply,
    AxisIndex,
    Constant,
    Contraction,
    Kernel,
    Node,
    Sum,
    Term,
    Variable,
)
from ..ir.record import REGISTRY
from .monomial import Monomial
from .sums import add_monomials
from .tree import (
    MATRIX,
    ONE,
    ROW,
    SCALAR,
    Tree,
    call,
    delta,
    elementwise_power,
    eye,
    fraction,
    indexed,
    is_diag,
    kernel,
    make,
    name,
    ones,
    power,
    product,
    sigma,
    transposed,
)
from .treewalk import post_order
from .writer import Writer

Letters = tuple[tuple[str, ...], ...]

MAX_DEPTH = 5  # what nests deeper gets a "where" line


class IndexWriter:
    """Writes nodes of any number of axes with index letters."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.sized = False
        self.sizes: dict[str, Dim] = {}

    def _letter(self, fresh: Iterator[str], size: Dim) -> str:
        letter = next(fresh)
        self.sizes[letter] = size
        return letter

    def line(self, node: Node, sized: bool = False) -> tuple[Letters, Tree]:
        """Output letters and the entry of a node; letters are new for each line.

        `sized` writes a factor 𝟏_n for a letter that the entry does not depend on, and I_n for a
        delta, so that a definition tells its own shape.
        """
        self.sized = sized
        self.sizes = {}
        fresh = self.writer.names.letters()
        letters = tuple(
            tuple(self._letter(fresh, dim) for dim in group) for group in output_letters(node)
        )
        return letters, self.entry(node, letters, fresh, 0, expand=True).tree()

    def entry(
        self, node: Node, letters: Letters, fresh: Iterator[str], depth: int, expand: bool = False
    ) -> Monomial:
        """The entry of a node at `letters`, as a scalar monomial."""
        if isinstance(node, Sum):
            known = self.writer.known(node)
            if not expand and known is not None:
                return _at(known, letters)
            terms = [self.entry(t, letters, fresh, depth, expand) for t in node.operands]
            return add_monomials(terms, SCALAR)
        opened = expand or self.writer.known(node) is None
        if opened and isinstance(node, Contraction | Term):
            return self._product(node, letters, fresh, depth)
        known = self.writer.known(node)
        if known is not None and not (expand and isinstance(node, Apply)):
            return _at(known, letters)
        if isinstance(node, Variable):
            drawn = self.writer.drawn.get(node) or name(node.name, node.ndim)
            return _atom(indexed(drawn, letters))
        if isinstance(node, Constant):
            return _atom(indexed(name(self.writer.constant_name(node), node.ndim), letters))
        if isinstance(node, Kernel):
            return _atom(indexed(kernel(node), letters))
        assert isinstance(node, Apply)
        return self._application(node, letters, fresh, depth)

    def _application(
        self, node: Apply, letters: Letters, fresh: Iterator[str], depth: int
    ) -> Monomial:
        record = REGISTRY.get(node.function)
        if record is not None and record.elementwise and depth < MAX_DEPTH:
            operands = [self.entry(o, letters, fresh, depth + 1) for o in node.operands]
            if node.function == "power":
                return operands[0].raised(node.param("exponent"))
            return _atom(call(node.function, *(o.tree() for o in operands), params=node.params))
        named = [self.writer.named(o).tree() for o in node.operands]
        if node.function == "power":
            whole = elementwise_power(named[0], node.param("exponent"))
        else:
            whole = self.writer.applied(node, named)
        return _atom(indexed(whole, letters))

    def _product(
        self, node: Contraction | Term, letters: Letters, fresh: Iterator[str], depth: int
    ) -> Monomial:
        letter: dict[int, str] = {}
        parts: list[Monomial] = []
        out: Sequence[AxisIndex] = node.out if isinstance(node, Term) else [(a,) for a in node.out]
        carried = {a for f in node.factors for axis in f.indices for a in axis}
        flat = [a for axis in out for a in axis]
        for axis, group in zip(out, letters, strict=True):
            if len(axis) == 1 and axis[0] not in carried and flat.count(axis[0]) == 1:
                if self.sized and depth == 0 and len(group) == 1:
                    column = ones(node.sizes[axis[0]])
                    parts.append(_atom(indexed(column, (group,))))
                continue  # a broadcast: the entry does not depend on it
            if not axis:  # a literal size 1: the entry does not depend on it
                if self.sized and depth == 0:
                    parts.append(_atom(indexed(ones(DIM_ONE), (group,))))
                continue
            if [node.sizes[a] for a in axis] != [self.sizes[x] for x in group]:
                return _atom(indexed(self.writer.named(node).tree(), letters))
            for atom, text in zip(axis, group, strict=True):
                if atom in letter:
                    pair = ((letter[atom],), (text,))
                    identity = eye(node.sizes[atom])
                    parts.append(
                        _atom(indexed(identity, pair) if self.sized else entry_of(identity, pair))
                    )
                else:
                    letter[atom] = text
        summed = []
        for factor in node.factors:
            for axis in factor.indices:
                for atom in axis:
                    if atom not in letter:
                        letter[atom] = self._letter(fresh, node.sizes[atom])
                        summed.append(letter[atom])
        inside: list[Monomial] = []
        for factor in node.factors:
            inner: Letters = tuple(tuple(letter[a] for a in axis) for axis in factor.indices)
            for k, group in enumerate(inner):
                if not group:  # the only entry of an axis of size 1, as a sum over it
                    summed.append(self._letter(fresh, DIM_ONE))
                    inner = (*inner[:k], (summed[-1],), *inner[k + 1 :])
            known = self.writer.known(factor.node)
            if known is None and depth >= MAX_DEPTH and not isinstance(factor.node, Variable):
                inside.append(_at(self.writer.named(factor.node), inner))
            else:
                inside.append(self.entry(factor.node, inner, fresh, depth + 1))
        if summed:
            body = Monomial(1).times(*inside)
            inner_tree = body._replace(coefficient=1).tree()
            present = _letters_in(inner_tree)
            for letter_ in [x for x in summed if x not in present]:
                parts.append(_size(self.sizes[letter_]))  # a sum of equal entries
            core = sigma(tuple(x for x in summed if x in present), inner_tree)
            parts.append(_of_product(core)._replace(coefficient=body.coefficient))
        else:
            parts.extend(inside)
        coefficient = node.coefficient if isinstance(node, Term) else 1
        return Monomial(coefficient).times(*parts)


def _letters_in(tree: Tree) -> set[str]:
    """The index letters that a tree depends on."""
    found: set[str] = set()
    for part in post_order(tree):
        if part.op == "sub":
            found.update(x for group in part.data for x in group)
        elif part.op == "delta":
            found.update(part.data)
    return found


def _size(dim: Dim) -> Monomial:
    value = dim.as_int()
    return _atom(make("size", data=dim)) if value is None else Monomial(value)


def output_letters(node: Node) -> list[tuple[Dim, ...]]:
    """The sizes of the letters of each axis: one, or more for a merged axis."""
    groups: list[tuple[Dim, ...]] = [(dim,) for dim in node.shape]
    for term in node.operands if isinstance(node, Sum) else (node,):
        if isinstance(term, Term):
            for k, axis in enumerate(term.out):
                if len(axis) > len(groups[k]):
                    groups[k] = tuple(term.sizes[a] for a in axis)
    return groups


def _atom(tree: Tree) -> Monomial:
    return Monomial.of(1, {}, tree)


def _at(monomial: Monomial, letters: Letters) -> Monomial:
    """The entry of a written node."""
    if monomial.core is None:
        return monomial
    core = entry_of(monomial.core, letters)
    return monomial._replace(core=None).times(_of_product(core))


def _of_product(tree: Tree) -> Monomial:
    """The factors of a product of scalars as powers of scalars."""
    if tree is ONE:
        return Monomial(1)
    if tree.op == "product":
        return Monomial(1).times(*map(_of_product, tree.args))
    if tree.op == "power":
        return Monomial.of(1, {tree.args[0]: tree.data}, None)
    return _atom(tree)


def _is_entrywise(tree: Tree) -> bool:
    """Whether the entries of a term are written one by one: 1 − tanh((Ax)_i)², but (Ax − y)_i."""
    if tree.op == "product":
        wide = [a for a in tree.args if not a.scalar]
        return len(wide) == 1 and len(tree.args) > 1 and _is_entrywise(wide[0])
    if tree.op in ("neg", "frac"):
        return _is_entrywise(tree.args[0])
    if tree.op == "call":
        record = REGISTRY.get(tree.data[0])
        return record is not None and record.elementwise
    return tree.scalar or tree.op in ("name", "elpower", "hadamard")


def entry_of(tree: Tree, letters: Letters) -> Tree:
    """One entry of a written formula, letters put in as deep as that is short."""
    if tree.scalar:
        return tree
    if len(letters) == 2 and tree.kind != MATRIX:  # the other axis has size 1
        if tree.kind == ROW:
            return entry_of(transposed(tree), letters[1:])
        letters = letters[:1]
    if tree.op == "transpose" and tree.args[0].kind == (True, True) and len(letters) == 2:
        return entry_of(tree.args[0], letters[::-1])
    if any(len(group) != 1 for group in letters):
        return indexed(tree, letters)
    if tree.op == "ones":
        return ONE
    if tree.op == "eye":
        return delta(letters[0][0], letters[1][0])
    if is_diag(tree):
        return product(delta(letters[0][0], letters[1][0]), entry_of(tree.args[0], letters[:1]))
    if tree.op == "hadamard" and all(a.kind in (tree.kind, SCALAR) for a in tree.args):
        parts = (_of_product(entry_of(a, letters)) for a in tree.args)
        return Monomial(1).times(*parts).tree()
    if tree.op == "elpower":
        return power(entry_of(tree.args[0], letters), tree.data)
    if tree.op == "call":
        record = REGISTRY.get(tree.data[0])
        if record is not None and record.elementwise:
            args = [entry_of(a, letters) for a in tree.args]
            return make("call", args, tree.data)
        return indexed(tree, letters)
    if tree.op == "neg" or (tree.op == "sum" and all(_is_entrywise(a) for a in tree.args)):
        return make(tree.op, [entry_of(a, letters) for a in tree.args], tree.data)
    if tree.op == "frac":
        return fraction(entry_of(tree.args[0], letters), tree.args[1])
    if tree.op == "product" and any(a.scalar for a in tree.args):
        scalars = [a for a in tree.args if a.scalar]
        core = product(*(a for a in tree.args if not a.scalar))
        return product(*scalars, entry_of(core, letters))
    if tree.op == "product" and len(letters) == 2:
        wide = [a for a in tree.args if not a.scalar]
        if len(wide) == 2 and wide[0].kind == (True, False) and wide[1].op == "transpose":
            scalars = [a for a in tree.args if a.scalar]
            return product(
                *scalars, entry_of(wide[0], letters[:1]), entry_of(wide[1].args[0], letters[1:])
            )
    return indexed(tree, letters)
