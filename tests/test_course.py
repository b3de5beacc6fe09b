"""The notebooks of the course run, show what is stored, and their solutions are right."""

import re

import nbformat
import pytest

from tests.course import (
    FOLDER,
    NOTEBOOKS,
    difference,
    executed,
    read,
    same_text,
    solutions,
    with_solutions,
)

LIMIT = 300_000  # bytes of a notebook
PLACES = re.compile(r"/(home|root|tmp|usr|work|opt|Users)/|[A-Z]:\\\\")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_show_what_is_stored_and_solutions_are_right(path):
    notebook = with_solutions(read(path))
    fresh = executed(notebook)
    for stored, now in zip(notebook.cells, fresh.cells, strict=True):
        if stored.metadata.get("solution"):
            verdict = "".join(o.data["text/plain"] for o in now.outputs)
            assert verdict.startswith("<Verdict right"), f"{stored.source}\n{verdict}"
        elif stored.cell_type == "code":
            found = difference(stored, now)
            assert not found, f"{path.name}: run `make course`\n{stored.source}\n{found}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_executed_small_and_neutral(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT
    assert not PLACES.search(text)
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", cell.source


def test_the_index_names_every_notebook():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(([\w-]+\.ipynb)\)", index)) == [p.name for p in NOTEBOOKS]


def test_every_lesson_has_exercises_with_solutions():
    assert len(NOTEBOOKS) == 5
    for path in NOTEBOOKS:
        assert sum(len(solutions(cell)) for cell in read(path).cells) >= 2, path.name


def test_texts_are_compared_up_to_rounding():
    assert same_text("error 3e-16, slope 2.00", "error 1e-15, slope 2.001")
    assert not same_text("slope 2.00", "slope 1.00")
    assert not same_text("8 zero", "9 zero")
    assert not same_text("2Aᵀ(Ax − y)", "2A(Ax − y)")


def test_changed_outputs_are_noticed():
    def cell(text, **metadata):
        output = nbformat.v4.new_output("execute_result", {"text/plain": text})
        return nbformat.v4.new_code_cell("x", outputs=[output], metadata=metadata)

    assert not difference(cell("Bᵀ"), cell("Bᵀ"))
    assert difference(cell("Bᵀ"), cell("B"))
    assert not difference(cell("0.5 s", tags=["varies"]), cell("0.9 s"))
    assert difference(cell("Bᵀ", tags=["varies"]), nbformat.v4.new_code_cell("x"))
