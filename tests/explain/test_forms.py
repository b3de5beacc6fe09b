"""Output forms of the one tree: text, Markdown, HTML with MathML, LaTeX, JSON, notebooks."""

import base64
import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, UnsupportedError
from eingrad.explain.forms import text as plain
from eingrad.explain.forms.markup import mathml
from eingrad.explain.written import PLAIN
from tests.explain.documents import MAKERS, derivation, made

MATHML = "{http://www.w3.org/1998/Math/MathML}"
PAGE = "{http://www.w3.org/1999/xhtml}"
each = pytest.mark.parametrize("name", MAKERS)


def formulas(element):
    return list(element.iter(f"{MATHML}math"))


@each
def test_fragments_are_well_formed_and_each_formula_has_its_text(name):
    tree = ET.fromstring(made(name).html())
    assert tree.tag == "section" and tree.get("lang") == "en"
    found = formulas(tree)
    assert found or name == "approximation"  # numbers and sentences alone
    assert all(m.get("alttext") for m in found)
    assert all(len(m) == 1 and "".join(m.itertext()).strip() for m in found)


def letters(text):
    """Letters and digits in order; raised and lowered ones as such, no transposes and sum signs."""
    plain = unicodedata.normalize("NFKC", text.replace("ᵀ", "").replace("Σ", ""))
    return "".join(c for c in plain if c.isalnum())


@each
def test_mathml_has_the_letters_and_digits_of_the_text(name):
    for m in formulas(ET.fromstring(made(name).html())):
        assert letters("".join(m.itertext())) == letters(m.get("alttext"))


def test_the_matrix_of_matrices_has_each_entry_in_its_place():
    shown = made("entries")
    grid = shown.document().blocks[2].blocks[0]
    element = ET.fromstring(mathml(grid.math))

    def cells(table):
        return [[cell for cell in row] for row in table]

    outer = cells(next(element.iter(f"{MATHML}mtable")))
    labels = shown.content.labels
    assert (len(outer), len(outer[0])) == labels.shape[:2]
    for i, j in np.ndindex(*labels.shape[:2]):
        inner = cells(next(outer[i][j].iter(f"{MATHML}mtable")))
        assert (len(inner), len(inner[0])) == labels.shape[2:]
        for k, l in np.ndindex(*labels.shape[2:]):
            there = letters("".join(inner[k][l].itertext()))
            assert there == letters(labels[i, j, k, l].text)


