"""Is this formula the derivative? The answer is read as text, and judged in the layout asked
for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ..dims import product
from ..errors import EingradError, InputError, NameError_, ParseError, ShapeError
from ..frontends.text import parse as parse_text
from ..frontends.text import parse_index_form
from ..ir.build import einsum
from ..ir.facts import closure
from ..ir.node import Node, Shape, Variable, variable
from ..ir.walk import variables
from ..verify import Verdict, judge
from .derivative import Derivative
from .derive import derivative
from .inputs import Expression, Tensor, as_tensor_node, parse
from .judgement import Judgement
from .layouts import LAYOUTS, valid_layout
from .symmetric import SYMMETRIC, for_symmetric

# ∂f/∂x = …, df/dx = …: what stands above the line is anything, below it are the variables.
LEFT_SIDE = re.compile(r"\s*[∂d][^=/]*/\s*((?:[∂d]\s*\w+['ᵀ⊤]?\s*)+)=(?!=)")


def check(y: Any, *wrt: Any, answer: Any, layout: str = "mixed", **options: Any) -> Judgement:
    """Whether `answer` is the derivative of y, in the layout asked for.

    Parameters
    ----------
    y, wrt:
        As for `derivative`.
    answer:
        Text in the names of y, or a tensor; `∂f/∂x =` may stand before it. A text may be the
        differential instead: `dA*B`, in which dA is a direction of A's shape (d₁A and d₂A for a
        second derivative), or an entry: `δ_ik B_lj`, where i, j, k, l are the axes in order.
    layout:
        `mixed`, `denominator`, `numerator`: an answer that is right in another one only is not
        equal, and the reason names that layout.

    Returns
    -------
    Judgement
        With `.equal` and `.reason`; `html()`, `latex()`, … write it with the question.

    Examples
    --------
    >>> verdict = check("norm2(A*x - y)^2", "x", answer="2*A'*(A*x - y)")
    >>> verdict.equal
    True
    >>> print(check("x'*A*x", "x", answer="2*A*x").equal)
    False
    """
    if isinstance(y, str):
        y = parse(y)
    # What cancels out of the expression is still a name of it.
    named = {v.name: v for v in variables(as_tensor_node(y))}
    if isinstance(y, Expression):
        named.update(y.variables)
    wrt = tuple(named.get(v, v) if isinstance(v, str) else v for v in wrt)
    d = derivative(y, *wrt, **options)
    if isinstance(d, list):
        raise InputError("check takes one variable in each place")
    question = _Question(d, valid_layout(layout), named, options.get("symmetric", "free"))
    right = _right_side(answer, d, named) if isinstance(answer, str) else answer
    return Judgement.of(
        question.verdict(right), derivative=d, answer=str(answer), asked_layout=question.layout
    )


def _right_side(answer: str, d: Derivative, known: Mapping[str, Variable]) -> str:
    """What an answer says the derivative is: all of it, or what follows `∂f/∂x =`.

    Raises
    ------
    InputError
        It is said to be the derivative by another variable.
    """
    found = LEFT_SIDE.match(answer)
    if found is None:
        return answer
    below = [name.strip() for name in re.findall(r"[∂d]\s*(\w+)", found[1])]
    other = next((n for n in below if n in known and n not in {v.name for v in d.wrt}), None)
    if other is not None:
        raise InputError(f"the answer is a derivative by {other}, but {d.title} is asked")
    return answer[found.end() :]


class _Question:
    """A derivative that an answer is compared with, in a layout."""

    def __init__(
        self, d: Derivative, layout: str, named: Mapping[str, Variable], symmetric: str
    ) -> None:
        self.d, self.layout, self.symmetric = d, layout, symmetric
        self.known = {**named, **{v.name: v for v in (*variables(d.of), *d.wrt)}}
        # The reader knows names in their normal form: d₁X is d1X.
        self.directions = [
            variable(unicodedata.normalize("NFKC", name), shape)
            for name, shape in d.formula("differential").directions.items()
        ]

    def verdict(self, answer: Any) -> Verdict:
        """Judge an answer in every way in which it can be read; `d dA` may be d·dA or d·d·A."""
        differential = self._differential(answer) if isinstance(answer, str) else None
        if isinstance(differential, Node):
            as_such = self._judged(differential, differential=True)
            if as_such.equal:
                return as_such
        try:
            given = self._plain(answer)
        except EingradError as error:
            if isinstance(differential, EingradError):
                raise differential from None
            if isinstance(differential, Node):
                return as_such
            raise error
        plain = self._judged(given)
        if plain.equal or not isinstance(differential, Node):
            return plain
        return as_such

    def _differential(self, answer: str) -> Node | EingradError | None:
        """An answer such as `dA*B`, in which dA is a direction of A's shape; None if none of the
        directions occurs in it."""
        text = unicodedata.normalize("NFKC", answer)
        if not any(v.name in text for v in self.directions):
            return None
        known = {**self.known, **{v.name: v for v in self.directions}}
        try:
            node = answer_node(answer, known, [self.d.of.shape])
        except EingradError as error:
            return error
        return node if set(self.directions) & set(variables(node)) else None

    def _plain(self, answer: Any) -> Node:
        """An answer that is an array, or its entry in index notation."""
        shapes = _shapes(self.d, self.layout)
        try:
            return answer_node(answer, self.known, shapes)
        except NameError_:
            raise
        except ParseError as error:
            return _index_form(self.d, self.known, answer, shapes, error)

    def _judged(self, given: Node, differential: bool = False) -> Verdict:
        verdict = self._compared(self.d.node, given, differential)
        symmetric = [v for v in self.d.wrt if v.ndim == 2 and "symmetric" in closure(v.facts)]
        if verdict.equal or not symmetric:
            return verdict
        for how in SYMMETRIC:
            if how == self.symmetric:
                continue
            node, _ = for_symmetric(self.d._free, self.d.n_out, self.d.wrt, how)
            if self._compared(node, given, differential).equal:
                text = f'right with symmetric="{how}", not with symmetric="{self.symmetric}"'
                return Verdict(False, text, "symmetric", example=verdict.example)
        return verdict

    def _compared(self, node: Node, given: Node, differential: bool) -> Verdict:
        d = self.d
        if not differential:
            inputs = [v.ndim for v in d.wrt]
            return judge(node, n_out=d.n_out, n_in=inputs, answer=given, layout=self.layout)
        axes = [(k,) for k in range(node.ndim)]
        factors: list[tuple[Node, Sequence[tuple[int, ...]]]] = [(node, axes)]
        start = d.n_out
        for direction in self.directions:
            factors.append((direction, axes[start : start + direction.ndim]))
            start += direction.ndim
        return judge(einsum(factors, axes[: d.n_out]), n_out=d.n_out, n_in=[], answer=given)


def _index_form(
    d: Derivative,
    known: Mapping[str, Variable],
    answer: str,
    shapes: Sequence[Shape],
    error: ParseError,
) -> Node:
    """An answer such as `δ_ik B_lj`, i, j, k, l being the axes in the layout asked for, else in
    another one whose shape it has; raise `error` when it is no such answer."""
    letters = d.formula("index").letters
    if "_" not in unicodedata.normalize("NFKC", answer) or len(letters) != d.node.ndim:
        raise error
    misfit: ShapeError | None = None
    for shape in shapes:
        try:
            if len(shape) == len(letters):
                return parse_index_form(answer, known, letters, shape)
        except ShapeError as found:
            misfit = misfit or found
        except ParseError:
            break
    raise misfit or error


def answer_node(answer: Any, known: Mapping[str, Variable], shapes: Sequence[Shape]) -> Node:
    """The node of an answer; a text is read in the `known` names, with I, 𝟏 and 0 sized by the
    first of `shapes` that fits, or as it stands: an answer of a wrong shape is wrong, not
    unreadable.

    Raises
    ------
    EingradError
        The text cannot be read.
    """
    if isinstance(answer, str):
        for shape in shapes:
            try:
                return parse_text(answer, {}, known=known, expected_shape=shape).node
            except ShapeError:
                continue
        return parse_text(answer, {}, known=known).node
    if isinstance(answer, Tensor):
        return answer.node
    return as_tensor_node(answer)


def _shapes(d: Derivative, asked: str) -> list[Shape]:
    """The shape of the derivative in the layout asked for, then those in the others."""
    shapes: list[Shape] = []
    for layout in dict.fromkeys([asked, *LAYOUTS]):
        if layout == "vec":  # columns are vec of the last variable, rows are vec of what is before
            split = d.node.ndim - d.wrt[-1].ndim
            shapes.append((product(d.node.shape[:split]), product(d.node.shape[split:])))
        else:
            shapes.append(d.in_layout(layout).shape)
    return list(dict.fromkeys(shapes))
