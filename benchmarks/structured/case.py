"""One measurement of a derivative: operator and dense array of ours, dense arrays of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..measure import Call, Row, admit, medians, progress


class Case:
    """A derivative with numbers, and the same from others: one measurement, a line in each table.

    Parameters
    ----------
    derivative:
        What is bound as an operator, and computed as a dense array.
    values:
        By name; the operator is given only those that it needs.
    others:
        Calls that give the dense array.
    only_dense:
        Values that the dense array needs for its sizes, and the operator does not.
    """

    def __init__(
        self,
        name: str,
        derivative: Any,
        values: Mapping[str, np.ndarray],
        others: Mapping[str, Call],
        structured_targets: Mapping[str, str] | None = None,
        dense_targets: Mapping[str, str] | None = None,
        by_hand: Call | None = None,
        only_dense: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        dense = derivative.function()
        full = {**values, **(only_dense or {})}
        hand = {} if by_hand is None else {"NumPy by hand": by_hand}
        expected = np.asarray(dense(**full))
        operator = derivative.operator(**values)
        np.testing.assert_allclose(
            operator.dense(),
            expected,
            rtol=0,
            atol=1e-8 * np.abs(expected).max(initial=1e-300),
            err_msg=f"{name}: operator",
        )
        self.entries, self.nbytes = expected.size, operator.nbytes
        calls = {"eingrad": lambda: dense(**full), **hand, **others}
        able, words = admit(name, calls, expected, tolerance=1e-8)
        del expected, operator
        progress(f"{name}: timing")
        able["operator"] = lambda: derivative.operator(**values)
        seconds = medians(able, budget=10.0)
        bound = seconds.pop("operator")
        rivals = {k: v for k, v in seconds.items() if k in others}
        kept = f"{name}: {self.nbytes // 8:,} numbers for {self.entries:,} entries"
        structured = {"eingrad": bound, **rivals}
        self.structured = Row(kept, structured, structured_targets or {}, words)
        self.dense = Row(name, seconds, dense_targets or {}, words)


def core_function(derivative: Any) -> Any:
    """The generated function of the one core of a derivative, without its number and deltas."""
    from eingrad.codegen import generate
    from eingrad.structure import decompose

    (term,) = decompose(derivative.node).terms
    (core,) = term.cores
    return generate({"core": core.node}).function()
