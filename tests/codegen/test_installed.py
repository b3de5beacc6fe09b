"""A framework that is not there is an error that says how to install it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.apps import regression, train
from eingrad.codegen import generate
from eingrad.errors import UnsupportedError, library_needed
from eingrad.ir import build
from eingrad.ir.node import variable

FRAMEWORKS = ("jax", "torch", "tensorflow")


def generated(backend: str) -> Any:
    return generate({"y": variable("x", build.dims("n")) ** 2}, name="square", backend=backend)


WAYS: dict[str, Callable[[str], Any]] = {
    "generated": lambda backend: generated(backend).function(),
    "function": lambda backend: eingrad.gradient("x'*x", "x").function(backend),
    "rule": lambda backend: eingrad.custom_rule("x'*x", "x", backend=backend).function(),
    "operator": lambda backend: eingrad.hessian("sum(x.^3)", "x").operator(backend, x=[1.0, 2.0]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_the_extra_is_named(backend: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [backend, *(m for m in sys.modules if m.startswith(f"{backend}."))]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnsupportedError) as caught:
        WAYS[way](backend)
    message = f'needs {backend}, which is not installed: pip install "eingrad[{backend}]"'
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("library", "extra", "needed"),
    [
        ("matplotlib", "plot", lambda: eingrad.derivative("A*B", "A").plot().figure),
        ("sklearn", "demo", lambda: train._images(0)),
        ("sklearn", "demo", lambda: regression._scaled("wine")),
    ],
)
def test_what_is_drawn_or_trained_on_names_its_extra(
    library: str, extra: str, needed: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [library, *(m for m in sys.modules if m.startswith(f"{library}."))]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnsupportedError, match=rf'needs {library},.*"eingrad\[{extra}\]"'):
        needed()


def test_the_source_needs_no_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    text = generated("torch")
    assert text.source.startswith("import torch\n")
    with pytest.raises(UnsupportedError):
        text.function()
    monkeypatch.undo()
    assert text.function()([3.0]).tolist() == [9.0]  # once it is there, the same object serves


def test_blocks_of_rows_are_written_without_the_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    loss = eingrad.parse("norm2(X*w)^2", X="m n", w="n")
    blocks = eingrad.gradient(loss, "w").blockwise("m", "torch")
    assert "import torch\n" in blocks.source
    with pytest.raises(UnsupportedError, match="needs torch, which is not installed"):
        blocks.per_block(X=[[1.0, 2.0]], w=[3.0, 4.0])
    monkeypatch.undo()
    X, w = np.array([[1.0, 2.0]]), np.array([3.0, 4.0])
    assert blocks([{"X": X}], w=w).tolist() == [22.0, 44.0]


def test_another_missing_module_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), library_needed("this"):
        import no_module_is_called_so  # noqa: F401
