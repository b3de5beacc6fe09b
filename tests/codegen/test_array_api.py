"""Code for the array API standard: strictly by the standard, in NumPy, and in compiled JAX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen.targets.standard import translated_helpers, translated_template
from eingrad.codegen.targets.target import Lacking
from eingrad.errors import UnsupportedError
from eingrad.verify.reference import evaluate
from tests.codegen.backends import framework_jax, framework_strict, returned

RNG = np.random.default_rng(7)
SHAPES = {
    "X": "6 4", "w": "4", "y": "6", "z": "4", "A": "4 4", "T": "6 4", "U": "6 3", "V": "4 3",
    "b": "4", "k": "5 integer", "s": "", "S": "4 4",
}  # fmt: skip
VALUES: dict[str, Any] = {
    name: RNG.normal(size=tuple(int(d) for d in shape.split() if d.isdigit()))
    for name, shape in SHAPES.items()
}
VALUES["k"] = np.array([1.0, 3.0, 1.0, 0.0, -1.0])
VALUES["S"] = VALUES["V"] @ RNG.normal(size=(3, 4))
VALUES["y"] = np.sign(VALUES["y"])
DERIVATIVES = {
    "logistic loss": ("sum(log1p(exp(-y .* (X*w))))", "w w"),
    "softmax": ("softmax(z)", "z"),
    "cross-entropy": ("logsumexp(X*w) - b'*w", "w"),
    "log determinant": ("logdet(A)", "A"),
    "a singular matrix": ("det(S)", "S S"),
    "matrix factorisation": ("norm2(T - U*V')^2", "U U"),
    "both factors": ("norm2(T - U*V')^2", "U V"),
    "deltas": ("U*V'", "U"),
    "a delta with a function": ("exp(w) .* b", "w w"),
    "scalars": ("s*w'*A*w + exp(s)", "s w"),
    "slices": ("w[1:4] .* w[0:3]", "w"),
    "every other entry": ("sum(w[::-2].^3)", "w w"),
    "a solve": ("b'*inv(A)*w", "A"),
    "an inverse": ("inv(A)*b", "A"),
    "eigenvalues": ("sum(eigvalsh(A*A' + eye(4)).^3)", "A"),
    "listed places": ("sum(gather(w, [0, 2, 2]).^3)", "w w"),
    "places that are an input": ("sum(gather(w, k).^3)", "w"),
    "a convolution": ("sum(conv1d(w, b[0:3], padding=1).^2)", "w b"),
    "running sums": ("sum(cumsum(w).^3)", "w w"),
    "a product": ("prod(w)", "w w"),
    "the largest": ("max(w)^2", "w"),
}


def derivative(text: str, wrt: str) -> Any:
    known = {name: SHAPES[name] for name in set(re.findall(r"\w+", text)) & SHAPES.keys()}
    return eingrad.derivative(eingrad.parse(text, **known), *wrt.split())


def values_of(function: Any) -> dict[str, Any]:
    return {name: VALUES[name] for name in function.arguments}


def in_strict(function: Any, values: Mapping[str, Any]) -> Any:
    strict = framework_strict()
    return function(**{name: strict.asarray(np.asarray(v)) for name, v in values.items()})


def in_numpy(function: Any, values: Mapping[str, Any]) -> Any:
    return function(**values)


def in_jax(function: Any, values: Mapping[str, Any]) -> Any:
    return framework_jax().jit(function)(**values)


LIBRARIES: dict[str, Callable[..., Any]] = {
    "array_api_strict": in_strict,
    "numpy": in_numpy,
    "jax": in_jax,
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_derivative_is_that_of_the_reference(name: str, library: str) -> None:
    d = derivative(*DERIVATIVES[name])
    function = d.function("array_api")
    values = values_of(function)
    if library == "jax":
        jnp = framework_jax().numpy
        values = {key: jnp.asarray(value) for key, value in values.items()}
    found = returned(LIBRARIES[library](function, values))
    expected = evaluate(d.node, VALUES)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("version", ["2024.12", "2025.12"])
def test_each_version_of_the_standard_has_what_is_written(version: str) -> None:
    strict = framework_strict()
    strict.set_array_api_strict_flags(api_version=version)
    for text, wrt in DERIVATIVES.values():
        function = derivative(text, wrt).function("array_api")
        function(**{k: strict.asarray(v) for k, v in values_of(function).items()})


def test_arguments_stay_as_they_are() -> None:
    d = eingrad.derivative(eingrad.parse("sum(X .* T)", X="6 4", T="6 4"), "X")
    given = VALUES["T"].copy()
    found = d.function("array_api")(T=given)
    found[...] = 0
    np.testing.assert_array_equal(given, VALUES["T"])


def test_single_precision_stays() -> None:
    function = derivative(*DERIVATIVES["logistic loss"]).function("array_api")
    strict = framework_strict()
    given = {k: strict.asarray(v, dtype=strict.float32) for k, v in values_of(function).items()}
    assert function(**given).dtype == strict.float32


def test_python_numbers_take_the_type_of_the_arrays() -> None:
    function = derivative("s*exp(w)", "w").function("array_api")
    w = np.asarray(VALUES["w"], np.float32)
    found = function(s=0.5, w=w)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.diag(0.5 * np.exp(w)), rtol=1e-6)


def test_the_namespace_may_be_given() -> None:
    """For arrays that do not tell it, and where there is none."""
    function = derivative("s^3", "s").function("array_api")
    with pytest.raises(AttributeError, match="__array_namespace__"):
        function(s=2.0)
    assert function(s=2.0, xp=np) == 12.0
    alone = derivative("2*s", "s").function("array_api")
    with pytest.raises(TypeError, match="xp is needed"):
        alone()
    assert alone(xp=np) == 2.0


def test_whole_numbers_are_refused() -> None:
    function = derivative("sum(exp(w))", "w").function("array_api")
    with pytest.raises(TypeError, match="real floating-point numbers are expected, not int64"):
        function(w=np.arange(4))


def test_infinite_entries_stay_where_they_are() -> None:
    """Deltas and sums at places are no products with zeros, which would be NaN."""
    w = np.array([1.0, np.inf, 2.0, 3.0])
    found = derivative("w .* w", "w").function("array_api")(w=w)
    np.testing.assert_array_equal(found, np.where(np.eye(4, dtype=bool), 2 * w, 0))
    found = derivative("sum(gather(w, k).^2)", "w").function("array_api")(w=w, k=VALUES["k"])
    np.testing.assert_array_equal(found, [2.0, np.inf, 0.0, 12.0])


def test_places_outside_are_an_error_where_the_library_has_one() -> None:
    function = derivative("sum(gather(w, k).^2)", "w").function("array_api")
    for outside in (4.0, -5.0):
        with pytest.raises(IndexError):
            function(w=VALUES["w"], k=np.full(5, outside))


def test_a_function_that_the_standard_lacks_is_named() -> None:
    with pytest.raises(UnsupportedError, match="erf has no code for array_api, which lacks scipy"):
        derivative("b'*erf(w)", "b").source("array_api")


@pytest.mark.parametrize(
    ("template", "lacking"),
    [
        ("np.einsum('ij->ji', _slot0_)", "numpy.einsum"),
        ("scipy.special.erf(_slot0_)", "scipy.special.erf"),
        ("np.max(_slot0_, axis=-1, initial=0)", "the argument initial of max"),
        ("np.sum(_slot0_, 1)", "sum with 2 arguments by position"),
        ("_slot0_.cumsum(axis=0)", "the method cumsum of an array"),
        ("_slot0_.real", "the attribute real of an array"),
        ("_slot0_[0]", "the index [0]"),
        ("_slot0_[..., _slot1_]", "the index [..., _slot1_]"),
        ("np.swapaxes(_slot0_, 0, 1)", "numpy.swapaxes"),
        ("np.euler_gamma * _slot0_", "numpy.euler_gamma"),
        ("open(_slot0_)", "`open`"),
        ("[x for x in _slot0_]", "`for x in _slot0_`"),
        ("(lambda x: x)(_slot0_)", "`lambda x: x`"),
    ],
)
def test_a_template_beyond_the_standard_is_refused(template: str, lacking: str) -> None:
    with pytest.raises(Lacking) as error:
        translated_template(template)
    assert str(error.value).strip() == lacking


@pytest.mark.parametrize(
    "statement", ["if x.shape[0]: return x", "for a in x: pass", "with np.errstate(): return x"]
)
def test_functions_whose_course_depends_on_values_are_refused(statement: str) -> None:
    with pytest.raises(Lacking, match="the statement"):
        translated_helpers(f"def _f(x):\n    {statement}\n    return x")


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("np.arctan2(_slot0_, 0)", "xp.atan2(_slot0_, 0)"),
        ("_slot0_.astype(np.float32)", "xp.astype(_slot0_, xp.float32)"),
        ("np.linalg.slogdet(_slot0_)[1]", "xp.linalg.slogdet(_slot0_)[1]"),
        ("_slot0_.max(axis=-1)[..., None]", "xp.max(_slot0_, axis=-1)[..., None]"),
        ("np.cumprod(_slot0_, axis=-1)", "xp.cumulative_prod(_slot0_, axis=-1)"),
        ("np.swapaxes(_slot0_, -1, -2)", "xp.matrix_transpose(_slot0_)"),
        ("_f(np.abs(_slot0_))", "_f(xp.abs(_slot0_), xp)"),
    ],
)
def test_a_template_in_the_names_of_the_standard(template: str, written: str) -> None:
    assert translated_template(template) == written


def test_every_name_of_the_table_is_one_of_the_standard() -> None:
    from eingrad.codegen.targets.standard import CONSTANTS, FUNCTIONS

    strict = framework_strict()
    for name in {entry.name for entry in FUNCTIONS.values()} | CONSTANTS:
        *extension, inner = name.split(".")
        assert hasattr(getattr(strict, *extension) if extension else strict, inner), name
