"""`StructuredOperator`: a derivative bound to numbers, a map that is never multiplied out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError, SingularError, UnsupportedError
from . import checks, export
from .algebra import OperatorAlgebra, identity_term
from .align import Aligned, align, found_or_error
from .apply import apply_term, dense_of
from .arrays import batch_of, real_array
from .arrays import shape_text as _text
from .describe import sentence
from .diagonal import diagonal_by_places, diagonal_of, trace_of
from .memory import check_size, size_text
from .norms import RowNorms
from .term import NumericTerm

if TYPE_CHECKING:
    from .solvers import Solver

Shape = tuple[int, ...]


class StructuredOperator(OperatorAlgebra, RowNorms):
    """A linear map between arrays, held as deltas and small cores.

    `A.matvec(v)` takes an array of `in_shape` and gives one of `out_shape`: nothing is flattened.
    Leading axes before those are a batch, in `matvec`, `rmatvec` and `solve` alike.

    Attributes
    ----------
    terms:
        The sum that it is.
    out_shape, in_shape:
        The shapes of results and of directions.
    dtype:
        Of its numbers: float32 or float64.

    Examples
    --------
    >>> import eingrad, numpy as np
    >>> V = np.array([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]])
    >>> H = eingrad.hessian("norm2(T - U*V')^2", "U").operator(V=V, U=np.zeros((4, 2)))
    >>> H.shape, H.nbytes
    ((4, 2, 4, 2), 32)
    >>> H.solve(H @ np.ones((4, 2))).round(12).tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    >>> print(round(H.logdet(), 6))
    12.712215
    """

    __array_ufunc__ = None  # `array @ operator` and `number * operator` are this class's

    def __init__(
        self,
        terms: Sequence[NumericTerm],
        out_shape: Sequence[int],
        in_shape: Sequence[int],
        dtype: Any = np.float64,
        structure: Callable[[], str] | None = None,
    ) -> None:
        self.terms = tuple(terms)
        self.out_shape: Shape = tuple(out_shape)
        self.in_shape: Shape = tuple(in_shape)
        self.dtype = np.dtype(dtype)
        self._structure = structure
        self._solvers: dict[Any, Solver] = {}

    # What it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """The axes of the output, then those of the input."""
        return self.out_shape + self.in_shape

    @property
    def size(self) -> int:
        """The entries of the tensor that it stands for."""
        return math.prod(self.shape)

    @property
    def is_square(self) -> bool:
        """Whether output and input have as many entries."""
        return checks.is_square(self.out_shape, self.in_shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the cores; each array counts once."""
        arrays = {id(c.array): c.array for t in self.terms for c in t.cores}
        return sum(a.nbytes for a in arrays.values())

    @cached_property
    def structure(self) -> str:
        """What it consists of, in a sentence."""
        if self._structure is not None:
            return self._structure()
        return sentence(self.terms, self.out_shape, self.in_shape)

    @property
    def solver(self) -> str:
        """How `solve` solves; asking factorises.

        Raises
        ------
        ShapeError, SingularError
            As `solve`.
        """
        return self._solver("auto", None, 1e-10).text

    def __repr__(self) -> str:
        arrow = f"{_text(self.in_shape)} → {_text(self.out_shape)}"
        kind = f"{self.dtype}, {size_text(self.nbytes)}"
        return f"<StructuredOperator {arrow}, {kind}: {self.structure}>"

    # Products with arrays -----------------------------------------------------------------------

    def matvec(self, v: Any) -> np.ndarray:
        """The derivative along a direction (JVP): Σ over the input.

        Parameters
        ----------
        v:
            Shape (…, *in_shape). Integers count as float64; complex is refused.

        Returns
        -------
        array of shape (…, *out_shape)

        Raises
        ------
        ShapeError
            The trailing axes are not those of the input.
        """
        return self._apply(self.terms, v, self.in_shape, self.out_shape, "direction")

    def rmatvec(self, g: Any) -> np.ndarray:
        """The pullback of an incoming gradient (VJP): Σ over the output.

        Parameters
        ----------
        g:
            Shape (…, *out_shape).

        Returns
        -------
        array of shape (…, *in_shape)
        """
        return self._apply(
            self._transposed_terms, g, self.out_shape, self.in_shape, "incoming gradient"
        )

    @cached_property
    def _transposed_terms(self) -> tuple[NumericTerm, ...]:
        return tuple(t.transposed() for t in self.terms)

    def _apply(
        self, terms: Sequence[NumericTerm], v: Any, from_shape: Shape, to_shape: Shape, what: str
    ) -> np.ndarray:
        array = real_array(v, what)
        batch = batch_of(array, from_shape, what)
        k = math.prod(batch)
        result: Any = None
        owned = False
        for term in terms:
            block = array.reshape(k, *term.shape_of(term.in_atoms))
            part = apply_term(term, block).reshape(k, *to_shape)
            if result is None:
                result = part
            elif owned and result.dtype == np.result_type(result, part):
                result += part
            else:
                result, owned = result + part, True
        kind = np.result_type(self.dtype, array.dtype)
        if result is None:
            return np.zeros((*batch, *to_shape), kind)
        result = np.asarray(result).reshape((*batch, *to_shape))
        # An identity would hand out the argument itself, a broadcast one memory without owner.
        if np.may_share_memory(result, array) or not result.flags.writeable:
            return np.array(result, kind)
        return np.asarray(result, kind)

    def __matmul__(self, other: Any) -> Any:
        """`A @ v` is `A.matvec(v)`; `A @ B` with an operator is their composition."""
        if isinstance(other, StructuredOperator):
            return self._composed(other)
        return self.matvec(other)

    def __rmatmul__(self, g: Any) -> np.ndarray:
        """`g @ A` is `A.rmatvec(g)`."""
        return self.rmatvec(g)

    def __call__(self, v: Any) -> np.ndarray:
        """As `matvec`."""
        return self.matvec(v)

    # Arrays -------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Refused: an array in place of an operator would be dense without anybody's asking."""
        raise UnsupportedError(
            "an operator does not turn into an array by itself: dense() builds the tensor"
        )

    def dense(self, limit: int | None = None) -> np.ndarray:
        """The whole tensor: axes of the output, then of the input.

        Parameters
        ----------
        limit:
            Bytes; a quarter of the free memory by default.

        Raises
        ------
        SizeLimitError
            It would be larger; nothing has been allocated.
        """
        hint = "use matvec, rmatvec, diagonal or solve, or dense(limit=bytes)"
        check_size(self.shape, self.dtype.itemsize, limit, "the dense tensor", hint)
        return dense_of(self.terms, self.shape, self.dtype)

    def diagonal(self) -> np.ndarray:
        """The entries at equal places of output and input, in the shape of the input.

        Raises
        ------
        ShapeError
            Output and input have different shapes.
        """
        aligned = self._with_equal_axes("a diagonal")
        if aligned is None:
            return diagonal_by_places(self.terms, self.in_shape, self.dtype).reshape(self.in_shape)
        return diagonal_of(aligned, self.dtype).reshape(self.in_shape)

    def trace(self) -> Any:
        """The sum of the diagonal, without the diagonal."""
        aligned = self._with_equal_axes("a trace")
        if aligned is None:
            return self.dtype.type(diagonal_by_places(self.terms, self.in_shape, self.dtype).sum())
        return self.dtype.type(trace_of(aligned, self.dtype))

    def _with_equal_axes(self, what: str) -> Aligned | None:
        if self.out_shape != self.in_shape:
            raise ShapeError(
                f"{what} needs output and input of one shape; this maps {_text(self.in_shape)} to "
                f"{_text(self.out_shape)}"
            )
        if 0 in self.in_shape:
            return Aligned(self.in_shape, self.in_shape, ())
        return align(self.terms, self.out_shape, self.in_shape, shared=True)

    def to_scipy(self) -> Any:
        """A `scipy.sparse.linalg.LinearOperator` on flattened (row-major) arrays."""
        return export.to_scipy(self)

    def to_sparse(self, limit: int | None = None) -> Any:
        """A `scipy.sparse.csr_array` of the flattened tensor, output × input.

        Raises
        ------
        SizeLimitError
            What the deltas leave would be larger than the limit.
        """
        return export.to_sparse(self, limit)

    # Systems ------------------------------------------------------------------------------------

    def solve(
        self, b: Any, method: str = "auto", rtol: float = 1e-10, limit: int | None = None
    ) -> np.ndarray:
        """The direction whose image is b, by the structure of the operator.

        Parameters
        ----------
        b:
            Shape (…, *out_shape).
        method:
            `auto`: part by part (identity, diagonal, blocks, Kronecker factors, low rank), and
            where nothing helps and a matrix would be large, iteratively; `solver` says which.
            `dense` forms the matrix, `iterative` never does.
        rtol:
            Relative residual at which iterations stop.
        limit:
            Bytes that a matrix may take.

        Returns
        -------
        array of shape (…, *in_shape)

        Raises
        ------
        ShapeError
            The operator is not square, or b does not fit.
        SingularError
            With the factor that is singular.
        InputError
            There is no such method, or `rtol` does not lie between 0 and 1.
        """
        checks.check_tolerance(rtol)
        array = real_array(b, "right side")
        batch = batch_of(array, self.out_shape, "right side")
        solver = self._solver(method, limit, rtol)
        kind = np.result_type(self.dtype, array.dtype)
        if 0 in (*batch, *self.shape):
            return np.zeros((*batch, *self.in_shape), kind)
        rows = self._aligned.rows if self._aligned else ()
        x = solver.solve(np.asarray(array, kind).reshape(math.prod(batch), *rows))
        x = x.reshape((*batch, *self.in_shape))
        if np.may_share_memory(x, array):
            return np.array(x, kind)
        return np.asarray(x, kind)

    def slogdet(self, method: str = "auto", limit: int | None = None) -> tuple[float, float]:
        """Sign and log|det|, output and input flattened row by row.

        Raises
        ------
        ShapeError
            The operator is not square.
        UnsupportedError
            No structure gives it, and the matrix would be large.
        """
        checks.check_determinant(self.out_shape, self.in_shape)
        try:
            return self._solver(method, limit, 1e-10).slogdet()
        except SingularError:
            return 0.0, -math.inf

    def logdet(self, method: str = "auto", limit: int | None = None) -> float:
        """log|det|, as the function `logdet` of formulas; −inf where singular. `slogdet` has the
        sign too."""
        return self.slogdet(method, limit)[1]

    @cached_property
    def _aligned(self) -> Aligned | None:
        return self._align()

    def _align(self) -> Aligned | None:
        # Alike if possible: then rows and columns are of one basis.
        if self.out_shape == self.in_shape:
            found = align(self.terms, self.out_shape, self.in_shape, shared=True)
            if found is not None:
                return found
        return align(self.terms, self.out_shape, self.in_shape)

    def _solver(self, method: str, limit: int | None, rtol: float) -> Solver:
        from .solvers import choose
        from .solvers.identity import Identity

        checks.check_system(method, self.out_shape, self.in_shape, self._least_squares)
        key = (method, rtol)
        if key not in self._solvers:
            if 0 in self.shape:
                empty = NumericTerm(1.0, (), (), {}, ())
                self._solvers[key] = Identity(Aligned((), (), (empty,)))
            else:
                found = found_or_error(self._aligned)
                self._solvers[key] = choose(found, self.dtype, method, limit, rtol)
        return self._solvers[key]

    _least_squares = "least squares: scipy.sparse.linalg.lsmr(operator.to_scipy(), b.ravel())"

    # Operators from operators -------------------------------------------------------------------

    @property
    def T(self) -> StructuredOperator:
        """The adjoint: output and input exchanged."""
        return StructuredOperator(self._transposed_terms, self.in_shape, self.out_shape, self.dtype)

    def adjoint(self) -> StructuredOperator:
        """As `T`."""
        return self.T


def identity(shape: Sequence[int] | int, dtype: Any = np.float64) -> StructuredOperator:
    """The identity on arrays of a shape.

    >>> identity((2, 3)).trace()
    np.float64(6.0)
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    return StructuredOperator([identity_term(sizes)], sizes, sizes, dtype)
