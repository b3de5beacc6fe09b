"""Tokens: one for each meaning, whatever its spelling; exact numbers; bounded texts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from eingrad.errors import ParseError
from eingrad.frontends.text.lexer import tokenize


def words(text):
    return [(t.kind, t.text) for t in tokenize(text)][:-1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x ⊙ y", "x .* y"),
        ("x ⊘ y", "x ./ y"),
        ("a − b", "a - b"),
        ("A⊤", "A'"),
        ("||x||", "‖x‖"),
        ("x ≥ y", "x >= y"),
        ("x^⊙ 2", "x.^ 2"),
        ("x₁", "x1"),
        ("xᵢ", "x_i"),
        ("𝐀", "A"),
    ],
)
def test_spellings_of_one_thing_are_one_token(one, other):
    assert words(one) == words(other)


def test_a_number_before_an_elementwise_operator_keeps_its_dot_out():
    assert words("2.*x") == [("number", "2"), ("op", ".*"), ("name", "x")]
    assert words("2.5.*x")[0] == ("number", "2.5")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("1e-3", Fraction(1, 1000)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("½", Fraction(1, 2)),
        ("12345678901234567890.5", Fraction(24691357802469135781, 2)),
    ],
)
def test_numbers_are_exact(text, value):
    assert tokenize(text)[0].value == value


def test_a_quote_behind_an_operand_is_a_transpose_and_a_text_elsewhere():
    assert words("A'*x'") == [
        ("name", "A"), ("op", "'"), ("op", "*"), ("name", "x"), ("op", "'")
    ]  # fmt: skip
    assert words("einsum('ij->i', A)")[2] == ("string", "ij->i")


def test_superscripts_are_exponents_and_transposes():
    assert words("A⁻¹x²yᵀ") == [
        ("name", "A"), ("sup", "-1"), ("name", "x"), ("sup", "2"), ("name", "y"), ("sup", "T")
    ]  # fmt: skip
    assert words("A⁻ᵀ")[1] == ("sup", "-T")
    assert words("Aᵀ⁻¹")[1:] == [("sup", "T"), ("sup", "-1")]


def test_spans_point_into_the_text():
    text = "  A⁻¹ * x₁'"
    for token in tokenize(text)[:-1]:
        assert 2 <= token.start < token.stop <= len(text)
    assert text[tokenize(text)[3].start : tokenize(text)[3].stop] == "x₁"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  \n\t ", "empty"),
        ("a $ b", r"'\$'"),
        ("a\x00b", r"U\+0000"),
        ("a\ud800", r"U\+D800"),
        ("a\u202eb", r"U\+202E"),
        ("(a", "not closed"),
        ("a)", "no opening"),
        ("(a]", "closed by"),
        ("'ij", "not closed"),
        ("1e999", "too long"),
        ("1e99999999999999", "too long"),
        ("9" * 5000, "too long"),
        ("(" * 1000 + ")" * 1000, "nested"),
        ("a+" * 60_000, "characters"),
        ("+" * 50_000, "parts"),
    ],
)
def test_what_has_no_meaning_is_an_error_that_says_so(text, message):
    with pytest.raises(ParseError, match=message) as caught:
        tokenize(text)
    str(caught.value).encode()  # can be printed
