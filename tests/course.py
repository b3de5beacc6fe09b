"""The course in docs/course: notebooks that are stored with their outputs, and executed again.

`make course` executes all of them and stores what has changed; `tests/test_course.py` compares.
A cell with the tag `varies` (training, times) is compared in the kinds of its outputs alone.
"""

from __future__ import annotations

import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "docs" / "course"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+")
# The first of these that an output has is stored. Images, and Markdown with LaTeX, look the same in
# every viewer of stored notebooks; HTML with MathML is for live ones.
SHOWN = ("image/svg+xml", "text/markdown", "text/latex", "text/html", "image/png")
RELATIVE, ABSOLUTE = 1e-3, 1e-7  # printed numbers of two machines
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read(path: Path) -> NotebookNode:
    """A notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def solutions(cell: NotebookNode) -> list[str]:
    """The code in the collapsed solutions of a cell."""
    return SOLUTION.findall(cell.source) if cell.cell_type == "markdown" else []


def with_solutions(notebook: NotebookNode) -> NotebookNode:
    """The same with a code cell behind each solution, as a reader would run it."""
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        cells.append(cell)
        for code in solutions(cell):
            cells.append(nbformat.v4.new_code_cell(code, metadata={"solution": True}))
    return NotebookNode({**notebook, "cells": cells})


def executed(notebook: NotebookNode) -> NotebookNode:
    """A copy, run from top to bottom in a fresh kernel; an error in a cell is raised."""
    fresh = nbformat.from_dict(notebook)
    with _neutral_environment() as folder:
        client = NotebookClient(
            fresh,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            timeout=300,
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    return _tidied(fresh)


@contextmanager
def _neutral_environment() -> Iterator[str]:
    """No settings of whoever runs this; pictures that are the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "matplotlibrc"
        settings.write_text("svg.hashsalt: eingrad\n", encoding="utf-8")
        changed = {
            "IPYTHONDIR": folder,
            "JUPYTER_DATA_DIR": folder,  # no kernel called python3 but that of this environment
            "JUPYTER_PATH": "",
            "JUPYTER_PLATFORM_DIRS": "1",
            "MATPLOTLIBRC": str(settings),
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0",
        }
        before = {name: os.environ.get(name) for name in changed}
        os.environ.update(changed)
        try:
            yield folder
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _tidied(notebook: NotebookNode) -> NotebookNode:
    """What is stored: nothing of this machine, each output as text and in one other kind."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for k, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{k}"
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            kept = next((kind for kind in SHOWN if kind in data), None)
            for kind in [k for k in data if k not in (kept, "text/plain")]:
                del data[kind]
            if kept == "image/svg+xml":
                data[kept] = _one_line(data[kept])
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = {}
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Pieces of one stream put together; where they are cut is chance."""
    found: list[NotebookNode] = []
    for output in outputs:
        before = found[-1] if found else None
        if before and output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            found.append(output)
    return found


def _one_line(svg: str) -> str:
    """An image without date; line by line a notebook would take half as much again."""
    svg = re.sub(r"<dc:date>.*?</dc:date>", "", svg)
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", svg.strip()))


def difference(stored: NotebookNode, fresh: NotebookNode) -> str:
    """What of a cell is no longer as it is stored; empty if nothing is."""
    old, new = _outputs(stored), _outputs(fresh)
    if [kind for kind, _ in old] != [kind for kind, _ in new]:
        return f"outputs {[k for k, _ in old]} are stored, there are {[k for k, _ in new]}"
    if "varies" in stored.metadata.get("tags", ()):
        return ""
    for (kind, before), (_, now) in zip(old, new, strict=True):
        if not kind.startswith("image/") and not same_text(before, now):
            return f"{kind}: stored is\n{before}\nbut there is\n{now}"
    return ""


def _outputs(cell: NotebookNode) -> list[tuple[str, str]]:
    """Kind and text of everything that a cell shows.

    What goes to standard error depends on the machine (matplotlib says there, once, that it looks
    for fonts); nothing of it may be stored, which a test of its own holds.
    """
    found: list[tuple[str, str]] = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            found += [(output.name, output.text)] if output.name == "stdout" else []
        else:
            found += sorted((kind, str(value)) for kind, value in output.data.items())
    return found


def same_text(before: str, now: str) -> bool:
    """Whether two texts are the same but for rounding in decimal numbers."""
    if NUMBER.sub("#", before) != NUMBER.sub("#", now):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(now), strict=True)
    return all(
        math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs
    )


def main() -> None:
    """Execute all notebooks; store those outputs that changed."""
    for path in NOTEBOOKS:
        stored = read(path)
        fresh = executed(stored)
        changed = 0
        for old, new in zip(stored.cells, fresh.cells, strict=True):
            if old.cell_type != "code":
                continue
            if difference(old, new):
                changed += 1
            else:
                new.outputs = old.outputs
        nbformat.validate(fresh)
        nbformat.write(fresh, path)
        print(f"{path.name}: {changed} cells changed", file=sys.stderr)


if __name__ == "__main__":
    main()
