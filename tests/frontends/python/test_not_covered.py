"""What is not covered raises a TypeError that names the function and says what to do."""

import inspect

import numpy as np
import pytest

from eingrad.errors import UnsupportedError
from eingrad.frontends.python import matrix, scalar, vector
from eingrad.frontends.python.dispatch import FUNCTIONS

A, x = matrix("A", "n n"), vector("x")


@pytest.mark.parametrize(
    ("attempt", "name"),
    [
        (lambda: np.sort(x), "numpy.sort"),
        (lambda: np.argmax(x), "numpy.argmax"),
        (lambda: np.linalg.eig(A), "numpy.linalg.eig"),
        (lambda: np.linalg.qr(A), "numpy.linalg.qr"),
        (lambda: np.linalg.lstsq(A, x), "numpy.linalg.lstsq"),
        (lambda: np.fft.fft(x), "numpy.fft.fft"),
        (lambda: np.median(x), "numpy.median"),
        (lambda: np.round(x), "numpy.round"),
        (lambda: x.round(2), "numpy.round"),
        (lambda: np.unique(x), "numpy.unique"),
        (lambda: np.isnan(x), "numpy.isnan"),
        (lambda: np.spacing(x), "numpy.spacing"),
        (lambda: np.modf(x), "numpy.modf"),
        (lambda: x // 2, "numpy.floor_divide"),
        (lambda: np.add.at(x, [0], 1), "numpy.add.at"),
        (lambda: np.add.reduceat(x, [0, 1]), "numpy.add.reduceat"),
        (lambda: np.linalg.svd(A), "numpy.linalg.svd"),
        (lambda: np.where(x > 0), "numpy.where"),
        (lambda: np.save("name", x), "numpy.save"),
        (lambda: np.array_equal(x, x), "numpy.array_equal"),
    ],
)
def test_the_message_names_the_function(attempt, name):
    with pytest.raises(UnsupportedError, match=name.replace(".", r"\.")) as error:
        attempt()
    assert isinstance(error.value, TypeError)
    assert len(str(error.value)) > len(name) + 20


@pytest.mark.parametrize(
    ("attempt", "argument"),
    [
        (lambda: np.sum(x, out=np.zeros(())), "out="),
        (lambda: np.exp(x, out=np.zeros(3)), "out="),
        (lambda: x.sum(out=np.zeros(())), "out="),
        (lambda: np.add(np.ones(3), x, out=np.zeros(3)), "out="),
        (lambda: np.dot(A, x, np.zeros(3)), "out="),
        (lambda: np.sum(x, where=np.array([True])), "where="),
        (lambda: np.sum(x, where=x > 0), "where="),
        (lambda: np.exp(x, where=False), "where="),
        (lambda: np.mean(x, dtype=np.float32), "dtype="),
        (lambda: np.add(x, 1, dtype=int), "dtype="),
        (lambda: np.max(x, initial=0), "initial="),
        (lambda: np.reshape(A, -1, order="F"), "order="),
        (lambda: np.ravel(A, "F"), "order="),
        (lambda: np.linalg.pinv(A, rcond=1e-3), "rcond="),
        (lambda: np.linalg.eigvalsh(A, UPLO="U"), "UPLO="),
        (lambda: np.var(x, mean=0), "mean="),
        (lambda: np.average(x, returned=True), "returned="),
        (lambda: np.cov(A, fweights=[1, 2]), "fweights="),
        (lambda: np.pad(x, 1, mode="edge"), "mode="),
    ],
)
def test_an_argument_that_is_not_covered_is_named(attempt, argument):
    with pytest.raises(UnsupportedError, match=argument):
        attempt()


def test_arguments_that_change_nothing_are_taken():
    assert np.sum(x, dtype=float, out=None, where=True).node is np.sum(x).node
    assert np.exp(x, dtype=np.float64, out=None).node is np.exp(x).node
    assert np.reshape(A, -1, order="C").node is np.ravel(A).node


def test_division_by_an_exact_zero_is_refused():
    with pytest.raises(UnsupportedError, match="zero"):
        x / 0
    with pytest.raises(UnsupportedError, match="zero"):
        1 / (scalar("c") - scalar("c"))


def test_every_public_function_of_numpy_is_covered_or_refused():
    """No function of one array returns an object array, or fails in another way than TypeError."""
    for module in (np, np.linalg, np.fft):
        for name in sorted(vars(module)):
            function = getattr(module, name)
            dispatched = hasattr(function, "_implementation") or isinstance(function, np.ufunc)
            if name.startswith("_") or not dispatched:
                continue
            try:
                result = function(A)
            except (TypeError, ValueError):  # a ShapeError is a ValueError
                continue
            parts = result if isinstance(result, tuple | list) else [result]
            assert not any(isinstance(p, np.ndarray) for p in parts), name


def test_the_table_uses_the_names_of_numpy_parameters():
    """Arguments are bound by NumPy's names, so an implementation has to use them."""
    for name, implementation in FUNCTIONS.items():
        function = np
        for part in name.split("."):
            function = None if isinstance(function, np.ufunc) else getattr(function, part, None)
        if isinstance(function, np.ufunc) or not callable(function):
            continue
        try:
            theirs = list(inspect.signature(function).parameters.values())
        except ValueError:
            continue
        if any(p.kind in (p.VAR_KEYWORD, p.POSITIONAL_ONLY) for p in theirs):
            continue
        known = {p.name for p in theirs}
        ours = list(inspect.signature(implementation).parameters.values())
        unknown = [p.name for p in ours if p.name not in known and p.kind is not p.VAR_POSITIONAL]
        assert not unknown or len(ours) == 1, (name, unknown)


def test_a_method_that_is_missing_is_a_type_error_and_hasattr_says_so():
    with pytest.raises(TypeError, match="argsort"):
        x.argsort()
    assert not hasattr(x, "argsort")
    assert not hasattr(x, "no_such_attribute")
