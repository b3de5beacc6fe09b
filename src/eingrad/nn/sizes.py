"""Sizes that are left open: what layers of a network take from what they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from ..dims import Dim
from ..errors import ShapeError
from ..frontends.declare import declaration, words
from ..frontends.python import tensor

if TYPE_CHECKING:
    from .layer import Layer
    from .wiring import Link

Shape = tuple[Dim, ...]
Spec = str | Sequence[Dim | str]


@dataclass(frozen=True)
class Open:
    """An axis whose size is open, or any number of axes; the names are for what stays open."""

    names: tuple[str, ...]
    several: bool


@dataclass(frozen=True)
class Declared:
    """The shape of an argument as it was written, and its facts.

    Attributes
    ----------
    axes:
        Sizes and what is open, in order; at most one item stands for several axes.
    """

    axes: tuple[Dim | Open, ...]
    facts: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether a network may choose a size of it."""
        return any(isinstance(axis, Open) for axis in self.axes)

    @property
    def shape(self) -> Shape:
        """By itself, with the names of what is open."""
        found: list[Dim] = []
        for axis in self.axes:
            found.extend(map(Dim.symbol, axis.names) if isinstance(axis, Open) else [axis])
        return tuple(found)


def declared(spec: Spec, name: str) -> Declared:
    """A shape in which `?n` is an open size and `*b` any number of open axes; `*b *n` are any
    number too, and by themselves two.

    Raises
    ------
    ShapeError
        It has two places for any number of axes; or what a declaration raises.

    Examples
    --------
    >>> declared("*b ?m", "X").axes
    (Open(names=('b',), several=True), Open(names=('m',), several=False))
    >>> declared("?m 3", "W").shape
    (Dim(m), Dim(3))
    """
    parts: list[Dim | str] = []
    for part in [spec] if isinstance(spec, str) else spec:
        parts.extend(words(part) if isinstance(part, str) else [part])
    marks = [p[0] if isinstance(p, str) and p[0] in "?*" else "" for p in parts]
    plain = [p[1:] if m and isinstance(p, str) else p for p, m in zip(parts, marks, strict=True)]
    shape, facts = declaration(tuple(plain), name)
    axes: list[Dim | Open] = []
    for k, (mark, size) in enumerate(zip(marks, shape, strict=False)):
        if not mark:
            axes.append(size)
        elif mark == "*" and k and marks[k - 1] == "*":
            earlier = axes.pop()
            assert isinstance(earlier, Open)
            axes.append(Open((*earlier.names, str(size)), True))
        else:
            axes.append(Open((str(size),), mark == "*"))
    if sum(isinstance(a, Open) and a.several for a in axes) > 1:
        raise ShapeError(f"{name}: {spec!r} has two places for any number of axes")
    return Declared(tuple(axes), tuple(sorted(facts)))


@dataclass(frozen=True)
class Several:
    """Any number of axes of one layer of a network; `symbols` are for what stays open."""

    name: str
    symbols: tuple[str, ...]

    @property
    def axes(self) -> Shape:
        """As many axes as they are by themselves."""
        return tuple(map(Dim.symbol, self.symbols))


Axes = tuple["Dim | Several", ...]


