"""From a split formula to a module: `per_block`, `merge` and `combine`, which need no eingrad."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..codegen import Generated, generate
from ..dims import shape_text
from ..errors import UnsupportedError
from ..ir.apply import apply
from ..ir.node import Node, Shape, Variable
from ..ir.walk import variables
from .rows import Weight
from .split import Partial, Split

NAMES = ("per_block", "merge", "combine", "_result", "_scaled", "partials", "first", "second")

SCALED = '''
def _scaled(array, exponent):
    """The array times exp(exponent), and 0 where that is 0, whatever the array has there."""
    scale = xp.exp(exponent)
    product = scale * array
    return xp.where(scale == 0, xp.zeros_like(product), product)
'''

# How two partial results meet that are not sums.
MERGES: Mapping[str, Mapping[str, str]] = {
    backend: {
        "logsumexp": logsumexp,
        "max": f"{module}.maximum({{0}}, {{1}})",
        "min": f"{module}.minimum({{0}}, {{1}})",
        "prod": "{0} * {1}",
        "sum": "{0} + {1}",
        "scaled": SCALED.replace("xp.", f"{module}."),
    }
    for backend, module, logsumexp in (
        ("numpy", "np", "np.logaddexp({0}, {1})"),
        ("jax", "jnp", "jnp.logaddexp({0}, {1})"),
        ("torch", "torch", "torch.logaddexp({0}, {1})"),
        ("tensorflow", "tf", "tf.reduce_logsumexp(tf.stack([{0}, {1}]), 0)"),
    )
}


@dataclass(frozen=True)
class Written:
    """The module of a split formula.

    Attributes
    ----------
    source:
        Imports, `per_block`, `merge`, `_result` and `combine`.
    per_block, result:
        The generated functions in it.
    """

    source: str
    per_block: Generated
    result: Generated

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The names of the module once it is run."""
        scope: dict[str, Any] = {}
        exec(compile(self.source, "<eingrad blocks>", "exec"), scope)
        return scope


def written(
    found: Split, offered: Sequence[Variable], backend: str, notes: Sequence[str] = ()
) -> Written:
    """The module.

    Parameters
    ----------
    offered:
        The variables of the formula, in the order in which they are arguments.
    notes:
        Lines for the documentation of `combine`.

    Raises
    ------
    UnsupportedError
        The backend cannot.
    """
    if backend not in MERGES:
        raise UnsupportedError(
            f"there are no blocks for {backend}; there are for {', '.join(MERGES)}"
        )
    per_block = generate(
        {p.name: p.node for p in found.partials},
        name="per_block",
        backend=backend,
        arguments=offered,
        notes=[f"What one block of rows gives; {found.rows} is the number of its rows."],
        taken=NAMES,
    )
    needed = {v.name: v for v in variables(*found.results.values())}
    partials = [needed[p.name] for p in found.partials if p.name in needed]
    shared = [v for v in offered if v.name not in found.blocked]
    result = generate(
        found.results,
        name="_result",
        backend=backend,
        arguments=[*partials, *shared],
        notes=["The result of what all rows give."],
        checked=False,
        taken=NAMES,
    )
    blocks = [
        *dict.fromkeys([*per_block.helpers, *result.helpers]),
        per_block.definition,
        *([MERGES[backend]["scaled"].strip()] if any(p.weights for p in found.partials) else []),
        _merge(found, backend),
        result.definition,
        _combine(found, result, notes),
    ]
    imports = sorted({*per_block.imports, *result.imports, "import functools"})
    source = "\n\n\n".join(["\n".join(imports), *blocks]) + "\n"
    ast.parse(source)
    return Written(source, per_block, result)


def _merge(found: Split, backend: str) -> str:
    """`merge(first, second)`: one line for each partial result."""
    spelled = MERGES[backend]
    names = [p.name for p in found.partials]
    scales = {p.node: p.name for p in found.partials if p.kind == "logsumexp"}
    lines = ['"""What `per_block` gives for the rows of both; the order does not matter."""']
    if len(names) == 1:
        (p,) = found.partials
        lines.append(f"return {spelled[p.kind].format('first', 'second')}")
        return _function("merge(first, second)", lines)
    firsts, seconds = ([f"{n}_{k}" for n in names] for k in (1, 2))
    lines += [f"{', '.join(firsts)} = first", f"{', '.join(seconds)} = second"]
    for p in sorted(found.partials, key=lambda p: bool(p.weights)):  # scales before what they scale
        both = [f"{p.name}_{k}" for k in (1, 2)]
        if p.weights:
            both = [f"_scaled({one}, {_exponent(p, scales, one[-2:])})" for one in both]
        lines.append(f"{p.name} = {spelled[p.kind].format(*both)}")
    lines.append(f"return {', '.join(names)}")
    return _function("merge(first, second)", lines)


def _exponent(p: Partial, scales: Mapping[Node, str], mark: str) -> str:
    """How much larger all rows are below a softmax than those of one side."""
    parts = []
    for w in p.weights:
        name = scales[apply("logsumexp", w.of)]
        along = _along(w, p.node.ndim)
        difference = f"{name}{mark} - {name}"
        bare = not along and len(p.weights) == 1 and w.power == 1
        parts.append(_power(w) + (difference if bare else f"({difference}){along}"))
    return " + ".join(parts)


def _power(w: Weight) -> str:
    return "" if w.power == 1 else f"({w.power}) * "


def _along(w: Weight, ndim: int) -> str:
    """The axes of a scale laid along those of what it scales."""
    if not w.axes:
        return ""
    kept = [":" if k in w.axes else "None" for k in range(ndim)]
    while kept[0] == "None":
        del kept[0]  # broadcasting adds those
    return "" if "None" not in kept else f"[{', '.join(kept)}]"


def _combine(found: Split, result: Generated, notes: Sequence[str]) -> str:
    names = [p.name for p in found.partials]
    shared = [a for v, a in result.arguments.items() if v not in names]
    given = ["partials", *shared]
    if result.sizes:
        given += ["*", *result.sizes.values()]
    passed = [f"{a}={v}" if v != a else a for v, a in result.arguments.items() if v in names]
    passed = [f"{a}={a}" if "=" not in a else a for a in passed]
    passed += [f"{a}={a}" for a in (*shared, *result.sizes.values())]
    lines = [
        '"""' + (_clean(notes[0]) if notes else "The result of all rows."),
        *map(_clean, notes[1:]),
        "",
        "Parameters",
        "----------",
        "partials : what `per_block` gave for each block, in an iterable",
        *(f"{a} : as it is for all rows" for a in shared),
        "",
        "Returns",
        "-------",
        *(f"{_clean(key)} : {_kind(shape)}" for key, shape in result.outputs.items()),
        '"""',
        f"{', '.join(names)} = functools.reduce(merge, partials)",
        f"return _result({', '.join(passed)})",
    ]
    return _function(f"combine({', '.join(given)})", lines)


def _kind(shape: Shape) -> str:
    return f"array of shape {shape_text(shape)}" if shape else "number"


def _function(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"def {head}:", *(f"    {line}".rstrip() for line in lines)])


def _clean(note: str) -> str:
    """A line that cannot end the documentation or escape from it."""
    kept = "".join(c if c.isprintable() else " " for c in note)
    return kept.replace("\\", "/").replace('"', "'")
