"""The passes of a rule as generated functions: forward, backward, and the backward of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..codegen import Generated, generate, in_common_parts
from ..codegen.names import identifier
from ..differentiate import pullbacks, total_pushforward
from ..dims import Dim, product
from ..errors import UnsupportedError
from ..ir.build import add, is_zero, number
from ..ir.construct import inner_product
from ..ir.facts import facts_of
from ..ir.held import released_each
from ..ir.loop import Scan
from ..ir.node import Node, Variable, variable
from ..ir.recurrence import by_states_after
from ..ir.walk import substitute_each, topological, variables
from .saved import TYPICAL, least_saved

SMALL = 8  # times as many entries are kept as inputs are kept for a second derivative alone

# What the modules call things of their own.
RESERVED = (
    *("ctx", "inputs", "output", "incoming", "kept", "arrays", "gradient"),
    *("primals", "tangents", "tangent", "argument", "constant", "none", "a", "t", "d"),
)


@dataclass(frozen=True)
class Saved:
    """One array that the forward pass keeps.

    Attributes
    ----------
    node:
        What it is.
    name:
        What it is called in the passes.
    is_input, is_output:
        Whether it is an argument of the function, or what the function returns: then keeping it
        takes no memory of its own.
    """

    node: Node
    name: str
    is_input: bool
    is_output: bool

    @property
    def entries(self) -> Dim:
        """How many numbers it holds."""
        return product(self.node.shape)

    @property
    def own(self) -> bool:
        """Whether keeping it takes memory of its own."""
        return not self.is_input and not self.is_output


@dataclass(frozen=True)
class Passes:
    """A function of arrays with its derived passes, for one framework.

    Attributes
    ----------
    inputs:
        All arguments, in order.
    wrt:
        Those that gradients are for; the others count as constants.
    y, value, incoming:
        The value, its name, and the name of the gradient that comes in for it.
    saved:
        What the forward pass keeps.
    forward:
        inputs → the value, then what is kept and neither an argument nor the value.
    backward:
        kept, incoming → a gradient for each of `wrt`.
    tangent:
        inputs, a direction for each of `wrt` → the value, and its derivative along them; in JAX,
        the one framework with rules for tangents.
    second:
        kept, incoming, a direction for each of `wrt` → the gradients of Σ⟨direction, gradient⟩ by
        those of what is kept and the incoming gradient that `second_by` names; by the others it is
        zero.
    inner:
        kept and `inner_inputs`, an incoming gradient for each array that is kept of its own → what
        those add to the gradients. None where `second` goes by the inputs themselves, and such
        arrays have no gradients.
    inner_inputs:
        Arguments that only `inner` reads.
    """

    name: str
    backend: str
    inputs: tuple[Variable, ...]
    wrt: tuple[Variable, ...]
    y: Node
    value: str
    incoming: str
    saved: tuple[Saved, ...]
    forward: Generated
    backward: Generated
    tangent: Generated | None
    directions: tuple[str, ...]
    second: Generated | None = None
    second_by: tuple[str, ...] = ()
    inner: Generated | None = None
    inner_inputs: tuple[str, ...] = ()
    inner_incoming: tuple[str, ...] = ()

    @property
    def own(self) -> tuple[Saved, ...]:
        """What is kept and neither an argument nor the value."""
        return tuple(s for s in self.saved if s.own)

    def argument(self, v: Variable) -> str:
        """The name of an argument in source."""
        return self.forward.arguments[v.name]


def passes_of(
    y: Node,
    inputs: Sequence[Variable],
    wrt: Sequence[Variable],
    *,
    backend: str,
    name: str,
    recompute: str = "cheap",
    sizes: Mapping[str, int] | None = None,
    second: bool = False,
) -> Passes:
    """Derive and generate the passes of y as a function of `inputs`.

    Raises
    ------
    InputError, UnsupportedError
        An unknown policy; something that the framework has no code for.
    """
    own_names = [f"{stem}{k}" for stem in ("gradient", "more", "d_", "size_") for k in range(99)]
    reserved = (name, *RESERVED, *own_names)
    fresh = _Fresh({*(identifier(v.name) for v in inputs), *reserved})
    value = fresh("y")
    incoming = variable(fresh("G"), y.shape)
    derived = by_states_after(pullbacks(y, wrt, incoming), _handed_on(y))
    whole, *gradients = in_common_parts([y, *derived], backend)
    saved = _named(
        least_saved(whole, gradients, [incoming], recompute=recompute, sizes=sizes),
        {whole: value},
        fresh,
    )
    if second:
        saved += _small_inputs(saved, wrt, sizes or {})
    directions = [variable(fresh(f"d{v.name}"), v.shape) for v in wrt]
    made = _Maker(backend, sizes or {})
    kept = {s.node: variable(s.name, s.node.shape, _facts(s.node)) for s in saved}
    own = [s for s in saved if s.own]
    read = substitute_each(gradients, dict(kept))
    order = [kept[s.node] for s in saved]
    forward = made(
        f"_{name}_forward",
        {value: whole, **{s.name: s.node for s in own}},
        inputs,
        f"{name}, and what its backward pass reads.",
        checked=True,
        taken=reserved,
    )
    if forward.sizes:
        raise UnsupportedError(
            f"the size {next(iter(forward.sizes))} follows from the shape of no argument; "
            "a rule is a function of arrays: give the size as a number"
        )
    backward = made(
        f"_{name}_backward",
        {f"d{v.name}": g for v, g in zip(wrt, read, strict=True)},
        [*order, incoming],
        f"The gradients of {name} from {incoming.name}, the incoming one.",
    )
    tangent = None
    if backend == "jax":
        slope = total_pushforward(y, dict(zip(wrt, directions, strict=True)))
        tangent = made(
            f"_{name}_tangent",
            {value: y, fresh(f"d{value}"): slope},
            [*inputs, *directions],
            f"{name}, and its derivative along the directions.",
            taken=reserved,
        )
    result = Passes(
        name,
        backend,
        tuple(inputs),
        tuple(wrt),
        y,
        value,
        incoming.name,
        tuple(saved),
        forward,
        backward,
        tangent,
        tuple(d.name for d in directions),
    )
    if not second:
        return result
    closed = _with_closed_second(result, made, gradients, kept, incoming, directions)
    return closed or _with_second(result, made, read, order, incoming, directions, fresh)


def _small_inputs(
    saved: Sequence[Saved], wrt: Sequence[Variable], sizes: Mapping[str, int]
) -> list[Saved]:
    """The inputs that are missing for a second derivative straight by the inputs (biases, mostly),
    where they are small beside what is kept. Without it compiled code would do its work with zeros.
    """

    def entries(nodes: Iterable[Node]) -> int:
        found = [product(n.shape) for n in nodes]
        return sum(d.evaluate({s: sizes.get(s, TYPICAL) for s in d.symbols()}) for d in found)

    there = [s.node for s in saved]
    missing = [v for v in wrt if v not in there]
    if SMALL * entries(missing) > entries(there):
        return []
    return [Saved(v, v.name, True, False) for v in missing]


def _with_closed_second(
    first: Passes,
    made: _Maker,
    gradients: Sequence[Node],
    kept: Mapping[Node, Variable],
    incoming: Variable,
    directions: Sequence[Variable],
) -> Passes | None:
    """The passes with the backward pass of the backward pass, straight by the inputs, where what is
    kept suffices for it; the arrays that are kept need no gradients of their own then."""
    if any(v not in kept for v in first.wrt):
        return None
    pairing = add(*(inner_product(d, g) for d, g in zip(directions, gradients, strict=True)))
    by = [*first.wrt, incoming]
    found = substitute_each(pullbacks(pairing, by, number(1)), dict(kept))
    given = [*kept.values(), incoming, *directions]
    if not {v.name for v in variables(*found)} <= {v.name for v in given}:
        return None
    return _with_gradients_of_backward(first, made, by, found, given)


def _with_gradients_of_backward(
    first: Passes,
    made: _Maker,
    by: Sequence[Variable],
    found: Sequence[Node],
    given: Sequence[Variable],
) -> Passes:
    """The passes with `second`, of the gradients that are not zero whatever comes in."""
    outputs = {v.name: g for v, g in zip(by, found, strict=True) if not is_zero(g)}
    if not outputs:
        return first
    second = made(
        f"_{first.name}_second",
        {f"d{n}": g for n, g in outputs.items()},
        given,
        f"The gradients of the backward pass of {first.name} by what it reads.",
    )
    return replace(first, second=second, second_by=tuple(outputs))


def _with_second(
    first: Passes,
    made: _Maker,
    read: Sequence[Node],
    order: Sequence[Variable],
    incoming: Variable,
    directions: Sequence[Variable],
    fresh: _Fresh,
) -> Passes:
    """The passes with those of the backward pass."""
    name = first.name
    pairing = add(*(inner_product(d, g) for d, g in zip(directions, read, strict=True)))
    by = [*order, incoming]
    found = pullbacks(pairing, by, number(1))
    first = _with_gradients_of_backward(first, made, by, found, [*by, *directions])
    own = first.own
    if not own:
        return first
    arriving = [variable(fresh(f"d{s.name}"), s.node.shape) for s in own]
    pairing = add(*(inner_product(g, s.node) for g, s in zip(arriving, own, strict=True)))
    kept: dict[Node, Node] = {s.node: v for s, v in zip(first.saved, order, strict=True)}
    found = substitute_each(pullbacks(pairing, first.wrt, number(1)), kept)
    also = [v for v in variables(*found) if v not in order and v not in arriving]
    inner = made(
        f"_{name}_inner",
        {f"d{v.name}": g for v, g in zip(first.wrt, found, strict=True)},
        [*order, *also, *arriving],
        f"What gradients of the arrays that {name} keeps add to its gradients.",
    )
    return replace(
        first,
        inner=inner,
        inner_inputs=tuple(v.name for v in also),
        inner_incoming=tuple(v.name for v in arriving),
    )


def _named(nodes: Iterable[Node], values: Mapping[Node, str], fresh: _Fresh) -> list[Saved]:
    found = []
    for node in nodes:
        name = node.name if isinstance(node, Variable) else values.get(node) or fresh("kept")
        found.append(Saved(node, name, isinstance(node, Variable), node in values))
    return found


def _handed_on(y: Node) -> set[Node]:
    """What the forward pass may hand on as it is: no stack of states that are to be made again."""
    return {
        n for n in topological(y) if n is y or not (isinstance(n, Scan) and n.recurrence.checkpoint)
    }


def _facts(node: Node) -> frozenset[str]:
    return node.facts if isinstance(node, Variable) else facts_of(node)


class _Fresh:
    """Names that are not taken."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def __call__(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.taken:
            count += 1
            name = f"{wanted}{count}"
        self.taken.add(name)
        return name


class _Maker:
    """Generates functions for one framework."""

    def __init__(self, backend: str, sizes: Mapping[str, int]) -> None:
        self.backend = backend
        self.sizes = sizes

    def __call__(
        self,
        name: str,
        outputs: Mapping[str, Node],
        arguments: Sequence[Variable],
        note: str,
        checked: bool = False,
        taken: Sequence[str] = (),
    ) -> Generated:
        if self.backend == "numpy":  # the frameworks may differentiate a pass once more
            outputs = dict(zip(outputs, released_each([*outputs.values()]), strict=True))
        return generate(
            outputs,
            name=name,
            backend=self.backend,
            sizes=self.sizes,
            arguments=arguments,
            notes=[note],
            checked=checked,
            taken=taken,
        )
