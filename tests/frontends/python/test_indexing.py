"""Indexing a tensor gives what indexing an array gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from eingrad.errors import ShapeError, UnsupportedError
from eingrad.frontends.python import matrix, tensor, vector
from tests.frontends.python.agreement import assert_agrees

INDICES = {
    "integer": np.s_[1],
    "integer from the end": np.s_[-1],
    "integers": np.s_[1, -2],
    "NumPy integer": np.s_[np.int64(2), :],
    "row": np.s_[1, :],
    "column": np.s_[:, 2],
    "everything": np.s_[...],
    "slice": np.s_[1:3],
    "slice from": np.s_[1:],
    "slice to": np.s_[:2],
    "slice without the last": np.s_[:-1],
    "slice of the last": np.s_[-2:],
    "slices": np.s_[:-1, 1:],
    "reversed": np.s_[::-1],
    "reversed from": np.s_[2::-1],
    "reversed to": np.s_[:0:-1],
    "new axis": np.s_[None],
    "new axes": np.s_[:, None, :, None],
    "ellipsis": np.s_[..., 0],
    "ellipsis first": np.s_[0, ...],
    "ellipsis in between": np.s_[0, ..., 1:],
    "even list": np.s_[[0, 2]],
    "list of one": np.s_[[1]],
    "list backwards": np.s_[:, [2, 1, 0]],
    "array that runs": np.s_[np.arange(3)],
    "empty key": (),
}
UNEVEN = {
    "list": np.s_[[0, 3, 1]],
    "repeated places": np.s_[:, [1, 1, 0]],
    "mixed signs": np.s_[[0, -1]],
    "array of arrays": np.s_[[[0, 1, 3], [2, 0, 0]]],
    "pairs": np.s_[[0, 3, 1], [1, 2, 2]],
    "pairs with arange": np.s_[np.arange(4), [1, 2, 0, 4]],
    "pairs parted by a slice": np.s_[[0, 3, 1], :, [1, 0, 1]],
    "pairs after a slice": np.s_[:, [0, 4, 1], [1, 0, 1]],
    "array and integer": np.s_[[0, 3, 1], 2],
    "array and integer parted": np.s_[[0, 3, 1], :, 1],
    "array beside a new axis": np.s_[None, [0, 3, 1]],
    "open mesh": np.ix_([0, 3, 1], [4, 2]),
    "boolean array": np.s_[np.array([True, False, True, True])],
    "step": np.s_[::2],
    "step backwards": np.s_[3::-2, 1::3],
    "empty slice": np.s_[3:1],
    "beyond the end": np.s_[2:99],
}


@pytest.mark.parametrize("key", INDICES.values(), ids=INDICES)
@pytest.mark.parametrize("shape", ["m n", "5 6", "m n k"])
def test_an_index_of_any_tensor(key, shape):
    assert_agrees(lambda x: x[key], shape)


@pytest.mark.parametrize("key", UNEVEN.values(), ids=UNEVEN)
def test_an_index_of_integer_sizes(key):
    assert_agrees(lambda x: x[key], "4 5 2")


@settings(max_examples=150, deadline=None)
@given(arrays.basic_indices((4, 5, 2), allow_newaxis=True, max_dims=6))
def test_any_basic_index(key):
    assert_agrees(lambda x: x[key], "4 5 2")


@settings(max_examples=80, deadline=None)
@given(arrays.integer_array_indices((4, 5, 2), result_shape=arrays.array_shapes(max_side=4)))
def test_any_integer_arrays(key):
    assert_agrees(lambda x: x[key], "4 5 2")


def test_sizes_of_tensors_can_be_bounds():
    assert_agrees(lambda x, y: x[: y.shape[0]], "p", "m")
    assert_agrees(lambda x, y: x[y.shape[0] :], "p", "m")


def test_a_step_divides_a_symbolic_size_exactly_or_is_refused():
    x = vector("x", "2*n")
    assert str(x[::2].shape[0]) == "n"
    with pytest.raises(UnsupportedError, match="integer sizes"):
        vector("y")[::2]


def test_an_axis_of_size_one_is_indexed():
    assert_agrees(lambda x: x[0], "1 n")
    assert_agrees(lambda x: x[:, -1], "n 1")
    assert_agrees(lambda x: x[:, [0, 0, 0]], "n 1")


def test_iteration_goes_over_an_axis_of_integer_size():
    assert_agrees(lambda x: sum(row * k for k, row in enumerate(x)), "4 n")
    assert_agrees(lambda x: [a + b for a, b in x], "4 2")
    with pytest.raises(UnsupportedError, match="symbolic"):
        list(vector("x"))


@pytest.mark.parametrize("key", [np.s_[5], np.s_[-6], np.s_[:, 6], np.s_[[0, 5]], np.s_[0, 0, 0]])
def test_an_index_out_of_bounds_shows_the_shape(key):
    with pytest.raises(ShapeError, match="5×6"):
        tensor("x", "5 6")[key]


@pytest.mark.parametrize("key", ["a", 1.5, [0.5], True, vector("v"), object()])
def test_what_is_no_index_is_refused(key):
    with pytest.raises(UnsupportedError):
        matrix("A")[key]


def test_a_symbolic_boolean_index_names_the_remedy():
    x = vector("x")
    with pytest.raises(UnsupportedError, match=r"np\.where"):
        x[x > 0]


def test_entries_cannot_be_assigned():
    x = vector("x")
    with pytest.raises(UnsupportedError, match="immutable"):
        x[0] = 1
