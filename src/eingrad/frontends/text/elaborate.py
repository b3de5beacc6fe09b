"""Syntax → values: kinds and sizes of names, then each operator and function in turn.

The walk is a list, not recursion: texts may be as deep as the parser allows, and sums as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...dims import Dim, shape_text
from ...errors import NameError_, ShapeError
from ...ir import build, construct
from ...ir import node as ir
from ...ir.apply import apply
from ...ir.node import Node, Shape, Variable
from . import entries, functions, records, structural
from . import syntax as s
from .handlers import HANDLERS, unexpected
from .lexer import Token
from .names import Vocabulary, is_lower_greek
from .sizes import Sizes
from .values import Context, Value

ENTRYWISE = {"*": ".*", "/": "./", "^": ".^"}  # what an operator is between entries


class Elaborator:
    """One text while its names, sizes and shapes are found."""

    def __init__(
        self, text: str, vocabulary: Vocabulary, declared: Mapping[str, Variable], sizes: Sizes
    ) -> None:
        self.context = Context(text, sizes)
        self.vocabulary = vocabulary
        self.declared = declared
        self.inferred: dict[str, Value] = {}
        self.order: dict[str, None] = {}  # names in the order of reading
        self.local: dict[str, Value] = {}
        self.ranks: dict[str, int] = {}
        self.python = False

    # -- the walk ------------------------------------------------------------------------------

    def run(self, root: s.Syntax, tokens: Iterable[Token] = ()) -> Value:
        """The value of the whole text."""
        self._look_ahead(root, tokens)
        if isinstance(root, s.Where):
            letters = dict(zip(root.names, root.letters, strict=True))
            for name, syntax in _in_order_of_use(self.context, root):
                value = self.value(syntax)
                axes = letters[name]
                if axes is not None or value.letters is not None:
                    value = entries.fit(self.context, value, axes or ())
                self.local[name] = value
            root = root.body
        return self.value(root)

    def value(self, root: s.Syntax) -> Value:
        """The value of a part of the text, from the values of its parts."""
        done: dict[s.Syntax, Value] = {}
        stack = [root]
        while stack:
            syntax = stack[-1]
            parts = self.parts(syntax)
            missing = [p for p in parts if p not in done]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if syntax not in done:
                done[syntax] = self.make(syntax, [done[p] for p in parts])
        return done[root]

    def parts(self, syntax: s.Syntax) -> tuple[s.Syntax, ...]:
        """The parts of a syntax that are values themselves."""
        if isinstance(syntax, s.Call):
            return tuple(functions.value_arguments(syntax))
        return syntax.parts

    def make(self, syntax: s.Syntax, parts: list[Value]) -> Value:
        """The value of a syntax from those of its parts."""
        handler = HANDLERS.get(type(syntax), unexpected)
        if all(p.letters is None for p in parts) or isinstance(syntax, s.Subscript | s.Summation):
            return handler(self, syntax, parts)
        if not _works_on_entries(syntax):
            raise self.context.error("this takes arrays, not their entries", syntax)
        if isinstance(syntax, s.Binary):
            operator = ENTRYWISE.get(syntax.operator, syntax.operator)
            syntax = s.Binary(syntax.start, syntax.stop, operator, syntax.left, syntax.right)
        aligned, letters = entries.align(self.context, parts)
        result = handler(self, syntax, aligned)
        result.letters = letters
        return result

    # -- names ---------------------------------------------------------------------------------

    def _look_ahead(self, root: s.Syntax, tokens: Iterable[Token]) -> None:
        """What must be known before names are met: axes of einsum's operands, sizes, the style."""
        for syntax in s.postorder(root):
            if _in_python_style(syntax):
                self.python = True
            elif isinstance(syntax, s.Name):
                self.context.used_names.add(syntax.name)
            elif isinstance(syntax, s.Index) and isinstance(syntax.operand, s.Name):
                name, count = syntax.operand.name, len(syntax.items)
                if count > _rank_of_kind(name):
                    self.ranks.setdefault(name, count)
            elif isinstance(syntax, s.Call):
                self._look_into(syntax)
        self.context.used_names.update(self.declared)

    def _look_into(self, call: s.Call) -> None:
        if call.function == "einsum" and call.arguments and isinstance(call.arguments[0], s.Text):
            inputs = call.arguments[0].content.split("->")[0].split(",")
            for letters, operand in zip(inputs, call.arguments[1:], strict=False):
                if isinstance(operand, s.Name) and "." not in letters:
                    self.ranks.setdefault(operand.name, len(letters.strip()))
        elif call.function in SIZE_ARGUMENTS:
            first = SIZE_ARGUMENTS[call.function]
            if functions.KERNELS.get(call.function, 0) > len(call.arguments):
                return
            for item in call.arguments[first:]:
                for part in s.postorder(item):
                    if isinstance(part, s.Name) and part.name not in self.declared:
                        self.context.sizes.named(part.name)

    def name(self, syntax: s.Name) -> Value:
        """A definition, a variable, a size, or an undeclared name whose kind its letter gives."""
        name = syntax.name
        context = self.context
        if name in self.local:
            known = self.local[name]
            return context.new(syntax, known.shape, lambda n: n, known, row=known.row)
        if name in self.declared:
            variable = self.declared[name]
            self._meet(name, variable.shape)
            return context.new(syntax, variable.shape, lambda: variable)
        if name in self.inferred:
            known = self.inferred[name]
            return context.new(syntax, known.shape, lambda n: n, known)
        if name in context.sizes.rigid or name in context.sizes.typed:
            dim = Dim.symbol(name)
            return context.new(syntax, (), lambda: construct.size_value(context.sizes.resolve(dim)))
        record = records.find_record(name)
        if record is not None and not record.domain:  # a constant such as pi
            constant = record.name
            return context.new(syntax, (), lambda: apply(constant))
        if self.vocabulary.closed:
            raise self._unknown(syntax)
        return self._infer(syntax)

    def _meet(self, name: str, shape: Shape) -> None:
        if name not in self.order:
            self.order[name] = None
            self.context.met.extend(shape)

    def _unknown(self, syntax: s.Name) -> NameError_:
        close = self.vocabulary.close_to(syntax.name)
        hint = f"did you mean {' or '.join(close)}?" if close else ""
        if not close and functions.is_function(syntax.name):
            hint = f"{syntax.name} is a function: write {syntax.name}(…)"
        elif not close:
            known = sorted({*self.vocabulary.variables, *self.vocabulary.local})
            hint = "known are " + ", ".join(known[:20]) if known else "no names are known"
        return NameError_(
            f"the name {syntax.name} is not known",
            text=self.context.text,
            spans=(self.context.span(syntax),),
            hint=hint,
        )

    def _infer(self, syntax: s.Name) -> Value:
        name = syntax.name
        context = self.context
        if functions.is_function(name):
            if name == "eye":
                return structural.identity(context, syntax, context.sizes.fresh())
            raise context.error(
                f"{name} is a function", syntax, hint=f"write {name}(…), or choose another name"
            )
        if name.startswith(("Σ_", "δ_")):
            raise context.error(
                "index notation is read in formulas and answers only",
                syntax,
                hint='write sum(…), eye(n) or einsum("ij,j->i", A, x)',
            )
        from ..declare import check_name

        try:
            check_name(name)
        except NameError_ as error:
            raise NameError_(
                error.message, text=context.text, spans=(context.span(syntax),), hint=error.hint
            ) from None
        rank = self.ranks.get(name, _rank_of_kind(name))
        shape = tuple(context.sizes.fresh() for _ in range(rank))
        self._meet(name, shape)
        value = context.new(
            syntax, shape, lambda: ir.variable(name, context.sizes.resolve_shape(shape))
        )
        self.inferred[name] = value
        context.undeclared.add(name)
        return value

    # -- the end -------------------------------------------------------------------------------

    def finish(self, result: Value, expected: Shape | None) -> Value:
        """Fit the result to an expected shape, decide and name all sizes, build the nodes."""
        context = self.context
        if expected is not None:
            result = self._expect(result, expected)
        context.sizes.finish(context.used_names, context.met)
        for value in context.values:
            for dim in context.sizes.resolve_shape(value.shape):
                if any(symbol.startswith("?") for symbol in dim.symbols()):
                    raise ShapeError(
                        "a size of this does not follow from anything",
                        text=context.text,
                        spans=(context.span(value.syntax),),
                        hint="give it a size, as in eye(n), vector(1, n), I_n",
                    )
        context.build()
        return result

    def _expect(self, result: Value, expected: Shape) -> Value:
        context = self.context
        message = f"a result of shape {shape_text(expected)} is expected here"
        if result.is_scalar and expected and result.number == 0:
            return context.new(result.syntax, expected, lambda: build.zeros(expected))
        if result.is_scalar and expected and all(d.is_one for d in expected):
            return context.new(
                result.syntax, expected, lambda n: build.broadcast_to(n, expected), result
            )
        if result.ndim == 1 and len(expected) == 2 and expected[0 if result.row else 1].is_one:
            result = context.as_matrix(result)
        if result.ndim != len(expected):
            raise context.misfit(message, result)
        for a, b in zip(result.shape, expected, strict=True):
            context.unify(a, b, message, result)
        return result

    def variables(self) -> dict[str, Variable]:
        """The variables by name: those met in the text, then the others that were declared."""
        found: dict[str, Variable] = {}
        for name in self.order:
            node: Node | None = self.declared.get(name)
            if node is None:
                node = self.inferred[name].node
            assert isinstance(node, Variable)
            found[name] = node
        return {**found, **{n: v for n, v in self.declared.items() if n not in found}}


