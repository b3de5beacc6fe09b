"""The code stage's one entry: nodes in, the source of a stand-alone function out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..dims import Dim
from ..errors import InputError, UnsupportedError
from ..ir import walk
from ..ir.node import Node, Shape, Variable
from .arguments import Signature
from .emit import Emission
from .lower import Lowering
from .names import Names, identifier
from .numpy_target import NUMPY
from .program import Value
from .target import Target, imports_of

TARGETS: dict[str, Target] = {"numpy": NUMPY}
MAX_SOLVES = 3  # with one matrix; for more its inverse is cheaper


@dataclass(frozen=True)
class Generated:
    """A function as source.

    Attributes
    ----------
    source:
        The module: imports and one function.
    name:
        Of the function.
    arguments:
        Name of a variable → name of the argument. They differ where the name of a variable is not
        an identifier, or is taken (`lambda`, `np`).
    sizes:
        Symbolic sizes that no argument shows: further arguments, by keyword.
    imports:
        The import lines.
    outputs:
        Names and shapes of what is returned; one: an array, several: a tuple.
    """

    source: str
    name: str
    arguments: Mapping[str, str]
    sizes: Mapping[str, str]
    imports: tuple[str, ...]
    outputs: Mapping[str, Shape]
    _compiled: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def function(self) -> Callable[..., Any]:
        """The compiled function; it takes arguments by position or keyword."""
        if not self._compiled:
            code = compile(self.source, f"<eingrad {self.name}>", "exec")
            exec(code, self._compiled)
        return self._compiled[self.name]

    def __str__(self) -> str:
        return self.source


def generate(
    outputs: Mapping[str, Node],
    *,
    name: str = "f",
    backend: str = "numpy",
    sizes: Mapping[str, int] | None = None,
    arguments: Sequence[Variable] | None = None,
    notes: Sequence[str] = (),
) -> Generated:
    """Source of a function that computes the outputs together, sharing all common work.

    Parameters
    ----------
    outputs:
        Name → node. Names appear in the documentation only.
    name:
        Of the function; an identifier.
    sizes:
        Sizes of symbols that are typical, for the order of multiplication. They are not built in.
    arguments:
        The variables that are arguments, in order; by default those that the outputs need, by name.
        Those that are not needed are checked, and their shapes define sizes.
    notes:
        Lines for the documentation.

    Raises
    ------
    InputError
        The name is not an identifier, or a needed variable is not among the arguments.
    UnsupportedError
        The backend is unknown, or lacks a function.

    Examples
    --------
    >>> from eingrad.dims import as_dim
    >>> from eingrad.ir import build, node
    >>> A, x = node.variable("A", (as_dim("m"), as_dim("n"))), node.variable("x", (as_dim("n"),))
    >>> f = generate({"y": build.contract("ij,j->i", A, x)}).function()
    >>> f([[1, 2], [3, 4]], x=[1, 10])
    array([21., 43.])
    """
    target = TARGETS.get(backend)
    if target is None:
        raise UnsupportedError(
            f"there is no backend called {backend}; there are {', '.join(TARGETS)}"
        )
    if identifier(name) != name or Names().fresh(name) != name:
        raise InputError("the name of the function is not a usable identifier")
    needed = walk.variables(*outputs.values())
    variables = list(arguments) if arguments is not None else needed
    missing = [v.name for v in needed if v not in variables]
    if missing:
        raise InputError(f"{', '.join(missing)} is needed, but is not among the arguments")
    lowering, roots = _lowered(list(outputs.values()), sizes or {})
    names = Names({*_module_names(target), name, "dtype"})
    signature = Signature(variables, names)
    symbols = _symbols(roots, outputs)
    signature.require(symbols)
    emission = Emission(
        lowering.program, roots, target, names, signature.names, signature.size_names
    )
    emission.run()
    results = _results(emission, roots, list(outputs.values()))
    body = [
        *target.prologue(*signature.kinds()),
        *signature.checks(emission.size_symbols),
        *emission.lines,
        f"return {', '.join(results)}",
    ]
    text = "\n".join(body)
    imports = (*target.imports, *imports_of(text))
    head = f"def {name}({signature.parameters()}):"
    document = signature.document(outputs, notes)
    lines = [*imports, "", "", head, *_indented(document), *_indented(body)]
    source = "\n".join(line.rstrip() for line in lines) + "\n"
    ast.parse(source)
    shapes = {key: node.shape for key, node in outputs.items()}
    return Generated(source, name, signature.names, signature.extra_sizes, imports, shapes)


def _lowered(nodes: list[Node], sizes: Mapping[str, int]) -> tuple[Lowering, list[Value]]:
    """The program; a second time with inverses where a matrix is solved with too often."""
    dense: frozenset[Node] = frozenset()
    while True:
        lowering = Lowering(nodes, sizes, dense)
        program = lowering.program
        roots = [program.broadcast_to(lowering.value_of(n), n.shape) for n in nodes]
        reachable = _reachable(roots)
        inverted = {v.args[0] for v in reachable if v.op == "call" and v.params[0] == "inv"}
        often = {
            matrix
            for matrix, solutions in lowering.products.solves.items()
            if len(solutions & reachable) > (0 if matrix in inverted else MAX_SOLVES)
        }
        again = {
            n
            for n in walk.topological(*nodes)
            if getattr(n, "function", None) == "inv" and lowering.lowered(n.operands[0]) in often
        }
        if again <= dense:
            return lowering, roots
        dense |= again


def _reachable(roots: list[Value]) -> set[Value]:
    found = set(roots)
    stack = list(roots)
    while stack:
        for arg in stack.pop().args:
            if arg not in found:
                found.add(arg)
                stack.append(arg)
    return found


def _symbols(roots: list[Value], outputs: Mapping[str, Node]) -> list[str]:
    """The symbols of the sizes that the program may need."""
    found: set[str] = set()
    for value in _reachable(roots):
        for param in value.params:
            found |= _symbols_in(param)
        if value.op != "input":
            found |= (
                _symbols_in(value.shape) if value.op in ("embed", "broadcast", "full") else set()
            )
    return sorted(found)


def _symbols_in(param: Any) -> set[str]:
    if isinstance(param, Dim):
        return set(param.symbols())
    if isinstance(param, tuple):
        return set().union(*(_symbols_in(p) for p in param))
    return set()


def _results(emission: Emission, roots: list[Value], nodes: list[Node]) -> list[str]:
    """The returned expressions; an array that is an argument, or returned twice, is copied."""
    texts = []
    returned: set[Value] = set()
    for value in roots:
        texts.append(emission.result(value, value in returned))
        returned.add(value)
    return texts


def _module_names(target: Target) -> list[str]:
    return [line.split()[-1] for line in target.imports] + ["scipy", "math", "a"]


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]
