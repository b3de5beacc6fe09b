"""The array API standard: code for NumPy, CuPy, Dask, PyTorch, JAX and whoever follows it.

The namespace comes from the first array, or by keyword from a caller whose arrays do not tell it
(`array_api_compat.torch`). Only what version 2024.12 of the standard has is written, its linear
algebra extension included: nothing is written into, each axis is named in an index, and numbers
have the type and the device of the first array.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from .array_api_patterns import HELPERS, ON, PATTERNS
from .functional import Place, embedding, is_whole
from .recurrences import listed_loop
from .standard import NAMESPACE, translated_helpers, translated_template
from .sweeps import LISTED, called_sweep
from .target import Target

if TYPE_CHECKING:
    from ..emit import Emission

SPELLINGS = {
    "T": "{0}.T",
    "transpose": "xp.permute_dims({0}, ({axes}))",
    "reshape": "xp.reshape({0}, {shape})",
    "broadcast": "xp.broadcast_to({0}, {shape})",
    "full": f"xp.full({{shape}}, {{0}}, {ON})",
    "ones": f"xp.ones({{shape}}, {ON})",
    "zeros": f"xp.zeros({{shape}}, {ON})",
    "eye": f"xp.eye({{n}}, {ON})",
    "eye_mask": "xp.eye({n}, dtype=xp.bool, device=device)",
    "where": "xp.where({0}, {1}, {2})",
    "zero": "0",
    "scalar": f"xp.asarray({{0}}, {ON})",
    "copy": "xp.asarray({0}, copy=True)",
    "materialised": "xp.asarray(xp.broadcast_to({0}, {shape}), copy=True)",
    "array": f"xp.asarray({{data}}, {ON})",
    "matrix_diagonal": "xp.linalg.diagonal({0})",
    "last_diagonal": "xp.linalg.diagonal({0})",
    "trace": "xp.linalg.trace({0})",
    "sum": "xp.sum({0}, axis={axes})",
    "sum_all": "xp.sum({0})",
    "vdot": "xp.tensordot({0}, {1}, axes={ndim})",
    "tensordot": "xp.tensordot({0}, {1}, axes={axes})",
    "solve": "xp.linalg.solve({0}, {1})",
    "clip": "xp.clip({0}, {low}, {high})",
    "sqrt": "xp.sqrt({0})",
    "power": "{0} ** {exponent}",
    "flip": "xp.flip({0}, axis={axes})",
    "tril": "xp.tril({0}, k={k})",
    "triu": "xp.triu({0}, k={k})",
    "tril0": "xp.tril({0})",
    "triu0": "xp.triu({0})",
    "cumsum": "xp.cumulative_sum({0}, axis={axis})",
    "reversed_cumsum": (
        "xp.flip(xp.cumulative_sum(xp.flip({0}, axis={axis}), axis={axis}), axis={axis})"
    ),
    "lower_pattern": f"xp.tril(xp.ones(({{rows}}, {{columns}}), {ON}), k={{k}})",
    "upper_pattern": f"xp.triu(xp.ones(({{rows}}, {{columns}}), {ON}), k=-({{k}}))",
    "selection_pattern": (
        "xp.astype({start} + {step} * xp.arange({rows}, device=device)[:, None] "
        "== xp.arange({columns}, device=device), dtype)"
    ),
    "concatenate": "xp.concat({parts}, axis={axis})",
    **PATTERNS,
}


def prologue(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str]:
    """Statements that find the namespace, and give all arguments the type of the arrays."""
    first = [*arrays, *scalars, *indices][:1]
    if not first:
        return [
            f"if {NAMESPACE} is None:",
            f'    raise TypeError("{NAMESPACE} is needed: there is no array that tells it")',
            *(["dtype, device = xp.float64, None"] if mentioned else []),
        ]
    lines = [f"{NAMESPACE} = {NAMESPACE} or {first[0]}.__array_namespace__()"]
    values = [*arrays, *scalars]
    if not arrays:  # numbers come as they are
        lines += [f"{name} = xp.asarray({name})" for name in scalars]
    deciding = arrays or scalars
    named = len(values) > 1 or "dtype" in mentioned
    if deciding:
        dtype = f"{deciding[0]}.dtype"
        if named:
            dtype, found = "dtype", dtype
            several = f"xp.result_type({', '.join(deciding)})"
            lines.append(f"dtype = {found if len(deciding) == 1 else several}")
        lines += [
            f'if not xp.isdtype({dtype}, "real floating"):',
            f'    raise TypeError(f"real floating-point numbers are expected, not {{{dtype}}}")',
        ]
    elif "dtype" in mentioned:
        lines.append("dtype = xp.float64")
    if "device" in mentioned or (arrays and scalars):
        lines.append(f'device = getattr({first[0]}, "device", None)')
    lines += _converted(arrays if len(arrays) > 1 else [], "dtype=dtype")
    lines += _converted(
        scalars if arrays else scalars[1:] and scalars, ON if arrays else "dtype=dtype"
    )
    return [*lines, *(f"{name} = xp.asarray({name})" for name in indices)]


def _converted(names: Sequence[str], kind: str) -> list[str]:
    """A statement that makes arrays of a type of the names."""
    if len(names) < 2:
        return [f"{name} = xp.asarray({name}, {kind})" for name in names]
    listed = ", ".join(names)
    return [f"{listed} = (xp.asarray(a, {kind}) for a in ({listed}))"]


def place(emission: Emission, name: str, places: Sequence[Place]) -> str:
    """The array with each axis that it does not fill placed among zeros."""
    dim = emission.spell.dim
    for k, (axis, start, step, count, total) in enumerate(places):
        if not is_whole((max(axis, 0), start, step, count, total)):
            name = f"_placed({name}, {k}, {dim(start)}, {step}, {dim(total)}, xp)"
    return name


ARRAY_API = Target(
    name="array_api",
    module=NAMESPACE,
    imports=(),
    spellings=SPELLINGS,
    prologue=prologue,
    embed=embedding(place),
    loop=listed_loop("xp.stack({parts})"),
    sweep=called_sweep("xp.concat"),
    weak_arguments=False,
    negative_places=False,
    single_axes=False,
    helpers={**HELPERS, "sweep": LISTED},
    keywords={NAMESPACE: "the namespace of the arrays; by default they tell it themselves"},
    whole_indices=True,
    translate=translated_template,
    translate_helpers=translated_helpers,
)
