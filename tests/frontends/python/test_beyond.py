"""Functions that NumPy lacks, made from the records of the registry."""

import numpy as np
import pytest
import scipy.special

from eingrad.errors import ShapeError, UnsupportedError
from eingrad.frontends import python as front
from eingrad.frontends.python import function, matrix, names, tensor
from eingrad.ir.record import REGISTRY
from eingrad.verify.reference import evaluate

VALUES = {"x": np.random.default_rng(3).normal(size=(3, 4, 2))}
x = tensor("x", "m n k")
AXES = [None, 0, 1, -1, (0, 2), (2, 1)]


def value(result):
    return evaluate(result.node, VALUES)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_softmax_along_any_axes(name, axis):
    expected = getattr(scipy.special, name)(VALUES["x"], axis=axis)
    np.testing.assert_allclose(value(function(name)(x, axis=axis)), expected, rtol=1e-12)


def test_softmax_is_along_the_last_axis_by_default():
    assert front.softmax(x).node is front.softmax(x, axis=2).node


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_logsumexp_over_any_axes(axis, keepdims):
    expected = scipy.special.logsumexp(VALUES["x"], axis=axis, keepdims=keepdims)
    found = value(front.logsumexp(x, axis=axis, keepdims=keepdims))
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_elementwise_functions_of_scipy_work():
    for name in ("expit", "erf", "gammaln", "digamma"):
        ufunc = getattr(scipy.special, name)
        positive = VALUES["x"] ** 2 + 0.5
        np.testing.assert_allclose(value(ufunc(x * x + 0.5)), ufunc(positive), rtol=1e-12)


def test_every_record_with_a_spelling_is_a_function():
    listed = set(names())
    for record in REGISTRY.values():
        for spelling in record.spellings:
            if spelling in listed:
                assert function(spelling).__doc__ == record.sentence
    assert {"softmax", "logsumexp", "sigmoid", "softplus", "relu", "logdet", "expm"} <= listed
    assert front.relu(x).node is function("relu")(x).node


def test_numbers_and_arrays_are_taken():
    assert front.sigmoid(0.0).shape == ()
    assert front.softmax(np.arange(6.0).reshape(2, 3)).shape == (2, 3)


def test_parameters_are_keywords():
    found = value(front.leaky_relu(x, slope=0.25))
    np.testing.assert_allclose(found, np.where(VALUES["x"] > 0, VALUES["x"], VALUES["x"] / 4))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="m×n"):
        front.logdet(matrix("A", "m n"))
    with pytest.raises(UnsupportedError, match="operand"):
        front.sigmoid(x, x)
    with pytest.raises(UnsupportedError):
        front.sigmoid(x, slope=2)
    with pytest.raises(UnsupportedError):
        function("no_such_function")
    with pytest.raises(AttributeError):
        _ = front.no_such_function
