"""Any text gives a node or an error of ours, quickly and in bounded memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eingrad.errors import EingradError
from eingrad.frontends.text import parse
from eingrad.frontends.text.functions import function_names

BOMBS = {
    "open brackets": "(" * 10**6,
    "closed brackets": ")" * 10**6,
    "empty brackets": "()" * 500_000,
    "square brackets": "[" * 90_000,
    "nested calls": "sin(" * 10_000 + "x" + ")" * 10_000,
    "nested calls that fit": "exp(" * 390 + "A" + ")" * 390,
    "nested blocks": "[" * 390 + "a" + "]" * 390,
    "signs": "-" * 4_000 + "a",
    "transposes": "A" + "'" * 4_900,
    "roots": "√" * 4_900 + "a",
    "powers": "a" + "^2" * 2_000,
    "towers": "**".join(["2"] * 2_000),
    "bars": "|" * 4_900,
    "double bars": "‖" * 4_900,
    "a long word": "x" * 90_000,
    "a long number": "1" * 90_000,
    "quotes": "'" * 90_000,
    "a long sum": "+".join(f"x{i}" for i in range(2_000)),
    "a long product": "*".join(f"A{i}" for i in range(1_500)),
    "a large size": "⊗".join(["A"] * 2_000),
    "a size polynomial": "reshape(x, " + "*".join(f"(n{i}+m{i})" for i in range(100)) + ")",
    "a chain of definitions": "a where " + ", ".join(f"b{i} = b{i + 1}" for i in range(1_000)),
    "einsum letters": 'einsum("' + "a" * 9_000 + '", x)',
    "a large matrix power": "A^99999",
    "large numbers": "9^99999 + 1.1^99999 - 7^-99999",
    "factors of sums": "*".join(f"(A + B{i})" for i in range(300)),
    "many indices": "x" + "[0]" * 1_000,
    "subscripts": "x" + "_{a}" * 1_000,
    "superscripts": "x" + "²" * 10_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_large_and_deep_texts_are_bounded(name):
    tracemalloc.start()
    try:
        parse(BOMBS[name])
    except EingradError as error:
        assert len(str(error)) < 2_000
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100 * 2**20


relaxed = settings(deadline=2_000, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def attempt(text):
    try:
        parsed = parse(text)
    except EingradError as error:
        assert str(error).strip()
        str(error).encode()
    else:
        assert parsed.node is not None
        assert parsed.reading
        parsed.reading.encode()


@relaxed
@given(st.text(max_size=60))
def test_any_text(text):
    attempt(text)


@relaxed
@given(st.binary(max_size=60))
def test_any_bytes_with_lone_surrogates(raw):
    attempt(raw.decode("utf-8", "surrogateescape"))


PIECES = [
    "x", "y", "A", "B", "a", "λ", "Ax", "T", "2", "0", "1.5", "+", "-", "*", "/", "^", ".*", "./",
    ".^", "'", "**", "@", "⊙", "⊗", "ᵀ", "⁻¹", "²", "√", "‖", "|", "(", ")", "[", "]", ",", ";",
    ":", "=", " ", ".T", ".sum()", "where", "I", "𝟏", "eye", "K_mn", "_", "{", "}", '"ij,j"',
    "einsum(", "axis=", "x[0]", "[A, B]", "^T", "·", ">", "np.", "Σ_i", "δ_ij", "d",
]  # fmt: skip


@relaxed
@given(st.lists(st.sampled_from(PIECES + [f"{f}(" for f in function_names()]), max_size=14))
def test_any_row_of_pieces_of_the_language(pieces):
    attempt("".join(pieces))


@relaxed
@given(
    st.recursive(
        st.sampled_from(["x", "y", "A", "B", "a", "2", "I", "vector(1)", "x[0]", "A[:, 1]"]),
        lambda inner: st.one_of(
            st.tuples(
                inner, st.sampled_from(["+", "-", "*", ".*", "/", "./", "@", "⊗", ".^"]), inner
            ).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
            st.tuples(st.sampled_from(function_names()), inner).map(lambda t: f"{t[0]}({t[1]})"),
            st.tuples(inner, st.sampled_from(["'", "^2", "⁻¹", ".T", "[0]"])).map("".join),
            st.tuples(inner, inner).map(lambda t: f"[{t[0]}, {t[1]}]"),
        ),
        max_leaves=8,
    )
)
def test_any_well_formed_text(text):
    attempt(text)
