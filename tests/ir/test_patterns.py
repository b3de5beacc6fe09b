"""0/1 patterns: what they are, and what they do when they meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim, as_dim
from eingrad.errors import ShapeError, UnsupportedError
from eingrad.ir import build, construct, kernels
from eingrad.ir.apply import apply
from eingrad.ir.convolution import sliding_size
from eingrad.ir.node import Kernel, Node, variable
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import topological
from eingrad.verify.reference import evaluate

n, m = Dim.symbol("n"), Dim.symbol("m")
SIZES = {"n": 5, "m": 3}


def count_patterns(node: Node) -> int:
    return sum(
        sum(isinstance(f.node, Kernel) for f in getattr(part, "factors", ()))
        for part in topological(node)
    )


@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(1, 7),
    st.integers(-4, 4),
    st.sampled_from([-2, -1, 1, 2, 3]),
    st.sampled_from([-2, -1, 1, 2]),
)
def test_shifts_leave_out_what_falls_outside(count, taps, size, start, stride, dilation) -> None:
    node = kernels.shifts(*map(as_dim, (count, taps, size)), start, stride, dilation)
    found = kernels.dense(node, {})
    wanted = np.zeros((count, taps, size))
    for i in range(count):
        for k in range(taps):
            p = start + stride * i + dilation * k
            if 0 <= p < size:
                wanted[i, k, p] = 1
    np.testing.assert_array_equal(found, wanted)
    assert from_text(to_text(node)) is node


@given(st.lists(st.integers(-5, 4), max_size=6))
def test_a_gather_selects_its_places(places: list[int]) -> None:
    for size in (as_dim(5), n):
        node = kernels.gather(places, size)
        np.testing.assert_array_equal(
            kernels.dense(node, SIZES), np.eye(5)[np.array(places, dtype=int)]
        )
        assert from_text(to_text(node)) is node


def test_places_that_run_evenly_are_a_selection() -> None:
    assert kernels.gather([4, 2, 0], n) is kernels.selection(as_dim(3), n, 4, -2)
    assert kernels.gather([-2, -1], n) is kernels.selection(as_dim(2), n, n - 2, 1)
    assert kernels.gather([0, 1, 1], n).kind == "gather"


def test_a_place_out_of_bounds_is_an_error() -> None:
    with pytest.raises(ShapeError, match="out of bounds"):
        kernels.gather([0, 5], as_dim(5))
    with pytest.raises(ShapeError, match="out of bounds"):
        kernels.dense(kernels.gather([0, 7, 1], n), SIZES)


REPEATED = kernels.gather([0, 3, 3, 1], n)
DISTINCT = kernels.gather([0, 3, 1], n)
HOT = apply("one_hot", variable("i", (m,), frozenset({"integer"})), size=n)


@pytest.mark.parametrize("pattern", [REPEATED, DISTINCT, HOT])
class TestMeeting:
    """K_ip K_iq = K_ip δ_pq; Σ_p K_ip = 1."""

    def test_two_that_share_their_rows_are_one_and_a_delta(self, pattern: Node) -> None:
        node = build.contract("ip,iq->pq", pattern, pattern)
        values = {"i": np.array([4, 0, 4])}
        dense = evaluate(pattern, values, SIZES)
        np.testing.assert_array_equal(evaluate(node, values, SIZES), dense.T @ dense)
        assert node.out[0] == node.out[1]  # type: ignore[attr-defined]

    def test_a_pattern_times_itself_is_itself(self, pattern: Node) -> None:
        assert build.contract("ip,ip->ip", pattern, pattern) is pattern

    def test_the_sum_of_each_row_is_one(self, pattern: Node) -> None:
        x = variable("x", pattern.shape[:1])
        assert build.contract("ip,i->i", pattern, x) is x
        total = build.contract("ip->", pattern)
        assert float(evaluate(total, {"i": np.zeros(3)}, SIZES)) == len(
            evaluate(pattern, {"i": np.zeros(3)}, SIZES)
        )


def test_only_distinct_places_undo_themselves() -> None:
    x = variable("x", (as_dim(3),))
    assert build.contract("ip,jp,j->i", DISTINCT, DISTINCT, x) is x
    y = variable("y", (as_dim(4),))
    again = build.contract("ip,jp,j->i", REPEATED, REPEATED, y)
    values = {"y": np.array([1.0, 2.0, 4.0, 8.0])}
    np.testing.assert_array_equal(evaluate(again, values, SIZES), [1.0, 6.0, 6.0, 8.0])


def test_triangles_are_not_taken_for_selections() -> None:
    lower = kernels.triangle(n, n, 0, lower=True)
    node = build.contract("ip,iq->pq", lower, lower)
    assert count_patterns(node) == 2
    dense = np.tri(5)
    np.testing.assert_array_equal(evaluate(node, {}, SIZES), dense.T @ dense)


def test_equal_patterns_that_meet_with_cuts_that_conflict_stay() -> None:
    rows = kernels.gather([4, 0, 3, 1], as_dim(6))
    one = construct.reshape(rows, (4, 2, 3))
    other = construct.reshape(rows, (4, 3, 2))
    node = build.contract("iab,icd->abcd", one, other)
    dense = evaluate(rows, {}, SIZES)
    wanted = (dense.T @ dense).reshape(2, 3, 3, 2)
    np.testing.assert_array_equal(evaluate(node, {}, SIZES), wanted)


@pytest.mark.parametrize(
    ("size", "taps", "stride", "padding", "dilation", "wanted"),
    [
        (10, 3, 1, (0, 0), 1, 8),
        (10, 3, 3, (1, 0), 1, 3),
        (10, 3, 2, (2, 2), 3, 4),
        (5, 5, 9, (0, 0), 1, 1),
    ],
)
def test_the_number_of_places_of_a_filter(size, taps, stride, padding, dilation, wanted) -> None:
    assert sliding_size(as_dim(size), as_dim(taps), stride, padding, dilation) == wanted


def test_symbolic_places_of_a_filter() -> None:
    assert sliding_size(n * 2, as_dim(2), stride=2) == n
    with pytest.raises(UnsupportedError, match="no formula"):
        sliding_size(n, as_dim(2), stride=2)


def test_entries_of_a_stack_have_nothing_of_one_another() -> None:
    a, b = (variable(name, (n,)) for name in "ab")
    both = construct.stack([a, b], 0)
    assert construct.take_slice(both, 0, 1, 1, as_dim(1)) is construct.expand_dims(b, [0])
    whole = variable("w", (as_dim(4),))
    one, other = (kernels.selection(as_dim(1), as_dim(4), k, 1) for k in (1, 3))
    picked = [(one, [(), ("p",)]), (other, [(), ("p",)]), (whole, [("p",)])]
    assert build.is_zero(build.einsum(picked, []))
    assert not build.is_zero(build.einsum([picked[0], picked[0], picked[2]], []))
