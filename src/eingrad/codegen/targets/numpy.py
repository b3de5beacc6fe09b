"""NumPy: the spellings of operations, and writing into views where the result has a pattern."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from ..program import Value
from .numpy_patterns import HELPERS, PATTERNS
from .recurrences import written_loop
from .sweeps import WRITTEN, called_sweep
from .target import Target

if TYPE_CHECKING:
    from ..emit import Emission

SPELLINGS = {
    "T": "{0}.T",
    "transpose": "{0}.transpose({axes})",
    "reshape": "{0}.reshape({shape})",
    "broadcast": "np.broadcast_to({0}, {shape})",
    "full": "np.full({shape}, {0}, dtype)",
    "ones": "np.ones({shape}, dtype)",
    "zeros": "np.zeros({shape}, dtype)",
    "eye": "np.eye({n}, dtype=dtype)",
    "scalar": "dtype.type({0})",
    "copy": "{0}.copy()",
    "materialised": "np.broadcast_to({0}, {shape}).copy()",
    "array": "np.array({data}, dtype)",
    "diagonal": "np.diagonal({0}, axis1={axis1}, axis2={axis2})",
    "matrix_diagonal": "np.diagonal({0})",
    "diag": "np.diag({0})",
    "trace": "np.trace({0})",
    "sum": "{0}.sum(axis={axes})",
    "sum_all": "{0}.sum()",
    "vdot": "np.vdot({0}, {1})",
    "tensordot": "np.tensordot({0}, {1}, axes={axes})",
    "contract": "_contract({0}, {1}, {first}, {second})",
    "solve": "np.linalg.solve({0}, {1})",
    "clip": "np.clip({0}, {low}, {high})",
    "sqrt": "np.sqrt({0})",
    "power": "{0} ** {exponent}",
    "tril": "np.tril({0}, {k})",
    "triu": "np.triu({0}, {k})",
    "tril0": "np.tril({0})",
    "triu0": "np.triu({0})",
    "cumsum": "np.cumsum({0}, axis={axis})",
    "reversed_cumsum": "np.flip(np.cumsum(np.flip({0}, {axis}), axis={axis}), {axis})",
    "lower_pattern": "np.tri({rows}, {columns}, {k}, dtype)",
    "upper_pattern": "np.tri({columns}, {rows}, {k}, dtype).T",
    "selection_pattern": (
        "np.equal.outer({start} + {step} * np.arange({rows}), np.arange({columns})).astype(dtype)"
    ),
    "concatenate": "np.concatenate({parts}, axis={axis})",
    **PATTERNS,
}


def prologue(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str]:
    """Statements that give all arguments one floating type; Python numbers do not decide it, nor
    do indices, which would lose places as float32."""
    whole = [f"{name} = np.asarray({name})" for name in indices]
    deciding = arrays or scalars
    if not deciding:
        return ["dtype = np.dtype(np.float64)", *whole]
    everything = [*arrays, *scalars]
    listed = ", ".join(everything)
    if len(deciding) == 1:
        kind = f"np.asarray({deciding[0]})"
    else:
        kind = f"*map(np.asarray, ({', '.join(deciding)}))"
    lines = [
        f"dtype = np.result_type({kind}, np.float32)",
        'if dtype.kind != "f":',
        '    raise TypeError(f"real numbers are expected, not {dtype}")',
    ]
    if len(everything) == 1:
        return [*lines, f"{listed} = np.asarray({listed}, dtype)", *whole]
    return [*lines, f"{listed} = (np.asarray(a, dtype) for a in ({listed}))", *whole]


def embed(emission: Emission, value: Value) -> None:
    """Zeros (or the base) with each core written (or added) through a view of its places."""
    shape, based, patterns = value.params
    cores = value.args[1:] if based else value.args
    if based:
        name = emission.owned(value.args[0])
    else:
        name = emission.assign_text(f"np.zeros({emission.spell.shape(shape)}, dtype)")
    fresh = not based
    for core, pattern in zip(cores, patterns, strict=True):
        places = [p[1:2] if p[0] < 0 else p[1:4] for p in pattern]
        view = name + "".join(emission.spell.subscripts(places, shape))
        axes = [place[0] for place in pattern if place[0] >= 0]
        if len(set(axes)) < len(axes):
            order = list(dict.fromkeys(axes))
            letters = {a: "ijklmnopqrstuvwxyzabcdefgh"[k] for k, a in enumerate(order)}
            spec = "".join(letters[a] for a in axes) + "->" + "".join(letters[a] for a in order)
            view = f'np.einsum("{spec}", {view})[...]'
        elif view == name:
            view += "[...]"
        emission.statement(f"{view} {'=' if fresh else '+='} {emission.text(core)}")
        fresh = False
    emission.bind(value, name)


NUMPY = Target(
    name="numpy",
    module="np",
    imports=("import numpy as np",),
    spellings=SPELLINGS,
    prologue=prologue,
    embed=embed,
    loop=written_loop,
    sweep=called_sweep(),
    helpers={**HELPERS, "sweep": WRITTEN},
    shares=True,
    stores=True,
)
