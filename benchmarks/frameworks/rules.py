"""Custom rules, forward and backward, and what they keep in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import eingrad

from ..measure import Row, size
from .functions import Case, Function
from .gradients import compared

EAGER = "PyTorch's own kernel, eager"


def jax_rule(case: Case) -> tuple[Row, list[str]]:
    """Value and gradients under `jit`, the rule and the composed function; bytes kept by `vjp`."""
    import jax

    placed = [jax.numpy.asarray(a) for a in case.arrays.values()]
    incoming = jax.numpy.asarray(case.incoming)
    functions = {"eingrad": _rule(case, "jax"), "composed, autodiff": case.jax}

    def both(function: Function) -> Function:
        def compiled(incoming: Any, *arrays: Any) -> Any:
            value, back = jax.vjp(function, *arrays)
            return (value, *back(incoming))

        made = jax.jit(compiled)
        return lambda: jax.block_until_ready(made(incoming, *placed))

    row = compared(case, {k: both(f) for k, f in functions.items()}, {"autodiff": "≥ 1×"})
    return row, [case.name, *(size(_kept_by_jax(f, placed)) for f in functions.values())]


def torch_rule(case: Case) -> tuple[Row, list[str]]:
    """Value and gradients under `torch.compile`, the rule and the composed function; beside them
    PyTorch's own operation as it is; bytes of what autograd keeps, neither compiled."""
    import torch

    torch._dynamo.reset()
    placed = [torch.from_numpy(a).requires_grad_() for a in case.arrays.values()]
    incoming = torch.from_numpy(case.incoming)
    rule = _rule(case, "torch")
    functions = {
        "eingrad": torch.compile(rule, fullgraph=True),
        "composed, autograd": torch.compile(case.torch, fullgraph=True),
        EAGER: case.kernel,
    }

    def both(function: Function) -> Function:
        def call() -> Any:
            value = function(*placed)
            return (value.detach(), *torch.autograd.grad(value, placed, incoming))

        return call

    row = compared(case, {k: both(f) for k, f in functions.items()}, {"autograd": "≥ 1×"})
    kept = [_kept_by_torch(f, placed) for f in (*functions.values(), rule, case.torch)]
    return row, [case.name, *map(size, kept)]


def _rule(case: Case, backend: str) -> Function:
    """The rule with the arguments in the order of the case."""
    made = eingrad.custom_rule(case.expression, list(case.arrays), backend, name="f")
    function: Function = made.function()
    return function


def _kept_by_jax(function: Function, placed: list[Any]) -> int:
    """Bytes of the arrays that the backward pass of `vjp` closes over, each once."""
    import jax

    back = jax.jit(lambda *arrays: jax.vjp(function, *arrays)[1])(*placed)
    return sum(a.nbytes for a in _distinct(jax.tree_util.tree_leaves(back), id))


def _kept_by_torch(function: Function, placed: list[Any]) -> int:
    """Bytes of the storages that autograd keeps between the passes, each once."""
    import torch

    kept: list[Any] = []

    def pack(tensor: Any) -> Any:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(*placed)
    storages = [t.untyped_storage() for t in kept]
    return sum(s.nbytes() for s in _distinct(storages, lambda s: s.data_ptr()))


def _distinct(items: Iterable[Any], key: Function) -> list[Any]:
    return list({key(x): x for x in items}.values())