SIZE_ARGUMENTS = {
    "eye": 0, "identity": 0, "ones": 0, "zeros": 0, "size": 0, "vector": 1, "matrix": 1,
    "reshape": 1, "tril": 0, "triu": 0, "selection": 0, "shifts": 0, "one_hot": 1,
}  # fmt: skip


def _in_python_style(syntax: s.Syntax) -> bool:
    """Whether this is written so only in Python: `.T` or `@`."""
    if isinstance(syntax, s.Transpose):
        return syntax.python
    return isinstance(syntax, s.Binary) and syntax.operator == "@"


def _works_on_entries(syntax: s.Syntax) -> bool:
    """Whether a syntax means the same for an entry as for a scalar."""
    if isinstance(syntax, s.Call):
        record = records.find_record(syntax.function)
        elementwise = record is not None and record.elementwise
        return elementwise or syntax.function in ("sqrt", "square", "pow", "power")
    if isinstance(syntax, s.Binary):
        return syntax.operator not in ("@", "⊗", "\\")
    if isinstance(syntax, s.Fence):
        return syntax.kind == "abs"
    return isinstance(syntax, s.Sum | s.Prefix)


def _rank_of_kind(name: str) -> int:
    """Axes of an undeclared name: a–g, small Greek letters 0; h–z 1; capitals 2."""
    first = (name.lstrip("_") or "_")[0]
    if first.isupper():
        return 2
    if is_lower_greek(first) or "a" <= first <= "g":
        return 0
    return 1


def _in_order_of_use(context: Context, where: s.Where) -> list[tuple[str, s.Syntax]]:
    """The definitions of a where clause, each after those that it uses."""
    values = dict(zip(where.names, where.values, strict=True))
    uses = {
        name: {p.name for p in s.postorder(v) if isinstance(p, s.Name)} & values.keys()
        for name, v in values.items()
    }
    result: list[tuple[str, s.Syntax]] = []
    left = dict(uses)
    while left:
        ready = [name for name, used in left.items() if not used & left.keys()]
        if not ready:
            name = next(iter(left))
            raise context.error(f"{name} is defined by itself", values[name])
        for name in ready:
            del left[name]
            result.append((name, values[name]))
    return result
