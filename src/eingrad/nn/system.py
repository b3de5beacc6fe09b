"""The linear systems of second-order training: curvature by several parameters, block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

from ..calculus import Derivative
from ..errors import SingularError

if TYPE_CHECKING:
    from ..operators import StructuredOperator

Arrays = dict[str, Any]
LARGEST = 4000  # unknowns; a matrix of so many is written out, more are solved for by iterations


class System:
    """The blocks of a symmetric second derivative, derived once.

    Attributes
    ----------
    names:
        The parameters in order.
    blocks:
        For each pair of them in this order the derivative.
    """

    def __init__(self, names: Sequence[str], block: Callable[[str, str], Derivative]) -> None:
        self.names = list(names)
        found = {(p, q): block(p, q) for p, q in combinations_with_replacement(self.names, 2)}
        self.blocks = {pair: d for pair, d in found.items() if not d.is_zero}

    def bound(self, values: Mapping[str, Any]) -> BoundSystem:
        """With numbers."""
        operators = {pair: d.operator(**values) for pair, d in self.blocks.items()}
        shapes = {n: tuple(values[n].shape) for n in self.names}
        return BoundSystem(self.names, operators, shapes)


class BoundSystem:
    """The blocks as operators, each held in its structure."""

    def __init__(
        self,
        names: list[str],
        operators: Mapping[tuple[str, str], StructuredOperator],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        import numpy as np

        self.names, self.operators, self.shapes = names, operators, shapes
        self.sizes = {n: int(np.prod(shapes[n])) for n in names}
        self.size = sum(self.sizes.values())

    @cached_property
    def scale(self) -> float:
        """The mean of the diagonal, to which damping is relative; 1 where that is not positive."""
        import numpy as np

        held = [self.operators[n, n] for n in self.names if (n, n) in self.operators]
        mean = sum(float(o.trace()) for o in held) / max(self.size, 1)
        return mean if np.isfinite(mean) and mean > 0 else 1.0

    def solve(self, right: Arrays, damping: float) -> Arrays | None:
        """(C + λI)⁻¹ times arrays; None where that is singular or not positive definite."""
        shift = damping * self.scale
        if len(self.names) == 1 and (self.names[0], self.names[0]) in self.operators:
            (name,) = self.names
            try:
                return {name: self.operators[name, name].shifted(shift).solve(right[name])}
            except SingularError:
                return None
        return (
            self._written_out(right, shift)
            if self.size <= LARGEST
            else self._iterated(right, shift)
        )

    def _written_out(self, right: Arrays, shift: float) -> Arrays | None:
        """By the Cholesky factor of the whole matrix."""
        import numpy as np
        import scipy.linalg

        matrix = self._matrix.copy()
        matrix[np.diag_indices(self.size)] += shift
        try:
            factor = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True)
        except (scipy.linalg.LinAlgError, ValueError):
            return None
        return self._apart(scipy.linalg.cho_solve(factor, self._flat(right)))

    @cached_property
    def _matrix(self) -> Any:
        """All blocks, below the diagonal those above it transposed."""
        import numpy as np

        starts = dict(zip(self.names, np.cumsum([0, *self.sizes.values()]), strict=False))
        whole = np.zeros((self.size, self.size))
        for (p, q), operator in self.operators.items():
            rows = slice(starts[p], starts[p] + self.sizes[p])
            columns = slice(starts[q], starts[q] + self.sizes[q])
            block = operator.dense().reshape(self.sizes[p], self.sizes[q])
            whole[rows, columns] = block
            whole[columns, rows] = block.T
        return whole

    def _iterated(self, right: Arrays, shift: float) -> Arrays | None:
        """By conjugate gradients: products with the blocks alone."""
        from scipy.sparse.linalg import LinearOperator, cg

        def product(flat: Any) -> Any:
            v = self._apart(flat)
            result = {n: shift * v[n] for n in self.names}
            for (p, q), operator in self.operators.items():
                result[p] = result[p] + operator.matvec(v[q])
                if p != q:
                    result[q] = result[q] + operator.rmatvec(v[p])
            return self._flat(result)

        whole = LinearOperator((self.size, self.size), matvec=product, dtype=float)
        found, failed = cg(whole, self._flat(right), rtol=1e-10, maxiter=2 * self.size)
        return None if failed else self._apart(found)

    def _flat(self, arrays: Arrays) -> Any:
        import numpy as np

        return np.concatenate([np.ravel(arrays[n]) for n in self.names])

    def _apart(self, flat: Any) -> Arrays:
        import numpy as np

        cuts = np.cumsum(list(self.sizes.values()))[:-1]
        parts = np.split(flat, cuts)
        return {n: p.reshape(self.shapes[n]) for n, p in zip(self.names, parts, strict=True)}
