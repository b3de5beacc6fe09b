"""Arrays and iterators of blocks: what is read, what is refused, what is shown."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import eingrad
from eingrad.streaming import blocks_of
from tests.streaming.cases import values

LOSS = "sum((X*w - y).^2)"


@pytest.fixture
def blocks():
    d = eingrad.gradient(eingrad.parse(LOSS, X="m n", y="m", w="n"), "w")
    return d.blockwise("m", outputs=("value", "gradient"))


@pytest.fixture
def arrays():
    return {k: v for k, v in values(3).items() if k in ("X", "y", "w")}


def expected(X, y, w):
    r = X @ w - y
    return r @ r, 2 * X.T @ r


def close(got, wanted):
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_blocks_from_an_iterator(blocks, arrays):
    def read():
        for start in range(0, 23, 7):
            rows = slice(start, start + 7)
            yield {"X": arrays["X"][rows], "y": arrays["y"][rows]}
            yield {"X": arrays["X"][:0], "y": arrays["y"][:0]}

    close(blocks(read(), w=arrays["w"]), expected(**arrays))


def test_a_mapped_file_is_read_block_by_block(blocks, arrays, tmp_path):
    for name in ("X", "y"):
        made = np.memmap(tmp_path / name, np.float64, "w+", shape=arrays[name].shape)
        made[:] = arrays[name]
        made.flush()
    mapped = {
        name: np.memmap(tmp_path / name, np.float64, "r", shape=arrays[name].shape)
        for name in ("X", "y")
    }
    close(blocks(**mapped, w=arrays["w"], block_rows=4), expected(**arrays))


def test_changes_that_no_file_has_survive(arrays, tmp_path, blocks):
    X = arrays["X"]
    made = np.memmap(tmp_path / "X", np.float64, "w+", shape=X.shape)
    made[:] = 0
    made.flush()
    copied = np.memmap(tmp_path / "X", np.float64, "c", shape=X.shape)
    copied[:] = X
    blocks(X=copied, y=arrays["y"], w=arrays["w"], block_rows=4)
    np.testing.assert_array_equal(copied, X)
    made[:] = X  # not flushed: the pages that are given back are kept by the system
    blocks(X=made, y=arrays["y"], w=arrays["w"], block_rows=4)
    np.testing.assert_array_equal(made, X)


def test_rows_may_lie_on_another_axis(arrays):
    d = eingrad.gradient(eingrad.parse("sum(tanh(w'*Z))", Z="n m", w="n"), "w")
    blocks = d.blockwise("m")
    assert blocks.axes == {"Z": 1}
    Z, w = arrays["X"].T, arrays["w"]
    np.testing.assert_allclose(blocks(Z=Z, w=w, block_rows=5), Z @ (1 - np.tanh(w @ Z) ** 2))


def test_blocks_are_as_large_as_asked(arrays):
    count, read = blocks_of(arrays, {"X": 0, "y": 0}, 10)
    assert count == 3
    assert [(len(b["X"]), len(b["y"])) for b in read] == [(10, 10), (10, 10), (3, 3)]


def test_what_is_wrong_with_rows_is_told(blocks, arrays):
    X, y, w = arrays["X"], arrays["y"], arrays["w"]
    with pytest.raises(eingrad.ShapeError, match="y has 22 rows, but X has 23"):
        blocks(X=X, y=y[1:], w=w)
    with pytest.raises(eingrad.InputError, match="a value for y is missing"):
        blocks(X=X, w=w)
    with pytest.raises(eingrad.InputError, match="a value for w is missing"):
        blocks(X=X, y=y)
    with pytest.raises(eingrad.InputError, match="no variable called 'v'"):
        blocks(X=X, y=y, w=w, v=w)
    with pytest.raises(eingrad.ShapeError, match="there are no rows"):
        blocks(X=X[:0], y=y[:0], w=w)
    with pytest.raises(eingrad.InputError, match="no block with rows"):
        blocks([{"X": X[:0], "y": y[:0]}], w=w)
    with pytest.raises(eingrad.InputError, match="block 2 lacks y"):
        blocks([{"X": X, "y": y}, {"X": X}], w=w)
    with pytest.raises(eingrad.InputError, match="block 1 has w"):
        blocks([{"X": X, "y": y, "w": w}], w=w)
    with pytest.raises(eingrad.InputError, match="arrays by name, not tuple"):
        blocks([(X, y)], w=w)
    with pytest.raises(eingrad.InputError, match="at least one row"):
        blocks(X=X, y=y, w=w, block_rows=0)
    with pytest.raises(eingrad.InputError, match="not both"):
        blocks([{"X": X, "y": y}], X=X, w=w)


def test_a_size_that_only_rows_show_reaches_the_result(arrays):
    d = eingrad.gradient(eingrad.parse("n*sum(exp(s*X))", X="m n", s=""), "s")
    blocks = d.blockwise("m")
    X = arrays["X"]
    wanted = X.shape[1] * (X * np.exp(0.5 * X)).sum()
    np.testing.assert_allclose(blocks(X=X, s=0.5, block_rows=9), wanted)
    part = blocks.per_block(X=X, s=0.5)
    np.testing.assert_allclose(blocks.combine([part], n=X.shape[1]), wanted)
    with pytest.raises(eingrad.InputError, match="the size n is missing"):
        blocks.combine([part])


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(blocks, arrays, monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    blocks(**arrays, block_rows=10)
    said = capsys.readouterr().err
    assert ("block 2 of 3" in said) == terminal
    assert bool(said) == terminal


def test_dask_adds_up_blocks(blocks, arrays):
    dask = pytest.importorskip("dask")
    w = arrays["w"]
    parts = [
        dask.delayed(blocks.per_block)(X=arrays["X"][k : k + 6], y=arrays["y"][k : k + 6], w=w)
        for k in range(0, 23, 6)
    ]
    total = dask.delayed(blocks.combine)(parts)
    close(total.compute(scheduler="threads"), expected(**arrays))
