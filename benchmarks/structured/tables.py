"""The tables of structured derivatives, and what their columns stand for."""

from __future__ import annotations

from ..measure import LIMIT_BYTES, LIMIT_SECONDS, progress, ratio_table, size
from ..rivals import use_double_precision
from .algebra import gaussian_process, inverse, trace_forms
from .contracted import hessian_diagonal
from .factorisations import cp_decomposition, factorisation, masked
from .models import logsumexp, relu_network, softmax_regression
from .systems import solves

LEGEND = f"""Others compute the dense array in both of the first two tables: `jax.jit` of
`jax.hessian` or `jax.jacobian`; `torch.func.hessian` or `jacrev`; `tf.function` of nested gradient
tapes and `tape.jacobian`, without and with XLA. Words instead of a time say why there is none: a
warm call over {LIMIT_SECONDS:g} s, arrays over {size(LIMIT_BYTES)}, memory that ran out, or a
function that cannot be compiled. A dash: nobody wrote the case by hand."""


def report() -> str:
    """Structured and dense apart."""
    use_double_precision()
    factored, alone = factorisation()
    cases = [
        factored,
        inverse(),
        *trace_forms(),
        relu_network(),
        softmax_regression(),
        logsumexp(),
        masked(),
        cp_decomposition(),
        gaussian_process(),
    ]
    structured = [factored.structured, alone, *(c.structured for c in cases[1:])]
    tables = [
        LEGEND,
        ratio_table("Structured: an operator, inputs checked", structured),
        ratio_table("Dense: the same derivatives as arrays", [c.dense for c in cases]),
        ratio_table("Contracted", hessian_diagonal()),
        solves(),
    ]
    progress()
    return "\n\n".join(tables)
