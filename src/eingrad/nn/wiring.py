"""How layers are connected: what the arguments and values of each are called in a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..dims import shape_text
from ..errors import InputError, NameError_, ShapeError
from .layer import Layer


@dataclass(frozen=True)
class Wired:
    """A layer with names of a network for some of its arguments, and perhaps for its value."""

    layer: Layer
    value: str | None
    names: Mapping[str, str]


def wire(layer: Layer, value: str | None = None, /, **names: str) -> Wired:
    """A layer of a network, with names in the network for its arguments.

    Parameters
    ----------
    layer:
        A layer or a network.
    value:
        What its value is called there.
    **names:
        For an input, which value of an earlier layer, or which input of the network, it takes. For
        a parameter or a constant what it is called: two of one name are the same.

    Raises
    ------
    NameError_
        The layer has no such argument, or what is given is no name.

    Examples
    --------
    Queries, keys and values of one input:

    >>> from eingrad import nn
    >>> def project(): return nn.dense("d", "d", bias=False)
    >>> net = nn.Network(
    ...     nn.wire(project(), "Q", W="Wq"),
    ...     nn.wire(project(), "K", W="Wk", X="X"),
    ...     nn.wire(project(), "V", W="Wv", X="X"),
    ...     nn.wire(nn.attention(mask=True), Q="Q", K="K", V="V"))
    >>> net
    <Network network(X: b×t×d; Wq: d×d, Wk: d×d, Wv: d×d; mask: t×t) → b×t×d, 3*d*d parameters>
    """
    for name in names:
        if name not in layer.arguments:
            raise NameError_(
                f"{layer.name} has no argument {name!r} to wire",
                hint=f"it has: {', '.join(layer.arguments)}",
            )
    for name in (*names.values(), *([] if value is None else [value])):
        if not (isinstance(name, str) and name.isidentifier()):
            raise NameError_(f"{layer.name}: {name!r} cannot be a name in a network")
    return Wired(layer, value, names)


@dataclass(frozen=True)
class Link:
    """One layer in a network: the names that its arguments and its value have there.

    Attributes
    ----------
    layer:
        The layer; never a network, whose layers are links of their own.
    place:
        Its number, `"3"`; the second layer of a network that is the third has `"3_2"`.
    value:
        The name of its value: Z with its number where it has parameters, A with the number of Z
        for an activation of Z, else A with its own number, and L for a loss at the end.
    arguments:
        Name in the layer → name in the network.
    """

    layer: Layer
    place: str
    value: str
    arguments: Mapping[str, str]

    def __str__(self) -> str:
        return f"layer {self.place.replace('_', '.')} ({self.layer.name})"


@dataclass(frozen=True)
class Name:
    """A name in parts: what the layer calls it, and the number of the layer unless that is told."""

    base: str
    place: str = ""

    def __str__(self) -> str:
        apart = "_" if self.place and self.base[-1].isdigit() else ""
        return f"{self.base}{apart}{self.place}"

    def within(self, k: int) -> Name:
        """What it is called in a network whose layer k has it."""
        return Name(self.base, f"{k}_{self.place}" if self.place else str(k))


@dataclass
class Wiring:
    """The links of a network and what it takes.

    Attributes
    ----------
    links:
        In order, the layers of networks within it among them.
    kinds:
        Each argument of the network: `"inputs"`, `"params"` or `"constants"`.
    names:
        Each argument of the network in parts.
    values:
        The value of each link in parts.
    """

    links: list[Link] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)
    values: dict[str, Name] = field(default_factory=dict)

    def add(self, k: int, step: Wired, automatic: Mapping[str, Name], last: bool) -> None:
        """Put layer k at the end; `automatic` are names for what the user has not named."""
        layer = step.layer
        names = {n: Name(m) for n, m in step.names.items()}
        names |= self._sources(k, step, first=not self.links)
        for n in (*layer.params, *layer.constants):
            name = names.setdefault(n, automatic[n])
            kind = "params" if n in layer.params else "constants"
            self._claim(k, layer, n, name, kind, told=n in step.names)
        value = self._value_name(k, step, names, last)
        own = {n: str(names[n]) for n in layer.arguments}
        inner: Wiring | None = getattr(layer, "wiring", None)
        if inner is None:
            self._append(Link(layer, str(k), str(value), own), value)
            return
        for link in inner.links:
            called = value if link is inner.links[-1] else inner.values[link.value].within(k)
            own[link.value] = str(called)
            arguments = {n: own[m] for n, m in link.arguments.items()}
            self._append(Link(link.layer, f"{k}_{link.place}", str(called), arguments), called)

    def _append(self, link: Link, value: Name) -> None:
        if link.value in self.values or link.value in self.kinds:
            raise NameError_(
                f"{link}: its value would be called {link.value}, as something else is",
                hint="give it another name: nn.wire(layer, name)",
            )
        self.links.append(link)
        self.values[link.value] = value

    def _sources(self, k: int, step: Wired, first: bool) -> dict[str, Name]:
        """What each input of a layer takes."""
        layer = step.layer
        open_ = [n for n in layer.inputs if n not in step.names]
        if first:
            taken = {n: Name(step.names.get(n, n)) for n in layer.inputs}
            for name in taken.values():
                self.kinds[str(name)] = "inputs"
                self.names[str(name)] = name
            return taken
        if len(open_) > 1:
            raise InputError(
                f"layer {k} ({layer.name}) has {len(layer.inputs)} inputs, and it is not said what "
                f"{', '.join(open_)} are",
                hint="nn.wire(layer, "
                + ", ".join(f"{n}=…" for n in open_)
                + ") names values of earlier layers, or inputs of the network",
            )
        for n in layer.inputs:
            source = step.names.get(n)
            if source and source not in self.values and self.kinds.get(source) != "inputs":
                known = [*self.values, *(a for a, kind in self.kinds.items() if kind == "inputs")]
                raise NameError_(
                    f"layer {k} ({layer.name}): there is no {source} for its {n}",
                    hint=f"before it there are {', '.join(known)}; a further input of the network "
                    f"is declared: nn.Network(…, inputs=({source!r},))",
                )
        return {n: Name(self.links[-1].value) for n in open_}

    def _claim(self, k: int, layer: Layer, n: str, name: Name, kind: str, *, told: bool) -> None:
        """Take a name for a parameter or a constant; one that is told may be there already."""
        text = str(name)
        if not told and (
            text in self.values
            or self.kinds.get(text, kind) != kind
            or (kind == "params" and text in self.kinds)
        ):
            raise NameError_(
                f"layer {k} ({layer.name}): {n} would be called {text}, as something else is",
                hint=f"give it another name: nn.wire(layer, {n}=…)",
            )
        if text not in self.values:
            self.kinds.setdefault(text, kind)
            if (self.kinds[text], kind) == ("constants", "params"):
                self.kinds[text] = kind  # what any layer learns has a gradient
            self.names.setdefault(text, name)

    def _value_name(self, k: int, step: Wired, names: Mapping[str, Name], last: bool) -> Name:
        layer = step.layer
        if step.value is not None:
            return Name(step.value)
        if last and not layer.output.node.ndim and "L" not in self.kinds:
            return Name("L")
        if layer.params:
            return Name("Z", str(k))
        if len(layer.inputs) == 1:
            source = self.values.get(str(names[next(iter(layer.inputs))]))
            if source is not None and source.base == "Z" and source.place:
                activated = Name("A", source.place)
                if str(activated) not in self.values:
                    return activated
        return Name("A", str(k))


def wiring(steps: Sequence[Layer | Wired], inputs: Sequence[str]) -> Wiring:
    """Connect layers: each takes the value of the one before, unless it is told otherwise.

    Raises
    ------
    InputError
        A layer has inputs that nothing is said of; a value is used nowhere.
    NameError_
        A layer takes a value that there is not; two things have one name.
    """
    for k, step in enumerate(steps, 1):
        if not isinstance(step, Layer | Wired):
            raise InputError(f"layer {k} of a network is no layer: {step!r}")
    wired = [s if isinstance(s, Wired) else Wired(s, None, {}) for s in steps]
    made = Wiring()
    for name in inputs:
        made.kinds[name] = "inputs"
        made.names[name] = Name(name)
    met = [_own(s.layer)[n].base for s in wired for n in s.layer.constants if n not in s.names]
    for k, step in enumerate(wired, 1):
        own = _own(step.layer)
        alone = [n for n in step.layer.constants if met.count(own[n].base) == 1]
        automatic = {n: name if n in alone else name.within(k) for n, name in own.items()}
        made.add(k, step, automatic, last=k == len(wired))
    _require_use(made, inputs)
    return made


def _own(layer: Layer) -> Mapping[str, Name]:
    """The arguments of a layer, in parts where it is a network."""
    found: Wiring | None = getattr(layer, "wiring", None)
    return {n: Name(n) for n in layer.arguments} if found is None else found.names


def _require_use(made: Wiring, inputs: Sequence[str]) -> None:
    """Every value but the last, and every declared input, goes somewhere."""
    used = {m for link in made.links for m in link.arguments.values()}
    for link in made.links[:-1]:
        if link.value not in used:
            raise InputError(
                f"no layer takes {link.value}, the value of {link}",
                hint="nn.wire(layer, X=…) says what a layer takes",
            )
    for name in inputs:
        if name not in used:
            raise InputError(f"no layer takes the input {name}")


def require_fit(links: Sequence[Link]) -> None:
    """Each thing has one shape wherever it is used; a `ShapeError` that names both."""
    given = {link.value: (link, link.layer.output.node.shape) for link in links}
    first: dict[str, tuple[Link, str]] = {}
    for link, own, name in _uses(links):
        expected = link.layer.arguments[own].node.shape
        what = "" if len(link.layer.inputs) == 1 and own in link.layer.inputs else f"{own} of "
        if name in given:
            source, shape = given[name]
            if shape != expected:
                raise ShapeError(
                    f"{link} takes {what}{shape_text(expected)}, {source} gives {shape_text(shape)}"
                )
            continue
        earlier, other = first.setdefault(name, (link, own))
        shape = earlier.layer.arguments[other].node.shape
        if shape != expected:
            raise ShapeError(
                f"{name} is {shape_text(shape)} in {earlier} and {shape_text(expected)} in {link}"
            )


def _uses(links: Sequence[Link]) -> Iterator[tuple[Link, str, str]]:
    for link in links:
        for own, name in link.arguments.items():
            yield link, own, name
