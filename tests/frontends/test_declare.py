"""Declarations: sizes, facts and names, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.dims import Dim
from eingrad.errors import FactError, NameError_, ShapeError
from eingrad.frontends.declare import check_name, declaration
from eingrad.ir.build import dims

N = Dim.symbol("n")


@pytest.mark.parametrize(
    ("spec", "shape", "facts"),
    [
        ("n n spd", ("n", "n"), "spd"),
        ("m n", ("m", "n"), ""),
        ("4 6", (4, 6), ""),
        ("n m k", ("n", "m", "k"), ""),
        ("", (), ""),
        ("positive", (), "positive"),
        ("n, positive, integer", ("n",), "integer positive"),
        ("(m, n)", ("m", "n"), ""),
        ((4, "k"), (4, "k"), ""),
        ((np.int64(3), N), (3, "n"), ""),
        (5, (5,), ""),
        ("1 1 diagonal positive", (1, 1), "diagonal positive"),
    ],
)
def test_sizes_and_facts_are_read(spec, shape, facts):
    assert declaration(spec, "A") == (dims(*shape), frozenset(facts.split()))


def test_sizes_may_be_products_and_sums():
    (shape, _) = declaration("2*n m+1", "A")
    assert shape == (N * 2, Dim.symbol("m") + 1)


def test_facts_given_apart_join_those_in_the_text():
    assert declaration("n n symmetric", "A", "integer")[1] == {"symmetric", "integer"}


@pytest.mark.parametrize(
    ("spec", "error", "part"),
    [
        ("m n spd", FactError, "square"),
        ("n orthogonal", FactError, "square"),
        ("n n sdp", FactError, "psd"),
        ("n n symetric", FactError, "symmetric"),
        ("n n diagonal positive", FactError, "diagonal spd"),
        ("n spd n", ShapeError, "sizes first"),
        ("-1", ShapeError, "not a size"),
        ((-1,), ShapeError, "between 0"),
        ("99999999999999999999", ShapeError, "between 0"),
        ((1.5,), ShapeError, "float"),
        ((True,), ShapeError, "True"),
        ("class", ShapeError, "not a size"),
        (tuple(range(40)), ShapeError, "limit"),
    ],
)
def test_what_cannot_be_declared_is_refused(spec, error, part):
    with pytest.raises(error, match=part):
        declaration(spec, "A")


@pytest.mark.parametrize("name", ["λ", "W_ax", "x1", "_x", "Σ"])
def test_names_are_identifiers_in_any_script(name):
    assert check_name(name) == name


def test_names_are_held_in_the_normal_form_of_python():
    assert check_name("x₁") == "x1"
    assert check_name("ℓ") == "l"


@pytest.mark.parametrize(
    "name", ["", "a b", "1x", "lambda", "None", "__import__", "\ud800", "x\n", "x" * 500]
)
def test_names_that_cannot_name_a_variable(name):
    with pytest.raises(NameError_):
        check_name(name)