@each
def test_pages_have_a_title_a_language_and_headings_that_skip_no_level(name):
    tree = ET.fromstring(made(name).html(page=True))
    assert tree.get("lang") == "en" and tree.find(f"{PAGE}head/{PAGE}title").text.strip()
    levels = [int(e.tag[-1]) for e in tree.iter() if re.fullmatch(PAGE + "h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


@each
def test_pages_load_nothing(name):
    page = made(name).html(page=True)
    assert not re.search(r"""\b(src|href)=["'](?!#)|@import|url\((?!#)""", page)
    assert "<script" not in page


def test_pages_have_every_entry_and_every_path():
    for name in ("entries", "entries of functions", "entries not opened"):
        shown = made(name)
        there = {m.get("alttext") for m in formulas(ET.fromstring(shown.html()))}
        assert {f"{s.name} = {s.text}" for s in shown.singles} <= there
        assert {text for _, text in shown.value} <= there
    for name in ("paths", "paths of arrays"):
        shown = made(name)
        there = {m.get("alttext") for m in formulas(ET.fromstring(shown.html()))}
        assert {PLAIN.draw(p.contribution) for p in shown.paths} | {shown.total} <= there


@each
def test_latex_and_markdown_have_balanced_mathematics_without_unicode_operators(name):
    for text in (made(name).markdown(), made(name).latex()):
        for mathematics in re.findall(r"\$\$(.*?)\$\$|(?<!\\)\$([^$]+)\$", text, re.DOTALL):
            row = re.sub(r"\\text\{.*?\}", "", "".join(mathematics).replace(r"\qquad [", "["))
            assert row.count("{") == row.count("}")
            assert row.count(r"\left") == row.count(r"\right") + row.count(r"\leftarrow")
            assert not re.search("[⟦⟧⟨⟩ᵀ⊙∂−²]", row), row


@each
def test_json_is_json(name):
    assert json.loads(made(name).in_format("json")) == json.loads(json.dumps(made(name).json()))


@each
def test_notebooks_are_given_every_form(name):
    bundle = made(name)._repr_mimebundle_()
    assert {"text/plain", "text/markdown", "text/html", "text/latex"} <= set(bundle)
    assert ("image/svg+xml" in bundle) == bool(made(name).pictures())
    assert "<style>" in bundle["text/html"]


@pytest.mark.parametrize("suffix", ["html", "tex", "md", "txt", "json"])
def test_the_suffix_of_a_file_says_the_form(tmp_path, suffix):
    form = {"html": "html", "tex": "latex", "md": "markdown", "txt": "text", "json": "json"}
    shown = made("derivation")
    written = shown.save(tmp_path / f"d.{suffix}")
    assert written.read_text(encoding="utf-8") == shown.in_format(form[suffix])


def test_other_suffixes_formats_and_places_are_errors(tmp_path):
    shown = made("derivation")
    with pytest.raises(InputError, match=r"may end with \.html"):
        shown.save("d.pdf")
    with pytest.raises(InputError, match="no format rtf"):
        shown.in_format("rtf")
    with pytest.raises(InputError, match="cannot write"):
        shown.save(tmp_path / "missing" / "d.html")


def test_a_font_is_embedded_in_a_page(tmp_path):
    font = tmp_path / "some.woff2"
    font.write_bytes(b"not really a font")
    page = made("derivation").html(page=True, font=font)
    data = re.search(r"url\(data:font/woff2;base64,([^)]+)\)", page)[1]
    assert base64.b64decode(data) == font.read_bytes()
    with pytest.raises(InputError, match="no font file"):
        made("derivation").html(page=True, font=tmp_path / "some.zip")
    with pytest.raises(InputError, match="cannot read"):
        made("derivation").html(page=True, font=tmp_path / "other.otf")
    with pytest.raises(InputError, match="into a page"):
        made("derivation").html(font=font)


def test_what_changes_is_marked_by_a_box_and_not_by_colour_alone():
    shown = made("derivation")
    tree = ET.fromstring(shown.html())
    marked = [e for e in tree.iter(f"{MATHML}mrow") if e.get("class") == "mark"]
    assert marked and all("border" in e.get("style") for e in marked)
    assert len(marked) == shown.latex().count(r"\boxed{") == shown.markdown().count(r"\boxed{")
    assert str(shown).count("⟦") == str(shown).count("⟧") == len(marked)


def test_derivations_are_an_ordered_list_with_an_item_for_each_step():
    shown = made("derivation")
    tree = ET.fromstring(shown.html())
    items = tree.findall("ol/li")
    assert len(items) == len(shown.steps)
    for item, step in zip(items, shown.steps, strict=True):
        assert len(item.findall("div")) == len(step.equations)
        texts = [m.get("alttext") for d in item.findall("div") for m in formulas(d)]
        assert texts == [PLAIN.draw(eq.math) for eq in step.equations]


def test_text_numbers_the_steps():
    shown = made("derivation")
    numbers = re.findall(r"^(\d+)\. ", str(shown), re.MULTILINE)
    assert numbers == [str(k + 1) for k in range(len(shown.steps))]


def test_json_of_a_derivation_says_the_same_as_the_text():
    shown = made("derivation")
    steps = shown.json()
    assert [s["step"] for s in steps] == [*range(1, len(steps) + 1)]
    for step in steps:
        assert all(eq["text"] in str(shown) for eq in step["equations"])
        assert all(sentence in str(shown) for sentence in step["why"])


def test_lines_have_styles_that_a_terminal_may_colour():
    lines = plain.lines(made("derivation").document())
    styles = {style for line in lines for _, style in line}
    assert {"title", "formula", "label"} <= styles
    assert "\n".join("".join(t for t, _ in line) for line in lines) == str(made("derivation"))


def test_pictures_are_embedded_and_have_a_description():
    for name in ("paths", "approximation"):
        tree = ET.fromstring(made(name).html())
        (figure,) = tree.iter("figure")
        assert figure.get("role") == "img" and len(figure.get("aria-label")) > 20
        assert figure.find("{http://www.w3.org/2000/svg}svg") is not None


def test_without_matplotlib_the_page_says_what_is_missing(monkeypatch):
    def missing(*_):
        raise UnsupportedError("plots need matplotlib")

    shown = made("approximation")
    monkeypatch.setattr("eingrad.explain.approximationplot.image", missing)
    assert "plots need matplotlib" in shown.html()
    assert "image/svg+xml" not in shown._repr_mimebundle_()


def test_numbered_parts_can_be_written_alone():
    shown = made("entries")
    assert shown.text(2) in shown.text() and shown.text(2).startswith("2. ")
    with pytest.raises(InputError, match="no part 9: they are 1 to 7"):
        shown.text(9)
    with pytest.raises(InputError, match="no numbered parts"):
        made("derivation").text(1)


def test_a_derivative_is_shown_by_notebooks_with_its_left_side():
    bundle = eingrad.derivative("A*x", "x")._repr_mimebundle_()
    assert r"\frac{\partial y}{\partial x} = A" in bundle["text/latex"]
    assert bundle["text/plain"].startswith("∂y/∂x = A") and "<math" in bundle["text/html"]
    bundle = eingrad.derivative("A*B", "A")._repr_mimebundle_()
    assert r"\mathrm{d}y = \mathrm{d}A" in bundle["text/latex"]
    ET.fromstring(bundle["text/html"].split("</style>")[1])


def test_a_wrong_answer_is_shown_with_a_point_where_it_differs():
    shown = made("wrong answer")
    tree = ET.fromstring(shown.html())
    bad = next(p for p in tree.iter("p") if p.get("class") == "bad")
    assert bad.text == str(shown)
    assert len([e for e in tree.iter(f"{MATHML}mtable")]) >= 2
    assert set(shown.json()["example"]) == {"A", "x"}


def test_the_chain_of_a_network_is_its_text_and_a_document():
    shown = made("network")
    assert shown.text() == str(shown) == shown and shown.splitlines()[0].startswith("dx stands for")
    tree = ET.fromstring(shown.html())
    assert len(tree.findall("section")) == len(shown.json()) == 4
    passes = [p for layer in shown.json() for p in layer["passes"]]
    assert [f"  {p}" for p in passes] == [line for line in shown.splitlines() if line[0] == " "]


def test_names_with_underscores_and_signs_are_escaped():
    shown = derivation("sum(W_a*x)", ("x",))
    for text in (shown.markdown(), shown.latex()):
        assert not re.search(r"\\text\{[^}]*[^\\]_", text)
    page = eingrad.check("a*b < 3", "a", answer="0").html()
    ET.fromstring(page)
    assert html.escape("<") in page


def test_a_short_derivation_has_the_same_steps_with_one_line_and_fewer_words():
    d = eingrad.gradient("norm2(A*x-y)^2", "x")
    full, short = (d.explain(level=level) for level in ("full", "short"))
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
