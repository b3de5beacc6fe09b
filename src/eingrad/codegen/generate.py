"""The code stage's one entry: nodes in, the source of a stand-alone function out."""

from __future__ import annotations

import ast
import linecache
import re
import weakref
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ..dims import Dim
from ..errors import InputError, UnsupportedError, library_needed
from ..ir import walk
from ..ir.loop import MARK
from ..ir.node import Apply, Node, Shape, Term, Variable
from ..ir.record import lookup
from ..ir.sweep import Sweep
from .along import along_axes
from .arguments import Signature, plain_symbols
from .convolve import convolved
from .emit import Emission, everything, reachable
from .fuse import fused
from .hoist import hoisted
from .lower import Lowering
from .names import Names, identifier
from .plan import Plan, plan_of
from .program import Value
from .segments import segmented
from .sharing import in_common_parts
from .stored import stored
from .targets import TARGETS
from .targets.target import Target, imports_of
from .turn import turned

BACKENDS = tuple(TARGETS)
RESERVED = (
    *("dtype", "device", "scipy", "math", "itertools", "functools", "jax"),
    *("name", "shape", "expected", "array"),
)
PROPERTIES = re.compile(r"(?<![\w.])(dtype|device)\b(?!=)")  # that a prologue may define
MAX_SOLVES = 3  # with one matrix; for more its inverse is cheaper
NUMBERS = count(1)  # of the functions compiled


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
        Name of a variable → name of the argument, in order. They differ where the name of a
        variable is not an identifier, or is taken (`lambda`, `np`).
    sizes:
        Symbolic sizes that no argument shows: further arguments, by keyword.
    imports:
        The import lines.
    outputs:
        Names and shapes of what is returned; one: an array, several: a tuple.
    helpers:
        Sources of the functions that it calls.
    definition:
        The source of the function alone, without imports and helpers.
    keywords:
        Further arguments that may be given by name, such as the namespace of the arrays.
    plan:
        Its steps, and which outputs each of them serves.
    """

    source: str
    name: str
    arguments: Mapping[str, str]
    sizes: Mapping[str, str]
    imports: tuple[str, ...]
    outputs: Mapping[str, Shape]
    helpers: tuple[str, ...]
    definition: str
    keywords: tuple[str, ...]
    plan: Plan
    _compiled: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def function(self) -> Callable[..., Any]:
        """The compiled function; it takes arguments by position or keyword.

        Raises
        ------
        UnsupportedError
            The framework that it is for is not installed.
        """
        if self.name not in self._compiled:
            file = f"<eingrad {self.name} {next(NUMBERS)}>"
            # Tracebacks show the source, and AutoGraph reads it.
            lines = self.source.splitlines(keepends=True)
            linecache.cache[file] = (len(self.source), None, lines, file)
            with library_needed(f"the generated function {self.name}"):
                exec(compile(self.source, file, "exec"), self._compiled)
            weakref.finalize(self._compiled[self.name], linecache.cache.pop, file, None)
        return self._compiled[self.name]

    @property
    def renamed(self) -> dict[str, str]:
        """The arguments whose names differ from those of their variables."""
        return {v: a for v, a in self.arguments.items() if v != a}

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
    checked: bool = True,
    taken: Sequence[str] = (),
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
        The variables that may be arguments, in order; by default those that the outputs need, by
        name. One that is not needed becomes an argument only where its shape shows a size that is.
    notes:
        Lines for the documentation.
    checked:
        Whether the arguments are checked and made arrays of one type; else they are such already.
    taken:
        Names that stand for something else in the module where the function goes.

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
    nodes = list(outputs.values())
    needed = walk.variables(*nodes)
    offered = list(arguments) if arguments is not None else needed
    missing = {v.name for v in needed} - {v.name for v in offered}
    if missing:
        raise InputError(f"{', '.join(sorted(missing))} is needed, but not among the arguments")
    nodes = hoisted(segmented(in_common_parts(nodes, backend)))
    lowering, roots = _lowered(nodes, sizes or {})
    program, roots = turned(lowering.program, roots)
    if target.along_axes:
        program, roots = along_axes(program, roots)
    if target.stores:
        program, roots = stored(program, roots)
    if "convolve" in target.spellings:
        program, roots = convolved(program, roots)
    if target.fuses:
        program, roots = fused(program, roots)
    symbols = _symbols(roots)
    helpers = _helpers(target, roots)
    names = Names({*RESERVED, *taken, target.module, name, *_defined(helpers)})
    signature = Signature(_chosen(offered, needed, symbols), symbols, names, target.keywords)
    emission = Emission(program, roots, target, names, signature.names, signature.size_names)
    emission.run()
    returned = emission.returned(roots, list(outputs))
    used = emission.spell.size_symbols
    shown = [signature.size_names[s] for s in signature.defined if s in used]
    work = [
        *signature.checks(used, checked),
        *(target.sizes_needed(shown) if target.sizes_needed and shown else []),
        *emission.lines,
        f"return {returned}",
    ]
    helpers = _called(helpers, "\n".join(work))
    mentioned = frozenset(PROPERTIES.findall("\n".join(work)))
    kinds = signature.kinds(_indices(nodes))
    trusted = None if checked else _trusted(*kinds, mentioned)
    body = [*(target.prologue(*kinds, mentioned) if trusted is None else trusted), *work]
    head = f"def {name}({signature.parameters()}):"
    plan = plan_of(emission.lines, returned, list(outputs))
    documented = [*(notes or ["Computed by eingrad."]), *plan.notes]
    function = [head, *_indented(signature.document(outputs, documented)), *_indented(body)]
    definition = "\n".join(line.rstrip() for line in function)
    blocks = [*helpers, definition]
    imports = (*imports_of("\n".join(blocks)), *target.imports)
    source = "\n\n\n".join([*(["\n".join(imports)] if imports else []), *blocks]) + "\n"
    shapes = {key: node.shape for key, node in outputs.items()}
    return Generated(
        source,
        name,
        signature.names,
        signature.extra_sizes,
        imports,
        shapes,
        tuple(helpers),
        definition,
        tuple(target.keywords),
        plan,
    )


def _indices(nodes: Sequence[Node]) -> set[str]:
    """The variables that are used as an index only: they keep their own type."""
    order = walk.topological(*nodes)
    as_value = {node: True for node in nodes}  # whether a node is used as more than an index
    for node in reversed(order):
        used = as_value.setdefault(node, False)
        if isinstance(node, Sweep):
            inside = _indices(node.segment.roots)
            uses = [v.name not in inside for v in node.segment.bound]
        elif isinstance(node, Apply) and lookup(node.function).looks_up:
            uses = [False]
        else:
            view = isinstance(node, Term) and len(node.factors) == 1 and node.coefficient == 1
            uses = [used or not view] * len(node.operands)
        for operand, value in zip(node.operands, uses, strict=True):
            as_value[operand] = as_value.get(operand, False) or value
    return {n.name for n in order if isinstance(n, Variable) and not as_value[n]}


def _chosen(
    offered: Sequence[Variable], needed: Sequence[Variable], symbols: set[str]
) -> list[Variable]:
    """The offered variables that are needed, or whose shapes show a size that is."""
    names = {v.name for v in needed}
    shown = {s for v in needed for d in v.shape for s in plain_symbols(d)}
    for v in offered:
        news = {s for d in v.shape for s in plain_symbols(d)} & symbols - shown
        if news and v.name not in names:
            names.add(v.name)
            shown |= news
    return [v for v in offered if v.name in names]


def _helpers(target: Target, roots: list[Value]) -> list[str]:
    """The functions that the code of records calls, each once."""
    alive = everything(roots)
    used = {v.params[0] for v in alive if v.op == "call"}
    operations = sorted({v.op for v in alive} & target.helpers.keys())
    blocks: dict[str, str] = {}
    for source in [*map(target.helper, sorted(used)), *(target.helpers[op] for op in operations)]:
        for part in ast.parse(source).body:
            if isinstance(part, ast.FunctionDef):
                blocks[part.name] = ast.get_source_segment(source, part) or ""
    return list(blocks.values())


def _trusted(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str] | None:
    """What a prologue defines where all arguments are arrays of one type; None if there are
    none."""
    given = [*arrays, *scalars]
    if not given:
        return None
    return [f"{name} = {given[0]}.{name}" for name in sorted(mentioned)]


def _called(helpers: Sequence[str], text: str) -> list[str]:
    """The helpers that the text calls, or one of them."""
    names = dict(zip(_defined(helpers), helpers, strict=True))
    called: set[str] = set()
    pending = [text]
    while pending:
        words = set(re.findall(r"\w+", pending.pop()))
        new = (names.keys() & words) - called
        called |= new
        pending += [names[n] for n in new]
    return [source for name, source in names.items() if name in called]


def _defined(helpers: Sequence[str]) -> list[str]:
    return [h.removeprefix("def ").split("(")[0] for h in helpers]


def _lowered(nodes: list[Node], sizes: Mapping[str, int]) -> tuple[Lowering, list[Value]]:
    """The program; a second time with inverses where a matrix is solved with too often."""
    dense: frozenset[Node] = frozenset()
    while True:
        lowering = Lowering(nodes, sizes, dense)
        program = lowering.program
        roots = [program.broadcast_to(lowering.value_of(n), n.shape) for n in nodes]
        alive = reachable(roots)
        inverted = {v.args[0] for v in alive if v.op == "call" and v.params[0] == "inv"}
        often = {
            matrix
            for matrix, solutions in lowering.products.solves.items()
            if len(solutions & alive.keys()) > (0 if matrix in inverted else MAX_SOLVES)
        }
        again = {
            n
            for n in walk.topological(*nodes)
            if getattr(n, "function", None) == "inv" and lowering.lowered(n.operands[0]) in often
        }
        if again <= dense:
            return lowering, roots
        dense |= again


def _symbols(roots: list[Value]) -> set[str]:
    """The symbols of the sizes that the program may write."""
    found: set[str] = set()
    for value in everything(roots):
        if value.op == "loop":
            found |= value.params[0].recurrence.length.symbols()
        elif value.op == "sweep":
            found |= value.params[0].segment.length.symbols()
        elif value.op not in ("input", "call"):
            found |= _symbols_in(value.params)
    return {s for s in found if MARK not in s}


def _symbols_in(param: Any) -> set[str]:
    if isinstance(param, Dim):
        return set(param.symbols())
    if isinstance(param, tuple):
        return set().union(*map(_symbols_in, param))
    return set()


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {part}".rstrip() for line in lines for part in line.split("\n")]
