"""The text form of the IR: one line for each node, and `from_text(to_text(node)) is node`.

    (variable A (m n))
    (variable x (n) positive)
    (%1 contraction (A 0 1) (x 1) -> (0) (m n))
    (%2 apply power (m) (%1) (exponent -1/2))
    (%3 term 2 (%2 0) -> (0 0) (m))
    (result %3)

A line names a node (`%3`, a variable by its own name) and lists what it is made of; nodes come
before their users, so the text is linear in the graph and read in one pass. A factor is
`(node index …)`; an index is an atom or a tuple `(0 1)` of atoms; after `->` stands the index of
each output axis, then the sizes of the atoms. A recurrence is written once for each stack of states
that is used: `scan (T) forward after 0 (bodies) (carries) (steps) (params) (operands)`; after T
stands how far apart the states are that code keeps, where it is not to keep all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import Dim, minimum, product, shape_text
from ..errors import ParseError, UnsupportedError
from .loop import ROOT, Recurrence, Scan, raw_scan
from .node import (
    Apply,
    AxisIndex,
    Constant,
    Contraction,
    Factor,
    Kernel,
    Node,
    Shape,
    Size,
    Sum,
    Term,
    Variable,
    constant,
    kernel,
    raw_apply,
    raw_contraction,
    raw_sum,
    raw_term,
    size,
    variable,
)

# --- writing --------------------------------------------------------------------------------------


def to_text(root: Node) -> str:
    """The text of a node and all that it is computed from.

    >>> from eingrad.ir.build import contract, dims
    >>> A, x = variable("A", dims("m", "n")), variable("x", dims("n"))
    >>> print(to_text(contract("ij,j->i", A, x)))
    (variable A (m n))
    (variable x (n))
    (%1 contraction (A 0 1) (x 1) -> (0) (m n))
    (result %1)
    """
    from .walk import with_bodies

    names: dict[Node, str] = {}
    taken: set[str] = set()
    lines = []
    count = 0
    for node in with_bodies(root):
        if isinstance(node, Variable) and node.name.isidentifier() and node.name not in taken:
            names[node] = node.name
            taken.add(node.name)
            lines.append(f"({_body(node, names)})")
        else:
            count += 1
            names[node] = f"%{count}"
            lines.append(f"(%{count} {_body(node, names)})")
    lines.append(f"(result {names[root]})")
    return "\n".join(lines)


def _body(node: Node, names: dict[Node, str]) -> str:
    if isinstance(node, Variable):
        name = node.name if node.name.isidentifier() else json.dumps(node.name)
        return " ".join(
            ["variable", name, _shape(node.shape), *sorted(node.facts), *["dormant"] * node.dormant]
        )
    if isinstance(node, Constant):
        entries = " ".join(map(_entry, node.value.ravel().tolist()))
        return f"constant {node.value.dtype.str} {_shape(node.shape)} ({entries})"
    if isinstance(node, Size):
        return f"size {_dim(node.dim)}"
    if isinstance(node, Kernel):
        return f"kernel {node.kind} {_shape(node.shape)}{_params(node.params)}"
    if isinstance(node, Apply):
        operands = " ".join(names[o] for o in node.operands)
        head = f"apply {node.function} {_shape(node.shape)} ({operands})"
        return head + _params(node.params)
    if isinstance(node, Contraction):
        out = " ".join(map(str, node.out))
        return f"contraction {_factors(node, names)}-> ({out}) {_shape(node.sizes)}"
    if isinstance(node, Term):
        out = " ".join(map(_axis, node.out))
        factors = _factors(node, names)
        return f"term {node.coefficient} {factors}-> ({out}) {_shape(node.sizes)}"
    if isinstance(node, Sum):
        return f"sum {_shape(node.shape)} ({' '.join(names[o] for o in node.operands)})"
    if isinstance(node, Scan):
        r = node.recurrence
        groups = (r.bodies, r.carries, r.steps, r.params, node.operands)
        listed = " ".join(f"({' '.join(names[n] for n in group)})" for group in groups)
        direction = "reverse" if r.reverse else "forward"
        when = "before" if node.before else "after"
        length = f"{_dim(r.length)} {r.checkpoint}" if r.checkpoint else _dim(r.length)
        return f"scan ({length}) {direction} {when} {node.place} {listed}"
    raise UnsupportedError(f"a {type(node).__name__} has no text form")


def _factors(node: Contraction | Term, names: dict[Node, str]) -> str:
    return "".join(f"({' '.join([names[f.node], *map(_axis, f.indices)])}) " for f in node.factors)


def _axis(axis: AxisIndex) -> str:
    return str(axis[0]) if len(axis) == 1 else f"({' '.join(map(str, axis))})"


def _shape(shape: Shape) -> str:
    return f"({' '.join(map(_dim, shape))})"


def _dim(dim: Dim) -> str:
    """A size without spaces: `m*n+2`."""
    parts = []
    for monomial, coefficient in dim.terms:
        symbols = [s if s.isidentifier() else json.dumps(s) for s in monomial]
        parts.append("*".join([f"{coefficient:+d}", *symbols]))
    text = "".join(parts).removeprefix("+")
    return re.sub(r"(?<!\d)1\*", "", text) or "0"


def _params(params: Sequence[tuple[str, Any]]) -> str:
    return "".join(f" ({key} {_param(value)})" for key, value in params)


def _param(value: Any) -> str:
    """A parameter; the spelling tells its type."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | Fraction):
        return str(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Dim):
        return f"(dim {_dim(value)})"
    if isinstance(value, tuple):
        return f"({' '.join(['tuple', *map(_param, value)])})"
    raise UnsupportedError(f"a parameter of type {type(value).__name__} has no text form")


