"""Threads that build the same nodes at once are given the same objects, with the same facts."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import eingrad.functions  # noqa: F401
from eingrad.ir import construct
from eingrad.ir import node as node_module
from eingrad.ir.apply import apply
from eingrad.ir.build import add, contract, dims, transpose
from eingrad.ir.facts import facts_of
from eingrad.ir.node import Node, variable
from eingrad.notation import tree as tree_module

THREADS = 4
ROUNDS = 300


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as the interpreter allows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], Any]) -> list[list[Any]]:
    """What each thread got in each round; all of them begin each round together."""
    together = threading.Barrier(THREADS)
    found: list[list[Any]] = [[] for _ in range(THREADS)]
    errors: list[BaseException] = []

    def run(k: int) -> None:
        try:
            for turn in range(ROUNDS):
                together.wait(60)
                found[k].append(work(turn))
        except BaseException as error:
            errors.append(error)
            together.abort()

    threads = [threading.Thread(target=run, args=(k,)) for k in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return found


def product_and_sum(turn: int) -> Node:
    a = variable(f"A{turn}", dims("m", "n"))
    return add(
        construct.matmul(transpose(a, (1, 0)), apply("exp", a)), variable("S", dims("n", "n"))
    )


def test_threads_that_build_one_node_get_one_object(hurried: None) -> None:
    first, *others = at_once(product_and_sum)
    for got in others:
        assert all(a is b for a, b in zip(first, got, strict=True))


class Waiting(dict):  # type: ignore[type-arg]
    """A table in which every first search waits for that of the other thread."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2)
        self.searched = threading.local()

    def get(self, key: Any, default: Any = None) -> Any:
        found = super().get(key, default)
        if not getattr(self.searched, "once", False):
            self.searched.once = True
            self.both.wait(60)
        return found


@pytest.mark.parametrize(
    ("module", "make"),
    [
        (node_module, lambda: variable("raced", dims("n"))),
        (tree_module, lambda: tree_module.make("name", data="raced")),
    ],
)
def test_what_two_threads_both_miss_is_made_once(
    module: Any, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_INTERNED", Waiting())
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(make())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] is found[1]


def test_threads_that_ask_for_the_facts_of_one_node_get_all_of_them(hurried: None) -> None:
    grams = []
    for turn in range(ROUNDS):
        a = variable(f"A{turn}", dims("m", "n"))
        grams.append(contract("ki,kj->ij", a, a))
    for gram in grams:
        gram._memo.pop("facts", None)
    for got in at_once(lambda turn: facts_of(grams[turn])):
        assert all({"symmetric", "psd"} <= facts for facts in got)
