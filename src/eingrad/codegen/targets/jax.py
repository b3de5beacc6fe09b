"""JAX: pure functions of arrays with static shapes, ready for `jit`, `vmap` and sharding."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from .functional import Place, embedding
from .jax_patterns import HELPERS, PATTERNS
from .recurrences import scanned_loop
from .sweeps import SCANNED, called_sweep
from .target import Target

if TYPE_CHECKING:
    from ..emit import Emission

SPELLINGS = {
    "T": "{0}.T",
    "transpose": "{0}.transpose({axes})",
    "reshape": "{0}.reshape({shape})",
    "broadcast": "jnp.broadcast_to({0}, {shape})",
    "full": "jnp.full({shape}, {0}, dtype)",
    "ones": "jnp.ones({shape}, dtype)",
    "zeros": "jnp.zeros({shape}, dtype)",
    "eye": "jnp.eye({n}, dtype=dtype)",
    "eye_mask": "jnp.eye({n}, dtype=bool)",
    "where": "jnp.where({0}, {1}, {2})",
    "zero": "0",
    "scalar": "jnp.asarray({0}, dtype)",
    "copy": "{0}",
    "materialised": "jnp.broadcast_to({0}, {shape})",
    "array": "jnp.array({data}, dtype)",
    "diagonal": "jnp.diagonal({0}, axis1={axis1}, axis2={axis2})",
    "matrix_diagonal": "jnp.diagonal({0})",
    "diag": "jnp.diag({0})",
    "trace": "jnp.trace({0})",
    "sum": "{0}.sum(axis={axes})",
    "sum_all": "{0}.sum()",
    "vdot": "jnp.vdot({0}, {1})",
    "tensordot": "jnp.tensordot({0}, {1}, axes={axes})",
    "solve": "jnp.linalg.solve({0}, {1})",
    "clip": "jnp.clip({0}, {low}, {high})",
    "sqrt": "jnp.sqrt({0})",
    "power": "{0} ** {exponent}",
    "tril": "jnp.tril({0}, {k})",
    "triu": "jnp.triu({0}, {k})",
    "tril0": "jnp.tril({0})",
    "triu0": "jnp.triu({0})",
    "cumsum": "jnp.cumsum({0}, axis={axis})",
    "reversed_cumsum": "jax.lax.cumsum({0}, axis={axis}, reverse=True)",
    "lower_pattern": "jnp.tri({rows}, {columns}, {k}, dtype)",
    "upper_pattern": "jnp.tri({columns}, {rows}, {k}, dtype).T",
    "selection_pattern": (
        "({start} + {step} * jnp.arange({rows})[:, None] == jnp.arange({columns})).astype(dtype)"
    ),
    "concatenate": "jnp.concatenate({parts}, axis={axis})",
    **PATTERNS,
}


def prologue(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str]:
    """Statements that give all arguments the type that JAX's promotion gives, a floating one."""
    whole = [f"{name} = jnp.asarray({name})" for name in indices]
    everything = [*arrays, *scalars]
    if not everything:
        return ["dtype = jnp.result_type(float)", *whole]
    lines = [
        f"dtype = jnp.result_type(float, {', '.join(arrays or scalars)})",
        "if not jnp.issubdtype(dtype, jnp.floating):",
        '    raise TypeError(f"real numbers are expected, not {dtype}")',
    ]
    if len(everything) == 1:
        return [*lines, f"{everything[0]} = jnp.asarray({everything[0]}, dtype)", *whole]
    listed = ", ".join(everything)
    return [*lines, f"{listed} = (jnp.asarray(a, dtype) for a in ({listed}))", *whole]


def place(emission: Emission, name: str, places: Sequence[Place]) -> str:
    """The array written to its places among zeros: a pad once it is compiled."""
    shape = tuple(total for *_, total in places)
    entries = [
        (start,) if axis < 0 else (start, step, count) for axis, start, step, count, _ in places
    ]
    spell = emission.spell
    taken, turned = spell.subscripts(entries, shape)
    kept = [":" if axis >= 0 else "0" for axis, *_ in places]
    value = name if "0" not in kept else f"{name}[{', '.join(kept)}]"
    return f"{spell.fill_text('zeros', shape=shape)}.at{taken or '[...]'}.set({value}{turned})"


JAX = Target(
    name="jax",
    module="jnp",
    imports=("import jax.numpy as jnp",),
    spellings=SPELLINGS,
    prologue=prologue,
    embed=embedding(place),
    loop=scanned_loop,
    sweep=called_sweep(),
    helpers={**HELPERS, "sweep": SCANNED},
    row_vectors=True,
    along_axes=True,
)
