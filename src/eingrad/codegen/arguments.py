"""The arguments of a generated function: names, checks of shapes, sizes, documentation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..dims import Dim, minimum_of
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
    keywords:
        Further arguments by keyword, None by default → what they are.
    """

    def __init__(
        self,
        variables: Sequence[Variable],
        symbols: set[str],
        scope: Names,
        keywords: Mapping[str, str] = {},
    ) -> None:
        self.keywords = keywords
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
            return f"{text} - ({size_text(rest, self.size_names)})"
        factor = dim.divide(bare)
        if factor is not None and symbol not in factor.symbols():
            return f"{text} // max(1, {size_text(factor, self.size_names)})"
        return None

    def _require(self, symbols: set[str]) -> None:
        """Make arguments of the symbols that no shape defines."""
        needed = set(symbols)
        for v in self.variables:
            needed |= {s for d in v.shape for s in d.symbols()}
        for symbol in sorted(needed - self.defined.keys()):
            local = self.size_names.get(symbol) or self.scope.fresh(symbol)
            self.size_names[symbol] = local
            self.extra_sizes[symbol] = local

    def kinds(self, indices: Collection[str]) -> tuple[list[str], list[str], list[str]]:
        """Names of the array arguments, of the scalar ones, and of those that are but indices."""
        values = [v for v in self.variables if v.name not in indices]
        arrays = [self.names[v.name] for v in values if v.shape]
        scalars = [self.names[v.name] for v in values if not v.shape]
        return arrays, scalars, [self.names[v.name] for v in self.variables if v.name in indices]

    def parameters(self) -> str:
        """The parameter list."""
        listed = [self.names[v.name] for v in self.variables]
        if self.extra_sizes or self.keywords:
            listed += ["*", *self.extra_sizes.values(), *(f"{k}=None" for k in self.keywords)]
        return ", ".join(listed)

    def checks(self, used: set[str], checked: bool = True) -> list[str]:
        """Statements that check all shapes and define the sizes that are used."""
        if not checked:
            compound = any(not text.endswith("]") for text in self.defined.values())
            return [
                f"{self.size_names[s]} = {text}"
                for s, text in self.defined.items()
                if compound or s in used
            ]
        lines: list[str] = []
        later: list[Variable] = []
        known = set(self.extra_sizes)
        order = list(self.defined)
        pending = sorted(self.variables, key=lambda v: self._rank(v, order))
        for position, v in enumerate(pending):
            fresh = {
                s: text
                for s, text in self.defined.items()
                if s not in known and text.startswith(f"{self.names[v.name]}.shape[")
            }
            if not fresh:
                later.append(v)
                continue
            wanted = used | {
                s for w in pending[position + 1 :] for d in w.shape for s in d.symbols()
            }
            lines += self._define_from(v, fresh, wanted)
            known.update(fresh)
        if len(later) == 1:
            lines += self._check(later[0])
        elif later:
            rows = [(self.names[v.name], self._expected(v.shape)) for v in later]
            listed = ", ".join(f'("{name}", {name}.shape, {shape})' for name, shape in rows)
            lines += [
                f"for name, shape, expected in ({listed}):",
                "    if shape != expected:",
                '        raise ValueError(f"{name} must have shape {expected}, not {shape}")',
            ]
        return lines

    def _rank(self, v: Variable, order: Sequence[str]) -> int:
        """Arguments that define sizes come in the order in which those follow from each other."""
        here = f"{self.names[v.name]}.shape["
        return max(
            (order.index(s) for s, t in self.defined.items() if t.startswith(here)),
            default=len(order),
        )

    def _define_from(self, v: Variable, fresh: Mapping[str, str], wanted: set[str]) -> list[str]:
        """Check an argument whose shape shows sizes, and name them."""
        name = self.names[v.name]
        if any(not text.endswith("]") for text in fresh.values()):  # found from a compound axis
            return [
                f"if {name}.ndim != {v.ndim}:",
                f'    raise ValueError(f"{name} must have {v.ndim} axes, not {{{name}.shape}}")',
                *(f"{self.size_names[s]} = {text}" for s, text in fresh.items()),
                *self._check(v),
            ]
        conditions = [f"{name}.ndim != {v.ndim}"]
        whole = True
        for k, dim in enumerate(v.shape):
            here = f"{name}.shape[{k}]"
            if here in fresh.values():
                continue
            whole = False
            local = {**self.size_names, **fresh}
            conditions.append(f"{here} != {size_text(dim, local)}")
        lines = [
            f"if {' or '.join(conditions)}:",
            f'    raise ValueError(f"{name} must have shape {self._expected(v.shape)}, '
            f'not {{{name}.shape}}")',
        ]
        if whole and v.ndim > 1:
            names = [self.size_names[s] for d in v.shape for s in d.symbols()]
            return [*lines, f"{', '.join(names)} = {name}.shape"]
        return lines + [f"{self.size_names[s]} = {t}" for s, t in fresh.items() if s in wanted]

    def _check(self, v: Variable) -> list[str]:
        name = self.names[v.name]
        if not v.shape:
            message = f"{name} must be a number, not an array of shape {{{name}.shape}}"
            return [f"if {name}.ndim:", f'    raise ValueError(f"{message}")']
        expected = self._expected(v.shape)
        message = f"{name} must have shape {expected} = {{{expected}}}, not {{{name}.shape}}"
        if not any(d.symbols() for d in v.shape):
            message = f"{name} must have shape {expected}, not {{{name}.shape}}"
        return [f"if {name}.shape != {expected}:", f'    raise ValueError(f"{message}")']

    def _expected(self, shape: Shape) -> str:
        parts = [size_text(d, self.size_names) for d in shape]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def document(self, outputs: Mapping[str, Node], notes: Sequence[str]) -> list[str]:
        """The docstring, as lines with their quotes."""
        for node in outputs.values():
            for symbol in sorted({s for d in node.shape for s in d.symbols()}):
                self.size_names.setdefault(symbol, identifier(symbol))
        lines = ["Computed by eingrad." if not notes else _clean(notes[0])]
        lines += [_clean(n) for n in notes[1:]]
        if self.variables or self.extra_sizes or self.keywords:
            lines += ["", "Parameters", "----------"]
            for v in self.variables:
                facts = " ".join(sorted(v.facts))
                kind = f"array of shape {self._expected(v.shape)}" if v.shape else "number"
                lines.append(f"{self.names[v.name]} : {kind}{', ' + facts if facts else ''}")
            lines += [f"{n} : int, a size" for n in self.extra_sizes.values()]
            lines += [f"{name} : {meaning}" for name, meaning in self.keywords.items()]
        lines += ["", "Returns", "-------"]
        for key, node in outputs.items():
            kind = f"array of shape {self._expected(node.shape)}" if node.shape else "number"
            lines.append(f"{identifier(key)} : {kind}")
        return [f'"""{lines[0]}', *lines[1:], '"""']


