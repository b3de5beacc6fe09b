"""`FrameworkOperator`: a structured operator whose cores are arrays of JAX, PyTorch or
TensorFlow."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ...errors import InputError, ShapeError, SingularError, UnsupportedError
from .. import checks
from ..algebra import OperatorAlgebra
from ..align import Aligned, found_or_error
from ..apply import apply_term
from ..arrays import batch_of, shape_text
from ..memory import check_size, size_text
from ..operator import StructuredOperator
from ..pattern import Pattern
from ..term import Core, NumericTerm
from . import entries
from .choose import SOURCE, choose
from .namespace import Namespace
from .solvers import Identity

Shape = tuple[int, ...]


class FrameworkOperator(StructuredOperator):
    """A linear map whose cores are another library's arrays; see `StructuredOperator`.

    Results are that library's arrays, on the device and in the type of the cores, and gradients
    flow to the cores and to the directions. No value is looked at: the solver is chosen by
    structure, a matrix is factorised by Cholesky where its formula shows that it is positive
    semidefinite (or `assume("spd")` says so), and systems are factorised anew at each `solve`
    (hand several right sides over as a batch). What has not converged is NaN.

    In JAX it is a pytree: it goes into and out of `jit`, `vmap` and `grad`, and `tree_map` acts on
    its cores.

    Attributes
    ----------
    backend:
        `jax`, `torch` or `tensorflow`.
    dtype:
        Of its numbers, as the library has it.
    """

    def __init__(
        self,
        terms: Sequence[NumericTerm],
        out_shape: Sequence[int],
        in_shape: Sequence[int],
        xp: Namespace,
        definite: bool = False,
    ) -> None:
        self.terms = tuple(_of_library(t, xp) for t in terms)
        self.out_shape = tuple(out_shape)
        self.in_shape = tuple(in_shape)
        self.dtype = xp.dtype
        self._xp = xp
        self._definite = definite
        self._structure = None

    _least_squares = "least squares: (A.T @ A).assume('spd').solve(A.rmatvec(b))"

    @property
    def backend(self) -> str:
        """The library."""
        return self._xp.name

    @property
    def nbytes(self) -> int:
        """Bytes of the cores; each array counts once."""
        arrays = {id(c.array): c.array for t in self.terms for c in t.cores}
        held = [a for a in arrays.values() if not isinstance(a, Pattern)]
        return sum(self._xp.nbytes(a) for a in held)

    def __repr__(self) -> str:
        arrow = f"{shape_text(self.in_shape)} → {shape_text(self.out_shape)}"
        kind = f"{self.backend}, {self._xp.type_name}, {size_text(self.nbytes)}"
        return f"<{type(self).__name__} {arrow}, {kind}: {self.structure}>"

    # What the algebra of operators asks ---------------------------------------------------------

    def _made(
        self,
        terms: Sequence[NumericTerm],
        out_shape: Shape,
        in_shape: Shape,
        other: OperatorAlgebra | None = None,
    ) -> Self:
        xp = self._xp
        if isinstance(other, FrameworkOperator) and other.dtype != self.dtype:
            if not xp.promotes:
                raise UnsupportedError(
                    f"one operator is of type {self.dtype}, the other of {other.dtype}, and "
                    f"{self.backend} does not mix them: bind both with one type"
                )
            xp = type(xp).like([xp.zeros(()), other._xp.zeros(())])
        return type(self)(terms, out_shape, in_shape, xp)

    def _number(self, value: Any, what: str) -> Any:
        if isinstance(value, int | float | np.integer | np.floating):
            return float(value)
        array = self._xp.real(value, what)
        return None if self._xp.shape_of(array) else array

    def _check_library(self, other: OperatorAlgebra) -> None:
        if not isinstance(other, FrameworkOperator) or other.backend != self.backend:
            name = getattr(other, "backend", "numpy")
            raise UnsupportedError(
                f"one operator holds arrays of {self.backend}, the other of {name}; bind both "
                "with one backend"
            )

    def __add__(self, other: Any) -> Self:
        """The sum with an operator of the same shapes."""
        return super().__add__(other)._known(self._definite and other._definite)

    def __mul__(self, factor: Any) -> Self:
        """A multiple of the operator; the number may be an array of the library without axes."""
        positive = isinstance(factor, int | float) and factor > 0
        return super().__mul__(factor)._known(self._definite and positive)

    __rmul__ = __mul__

    def shifted(self, shift: Any) -> Self:
        """The operator plus `shift` times the identity; `shift` may be a traced number."""
        positive = isinstance(shift, int | float) and shift >= 0
        return super().shifted(shift)._known(self._definite and positive)

    @property
    def T(self) -> Self:
        """The adjoint: output and input exchanged."""
        made = self._made(self._transposed_terms, self.in_shape, self.out_shape)
        return made._known(self._definite)

    def adjoint(self) -> Self:
        """As `T`."""
        return self.T

    def assume(self, fact: str) -> Self:
        """The same operator, known to be symmetric positive definite: then matrices are
        factorised by Cholesky, and conjugate gradients need no normal equations.

        Parameters
        ----------
        fact:
            `"spd"`. It is not checked: solutions are wrong, or NaN, where it does not hold.
        """
        if fact != "spd":
            raise InputError(f"only spd can be assumed of an operator, not {fact!r}")
        return copy.copy(self)._known(True)

    def _known(self, definite: bool) -> Self:
        self._definite = definite
        return self

    # Products and entries -----------------------------------------------------------------------

    def _apply(
        self, terms: Sequence[NumericTerm], v: Any, from_shape: Shape, to_shape: Shape, what: str
    ) -> Any:
        xp = self._xp
        self._check_cores()
        array = xp.real(v, what)
        batch = _batch(xp, array, from_shape, what)
        k = math.prod(batch)
        parts = [apply_term(t, xp.reshape(array, (k, *t.shape_of(t.in_atoms))), xp) for t in terms]
        return entries.total(parts, (*batch, *to_shape), xp)

    def _check_cores(self) -> None:
        """A vmapped function gives operators whose cores have one axis more."""
        for term in self.terms:
            for core in term.cores:
                held = tuple(core.array.shape)
                if held != term.shape_of(core.atoms):
                    raise ShapeError(
                        f"a core has shape {shape_text(held)}; expected is "
                        f"{shape_text(term.shape_of(core.atoms))}: a stack of operators acts "
                        "inside of vmap"
                    )

    def dense(self, limit: int | None = None) -> Any:
        """The whole tensor: axes of the output, then of the input.

        Raises
        ------
        SizeLimitError
            It would be larger than the limit: a quarter of the free memory by default, of the
            device where it is known.
        """
        self._check_cores()
        hint = "use matvec, rmatvec, diagonal or solve, or dense(limit=bytes)"
        source = "as asked for" if limit is not None else SOURCE
        allowed = limit if limit is not None else self._xp.limit()
        check_size(self.shape, self._xp.itemsize, allowed, "the dense tensor", hint, source)
        return entries.dense_of(self.terms, self.shape, self._xp)

    def diagonal(self) -> Any:
        """The entries at equal places of output and input, in the shape of the input."""
        self._check_cores()
        aligned = self._with_equal_axes("a diagonal")
        if aligned is None:
            found = entries.diagonal_by_places(self.terms, self.in_shape, self._xp)
        else:
            found = entries.diagonal_of(aligned, self._xp)
        return self._xp.reshape(found, self.in_shape)

    def trace(self) -> Any:
        """The sum of the diagonal."""
        self._check_cores()
        aligned = self._with_equal_axes("a trace")
        if aligned is None:
            return self._xp.sum(entries.diagonal_by_places(self.terms, self.in_shape, self._xp))
        return entries.trace_of(aligned, self._xp)

    def to_scipy(self) -> Any:
        """Refused: SciPy's operators are of NumPy arrays."""
        raise self._not_scipy("SciPy's linear operators are")

    def to_sparse(self, limit: int | None = None) -> Any:
        """Refused: SciPy's sparse arrays are of NumPy arrays."""
        raise self._not_scipy("SciPy's sparse arrays are")

    def _not_scipy(self, what: str) -> UnsupportedError:
        return UnsupportedError(
            f"{what} of NumPy arrays, this operator of {self.backend}'s: bind the derivative "
            'with operator("numpy", …)'
        )

    # Systems ------------------------------------------------------------------------------------

    def solve(
        self, b: Any, method: str = "auto", rtol: float = 1e-10, limit: int | None = None
    ) -> Any:
        """The direction whose image is b, by the structure of the operator; as
        `StructuredOperator.solve`.

        Raises
        ------
        ShapeError, InputError
            As there.
        SingularError
            Structure alone shows that the operator is singular. Where numbers do, the library
            says so: an error of PyTorch's and TensorFlow's, NaN or infinity in JAX.
        """
        checks.check_tolerance(rtol)
        xp = self._xp
        array = xp.real(b, "right side")
        batch = _batch(xp, array, self.out_shape, "right side")
        solver = self._solver(method, limit, rtol)
        if 0 in (*batch, *self.shape):
            return xp.zeros((*batch, *self.in_shape))
        aligned = self._align()
        rows = aligned.rows if aligned else ()
        x = solver.solve(xp.reshape(array, (math.prod(batch), *rows)))
        return xp.reshape(x, (*batch, *self.in_shape))

    def slogdet(self, method: str = "auto", limit: int | None = None) -> tuple[Any, Any]:
        """Sign and log|det|, output and input flattened row by row, as arrays of the library."""
        checks.check_determinant(self.out_shape, self.in_shape)
        try:
            sign, value = self._solver(method, limit, 1e-10).slogdet()
        except SingularError:
            sign, value = 0.0, -math.inf
        zero = self._xp.zeros(())
        return zero + sign, zero + value

    def logdet(self, method: str = "auto", limit: int | None = None) -> Any:
        """log|det|; −inf where singular."""
        return self.slogdet(method, limit)[1]

    def _solver(self, method: str, limit: int | None, rtol: float) -> Any:
        # Not kept: under a tracer its arrays belong to one trace, in PyTorch to one graph.
        self._check_cores()
        checks.check_system(method, self.out_shape, self.in_shape, self._least_squares)
        if 0 in self.shape:
            empty = NumericTerm(1.0, (), (), {}, ())
            return Identity(Aligned((), (), (empty,)), self._xp)
        found = found_or_error(self._align())
        definite = self._definite and found.rows == found.columns
        return choose(found, self._xp, definite, method, limit, rtol)


def _of_library(term: NumericTerm, xp: Namespace) -> NumericTerm:
    """The term with constants as arrays of the library."""
    if not any(isinstance(c.array, np.ndarray) for c in term.cores):
        return term
    cores = tuple(
        Core(xp.constant(c.array), c.atoms, c.label) if isinstance(c.array, np.ndarray) else c
        for c in term.cores
    )
    return NumericTerm(term.coefficient, term.out, term.into, term.sizes, cores)


def _batch(xp: Namespace, array: Any, shape: Shape, what: str) -> Shape:
    """The leading axes; the shape is compared on an array that takes no memory."""
    return batch_of(np.broadcast_to(np.zeros(()), xp.shape_of(array)), shape, what)


__all__ = ["FrameworkOperator"]
