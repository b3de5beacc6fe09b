"""Output forms of one derivation: text, Markdown, HTML with MathML, LaTeX, JSON."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

import eingrad
from eingrad.calculus.explained import explanation
from eingrad.errors import InputError, UnsupportedError
from tests.explain.cases import CASES


@pytest.fixture(scope="module", params=[0, 1, 4, 10, 11, 14, 19, 23], ids=lambda k: CASES[k][0])
def made(request):
    text, wrt, let = CASES[request.param]
    return explanation(
        eingrad.derivative(eingrad.parse(text, **let), *wrt), "differentials", "full"
    )


def test_text_numbers_the_steps_and_marks_what_changes(made):
    text = str(made)
    assert re.findall(r"^(\d+)\. ", text, re.MULTILINE) == [
        str(k + 1) for k in range(len(made.steps))
    ]
    assert "⟦" in text and text.count("⟦") == text.count("⟧")


def test_html_is_well_formed_and_has_a_list_item_for_each_step(made):
    tree = ET.fromstring(made.html())
    assert len(tree.findall("li")) == len(made.steps)
    space = "{http://www.w3.org/1998/Math/MathML}"
    assert len(list(tree.iter(f"{space}math"))) >= sum(len(s.equations) for s in made.steps)
    assert any(m.get("class") == "mark" for m in tree.iter(f"{space}mrow"))


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_latex_has_balanced_braces_and_no_unicode_operators_in_mathematics(made, form):
    text = getattr(made, form)()
    for mathematics in re.findall(r"\$\$(.*?)\$\$|\\\[(.*?)\\\]", text, re.DOTALL):
        row = re.sub(r"\\text\{.*?\}", "", "".join(mathematics).replace(r"\qquad [", "["))
        assert row.count("{") == row.count("}")
        assert row.count(r"\left") == row.count(r"\right")
        assert not re.search("[⟦⟧⟨⟩ᵀ⊙∂−²]", row), row


def test_json_is_json_and_says_the_same_as_the_text(made):
    steps = json.loads(json.dumps(made.json()))
    assert [s["step"] for s in steps] == [*range(1, len(made.steps) + 1)]
    text = str(made)
    for step in steps:
        assert all(eq["text"] in text for eq in step["equations"])
        assert all(sentence in text for sentence in step["why"])


def test_notebooks_are_given_text_markdown_and_html(made):
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/html"}
    assert bundle["text/plain"] == str(made)


def test_angle_brackets_of_comparisons_are_escaped_in_html():
    made = explanation(eingrad.gradient("sum((x > 0) .* x)", "x"), "differentials", "full")
    ET.fromstring(made.html())


def test_a_short_derivation_has_the_same_steps_with_one_line_and_fewer_words():
    d = eingrad.gradient("norm2(A*x-y)^2", "x")
    full, short = (explanation(d, "differentials", level) for level in ("full", "short"))
    assert [s.rule for s in short.steps] == [s.rule for s in full.steps]
    assert len(str(short)) < len(str(full)) / 2


def test_unknown_routes_and_levels_are_errors_that_list_what_there_is():
    d = eingrad.gradient("x'*x", "x")
    with pytest.raises(InputError, match="no route"):
        d.explain(route="vectors")
    with pytest.raises(InputError, match="no level"):
        d.explain(level="deep")


def test_what_is_no_derivative_by_a_variable_is_refused():
    with pytest.raises(UnsupportedError, match="by a variable alone"):
        eingrad.jvp("A*B", "A").explain()


def test_names_with_underscores_are_escaped_in_the_text_of_markdown_and_latex():
    made = explanation(eingrad.gradient("sum(W_a*x)", "x"), "differentials", "full")
    for text in (made.markdown(), made.latex()):
        assert not re.search(r"\\text\{[^}]*[^\\]_", text)
