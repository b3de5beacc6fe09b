"""What the command line is given: expressions, standard input, declarations, names."""

import io

import pytest

from eingrad.apps.inputs import MAX_INPUT, chains, declarations, expression_text
from eingrad.errors import InputError, ParseError


def test_a_dash_reads_standard_input():
    assert expression_text("-", io.BytesIO(b" x'*x\n")) == "x'*x"
    assert expression_text("x'*x", io.BytesIO(b"unread")) == "x'*x"


def test_standard_input_may_carry_a_byte_order_mark_and_unicode():
    assert expression_text("-", io.BytesIO(b"\xef\xbb\xbf" + "‖x‖".encode())) == "‖x‖"


def test_undecodable_input_names_byte_and_position():
    with pytest.raises(ParseError, match="byte 0xff at position 4"):
        expression_text("-", io.BytesIO(b"x'*x\xff"))


def test_input_beyond_the_limit_is_refused_unread():
    endless = _Endless()
    with pytest.raises(ParseError, match="longer than"):
        expression_text("-", endless)
    assert endless.given <= MAX_INPUT + 1


class _Endless(io.RawIOBase):
    given = 0

    def read(self, size=-1):
        assert size > 0, "all of an endless input was asked for"
        self.given += size
        return b"(" * size


@pytest.mark.parametrize("text", ["X", "X n n", ":", " : n"])
def test_a_declaration_without_name_or_colon_is_an_error(text):
    with pytest.raises(InputError, match="is no declaration"):
        declarations([text])


def test_a_name_is_declared_once():
    with pytest.raises(InputError, match="declares X twice"):
        declarations(["X: n n", "X: n"])


def test_several_names_in_one_place_are_several_derivatives():
    assert chains(["Q, K,V"], None) == [["Q"], ["K"], ["V"]]
    assert chains(["Q,Q"], None) == [["Q"]]


def test_several_places_are_one_mixed_derivative():
    assert chains(["x", "z"], None) == [["x", "z"]]
    assert chains(["x", "x"], 2) == [["x", "x"]]
    assert chains(["x"], 3) == [["x", "x", "x"]]


def test_an_order_that_contradicts_is_an_error():
    with pytest.raises(InputError, match="contradicts 2 times"):
        chains(["x", "z"], 3)


@pytest.mark.parametrize("wrt", [[""], ["x,"], [" , "]])
def test_an_empty_name_is_an_error(wrt):
    with pytest.raises(InputError, match="needs the name"):
        chains(wrt, None)
