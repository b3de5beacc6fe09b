"""Recurrences as loops: into an array made beforehand, as `lax.scan`, or with a list.

Whatever the library, there is one loop for all that comes out of it, and its inputs are arrays
that have names before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...ir.loop import Recurrence
from ...ir.node import Variable
from ...ir.recurrence import bound
from ..program import Value

if TYPE_CHECKING:
    from ..body import Body
    from ..emit import Emission

# Operations whose results may be an argument, a view of one, or without memory of their own.
BORROWED = frozenset({
    "input", "constant", "number", "size", "broadcast", "full", "transpose", "index", "reshape",
    "diagonal", "states", "last", "swept",
})  # fmt: skip


class _Frame:
    """What all loops have: named inputs, the names inside, the statements of one step."""

    def __init__(self, emission: Emission, value: Value) -> None:
        self.emission = emission
        self.recurrence: Recurrence = value.params[0].recurrence
        r = self.recurrence
        self.body = value.params[0]
        self.length = emission.spell.dim(r.length)
        self.names = emission.names
        values = dict(zip(bound(r), value.args, strict=True))
        self.stacks = {v: emission.named(values[v]) for v in r.steps}
        self.states = emission.results(value, "states")
        self.lasts = emission.results(value, "last")
        self.kept = emission.results(value, "kept")
        wanted = {state.params for state in self.states}
        # Of other carries the running state is enough, if each step makes an array of its own.
        self.stacked = {k for k, _ in wanted}
        self.stacked |= {v.params[0] for v in self.lasts if _is_borrowed(self.body, v.params[0])}
        both = {k for k, before in wanted if (k, not before) in wanted}
        self.inits = [
            emission.named(values[v]) if k in both else emission.text(values[v])
            for k, v in enumerate(r.carries)
        ]
        self.index = self.names.numbered("i")
        self.rest = ", ..." if emission.target.whole_indices else ""
        self.inside: dict[str, str] = {v.name: emission.named(values[v]) for v in r.params}
        for v in (*r.carries, *r.steps):
            stem = "c" if v in r.carries else "x"
            self.inside[v.name] = self.names.numbered(stem)
        self.inner = emission.inside(value, self.inside)
        self.results = [self.inner.text(root) for root in self.body.roots]

    def used(self, variables: Sequence[Variable]) -> list[tuple[int, str]]:
        """Those of the bound variables that a step reads, with their names inside."""
        read = {v.params[0] for v in self.inner.uses if v.op == "input"}
        return [(k, self.inside[v.name]) for k, v in enumerate(variables) if v.name in read]

    def guard(self) -> list[str]:
        """A recurrence without steps has no last state."""
        if self.recurrence.length.as_int() is not None or self.length in self.emission.positive:
            return []
        self.emission.positive.add(self.length)
        message = f"a recurrence needs at least one step, but {self.recurrence.length} is 0"
        return [f"if {self.length} < 1:", f'    raise ValueError("{message}")']

    def reads(self, carried: Sequence[str]) -> list[str]:
        """Statements that name the state and the slices of one step."""
        r = self.recurrence
        used = self.used(r.carries)
        lines = [f"{name} = {carried[k]}" for k, name in used if carried[k] != name]
        stacks = list(self.stacks.values())
        return lines + [
            f"{name} = {stacks[k]}[{self.index}{self.rest}]" for k, name in self.used(r.steps)
        ]

    def head(self) -> str:
        """The head of a loop over the steps in their order."""
        r = self.recurrence
        span = f"{self.emission.spell.dim(r.length - 1)}, -1, -1" if r.reverse else self.length
        return f"for {self.index} in range({span}):"

    def name_states(
        self, text: Callable[[int, bool], str], last: Callable[[int], str] | None = None
    ) -> None:
        """Bind the stacks and the last states that are used; these are at the end of a stack, or
        what a running state is called."""
        for state in self.states:
            place, before = state.params
            self.emission.bind(state, self.emission.assign_text(text(place, before)))
        for state in self.lasts:
            (place,) = state.params
            self.emission.bind(state, last(place) if last is not None else self.running(place))

    def running(self, place: int) -> str:
        """The name of a state that is not stacked."""
        return self.inside[self.recurrence.carries[place].name]

    def before(self, stacks: Mapping[int, str]) -> list[str]:
        """The state before a step, carry by carry, given that of the stacks."""
        return [stacks.get(k) or self.running(k) for k in range(len(self.inits))]

    def begin(self) -> list[str]:
        """Statements that give running states their start."""
        inits = enumerate(self.inits)
        return [f"{self.running(k)} = {init}" for k, init in inits if k not in self.stacked]

    def go_on(self) -> list[str]:
        """The statement that exchanges running states for those after the step."""
        new = {self.running(k): r for k, r in enumerate(self.results) if k not in self.stacked}
        return [f"{', '.join(new)} = {', '.join(new.values())}"] if new else []


def written_loop(emission: Emission, value: Value) -> None:
    """All states in one array of T + 1 slices, of which those before and after are views."""
    frame = _Frame(emission, value)
    r, spell, i = frame.recurrence, emission.spell, frame.index
    now, new = (f"{i} + 1", i) if r.reverse else (i, f"{i} + 1")
    start = frame.length if r.reverse else "0"
    arrays = {k: frame.names.numbered("s") for k in sorted(frame.stacked)}
    lines = frame.guard()
    kept = [frame.names.numbered("k") for _ in frame.kept]
    for name, v in zip(kept, frame.kept, strict=True):
        lines.append(f"{name} = np.empty({spell.shape(v.shape)}, dtype)")
    for k, array in arrays.items():
        shape = spell.shape((r.length + 1, *r.carries[k].shape))
        lines.append(f"{array} = np.empty({shape}, dtype)")
        lines.append(f"{array}[{start}] = {frame.inits[k]}")
    step = [
        *frame.reads(frame.before({k: f"{array}[{now}]" for k, array in arrays.items()})),
        *frame.inner.lines,
        *(
            f"{name}[{i}] = {frame.inner.text(frame.body.kept[v.params[0]])}"
            for name, v in zip(kept, frame.kept, strict=True)
        ),
        *(f"{array}[{new}] = {frame.results[k]}" for k, array in arrays.items()),
        *frame.go_on(),
    ]
    lines += [*frame.begin(), frame.head(), *_indented(step)]
    emission.statement("\n".join(lines))
    for name, v in zip(kept, frame.kept, strict=True):
        emission.bind(v, name)
    end = "0" if r.reverse else "-1"
    frame.name_states(
        lambda k, before: f"{arrays[k]}[{':-1' if before != r.reverse else '1:'}]",
        lambda k: f"{arrays[k]}[{end}]" if k in arrays else frame.running(k),
    )


def scanned_loop(emission: Emission, value: Value) -> None:
    """`jax.lax.scan`, which compiles one step whatever the number of steps."""
    frame = _Frame(emission, value)
    r = frame.recurrence
    wanted = {state.params for state in frame.states}
    # States before a step are stacked by the loop itself where those after it are not wanted.
    kept = [(k, (k, False) not in wanted) for k in sorted({k for k, _ in wanted})]
    step, state, slices = (frame.names.numbered(n) for n in ("step", "state", "slices"))
    read = dict(frame.used(r.steps))
    stacks = [name for k, name in enumerate(frame.stacks.values()) if k in read]
    carried = [frame.inside[v.name] for v in r.carries]
    new = [frame.names.numbered("n") for _ in r.carries]
    lines = [f"{_tuple(carried)} = {state}"]
    if read:
        lines.append(f"{_tuple(list(read.values()))} = {slices}")
    lines += frame.inner.lines
    lines += [f"{n} = {result}" for n, result in zip(new, frame.results, strict=True)]
    outputs = [carried[k] if before else new[k] for k, before in kept]
    lines.append(f"return {_tuple(new)}, {_tuple(outputs) if outputs else None}")
    made = [frame.names.numbered("s") for _ in kept]
    lasts = {v.params[0] for v in frame.lasts}
    ends = [frame.names.numbered("c") if k in lasts else "_" for k in range(len(carried))]
    targets = [_tuple(ends) if lasts else "_", _tuple(made) if made else "_"]
    inputs = _tuple(stacks) if read else "None"
    options = f", {frame.length}" + (", reverse=True" if r.reverse else "")
    run = f"jax.lax.scan({step}, {_tuple(frame.inits)}, {inputs}{options})"
    emission.statement(
        "\n".join(
            [
                *frame.guard(),
                f"def {step}({state}, {slices}):",
                *_indented(lines),
                f"{', '.join(targets)} = {run}",
            ]
        )
    )
    array = {k: name for (k, _), name in zip(kept, made, strict=True)}

    def text(k: int, before: bool) -> str:
        if not before or (k, True) in kept:
            return array[k]
        ends = [f"{frame.inits[k]}[None]", f"{array[k]}[{'1:' if r.reverse else ':-1'}]"]
        return f"jnp.concatenate(({', '.join(ends[:: -1 if r.reverse else 1])}))"

    frame.name_states(text, lambda k: ends[k])


def listed_loop(stack: str) -> Callable[[Emission, Value], None]:
    """States in a list, then stacked: for libraries whose arrays are not written into."""

    def loop(emission: Emission, value: Value) -> None:
        frame = _Frame(emission, value)
        r = frame.recurrence
        lists = {k: frame.names.numbered("s") for k in sorted(frame.stacked)}
        lines = [
            *frame.guard(),
            *(f"{name} = [{frame.inits[k]}]" for k, name in lists.items()),
            *frame.begin(),
        ]
        results = [(name, frame.results[k], frame.names.numbered("n")) for k, name in lists.items()]
        step = [
            *frame.reads(frame.before({k: f"{name}[-1]" for k, name in lists.items()})),
            *frame.inner.lines,
            *(f"{fresh} = {result}" for _, result, fresh in results),
            *frame.go_on(),
            *(f"{name}.append({fresh})" for name, _, fresh in results),
        ]
        lines += [frame.head(), *_indented(step)]
        for k in sorted(lists):
            parts = f"{lists[k]}[::-1]" if r.reverse else lists[k]
            lines.append(f"{lists[k]} = {stack.format(parts=parts)}")
        emission.statement("\n".join(lines))
        end = "0" if r.reverse else "-1"
        frame.name_states(
            lambda k, before: f"{lists[k]}[{':-1' if before != r.reverse else '1:'}{frame.rest}]",
            lambda k: f"{lists[k]}[{end}{frame.rest}]" if k in lists else frame.running(k),
        )

    return loop


def _is_borrowed(body: Body, place: int) -> bool:
    """Whether the new value of a carry may be an array that something else owns."""
    return body.roots[place].op in BORROWED


def _tuple(parts: Sequence[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + part for line in lines for part in line.split("\n")]
