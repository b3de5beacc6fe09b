"""Kronecker factors of a second derivative as `Derivative` offers them, and the approximation that
takes the expectation of a Kronecker product for the product of expectations (KFAC)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ..errors import InputError, UnsupportedError
from ..frontends.declare import check_name
from ..ir.build import add, einsum
from ..ir.construct import inner_product
from ..ir.node import Node, variable
from ..ir.walk import with_facts
from ..simplify import shortest
from ..structure import Kronecker, KroneckerSum
from .inputs import as_tensor_node, fresh

if TYPE_CHECKING:
    from .derivative import Derivative


class Factored:
    """The part of `Derivative` that takes it apart into Kronecker factors."""

    def kronecker(self) -> KroneckerForm:
        """The sum of Kronecker products that it is, with formulas and arrays of the factors.

        Raises
        ------
        UnsupportedError
            Its axes hang together in other ways, or it is no map from arrays of two or more axes to
            such.

        Examples
        --------
        >>> import eingrad
        >>> loss = eingrad.parse("sum(logsumexp(X*W, axis=1))", X="n m", W="m k")
        >>> print(eingrad.hessian(loss, "W").kronecker())
        Σ over n of rank 1 m×m ⊗ symmetric k×k
        """
        d = cast("Derivative", self)
        found = None if d.contracted or d.n_out else d.structure.kronecker
        if found is None:
            raise UnsupportedError(
                f"{d.title} is no sum of Kronecker products: {d.structure.sentence}"
            )
        return KroneckerForm(d, found)


class KroneckerForm:
    """Σ_s A_s ⊗ M_s: a second derivative by an array, as its terms show it.

    Attributes
    ----------
    of:
        The whole.
    form:
        The sums as nodes, with `stack`s of the factors in each product.
    is_exact:
        Whether nothing is summed: then the whole is the product of `factors`, and the approximation
        is no approximation.

    Examples
    --------
    >>> import eingrad, numpy as np
    >>> loss = eingrad.parse("sum(logsumexp(X*W, axis=1))/4", X="n m", W="m k")
    >>> found = eingrad.hessian(loss, "W").kronecker()
    >>> for factor in found.factors:
    ...     print(factor.formula())
    XᵀX/n
    (diag(softmax(XW)ᵀ𝟏) − softmax(XW)ᵀ softmax(XW))/4
    >>> K = found.approximation(damping="λ").operator(X=np.eye(4, 3), W=np.eye(3, 2), λ=0.1)
    >>> K
    <StructuredOperator 3×2 → 3×2, float64, 104 bytes: symmetric 3×3 core ⊗ symmetric 2×2 core>
    """

    def __init__(self, of: Derivative, form: Kronecker) -> None:
        self.of = of
        self.form = form

    @property
    def is_exact(self) -> bool:
        """Whether each term is one product."""
        return self.form.is_exact

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return self.form.sentence

    @property
    def terms(self) -> tuple[tuple[Derivative, ...], ...]:
        """The single factors of each term; see `factors`."""
        return tuple(tuple(self._factors(t)) for t in self.form.terms)

    @property
    def factors(self) -> tuple[Derivative, ...]:
        """The matrices whose Kronecker product stands for the sum, in the order of the axes: means
        over what is summed, and the total for the one that has the weights.

        Each has `formula()`, `function()` and `operator()`.

        Raises
        ------
        UnsupportedError
            There are several terms: `terms` has the factors of each.
        """
        return self.terms[0] if len(self.form.terms) == 1 else self._several("factors")

    def approximation(self, damping: Any = None) -> Derivative:
        """The product of the factors: for a layer, Kronecker-factored approximate curvature.

        J. Martens and R. Grosse (2015), arXiv:1503.05671. It solves by the factors alone.

        Parameters
        ----------
        damping:
            What is added to the diagonal of each factor: a number, the name of a new variable
            (promised not to be negative), or one of these for each factor.

        Raises
        ------
        UnsupportedError
            Several terms are to be damped.
        InputError
            There are not as many numbers as factors.
        """
        if damping is None:
            node = add(*(t.approximation for t in self.form.terms))
        elif len(self.form.terms) > 1:
            self._several("damping")
        else:
            node = _damped(self.form.terms[0], damping)
        heading = self.of.title if self.is_exact and damping is None else f"{self.of.title} ≈"
        return as_curvature(node, self.of, heading, "kronecker")

    def _factors(self, term: KroneckerSum) -> Sequence[Derivative]:
        return [
            as_curvature(
                term.single(k), self.of, f"factor {k + 1} of {self.of.title}", "factor", f.axes
            )
            for k, f in enumerate(term.factors)
        ]

    def _several(self, what: str) -> Any:
        raise UnsupportedError(
            f"{self.of.title} has {len(self.form.terms)} terms, no {what} of the whole: "
            f"{self.sentence}; `terms` has the factors of each"
        )

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<{self.of.title}: {self.sentence}>"


def _damped(term: KroneckerSum, damping: Any) -> Node:
    """The product of the factors with multiples of identities added."""
    count = len(term.factors)
    given = list(damping) if isinstance(damping, list | tuple) else [damping] * count
    if len(given) != count:
        raise InputError(f"damping for {len(given)} factors; there are {count}")
    singles = []
    for k, amount in enumerate(given):
        single = term.single(k)
        scalar = _amount(amount)
        n = single.ndim // 2
        axes = [(a,) for a in range(n)]
        sizes = dict(enumerate(single.shape[:n]))
        singles.append(add(single, einsum([(scalar, [])], [*axes, *axes], 1, sizes)))
    return term.product(singles)


def _amount(given: Any) -> Node:
    """A name as a variable that is not below 0, so that what is damped stays semidefinite."""
    if isinstance(given, str):
        return variable(check_name(given), (), frozenset({"nonnegative"}))
    return as_tensor_node(given)


def as_curvature(
    node: Node, like: Derivative, heading: str, called: str, axes: Sequence[int] | None = None
) -> Derivative:
    """A map between arrays of the shape of a variable (or of some of its axes) as the second
    derivative of the bilinear form that it defines."""
    from .derivative import Derivative

    by = like.wrt[-1]
    places = list(range(by.ndim)) if axes is None else list(axes)
    shape = tuple(by.shape[k] for k in places)
    left = variable(fresh("u", node), shape)
    right = variable(fresh("v", node, left), shape)
    n = len(places)
    rows, columns = [(k,) for k in range(n)], [(k + n,) for k in range(n)]
    slope = einsum([(node, [*rows, *columns]), (right, columns)], rows)
    return Derivative(
        shortest(with_facts(node)),
        of=inner_product(left, slope),
        wrt=[left, right],
        free=node,
        previous=[slope],
        notes=like.notes,
        heading=heading,
        called=called,
        value=like._value,
        axis_names=[f"{by.name} axis {k}" for k in (*places, *places)],
    )
