"""Numbers for a derivative: the cores are computed by generated code, the rest is structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..codegen import generate
from ..dims import product, shape_text
from ..errors import (
    InputError,
    NameError_,
    UnsupportedError,
    missing_values,
    unknown_variable,
)
from ..ir.node import Kernel, Node, Variable
from ..ir.walk import variables as variables_of
from ..structure import decompose, deepened
from .arrays import namespace, shaped
from .label import Label
from .memory import check_bytes
from .operator import StructuredOperator
from .pattern import Pattern
from .pieces import Held, Opening, chosen
from .sizes import known_sizes, misfit
from .term import Axes, Core, NumericTerm


def operator(
    node: Node,
    n_out: int,
    inputs: Sequence[int],
    values: Mapping[str, Any],
    backend: str = "numpy",
    variables: Sequence[Variable] | None = None,
) -> StructuredOperator:
    """A derivative bound to numbers.

    Parameters
    ----------
    node:
        The tensor, with axes of the output, then of each input.
    n_out, inputs:
        How many axes the output has, and each input. The operator takes an array of the last
        input's shape and gives one of all axes before it: for a Hessian, of the first input's.
    values:
        An array for each variable that the cores need. Others may be left out; if they are given
        their shapes are checked. A size that no value shows is given by its symbol (`n=100`).
        Integers count as float64, float32 stays. Arrays are not copied where the operator can use
        them as they are.
    backend:
        `numpy`, `jax`, `torch` or `tensorflow`: whose arrays the operator holds.
    variables:
        All that may be given; by default those of the node.

    Raises
    ------
    NameError_
        A value is missing, or a name is unknown.
    ShapeError
        A value does not fit: which, the shape expected, the shape given.
    UnsupportedError
        Complex values, an unknown backend, or one whose library is not installed.
    SizeLimitError
        The cores would take more than a quarter of the free memory; nothing has been computed.
    """
    known = tuple(variables if variables is not None else variables_of(node))
    key = f"operator {backend} {n_out} {tuple(inputs)}"

    def made() -> Binder:
        if backend == "numpy":
            return Binder(node, n_out, tuple(inputs))
        from .frameworks.bind import FrameworkBinder

        return FrameworkBinder(node, n_out, tuple(inputs), backend)

    return node.memo(key, made)(values, known)


@dataclass(frozen=True)
class _Template:
    """A term without numbers: scalar cores by place, others with shape and atoms."""

    coefficient: float
    out: Axes
    into: Axes
    sizes: Mapping[int, int]
    scalars: tuple[int, ...]
    cores: tuple[tuple[int | Pattern, tuple[int, ...] | None, tuple[int, ...], Any], ...]


@dataclass(frozen=True)
class _Plan:
    """What is known from the shapes and types of the values alone."""

    out_shape: tuple[int, ...]
    in_shape: tuple[int, ...]
    compute: Callable[..., Any] | None
    arguments: tuple[tuple[str, str], ...]
    extra: Mapping[str, int]
    count: int
    templates: tuple[_Template, ...]
    dtype: np.dtype[Any]
    places: tuple[str, ...]  # arguments that must hold whole numbers


class Binder:
    """The decomposition of a node with the code for its cores; binding again costs little."""

    backend = "numpy"

    def __init__(self, node: Node, n_out: int, inputs: tuple[int, ...]) -> None:
        if not inputs:
            raise InputError("an operator acts on an input; this derivative has none")
        self.shape = node.shape
        self.cut = node.ndim - inputs[-1]
        # With sums below contractions opened there are more cores; which is smaller, sizes tell.
        found = decompose(node, n_out, inputs)
        deeper = deepened(found)
        forms = [found.terms] if deeper is found else [found.terms, deeper.terms]
        self.forms = [[Held.of(term) for term in terms] for terms in forms]
        self._plans: dict[Any, _Plan] = {}
        self._compiled: dict[tuple[Node, ...], Any] = {}

    def __call__(
        self, values: Mapping[str, Any], variables: Sequence[Variable]
    ) -> StructuredOperator:
        try:
            key = _key(values)
        except AttributeError:  # lists and numbers
            values = {n: _array(n, a) for n, a in values.items()}
            key = _key(values)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plan(values, variables)
            if len(self._plans) > 64:
                self._plans.clear()
            self._plans[key] = plan
        results: Any = ()
        if plan.compute is not None:
            arguments = {local: values[name] for name, local in plan.arguments}
            _check_places(values, plan.places)
            try:
                results = plan.compute(**arguments, **plan.extra)
            except IndexError as error:
                raise InputError(f"{' or '.join(plan.places) or 'a value'}: {error}") from error
            if plan.count == 1:
                results = (results,)
        terms = tuple([filled(t, results) for t in plan.templates])
        return StructuredOperator(terms, plan.out_shape, plan.in_shape, plan.dtype)

    def _plan(
        self,
        values: Mapping[str, Any],
        variables: Sequence[Variable],
        limit: int | None = None,
    ) -> _Plan:
        arrays, given = self._sorted(values, variables)
        sizes = known_sizes(variables, {n: a.shape for n, a in arrays.items()}, given)
        for v in variables:
            if v.name in arrays and not {s for d in v.shape for s in d.symbols()} <= sizes.keys():
                raise misfit(v, arrays[v.name].shape, sizes)
        self._require(arrays, sizes, variables)
        held = chosen(self.forms, sizes)
        nodes = tuple(
            dict.fromkeys(
                p.node
                for _, opening in held
                for o in opening
                for p in o.pieces
                if not isinstance(p.node, Kernel)
            )
        )
        self._check_memory(nodes, sizes, arrays, limit)
        compute = self._code(nodes, sizes) if nodes else None
        templates = [_template(term, opening, nodes, sizes, self.cut) for term, opening in held]
        shape = tuple(d.evaluate(sizes) for d in self.shape)
        needed = {v.name for v in variables_of(*nodes)} or set(arrays)
        deciding = [a for n, a in arrays.items() if n in needed and a.ndim] or [
            a for n, a in arrays.items() if n in needed
        ]
        dtype = np.result_type(*(a.dtype for a in deciding), np.float32) if deciding else np.float64
        return _Plan(
            shape[: self.cut],
            shape[self.cut :],
            compute.function() if compute else None,
            tuple(compute.arguments.items()) if compute else (),
            {local: sizes[s] for s, local in compute.sizes.items()} if compute else {},
            len(nodes),
            tuple(templates),
            np.dtype(dtype),
            tuple(v.name for v in variables if v.name in needed and "integer" in v.facts),
        )

    def _sorted(
        self, values: Mapping[str, Any], variables: Sequence[Variable]
    ) -> tuple[dict[str, np.ndarray], dict[str, int]]:
        """Arrays of variables and numbers of sizes; anything else is an error."""
        names = {v.name for v in variables}
        symbols = {s for d in self.shape for s in d.symbols()}
        symbols |= {s for v in variables for d in v.shape for s in d.symbols()}
        arrays: dict[str, np.ndarray] = {}
        given: dict[str, int] = {}
        for name, value in values.items():
            array = np.asarray(value)
            if name in names:
                if array.dtype.kind not in "fiub":
                    kind = "complex" if array.dtype.kind == "c" else f"of type {array.dtype}"
                    raise UnsupportedError(f"{name} is {kind}; real numbers are expected")
                arrays[name] = array
            elif name in symbols and array.ndim == 0 and array.dtype.kind in "iu" and array >= 0:
                given[name] = int(array)
            elif name in symbols:
                huge = array.ndim == 0 and isinstance(array.item(), int) and array > 0
                wrong = f"{array!s:.40} is too large" if huge and array.dtype.kind == "O" else ""
                wrong = wrong or f"an integer is expected, not {array!s:.40}"
                raise InputError(f"{name} is a size: {wrong}")
            else:
                raise unknown_variable(name, sorted(names))
        return arrays, given

    def _require(
        self,
        arrays: Mapping[str, Any],
        sizes: Mapping[str, int],
        variables: Sequence[Variable],
    ) -> None:
        """All that the cores need is there, and all sizes are known."""
        needed = variables_of(*(core.node for h in self.forms[0] for core in h.term.cores))
        missing = [v for v in needed if v.name not in arrays]
        if missing:
            raise missing_values(f"{v.name} ({shape_text(v.shape)})" for v in missing)
        unknown = sorted({s for d in self.shape for s in d.symbols()} - sizes.keys())
        unknown += sorted(
            {s for h in self.forms[0] for d in h.term.sizes for s in d.symbols()}
            - sizes.keys()
            - set(unknown)
        )
        if unknown:
            showing = [
                v.name for v in variables if unknown[0] in {s for d in v.shape for s in d.symbols()}
            ]
            raise NameError_(
                f"the size {unknown[0]} is not known from the values given",
                hint=f"give {' or '.join([*showing, f'{unknown[0]}=…'])}",
            )

    def _check_memory(
        self,
        nodes: Sequence[Node],
        sizes: Mapping[str, int],
        arrays: Mapping[str, np.ndarray],
        limit: int | None,
    ) -> None:
        """Refuse cores that would be larger than the limit, before they are computed."""
        given = {v.name for v in variables_of(*nodes)} & arrays.keys()
        largest = max((arrays[n].itemsize for n in given), default=8)
        own = [node for node in nodes if not isinstance(node, Variable)]
        entries = sum(product(node.shape).evaluate(sizes) for node in own)
        what = "the cores of this operator"
        check_bytes(entries * largest, limit, what, source="a quarter of the device's free memory")

    def _code(self, nodes: tuple[Node, ...], sizes: Mapping[str, int]) -> Any:
        """One function for all arrays; the choice of pieces decides which."""
        if nodes not in self._compiled:
            outputs = {f"core{k}": node for k, node in enumerate(nodes)}
            self._compiled[nodes] = generate(
                outputs, name="cores", backend=self.backend, sizes=sizes
            )
        return self._compiled[nodes]


def _array(name: str, value: Any) -> np.ndarray:
    """Lists and numbers as an array."""
    try:
        return np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise InputError(f"{name} is no array: {error}") from error


def _check_places(values: Mapping[str, Any], places: Sequence[str]) -> None:
    """Places are whole numbers; NumPy would cut a fraction off without a word."""
    for name in places:
        array = np.asarray(values[name])
        if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
            raise InputError(f"{name} holds places: whole numbers are expected")


def _key(values: Mapping[str, Any]) -> Any:
    """Shapes and types, with the value of what may be a size."""
    return tuple(
        [
            (n, a.shape, a.dtype.char) if a.shape or a.dtype.kind not in "iu" else (n, int(a))
            for n, a in values.items()
        ]
    )


def _template(
    term: Any,
    opening: Sequence[Opening],
    nodes: Sequence[Node],
    sizes: Mapping[str, int],
    cut: int,
) -> _Template:
    """The term for given sizes, in normal form: see `term.normal`."""
    coefficient = float(term.coefficient)
    size = {a: d.evaluate(sizes) for a, d in enumerate(term.sizes)}
    for o in opening:
        coefficient *= float(o.coefficient)
        size |= {a: d.evaluate(sizes) for a, d in o.sizes.items()}
    axes = [tuple(a for a in axis if size[a] != 1) for axis in term.axes]
    names: dict[int, int] = {}
    for a in (a for axis in axes for a in axis):
        names.setdefault(a, len(names))
    scalars: list[int] = []
    cores: list[Any] = []
    for piece, core in ((p, o.core) for o in opening for p in o.pieces):
        kept = tuple(a for a in piece.atoms if size[a] != 1)
        for a in kept:
            names.setdefault(a, len(names))
        source: int | Pattern
        if isinstance(piece.node, Kernel):
            source = Pattern.of(piece.node, sizes)
        else:
            source = nodes.index(piece.node)
            if not kept:
                scalars.append(source)
                continue
        if isinstance(source, Pattern) and len(kept) < source.ndim:
            squeezed = source.dense(np.float64).reshape([size[a] for a in kept])
            if not kept:
                coefficient *= float(squeezed)
                continue
            cores.append((squeezed, None, tuple(names[a] for a in kept), None))
            continue
        shape = None if len(kept) == len(piece.atoms) else tuple(size[a] for a in kept)
        cores.append(
            (source, shape, tuple(names[a] for a in kept), Label(core, piece.node is core))
        )
    return _Template(
        coefficient,
        tuple(tuple(names[a] for a in axis) for axis in axes[:cut]),
        tuple(tuple(names[a] for a in axis) for axis in axes[cut:]),
        {new: size[old] for old, new in names.items()},
        tuple(scalars),
        tuple(cores),
    )


def filled(template: _Template, results: Sequence[Any]) -> NumericTerm:
    """The term with its numbers."""
    coefficient: Any = template.coefficient
    for k in template.scalars:
        number = results[k]
        xp = namespace(number)  # a number of another library stays where it is
        number = np.asarray(number).item() if xp is np else xp.reshape(number, ())
        coefficient = coefficient * number
    cores = []
    for source, shape, atoms, label in template.cores:
        array: Any = results[source] if isinstance(source, int) else source
        if shape is not None:
            array = shaped(array, shape)
        cores.append(Core(array, atoms, label))
    return NumericTerm(coefficient, template.out, template.into, template.sizes, tuple(cores))


__all__ = ["Binder", "operator"]
