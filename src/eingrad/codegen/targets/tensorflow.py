"""TensorFlow: pure functions of tensors with static shapes, for eager calls and `tf.function`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from .functional import Place, embedding
from .recurrences import listed_loop
from .sweeps import LISTED, called_sweep
from .target import Target
from .tensorflow_patterns import HELPERS, PATTERNS

if TYPE_CHECKING:
    from ..emit import Emission

SPELLINGS = {
    "T": "tf.transpose({0})",
    "transpose": "tf.transpose({0}, ({axes}))",
    "reshape": "tf.reshape({0}, {shape})",
    "broadcast": "tf.broadcast_to({0}, {shape})",
    "full": "tf.fill({shape}, tf.constant({0}, dtype))",
    "ones": "tf.ones({shape}, dtype)",
    "zeros": "tf.zeros({shape}, dtype)",
    "eye": "tf.eye({n}, dtype=dtype)",
    "eye_mask": "tf.eye({n}, dtype=tf.bool)",
    "where": "tf.where({0}, {1}, {2})",
    "deep_where": "tf.math.multiply_no_nan({1}, tf.cast({0}, dtype))",
    "zero": "0",
    "scalar": "tf.constant({0}, dtype)",
    "copy": "{0}",
    "materialised": "tf.broadcast_to({0}, {shape})",
    "array": "tf.constant({data}, dtype)",
    "matrix_diagonal": "tf.linalg.diag_part({0})",
    "last_diagonal": "tf.linalg.diag_part({0})",
    "diag": "tf.linalg.diag({0})",
    "trace": "tf.linalg.trace({0})",
    "sum": "tf.reduce_sum({0}, axis={axes})",
    "sum_all": "tf.reduce_sum({0})",
    # `@` takes no vectors; transposes are flags, so that no array is turned round in memory.
    "matvec": "tf.linalg.matvec({0}, {1})",
    "matvec_a": "tf.linalg.matvec({0}, {1}, transpose_a=True)",
    "vecmat": "tf.linalg.matvec({1}, {0}, transpose_a=True)",
    "vecmat_b": "tf.linalg.matvec({1}, {0})",
    "dot": "tf.tensordot({0}, {1}, axes=1)",
    "matmul": "{0} @ {1}",
    "matmul_a": "tf.matmul({0}, {1}, transpose_a=True)",
    "matmul_b": "tf.matmul({0}, {1}, transpose_b=True)",
    "matmul_ab": "tf.matmul({0}, {1}, transpose_a=True, transpose_b=True)",
    "vdot": "tf.tensordot({0}, {1}, axes={ndim})",
    "tensordot": "tf.tensordot({0}, {1}, axes={axes})",
    "solve": "tf.linalg.solve({0}, {1})",
    "solve_a": "tf.linalg.solve({0}, {1}, adjoint=True)",
    "solve_vector": "tf.linalg.solve({0}, {1}[:, None])[:, 0]",
    "solve_vector_a": "tf.linalg.solve({0}, {1}[:, None], adjoint=True)[:, 0]",
    "clip": "tf.clip_by_value({0}, {low}, {high})",
    "sqrt": "tf.sqrt({0})",
    "power": "{0} ** {exponent}",
    "tril0": "tf.linalg.band_part({0}, -1, 0)",
    "triu0": "tf.linalg.band_part({0}, 0, -1)",
    "cumsum": "tf.cumsum({0}, axis={axis})",
    "reversed_cumsum": "tf.cumsum({0}, axis={axis}, reverse=True)",
    "lower_pattern": "tf.cast(tf.range({rows})[:, None] + {k} >= tf.range({columns}), dtype)",
    "upper_pattern": "tf.cast(tf.range({rows})[:, None] <= tf.range({columns}) + {k}, dtype)",
    "selection_pattern": (
        "tf.cast({start} + {step} * tf.range({rows})[:, None] == tf.range({columns}), dtype)"
    ),
    "concatenate": "tf.concat({parts}, axis={axis})",
    **PATTERNS,
}


def prologue(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str]:
    """Statements that make tensors of the arguments; the first array says of which floating type.

    TensorFlow promotes nothing: it refuses a tensor of another type.
    """
    whole = [f"{name} = tf.convert_to_tensor({name})" for name in indices]
    everything = [*arrays, *scalars]
    if not everything:
        return [*(["dtype = tf.float64"] if "dtype" in mentioned else []), *whole]
    first, *others = everything
    dtype = "dtype" if others or "dtype" in mentioned else f"{first}.dtype"
    lines = [f"{first} = tf.convert_to_tensor({first})"]
    if dtype == "dtype":
        lines.append(f"dtype = {first}.dtype")
    lines += [
        f"if not {dtype}.is_floating:",
        f'    raise TypeError(f"real numbers are expected, not {{{dtype}.name}}")',
    ]
    if len(others) == 1:
        lines.append(f"{others[0]} = tf.convert_to_tensor({others[0]}, dtype)")
    elif others:
        listed = ", ".join(others)
        lines.append(f"{listed} = (tf.convert_to_tensor(a, dtype) for a in ({listed}))")
    return [*lines, *whole]


def sizes_needed(names: Sequence[str]) -> list[str]:
    """Statements that refuse axes that `tf.function` traces with no size where the code uses it.

    Axes whose sizes nothing uses may be unknown; an unknown size within arithmetic would be an
    error of Python that names no argument.
    """
    if len(names) == 1:
        condition, what = f"{names[0]} is None", f"the size {names[0]}"
    else:
        condition, what = f"None in ({', '.join(names)})", f"the sizes {', '.join(names)}"
    message = f"{what} must be known: give input_signature the shapes"
    return [f"if {condition}:", f'    raise ValueError("{message}")']


def place(emission: Emission, name: str, places: Sequence[Place]) -> str:
    """The array padded with zeros; where its entries lie apart, by the adjoint of a slice."""
    spell = emission.spell
    if all(step == 1 for _, _, step, _, _ in places):
        widths = [
            f"({spell.dim(start)}, {spell.dim(total - start - count)})"
            for _, start, _, count, total in places
        ]
        return f"tf.pad({name}, [{', '.join(widths)}])"
    turned = ", ".join("::-1" if step < 0 else ":" for _, _, step, _, _ in places)
    upwards = f"{name}[{turned}]" if "-" in turned else name
    first = [
        spell.dim(start if step > 0 else start + (count - 1) * step)
        for _, start, step, count, _ in places
    ]
    steps = [str(abs(step)) for _, _, step, _, _ in places]
    shape = spell.shape(total for *_, total in places)
    return f"_placed({upwards}, [{', '.join(first)}], [{', '.join(steps)}], {shape})"


TENSORFLOW = Target(
    name="tensorflow",
    module="tf",
    imports=("import tensorflow as tf",),
    spellings=SPELLINGS,
    prologue=prologue,
    embed=embedding(place),
    loop=listed_loop("tf.stack({parts})"),
    sweep=called_sweep("functools.partial(tf.concat, axis=0)"),
    weak_arguments=False,
    negative_places=False,
    broadcast_axes=5,
    helpers={**HELPERS, "sweep": LISTED},
    fuses=True,
    sizes_needed=sizes_needed,
)
