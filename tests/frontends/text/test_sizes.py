"""Unification: which sizes are equal, which never are, what unknown ones are called."""

from __future__ import annotations

import pytest

from eingrad.dims import Dim
from eingrad.frontends.text import parse
from eingrad.frontends.text.sizes import Sizes

A, B, C, M, N = (Dim.symbol(s) for s in "abcmn")


class Clash(Exception):
    pass


def unify(sizes, left, right):
    return sizes.unify(left, right, lambda: Clash())


def test_declared_sizes_are_never_made_equal():
    sizes = Sizes("mn")
    assert not unify(sizes, M, N)
    assert not unify(sizes, M, Dim.of(3))


def test_an_unknown_size_takes_the_value_of_its_partner():
    sizes = Sizes("m")
    x = sizes.fresh()
    assert unify(sizes, x, M * 2)
    assert sizes.resolve(x) == M * 2
    assert not unify(sizes, x, M * 3)


def test_products_divide():
    sizes = Sizes("m")
    x = sizes.fresh()
    assert unify(sizes, x * 3, Dim.of(12))
    assert sizes.resolve(x) == 4
    y = sizes.fresh()
    assert unify(sizes, y * M, M * 5)
    assert sizes.resolve(y) == 5
    assert not unify(sizes, sizes.fresh() * 3, Dim.of(10))


def test_sums_are_solved():
    sizes = Sizes("m")
    x = sizes.fresh()
    assert unify(sizes, x + 2, M + 2)
    assert sizes.resolve(x) == M
    assert not unify(sizes, sizes.fresh() + 5, Dim.of(3))


def test_a_product_of_two_unknown_sizes_waits_until_one_is_known():
    sizes = Sizes("m")
    x, y = sizes.fresh(), sizes.fresh()
    assert unify(sizes, x * y, M * 6)
    assert unify(sizes, x, M)
    assert sizes.resolve(y) == 6


def test_a_product_that_waited_in_vain_raises_what_it_was_given():
    sizes = Sizes("m")
    x, y = sizes.fresh(), sizes.fresh()
    assert unify(sizes, x * y, Dim.of(6))
    with pytest.raises(Clash):
        unify(sizes, x, Dim.of(4))


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("x'*A*x", {"A": "n×n", "x": "n"}),
        ("norm2(A*x-y)^2", {"A": "m×n", "x": "n", "y": "m"}),
        ("tr(A*X'*B*X*C)", {"A": "m×n", "X": "p×n", "B": "p×p", "C": "n×m"}),
        ("sum(log(exp(-y.*(X*w))+1))", {"y": "m", "X": "m×n", "w": "n"}),
        ("vec(A*B) - y", {"A": "m×n", "B": "n×p", "y": "m*p"}),
        ("kron(A,B)*x", {"A": "m×n", "B": "p×q", "x": "n*q"}),
        ("reshape(x, 2, 3)*y", {"x": "6", "y": "3"}),
        ("reshape(x, r, -1)*y", {"x": "n*r", "y": "n"}),
        ("tr(eye(n) + A)", {"A": "n×n"}),
        ("[x; y] - z", {"x": "m", "y": "n", "z": "(m + n)"}),
        ("[A, B; C, D]*x", {"A": "m×n", "B": "m×p", "C": "q×n", "D": "q×p", "x": "(n + p)"}),
        ('einsum("ijk,j,k->i", T, x, x)', {"T": "m×n×n", "x": "n"}),
        ("T[0, 1, :]*T[1, 0, :]'", {"T": "m×n×p"}),
        ("m'*A*n", {"m": "p", "A": "p×q", "n": "q"}),
        ("λ*x'*x", {"λ": "scalar", "x": "n"}),
        ("inv(A)*B", {"A": "m×m", "B": "m×n"}),
        ("svdvals(A)", {"A": "m×n"}),
        ("left_singular(A)*x", {"A": "m×n", "x": "min(m, n)"}),
    ],
)
def test_sizes_of_undeclared_names_follow_from_the_text(text, shapes):
    from eingrad.dims import shape_text

    found = {name: shape_text(v.shape) for name, v in parse(text).variables.items()}
    assert found == shapes


def test_names_that_the_text_gives_to_sizes_give_way_to_declared_ones():
    parsed = parse("tr(A*eye(n))", {"A": "m m"})
    assert parsed.variables["A"].shape == (M, M)


def test_a_size_that_nothing_decides_is_an_error():
    from eingrad.errors import ShapeError

    with pytest.raises(ShapeError, match="does not follow"):
        parse("sum(vector(1))")
