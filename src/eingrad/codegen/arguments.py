"""The arguments of a generated function: names, checks of shapes, sizes that shapes define, docstring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..dims import Dim
from ..ir.node import Node, Shape, Variable
from .names import Names, identifier


class Signature:
    """Arguments in order, with safe names for them and for the symbolic sizes.

    Attributes
    ----------
    names:
        Variable's name → argument's name.
    size_names:
        Symbol → local name.
    extra_sizes:
        Symbols that no argument shows, which are arguments themselves.
    """

    def __init__(self, variables: Sequence[Variable], symbols: set[str], scope: Names) -> None:
        self.variables = list(variables)
        self.scope = scope
        self.names = {v.name: scope.fresh(v.name) for v in self.variables}
        self.size_names: dict[str, str] = {}
        self.extra_sizes: dict[str, str] = {}
        self.defined: dict[str, str] = {}  # symbol → expression
        self._define()
        self._require(symbols)

    def _define(self) -> None:
        """Find the symbols that follow from shapes, plain axes first."""
        for v in self.variables:
            for k, dim in enumerate(v.shape):
                for s in sorted(dim.symbols()):
                    if s not in self.size_names:
                        self.size_names[s] = self.scope.fresh(s)
                for s in plain_symbols(dim):
                    self.defined.setdefault(s, f"{self.names[v.name]}.shape[{k}]")
        progress = True
        while progress:
            progress = False
            for v in self.variables:
                for k, dim in enumerate(v.shape):
                    unknown = dim.symbols() - self.defined.keys()
                    if len(unknown) != 1:
                        continue
                    (symbol,) = unknown
                    found = self._solved(f"{self.names[v.name]}.shape[{k}]", dim, symbol)
                    if found is not None:
                        self.defined[symbol] = found
                        progress = True

    def _solved(self, text: str, dim: Dim, symbol: str) -> str | None:
        """The symbol from a compound axis, such as n from m·n or n + 2."""
        bare = Dim.symbol(symbol)
        rest = dim - bare
        if symbol not in rest.symbols():
            return f"{text} - ({self._text(rest)})"
        factor = dim.divide(bare)
        if factor is not None and symbol not in factor.symbols():
            return f"{text} // max(1, {self._text(factor)})"
        return None

    def _text(self, dim: Dim) -> str:
        parts = []
        for monomial, coefficient in dim.terms:
            parts.append(" * ".join([str(coefficient), *(self.size_names[s] for s in monomial)]))
        return " + ".join(parts) or "0"

    def _require(self, symbols: set[str]) -> None:
        """Make arguments of the symbols that no shape defines."""
        needed = set(symbols)
        for v in self.variables:
            needed |= {s for d in v.shape for s in d.symbols()}
        for symbol in sorted(needed - self.defined.keys()):
            local = self.size_names.get(symbol) or self.scope.fresh(symbol)
            self.size_names[symbol] = local
            self.extra_sizes[symbol] = local

    def kinds(self) -> tuple[list[str], list[str]]:
        """Names of the array arguments and of the scalar ones."""
        arrays = [self.names[v.name] for v in self.variables if v.shape]
        scalars = [self.names[v.name] for v in self.variables if not v.shape]
        return arrays, scalars

    def parameters(self) -> str:
        """The parameter list."""
        listed = [self.names[v.name] for v in self.variables]
        if self.extra_sizes:
            listed += ["*", *self.extra_sizes.values()]
        return ", ".join(listed)

    def checks(self, used: set[str]) -> list[str]:
        """Statements that define sizes from shapes and compare all shapes with what is expected."""
        lines: list[str] = []
        known = set(self.extra_sizes)
        later: list[str] = []
        for v in self.variables:
            name, shape = self.names[v.name], v.shape
            fresh = [s for s, text in self.defined.items() if text.startswith(f"{name}.shape[")]
            if fresh:
                expected = self.shape_text(shape)
                lines += [
                    f"if {name}.ndim != {len(shape)}:",
                    f"    raise ValueError(f'{name} must have shape {expected}, not {{{name}.shape}}')",
                ]
                if [str(d) for d in shape] == fresh:
                    left = ", ".join(self.size_names[s] for s in fresh)
                    lines.append(f"{left}{',' if len(fresh) == 1 else ''} = {name}.shape")
                    known.update(fresh)
                    continue
            later.append(f"('{name}', {name}.shape, {self._expected(shape)})")
        plain = [(s, t) for s, t in self.defined.items() if s not in known]
        lines += [f"{self.size_names[s]} = {text}" for s, text in plain]
        if len(later) == 1:
            v = next(v for v in self.variables if f"('{self.names[v.name]}'," in later[0])
            name = self.names[v.name]
            lines += (
                [
                    f"if {name}.shape != {self._expected(v.shape)}:",
                    f"    raise ValueError(f'{name} must have shape {self.shape_text(v.shape)} = "
                    f"{{{self._expected(v.shape)}}}, not {{{name}.shape}}')",
                ]
                if v.shape
                else [
                    f"if {name}.shape:",
                    f"    raise ValueError(f'{name} must be a number, not an array of shape {{{name}.shape}}')",
                ]
            )
        elif later:
            lines += [
                "for name, shape, expected in (" + ", ".join(later) + "):",
                "    if shape != expected:",
                "        raise ValueError(f'{name} must have shape {expected}, not {shape}')",
            ]
        return lines

    def _expected(self, shape: Shape) -> str:
        parts = [_plain(self._text(d)) for d in shape]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def shape_text(self, shape: Shape) -> str:
        """A shape for people; names of sizes as in the code."""
        return self._expected(shape)

    def document(self, outputs: Mapping[str, Node], notes: Sequence[str]) -> list[str]:
        """The docstring, as lines with their quotes."""
        for node in outputs.values():
            for symbol in sorted({s for d in node.shape for s in d.symbols()}):
                self.size_names.setdefault(symbol, identifier(symbol))
        lines = ["Computed by eingrad." if not notes else _clean(notes[0])]
        lines += [_clean(n) for n in notes[1:]]
        if self.variables or self.extra_sizes:
            lines += ["", "Parameters", "----------"]
            for v in self.variables:
                facts = " ".join(sorted(v.facts))
                kind = f"array of shape {self._expected(v.shape)}" if v.shape else "number"
                lines.append(f"{self.names[v.name]} : {kind}{', ' + facts if facts else ''}")
            lines += [f"{n} : int, a size" for n in self.extra_sizes.values()]
        lines += ["", "Returns", "-------"]
        for key, node in outputs.items():
            kind = f"array of shape {self._expected(node.shape)}" if node.shape else "number"
            lines.append(f"{identifier(key)} : {kind}")
        return [f'"""{lines[0]}', *lines[1:], '"""']


def plain_symbols(dim: Dim) -> frozenset[str]:
    """The symbol that an axis shows directly, if it does."""
    symbols = dim.symbols()
    return symbols if len(symbols) == 1 and dim == Dim.symbol(*symbols) else frozenset()


def _plain(text: str) -> str:
    """`1 * n` as people write it."""
    return " + ".join(part.removeprefix("1 * ") for part in text.split(" + "))


def _clean(note: str) -> str:
    """A line of documentation that cannot end the docstring or escape from it."""
    kept = "".join(c if c.isprintable() else " " for c in note)
    return kept.replace("\\", "/").replace('"', "'")
