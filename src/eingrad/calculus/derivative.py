"""`Derivative`: a derivative with everything that can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..dims import Dim, product, shape_text
from ..errors import CheckError
from ..ir.build import is_zero
from ..ir.node import Node, Variable
from ..ir.walk import awake, variables
from .compiled import Computed, function_name, output_nodes
from .explained import Explained
from .kronecker import Factored
from .layouts import axis_order, is_row, valid_layout
from .shown import Shown
from .structured import Structured, entries_at

if TYPE_CHECKING:
    from ..notation import Formula
    from ..verify import Report
    from .blockwise import Blockwise
    from .rule import CustomRule


class Derivative(Computed, Shown, Explained, Structured, Factored):
    """∂ⁿY/∂X₁…∂Xₙ: the exact tensor, with formulas, proof and code.

    Attributes
    ----------
    node:
        The tensor in factored form, axes of Y, then those of each variable.
    of:
        The function that was differentiated.
    wrt:
        The variables, in order.
    notes:
        Sentences that a reader must know: what was assumed, which convention was used.

    Examples
    --------
    >>> import eingrad
    >>> d = eingrad.gradient("norm2(A*x - y)^2", "x")
    >>> print(d.formula())
    2Aᵀ(Ax − y)
    >>> d.shape
    (Dim(n),)
    """

    def __init__(
        self,
        node: Node,
        *,
        of: Node,
        wrt: Sequence[Variable],
        free: Node,
        previous: Sequence[Node] = (),
        layout: str = "mixed",
        notes: Sequence[str] = (),
        label: str = "",
        n_out: int | None = None,
        contracted: bool = False,
        heading: str = "",
        called: str = "",
        axis_names: Sequence[str] | None = None,
        value: Node | None = None,
    ) -> None:
        self.node = node
        self.of = of
        self.wrt = tuple(wrt)
        self.notes = tuple(notes)
        taken = {v.name for v in variables(of, node)} | {v.name for v in wrt}
        self.label = label or next(n for n in ("y", "f", "F", "L", "value") if n not in taken)
        self.layout = valid_layout(layout)
        self._free = free
        self._previous = tuple(previous)
        self.n_out = of.ndim if n_out is None else n_out
        # Of a contracted derivative (a diagonal) the axes are no longer those of the variables.
        self.contracted = contracted
        # Of a total derivative: the partial one and a term for each path, by variable.
        self.contributions: Mapping[str, Derivative] = {}
        # And the expression as it was given, with what its dependent variables are.
        self.dependencies: tuple[Node, Mapping[Variable, Node]] | None = None
        self._heading = heading
        self.called = called
        self._axis_names = None if axis_names is None else tuple(axis_names)
        # What users call the value, where it is not what was differentiated: y beside ⟨G, y⟩.
        self._value = of if value is None else value

    # What it is ---------------------------------------------------------------------------------

    @property
    def order(self) -> int:
        """How many times was differentiated."""
        return len(self.wrt)

    @property
    def is_zero(self) -> bool:
        """Whether the derivative is identically zero."""
        return is_zero(self.node)

    @property
    def shape(self) -> tuple[Dim, ...]:
        """One size for each axis, in the order of the layout."""
        return tuple(self.node.shape[k] for k in self.axis_order(self.layout))

    @property
    def size(self) -> Dim:
        """The number of entries: size(Y) · size(X₁) · …"""
        return product(self.node.shape)

    @property
    def axes(self) -> tuple[str, ...]:
        """For each axis of `shape`, which axis of which array it is (counted from 0)."""
        names = [f"{self.label} axis {k}" for k in range(self.n_out)]
        if self._axis_names is not None:
            return self._axis_names
        if self.contracted:
            return tuple(f"{self.wrt[0].name} axis {k}" for k in range(self.node.ndim))
        for v in self.wrt:
            names += [f"{v.name} axis {k}" for k in range(v.ndim)]
        return tuple(names[k] for k in self.axis_order(self.layout))

    def axis_order(self, layout: str | None = None) -> tuple[int, ...]:
        """The axes of `node` in the order in which a layout shows them.

        `mixed`: output then inputs. `denominator`: inputs in order, then the output's axes
        reversed. `numerator`: the output's axes in order, then the inputs' reversed. (`vec`
        flattens; its axes count as mixed here.)
        """
        layout = valid_layout(layout or self.layout)
        return axis_order(self.n_out, self.node.ndim - self.n_out, layout)

    @property
    def is_row(self) -> bool:
        """Whether its one axis lies along a row: a vector by a scalar in denominator layout."""
        n_in = self.node.ndim - self.n_out
        return not self.contracted and is_row(self.n_out, n_in, self.layout)

    @property
    def shape_text(self) -> str:
        """The shape as people write it, `m×n`; of a row `1×n`."""
        return ("1×" if self.is_row else "") + shape_text(self.shape)

    def in_layout(self, layout: str) -> Derivative:
        """The same derivative, shown in another layout."""
        return self._like(layout=layout)

    # Formulas -----------------------------------------------------------------------------------

    def formula(self, form: str = "auto", layout: str | None = None) -> Formula:
        """The formula as a tree; `str()` of it is Unicode text.

        Parameters
        ----------
        form:
            `"matrix"` (up to two axes), `"differential"` (dC = dA B), `"vec"`, `"index"`, or
            `"auto"`: matrix notation where there are at most two axes, else the differential.
        layout:
            As in `axis_order`; `"vec"` means the form `vec`.
        """
        from ..notation import derivative_formula
        from ..notation import formula as plain_formula

        if self.contracted:
            return plain_formula(self.node, names_taken=self.names)
        layout = valid_layout(layout or self.layout)
        if layout == "vec" and form == "auto":
            form = "vec"
        return derivative_formula(
            self.node,
            n_out=self.n_out,
            wrt=self.wrt,
            form=form,
            layout="mixed" if layout == "vec" else layout,
            names=self.names,
        )

    @cached_property
    def _variables(self) -> tuple[Variable, ...]:
        found = {v.name: awake(v) for v in (*variables(self.of, self.node, self._value), *self.wrt)}
        return tuple(found[name] for name in sorted(found))

    def latex(self, layout: str | None = None, form: str = "auto") -> str:
        """The formula in LaTeX."""
        from ..notation import to_latex

        return to_latex(self.formula(form, layout))

    def mathml(self, layout: str | None = None, form: str = "auto") -> str:
        """The formula in presentation MathML."""
        from ..notation import to_mathml

        return to_mathml(self.formula(form, layout))

    @property
    def title(self) -> str:
        """∂y/∂x, ∂²y/∂x∂z."""
        if self._heading:
            return self._heading
        n = {1: "", 2: "²", 3: "³", 4: "⁴"}.get(self.order, f"^{self.order}")
        below = ""
        k = 0
        while k < self.order:
            run = 1
            while k + run < self.order and self.wrt[k + run] is self.wrt[k]:
                run += 1
            power = "" if run == 1 else {2: "²", 3: "³", 4: "⁴"}.get(run, f"^{run}")
            below += f"∂{self.wrt[k].name}{power}"
            k += run
        return f"∂{n}{self.label}/{below}"

    def __str__(self) -> str:
        lines = [f"{self.title} = {self.formula()}"]
        lines.append(f"  {self.shape_text}, {self.layout} layout{self._axes_text()}")
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def _axes_text(self) -> str:
        return f" (axes: {', '.join(self.axes)})" if len(self.axes) > 1 else ""

    def __repr__(self) -> str:
        return f"<Derivative {self.title}: {self.shape_text}, {self.layout} layout>"

    # What it comes from -------------------------------------------------------------------------

    @property
    def tensor(self) -> Node:
        """The tensor with all entries counted as independent, whatever convention is shown."""
        return self._free

    @property
    def previous(self) -> tuple[Node, ...]:
        """The derivatives of lower order on the way to this one."""
        return self._previous

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables that it may be given values of, by name."""
        return self._variables

    @property
    def names(self) -> frozenset[str]:
        """The names of the variables."""
        return frozenset(v.name for v in self._variables)

    def with_contributions(
        self, label: str, parts: Mapping[str, Derivative], notes: Sequence[str]
    ) -> Derivative:
        """The same as a total derivative that is the sum of `parts`."""
        heading = f"d{label}/d{self.wrt[0].name}"
        result = self._like(notes=[*notes, *self.notes], heading=heading, label=label)
        result.contributions = parts
        return result

    def with_node(self, node: Node) -> Derivative:
        """The same derivative in another form of its tensor."""
        return self._like(node=node)

    def block(self, node: Node, outer: tuple[int, ...], where: tuple[int, ...]) -> Derivative:
        """The part of the derivative where the `outer` axes are at the places `where`."""
        if any(k >= self.n_out for k in outer) or self.contracted:
            return self._like(node=node, free=node, n_out=0, contracted=True)
        return self._like(
            node=node,
            of=entries_at(self.of, outer, where),
            value=entries_at(self._value, outer, where),
            free=entries_at(self._free, outer, where),
            previous=[entries_at(p, outer, where) for p in self._previous],
            n_out=self.n_out - len(outer),
        )

    def _like(self, **changed: Any) -> Derivative:
        fields: dict[str, Any] = {
            "node": self.node,
            "of": self.of,
            "wrt": self.wrt,
            "free": self._free,
            "previous": self._previous,
            "layout": self.layout,
            "notes": self.notes,
            "label": self.label,
            "n_out": self.n_out,
            "contracted": self.contracted,
            "heading": self._heading,
            "called": self.called,
            "axis_names": self._axis_names,
            "value": self._value,
        }
        result = Derivative(**{**fields, **changed})
        result.contributions = self.contributions
        result.dependencies = self.dependencies
        result.given = self.given
        return result

    # Proof --------------------------------------------------------------------------------------

    def check(self, seed: int = 0) -> Report:
        """Compare with differences on small random inputs; the report says how and how closely.

        Where no point was found at which the function is finite, the report says that nothing was
        compared (`report.compared` is False, and so is `report.ok`).

        Raises
        ------
        CheckError
            They disagree: a bug in eingrad.
        """
        from ..verify import check_derivative

        report = check_derivative(self.of, self.wrt, self._free, previous=self._previous, seed=seed)
        if report.compared and not report.ok:
            raise CheckError(f"{self.title} failed its numeric check: {report.text}")
        return report

    # Code ---------------------------------------------------------------------------------------

    def outputs(self, names: Sequence[str]) -> dict[str, Node]:
        """The nodes called `value`, `derivative`, and by order `gradient`/`jacobian`, `hessian`."""
        return output_nodes(self, names)

    def described(self, outputs: Sequence[str]) -> tuple[str, list[str]]:
        """The name of the function that computes some outputs, and lines for its documentation."""
        notes = [f"{self.title}, generated by eingrad", *self.notes]
        return function_name(self, outputs), notes

    def blockwise(
        self, rows: str, backend: str = "numpy", outputs: Sequence[str] = ("derivative",)
    ) -> Blockwise:
        """The same for data in blocks of rows, a size called `rows`; see `Blockwise`."""
        from .blockwise import Blockwise

        return Blockwise(self, rows, backend, outputs)

    def custom_rule(self, backend: str, **options: Any) -> CustomRule:
        """The function with a derived backward pass by the first variable, as a module for a
        framework; see `eingrad.custom_rule`, which takes several variables."""
        from .rule import custom_rule

        return custom_rule(self.of, self.wrt[0], backend, **options)
