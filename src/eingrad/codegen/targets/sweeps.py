"""Sweeps over segments of steps: one function for a segment, and a driver that calls it.

The function is written by the code stage, with the arrays that are the same in all segments from
around it; the driver is a function of the module, one for each library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...ir.sweep import SEGMENT, Segment
from ..program import Value

if TYPE_CHECKING:
    from ..emit import Emission

WRITTEN = '''
def _sweep(segment, length, apart, states, starts, stacks, kept, reverse):
    """Segments of steps one after another: the last states, those with which each segment starts,
    the sums over the segments, and their results in one array."""
    size = apart or math.isqrt(length - 1) + 1
    starting = [[] for _ in kept]
    sums, joined = None, None
    begins = range(0, length, size)
    for begin in begins[::-1] if reverse else begins:
        end = min(begin + size, length)
        for start, place in zip(starting, kept):
            start.insert(0 if reverse else len(start), states[place])
        before = [start[begin // size] for start in starts]
        states, terms, parts = segment(end - begin, states, before, [x[begin:end] for x in stacks])
        sums = terms if sums is None else [a + b for a, b in zip(sums, terms)]
        if joined is None:
            joined = [np.empty((length, *part.shape[1:]), part.dtype) for part in parts]
        for whole, part in zip(joined, parts):
            whole[begin:end] = part
    return states, starting, sums, joined
'''

LISTED = '''
def _sweep(segment, length, apart, states, starts, stacks, kept, reverse, join):
    """Segments of steps one after another: the last states, those with which each segment starts,
    the sums over the segments, and their results in one array."""
    size = apart or math.isqrt(length - 1) + 1
    starting = [[] for _ in kept]
    sums, parts = None, []
    begins = range(0, length, size)
    for begin in begins[::-1] if reverse else begins:
        end = min(begin + size, length)
        for start, place in zip(starting, kept):
            start.insert(0 if reverse else len(start), states[place])
        before = [start[begin // size] for start in starts]
        given = [x[begin:end, ...] for x in stacks]
        states, terms, made = segment(end - begin, states, before, given)
        sums = terms if sums is None else [a + b for a, b in zip(sums, terms)]
        parts.append(made)
    if reverse:
        parts.reverse()
    return states, starting, sums, [join(list(part)) for part in zip(*parts)]
'''

SCANNED = '''
def _sweep(segment, length, apart, states, starts, stacks, kept, reverse):
    """Segments of steps one after another: the last states, those with which each segment starts,
    the sums over the segments, and their results in one array. All segments of full length are
    compiled once, and what is left of the steps once more."""
    size = min(apart or math.isqrt(length - 1) + 1, length)
    full, rest = divmod(length, size)

    def run(states, begin, count, starts):
        given = [jax.lax.dynamic_slice_in_dim(x, begin, count) for x in stacks]
        return segment(count, states, starts, given)

    def added(sums, terms):
        return tuple(a + b for a, b in zip(sums, terms))

    def step(state, now):
        states, sums = state
        place, before = now
        ends, terms, parts = run(states, place * size, size, before)
        return (ends, added(sums, terms)), (tuple(states[k] for k in kept), parts)

    first = [start[0][0] for start in starts]
    shapes = jax.eval_shape(lambda states: run(states, 0, size, first)[1], states)
    sums = tuple(jnp.zeros(s.shape, s.dtype) for s in shapes)
    last = None
    if rest and reverse:
        last = states
        states, sums, parts_left = run(states, full * size, rest, [start[1] for start in starts])
    now = (jnp.arange(full), [start[0] for start in starts])
    (states, sums), (starting, parts) = jax.lax.scan(step, (states, sums), now, reverse=reverse)
    if rest and not reverse:
        last = states
        states, terms, parts_left = run(states, full * size, rest, [start[1] for start in starts])
        sums = added(sums, terms)
    parts = [part.reshape((full * size, *part.shape[2:])) for part in parts]
    if rest:
        parts = [jnp.concatenate(pair) for pair in zip(parts, parts_left)]
    starting = [(start, last and last[k]) for k, start in zip(kept, starting)]
    return states, starting, sums, parts
'''


def called_sweep(join: str = "") -> Callable[[Emission, Value], None]:
    """How a target writes a sweep; `join` is source of what joins arrays, for drivers that take
    it."""

    def sweep(emission: Emission, value: Value) -> None:
        segment: Segment = value.params[0].segment
        names, spell = emission.names, emission.spell
        args = iter(value.args)
        inits = [emission.text(next(args)) for _ in segment.carries]
        starts = [emission.text(next(args)) for _ in segment.starts]
        stacks = [emission.text(next(args)) for _ in segment.steps]
        inside = {v.name: emission.named(next(args)) for v in segment.params}
        groups: list[list[str]] = []
        for stem, bound in (("c", segment.carries), ("b", segment.starts), ("x", segment.steps)):
            groups.append([names.numbered(stem) for _ in bound])
            inside |= {v.name: name for v, name in zip(bound, groups[-1], strict=True)}
        size, function = names.numbered("size"), names.numbered("segment")
        given = [names.numbered(stem) for stem in ("states", "starts", "slices")]
        (symbol,) = SEGMENT.symbols()
        inner = emission.inside(value, inside, {symbol: size})
        results = inner.results_of(value.params[0].roots, alone=len(segment.ends))
        reads = [f"{_targets(g)} = {name}" for g, name in zip(groups, given, strict=True) if g]
        first, second = len(segment.ends), len(segment.ends) + len(segment.sums)
        returned = (results[:first], results[first:second], results[second:])
        length = spell.dim(segment.length)
        lines = []
        if segment.length.as_int() is None and length not in emission.positive:
            emission.positive.add(length)
            message = f"a recurrence needs at least one step, but {segment.length} is 0"
            lines += [f"if {length} < 1:", f'    raise ValueError("{message}")']
        wanted = {v.params: v for v in emission.results(value, "swept")}
        kept = sorted(place for kind, place in wanted if kind == "starts")
        labels = {
            "end": [names.numbered("c") for _ in segment.ends],
            "starts": [names.numbered("b") for _ in kept],
            "sum": [names.numbered("t") for _ in segment.sums],
            "stack": [names.numbered("s") for _ in segment.stacks],
        }
        options = [
            *(function, length, str(max(segment.checkpoint, 0))),
            *map(_tuple, (inits, starts, stacks, list(map(str, kept)))),
            str(segment.reverse),
            *([join] if join else []),
        ]
        lines += [
            f"def {function}({size}, {', '.join(given)}):",
            *("    " + part for line in (*reads, *inner.lines) for part in line.split("\n")),
            f"    return {', '.join(map(_tuple, returned))}",
            f"{', '.join(map(_targets, labels.values()))} = _sweep({', '.join(options)})",
        ]
        emission.statement("\n".join(lines))
        for (kind, place), result in wanted.items():
            position = kept.index(place) if kind == "starts" else place
            emission.bind(result, labels[kind][position])

    return sweep


def _tuple(parts: Sequence[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _targets(names: Sequence[str]) -> str:
    """Names that a tuple is taken apart into; one that nobody wants where it is empty."""
    return _tuple(names) if names else "_"