def plain_symbols(dim: Dim) -> frozenset[str]:
    """The symbol that an axis shows directly, if it does."""
    symbols = dim.symbols()
    return symbols if len(symbols) == 1 and dim == Dim.symbol(*symbols) else frozenset()


def size_text(dim: Dim, names: Mapping[str, str]) -> str:
    """A size as source.

    >>> from eingrad.dims import minimum
    >>> m, n = Dim.symbol("m"), Dim.symbol("n")
    >>> size_text(2 * minimum(m, n) - n, {"m": "m", "n": "n_"})
    '2 * min(m, n_) - n_'
    """

    def written(symbol: str) -> str:
        pair = minimum_of(symbol)
        if pair is None:
            return names[symbol]
        return f"min({size_text(pair[0], names)}, {size_text(pair[1], names)})"

    parts = []
    for monomial, coefficient in dim.terms:
        factors = [written(s) for s in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        parts.append(("- " if coefficient < 0 else "+ ") + " * ".join(factors))
    text = " ".join(parts) or "0"
    return "-" + text[2:] if text.startswith("- ") else text.removeprefix("+ ")


def _clean(note: str) -> str:
    """A line of documentation that cannot end the docstring or escape from it."""
    kept = "".join(c if c.isprintable() else " " for c in note)
    return kept.replace("\\", "/").replace('"', "'")