@dataclass
class Sizes:
    """What is known of the open sizes of a network.

    Attributes
    ----------
    names:
        Symbol of an open size → its name, should it stay open.
    sizes, axes:
        What is found: sizes of symbols, and axes of `Several`, in other symbols perhaps.
    """

    names: dict[str, Dim] = field(default_factory=dict)
    sizes: dict[str, Dim] = field(default_factory=dict)
    axes: dict[str, Axes] = field(default_factory=dict)
    made: dict[tuple[int, tuple[Shape, ...]], Layer] = field(default_factory=dict)
    fresh: Iterator[int] = field(default_factory=count)

    def opened(self, declared: Declared, place: str) -> Axes:
        """The axes of an argument, what is open having symbols of that layer."""
        found: list[Dim | Several] = []
        for axis in declared.axes:
            if not isinstance(axis, Open):
                found.append(axis)
                continue
            symbols = tuple(f"{'*' if axis.several else '?'}{place}.{n}" for n in axis.names)
            self.names.update(zip(symbols, map(Dim.symbol, axis.names), strict=True))
            several = Several(" ".join(symbols), symbols)
            found.extend([several] if axis.several else several.axes)
        return tuple(found)

    # What is known ------------------------------------------------------------------------------

    def known(self, axes: Iterable[Dim | Several]) -> Axes:
        """Axes with all that is known put in."""
        found: list[Dim | Several] = []
        waiting = [*axes][::-1]
        while waiting:
            axis = waiting.pop()
            if isinstance(axis, Dim):
                found.append(self._size(axis))
            elif axis.name in self.axes:
                waiting.extend(self.axes[axis.name][::-1])
            else:
                found.append(axis)
        return tuple(found)

    def _size(self, size: Dim) -> Dim:
        while size.symbols() & self.sizes.keys():
            size = size.substitute(self.sizes)
        return size

    def written_out(self, axes: Axes) -> Shape:
        """As many axes as they are by themselves, where that is not known."""
        found: list[Dim] = []
        for axis in self.known(axes):
            found.extend([axis] if isinstance(axis, Dim) else axis.axes)
        return tuple(found)

    def named(self, axes: Axes) -> Shape:
        """The shape, with their names for sizes that stay open."""
        return tuple(d.substitute(self.names) for d in self.written_out(axes))

    # Unification --------------------------------------------------------------------------------

    def meet(self, given: Axes, taken: Axes) -> None:
        """Choose open sizes so that both are one shape; nothing is chosen where that cannot be."""
        before = len(self.sizes), len(self.axes)
        if not self._meet([*self.known(given)], [*self.known(taken)]):
            while len(self.sizes) > before[0]:
                self.sizes.popitem()
            while len(self.axes) > before[1]:
                self.axes.popitem()

    def _meet(self, a: list[Dim | Several], b: list[Dim | Several]) -> bool:
        for end in (0, -1):
            while a and b and isinstance(a[end], Dim) and isinstance(b[end], Dim):
                if not self._equal(a.pop(end), b.pop(end)):
                    return False
        for one, other in ((b, a), (a, b)):
            if len(one) == 1 and isinstance(one[0], Several):
                return self._be(one[0], tuple(other))
        if not (a and b):
            return a == b
        # X is *s x… and Y is y… *t: both are y… *r x…
        first, last = (a, b) if isinstance(a[0], Several) else (b, a)
        rest = Several(f"*{next(self.fresh)}", ())
        head, tail = first[0], last[-1]
        assert isinstance(head, Several) and isinstance(tail, Several)
        if head == tail:
            return False
        return self._be(head, (*last[:-1], rest)) and self._be(tail, (rest, *first[1:]))

    def _be(self, several: Several, axes: Axes) -> bool:
        if several in axes:
            return axes == (several,)
        self.axes[several.name] = axes
        return True

    def _equal(self, given: Dim | Several, taken: Dim | Several) -> bool:
        assert isinstance(given, Dim) and isinstance(taken, Dim)
        a, b = self._size(given), self._size(taken)
        if a == b:
            return True
        for size, other in ((b, a), (a, b)):
            name = next(iter(size.symbols()), "")
            if name in self.names and size == Dim.symbol(name):
                if name in other.symbols():
                    return False
                self.sizes[name] = other
                return True
        return False

    # Layers -------------------------------------------------------------------------------------

    def value(self, layer: Layer, arguments: Mapping[str, Axes]) -> Axes:
        """The axes of what a layer gives for such arguments.

        Axes of any number are taken to go through the layer where they come out as they are by
        themselves; else they are as many as by themselves, of open sizes.
        """
        shapes = {n: self.written_out(axes) for n, axes in arguments.items()}
        if not any(d.symbols() & self.names.keys() for shape in shapes.values() for d in shape):
            return self.fitted(layer, shapes).output.node.shape
        facts = {n: " ".join(layer.declared[n].facts) for n in shapes}
        try:
            value = layer.applied({n: tensor(n, s, facts[n]) for n, s in shapes.items()})
        except ShapeError:  # it needs the sizes; see `fitted`
            return layer.output.node.shape
        found: Axes = value.node.shape
        passing = [a for axes in arguments.values() for a in self.known(axes)]
        for axis in dict.fromkeys(passing):
            if isinstance(axis, Several):
                found = self._passed(found, axis)
        return found

    def _passed(self, value: Axes, several: Several) -> Axes:
        width = len(several.symbols)
        starts = [k for k in range(len(value)) if value[k : k + width] == several.axes]
        if width and starts:
            passed = (*value[: starts[0]], several, *value[starts[0] + width :])
            if not _mentions(passed, several):
                return passed
        if _mentions(value, several):
            self.axes[several.name] = several.axes
        return self.known(value)

    def fitted(self, layer: Layer, shapes: Mapping[str, Shape]) -> Layer:
        """The layer for arguments of such shapes."""
        if all(t.node.shape == shapes[n] for n, t in layer.arguments.items()):
            return layer
        key = id(layer), tuple(shapes.values())
        if key not in self.made:
            self.made[key] = layer.fitted(shapes)
        return self.made[key]


def _mentions(value: Axes, several: Several) -> bool:
    symbols = {s for axis in value if isinstance(axis, Dim) for s in axis.symbols()}
    return not symbols.isdisjoint(several.symbols)


def fitted(links: Sequence[Link]) -> tuple[Link, ...]:
    """Links whose layers have no open sizes: those of what they are given, of what takes their
    values, and of what shares their arguments.

    What cannot fit keeps its names.

    Raises
    ------
    ShapeError
        A layer cannot be for such shapes.
    """
    sizes = Sizes()
    met: dict[str, Axes] = {}
    arguments: list[dict[str, Axes]] = []
    for link in links:
        own = {n: sizes.opened(d, link.place) for n, d in link.layer.declared.items()}
        arguments.append(own)
        for n, name in link.arguments.items():
            sizes.meet(met.setdefault(name, own[n]), own[n])
        met[link.value] = sizes.value(link.layer, own)
    found = []
    for link, own in zip(links, arguments, strict=True):
        try:
            layer = sizes.fitted(link.layer, {n: sizes.named(axes) for n, axes in own.items()})
        except ShapeError as error:
            raise ShapeError(f"{link}: {error.message}", hint=error.hint) from error
        found.append(replace(link, layer=layer))
    return tuple(found)
