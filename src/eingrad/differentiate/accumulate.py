"""Sums of terms while a derivative is being accumulated: they must neither grow at each layer nor
swallow structure (docs/design.md §4).

Terms with the same deltas are handled together: equal terms are added, common factors are pulled
out, and only the quotient becomes one `Sum` node, and only where that hides nothing: some factor
of it spans all its axes, or it has at most one axis, or there are too many terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from ..dims import Dim
from ..ir.build import add, einsum, is_zero, scale, split_coefficient
from ..ir.node import AxisIndex, Node, Number, Shape, Sum, Term
from ..ir.opening import is_structured

MAX_TERMS = 12

Key = tuple[Node, tuple[AxisIndex, ...]]
Signature = tuple[tuple[AxisIndex, ...], Shape]


def merge(nodes: Iterable[Node]) -> list[Node]:
    """The same sum as few terms, with deltas and outer products kept."""
    pending = list(nodes)
    total: dict[Node, Number] = {}
    while pending:
        node = pending.pop()
        c, rest = split_coefficient(node)
        if isinstance(rest, Sum) and any(map(is_structured, rest.operands)):
            pending.extend(scale(c, term) for term in rest.operands)
        else:
            total[rest] = total.get(rest, 0) + c
    terms = [scale(c, rest) for rest, c in total.items() if c]
    terms = [t for t in terms if not is_zero(t)]
    if len(terms) < 2:
        return terms
    groups: dict[Signature, list[Node]] = {}
    for term in sorted(terms, key=lambda t: t.order):
        groups.setdefault(_signature(term), []).append(term)
    result: list[Node] = []
    for signature, members in groups.items():
        result.extend(_merge_group(members, signature) if len(members) > 1 else members)
    return result


def _atoms_of(indices: tuple[AxisIndex, ...]) -> set[int]:
    return {a for axis in indices for a in axis}


def _signature(node: Node) -> Signature:
    """The delta partition (and cut) of the axes: only terms that agree in it are comparable."""
    if isinstance(node, Term):
        return node.out, node.sizes
    return tuple((k,) for k in range(node.ndim)), node.shape


def _factors(node: Node) -> tuple[Number, list[Key]]:
    if isinstance(node, Term):
        return node.coefficient, [(f.node, f.indices) for f in node.factors]
    return 1, [(node, tuple((k,) for k in range(node.ndim)))]


def _merge_group(members: list[Node], signature: Signature) -> list[Node]:
    """Merge terms of one delta partition around the factors that most of them share."""
    out, sizes = signature
    rest = [(_factors(m)[0], _factors(m)[1], m) for m in members]
    done: list[Node] = []
    while len(rest) > 1:
        shared = Counter(key for _, factors, _ in rest for key in dict.fromkeys(factors))
        candidates = [
            key
            for key, n in shared.items()
            if n > 1 and not (len(out) and len(_atoms_of(key[1])) == len(set(_flat(out))))
        ]
        candidates.sort(key=lambda key: (-shared[key], key[0].order, key[1]))
        merged = None
        for key in candidates:
            bucket = [r for r in rest if key in r[1]]
            merged = _pull_out(bucket, out, sizes, force=False)
            if merged is not None:
                break
        else:
            bucket = rest
            merged = _pull_out(bucket, out, sizes, force=len(rest) > MAX_TERMS)
        if merged is None:
            break
        chosen = {id(r[2]) for r in bucket}
        rest = [r for r in rest if id(r[2]) not in chosen]
        if not is_zero(merged):
            if isinstance(merged, Sum) and len(bucket) == len(members):
                return [*done, merged]
            if _signature(merged) == signature and rest and not isinstance(merged, Sum):
                rest.append((*_factors(merged), merged))
            else:
                done.append(merged)
    return done + [m for _, _, m in rest]


def _flat(out: Iterable[AxisIndex]) -> list[int]:
    return [a for axis in out for a in axis]


def _pull_out(
    bucket: list[tuple[Number, list[Key], Node]],
    out: tuple[AxisIndex, ...],
    sizes: Shape,
    force: bool,
) -> Node | None:
    """common factors × one `Sum` of quotients, or None where that would hide structure."""
    common = Counter(bucket[0][1])
    for _, factors, _ in bucket[1:]:
        common &= Counter(factors)
    quotients = []
    axes: set[int] = set()
    spanning: list[set[int]] = []
    for coefficient, factors, _ in bucket:
        left = Counter(factors) - common
        keys = [key for key in factors if left[key] > 0]
        picked: list[Key] = []
        for key in keys:
            if left[key] > 0:
                left[key] -= 1
                picked.append(key)
        quotients.append((coefficient, picked))
        for _, indices in picked:
            spanning.append(_atoms_of(indices))
            axes |= spanning[-1]
    if not (len(axes) <= 1 or any(s == axes for s in spanning) or force):
        return None
    size_of: dict[Hashable, Dim] = dict(enumerate(sizes))
    kept = [(a,) for a in sorted(axes)]
    parts = [einsum(factors, kept, coefficient, size_of) for coefficient, factors in quotients]
    inner = add(*parts)
    return einsum([*common.elements(), (inner, kept)], out, 1, size_of)