def _entry(value: Any) -> str:
    return value.hex() if isinstance(value, float) else str(value)


# --- reading --------------------------------------------------------------------------------------

Item = str | list[Any]  # a token, or a bracketed list of items

TOKEN = re.compile(r'[()]|(?:[^\s()"]|"(?:[^"\\]|\\.)*")+')


def from_text(text: str) -> Node:
    """The node that `to_text` wrote.

    Raises
    ------
    ParseError
        The text is not of this form; the message says which line.
    """
    nodes: dict[str, Node] = {}
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            items = _items(line)
            if items[0] == "result":
                return nodes[items[1]]
            if items[0] == "variable":
                nodes[items[1]] = _node(items, nodes)
            else:
                nodes[items[0]] = _node(items[1:], nodes)
        except KeyError as error:
            raise ParseError(
                f"line {place} uses {error.args[0]}, which no line before names"
            ) from None
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            shown = line if len(line) < 80 else line[:80] + "…"
            raise ParseError(f"line {place} is not of the text form: {shown} ({error})") from None
    raise ParseError("the text has no line (result …)")


def _items(line: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for token in TOKEN.findall(line):
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError("a bracket too many")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1 or len(stack[0]) != 1 or not isinstance(stack[0][0], list):
        raise ValueError("a line is one bracket")
    return stack[0][0]


def _node(items: list[Any], nodes: dict[str, Node]) -> Node:
    kind = items[0]
    if kind == "variable":
        name = json.loads(items[1]) if items[1].startswith('"') else items[1]
        return variable(
            name, _read_shape(items[2]), frozenset(items[3:]) - {"dormant"}, "dormant" in items[3:]
        )
    if kind == "constant":
        return _read_constant(*items[1:])
    if kind == "size":
        return size(_read_dim(items[1]))
    if kind == "kernel":
        return kernel(items[1], _read_shape(items[2]), _read_params(items[3:]))
    if kind == "apply":
        operands = [nodes[name] for name in items[3]]
        return raw_apply(items[1], operands, _read_shape(items[2]), _read_params(items[4:]))
    if kind == "sum":
        terms = [nodes[name] for name in items[2]]
        shape = _read_shape(items[1])
        if any(term.shape != shape for term in terms):
            raise ValueError("a summand has another shape")
        return raw_sum(terms, shape)
    if kind in ("contraction", "term"):
        return _read_product(items, nodes)
    if kind == "scan":
        return _read_scan(items, nodes)
    raise ValueError(f"no node is called {kind}")


def _read_product(items: list[Any], nodes: dict[str, Node]) -> Node:
    arrow = items.index("->")
    out, sizes = items[arrow + 1], _read_shape(items[arrow + 2])
    start = 1 if items[0] == "contraction" else 2
    factors = []
    for name, *axes in items[start:arrow]:
        factor = Factor(nodes[name], tuple(map(_read_axis, axes)))
        shape = tuple(product(sizes[a] for a in axis) for axis in factor.indices)
        if shape != factor.node.shape:
            raise ValueError(f"{name} has shape {shape_text(factor.node.shape)}")
        factors.append(factor)
    if items[0] == "contraction":
        return raw_contraction(factors, tuple(map(int, out)), sizes)
    coefficient = _read_param(items[1])
    return raw_term(coefficient, factors, tuple(map(_read_axis, out)), sizes)


def _read_scan(items: list[Any], nodes: dict[str, Node]) -> Scan:
    """The stack of states; bound variables and operands must fit each other."""
    _, (length, *checkpoint), direction, when, place, *groups = items
    if direction not in ("forward", "reverse") or when not in ("after", "before"):
        raise ValueError("a scan is forward or reverse, and its states after or before")
    bodies, carries, steps, params, operands = (tuple(nodes[n] for n in group) for group in groups)
    bound = [v for v in (*carries, *steps, *params) if isinstance(v, Variable)]
    size = _read_dim(length)
    recurrence = Recurrence(
        bodies,
        tuple(bound[: len(carries)]),
        tuple(bound[len(carries) : len(carries) + len(steps)]),
        tuple(bound[len(carries) + len(steps) :]),
        size,
        direction == "reverse",
        *map(int, checkpoint),
    )
    if recurrence.checkpoint < ROOT:
        raise ValueError("states are kept a number of steps apart")
    wanted = [(size, *v.shape) if v in steps else v.shape for v in bound]
    if (
        len(bound) != len(carries) + len(steps) + len(params)
        or [o.shape for o in operands] != wanted
        or [b.shape for b in bodies] != [v.shape for v in carries]
    ):
        raise ValueError("the parts of a scan do not fit")
    return raw_scan(recurrence, operands, range(len(carries))[int(place)], when == "before")


def _read_constant(dtype: str, shape: list[str], entries: list[str]) -> Constant:
    kind = np.dtype(dtype)
    read: Any = int
    if kind.kind == "b":
        read = {"True": True, "False": False}.__getitem__
    elif kind.kind == "f":
        read = float.fromhex
    elif kind.kind == "c":
        read = complex
    values = [read(e) for e in entries]
    return constant(np.array(values, dtype=kind).reshape([int(k) for k in shape]))


def _read_axis(item: Item) -> AxisIndex:
    return tuple(map(int, item)) if isinstance(item, list) else (int(item),)


def _read_shape(items: list[str]) -> Shape:
    return tuple(map(_read_dim, items))


def _read_dim(text: str) -> Dim:
    if not re.fullmatch(r'[+-]?(?:"(?:[^"\\]|\\.)*"|[^"+*-]+|[+*-](?=[^+*-]))+', text):
        raise ValueError(f"{text} is not a size")
    total = Dim([])
    for sign, body in re.findall(r'([+-]?)((?:"(?:[^"\\]|\\.)*"|[^"+-])+)', text):
        monomial = Dim.of(-1 if sign == "-" else 1)
        for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^"*]+', body):
            monomial = monomial * _read_symbol(part)
        total = total + monomial
    return total


def _read_symbol(part: str) -> Dim:
    if part.isdigit():
        return Dim.of(int(part))
    name = json.loads(part) if part.startswith('"') else part
    smaller = re.fullmatch(r"min\((.*)\)", name)
    if smaller is None:
        return Dim.symbol(name)
    inside, depth = smaller[1], 0
    for k, c in enumerate(inside):  # the comma between the two sizes; they may be minima themselves
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            first, second = (s.replace(" ", "") for s in (inside[:k], inside[k + 1 :]))
            return minimum(_read_dim(_quoted(first)), _read_dim(_quoted(second)))
    raise ValueError(f"{name} is not a size")


def _quoted(text: str) -> str:
    """The minima in a size as its `str` has them, as quoted symbols."""
    result, start, depth = "", 0, 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "(" and depth == 1:
            start = k - 3
        elif c == ")" and not depth:
            result = result[: len(result) - 3] + json.dumps(text[start : k + 1])
            continue
        if not depth:
            result += c
    return result


def _read_params(items: list[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((key, _read_param(value)) for key, value in items)


def _read_param(item: Item) -> Any:
    if isinstance(item, list):
        if item[0] == "dim":
            return _read_dim(item[1])
        if item[0] == "tuple":
            return tuple(map(_read_param, item[1:]))
        raise ValueError(f"a parameter cannot start with {item[0]}")
    if item in ("None", "True", "False"):
        return {"None": None, "True": True, "False": False}[item]
    if item.startswith('"'):
        return json.loads(item)
    if re.fullmatch(r"-?\d+", item):
        return int(item)
    if re.fullmatch(r"-?\d+/\d+", item):
        return Fraction(item)
    return float.fromhex(item)
