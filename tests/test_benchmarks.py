"""Benchmarks compare equal results only, and leave no rival out without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks import depth, gpu, measure

EXPECTED = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def double_precision() -> Iterator[None]:
    """JAX in float64, and as it was afterwards."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def test_a_result_that_differs_is_an_error() -> None:
    wrong = EXPECTED.copy()
    wrong[1, 2] += 1e-6
    with pytest.raises(AssertionError, match="a rival"):
        measure.compare("case", {"eingrad": lambda: EXPECTED, "a rival": lambda: wrong}, {})


def test_a_result_of_another_shape_is_an_error() -> None:
    with pytest.raises(AssertionError, match="a rival"):
        measure.admit("case", {"a rival": lambda: EXPECTED.T}, EXPECTED, 1e-9)


def _raises(error: Exception) -> Any:
    def call() -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: 9 GB"), "out of memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "out of memory"),
        (
            ValueError("Detected unsupported operations: No registered 'Lu' OpKernel for XLA"),
            "cannot compile Lu",
        ),
    ],
)
def test_what_cannot_run_stands_in_the_table_in_words(error: Exception, words: str) -> None:
    calls = {"eingrad": lambda: EXPECTED, "a rival": _raises(error)}
    row = measure.compare("case", calls, {})
    assert "a rival" not in row.seconds
    header, _, line = measure.ratio_table("title", [row]).splitlines()[2:]
    column = header.split(" | ").index("a rival")
    assert line.split(" | ")[column] == words


def test_a_mistake_in_a_benchmark_is_raised() -> None:
    with pytest.raises(TypeError, match="argument"):
        measure.admit("case", {"a rival": _raises(TypeError("argument"))}, EXPECTED, 1e-9)


def test_a_call_over_the_limit_is_not_timed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LIMIT_SECONDS", 0.0)
    able, words = measure.admit("case", {"a rival": lambda: EXPECTED}, EXPECTED, 1e-9)
    assert able == {}
    assert words["a rival"].endswith("for one warm call, over 0 s")


def test_arrays_over_the_limit_are_named_with_their_size() -> None:
    assert measure.too_large("T", 4e9) is None
    assert measure.too_large("T", 8e10) == "T: 80 GB, over 4 GB"


def test_progress_is_for_terminals_alone(capsys: pytest.CaptureFixture[str]) -> None:
    measure.progress("at work")
    assert capsys.readouterr() == ("", "")


def test_all_gradients_of_a_transformer_are_those_of_jax(double_precision: None) -> None:
    """Large enough that parts of it cancel once they are opened."""
    figures = depth.transformer_figures(3)
    assert figures[0] == "transformer, 3 blocks, 36 parameters"


def test_without_a_gpu_each_framework_says_that_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu, "jax_device", lambda: (None, "no device"))
    monkeypatch.setattr(gpu, "torch_device", lambda: (None, "not installed"))
    assert gpu.report() == "### GPU\n\nJAX: skipped, no device.\n\nPyTorch: skipped, not installed."
