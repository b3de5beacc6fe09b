"""PyTorch: pure functions of tensors, ready for `torch.func` and `torch.compile`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from .functional import Place, embedding
from .recurrences import listed_loop
from .sweeps import LISTED, called_sweep
from .target import Target
from .torch_patterns import HELPERS, PATTERNS

if TYPE_CHECKING:
    from ..emit import Emission

SPELLINGS = {
    "T": "{0}.T",
    "transpose": "{0}.permute({axes})",
    "reshape": "{0}.reshape({shape})",
    "broadcast": "{0}.expand({shape})",
    "full": "torch.full({shape}, {0}, dtype=dtype, device=device)",
    "ones": "torch.ones({shape}, dtype=dtype, device=device)",
    "zeros": "torch.zeros({shape}, dtype=dtype, device=device)",
    "eye": "torch.eye({n}, dtype=dtype, device=device)",
    "eye_mask": "torch.eye({n}, dtype=torch.bool, device=device)",
    "where": "torch.where({0}, {1}, {2})",
    "zero": "0",
    "scalar": "torch.full((), {0}, dtype=dtype, device=device)",
    "copy": "{0}.clone()",
    "materialised": "{0}.expand({shape}).clone()",
    "array": "torch.tensor({data}, dtype=dtype, device=device)",
    "diagonal": "torch.diagonal({0}, dim1={axis1}, dim2={axis2})",
    "matrix_diagonal": "torch.diagonal({0})",
    "diag": "torch.diag({0})",
    "trace": "torch.trace({0})",
    "sum": "{0}.sum(dim={axes})",
    "sum_all": "{0}.sum()",
    "vdot": "({0} * {1}).sum()",
    "tensordot": "torch.tensordot({0}, {1}, dims={axes})",
    "solve": "torch.linalg.solve({0}, {1})",
    "clip": "torch.clamp({0}, {low}, {high})",
    "sqrt": "torch.sqrt({0})",
    "power": "{0} ** {exponent}",
    "tril": "torch.tril({0}, {k})",
    "triu": "torch.triu({0}, {k})",
    "tril0": "torch.tril({0})",
    "triu0": "torch.triu({0})",
    "cumsum": "torch.cumsum({0}, dim={axis})",
    "reversed_cumsum": "torch.flip(torch.cumsum(torch.flip({0}, ({axis},)), {axis}), ({axis},))",
    "flip": "torch.flip({0}, {axes})",
    "lower_pattern": "torch.ones(({rows}, {columns}), dtype=dtype, device=device).tril({k})",
    "upper_pattern": "torch.ones(({columns}, {rows}), dtype=dtype, device=device).tril({k}).T",
    "selection_pattern": (
        "({start} + {step} * torch.arange({rows}, device=device)[:, None] "
        "== torch.arange({columns}, device=device)).to(dtype)"
    ),
    "concatenate": "torch.cat({parts}, dim={axis})",
    **PATTERNS,
}


def prologue(
    arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str], mentioned: Set[str]
) -> list[str]:
    """Statements that make tensors of the arguments.

    No tensor is cast or moved: PyTorch itself reports types or devices that do not go together.
    Only Python numbers take the type and the device of the others.
    """
    lines = []
    given = [*arrays, *indices]
    if len(given) == 1:
        lines.append(f"{given[0]} = torch.as_tensor({given[0]})")
    elif given:
        listed = ", ".join(given)
        lines.append(f"{listed} = (torch.as_tensor(a) for a in ({listed}))")
    alone = not arrays and len(scalars) == 1
    wanted = mentioned | {"dtype", "device"} if scalars and not alone else mentioned
    if alone:
        (s,) = scalars
        made = f"torch.tensor({s}, dtype=torch.get_default_dtype())"
        lines.append(f"{s} = {s} if isinstance({s}, torch.Tensor) else {made}")
    lines += _properties(
        [p for p in ("dtype", "device") if p in wanted],
        scalars if alone else arrays,
        scalars,
        indices,
    )
    made = "{0} if isinstance({0}, torch.Tensor) else torch.tensor({0}, dtype=dtype, device=device)"
    if len(scalars) == 1 and arrays:
        lines.append(f"{scalars[0]} = {made.format(scalars[0])}")
    elif len(scalars) > 1:
        listed = ", ".join(scalars)
        lines.append(f"{listed} = ({made.format('a')} for a in ({listed}))")
    return lines + _checks([*arrays, *scalars])


def _properties(
    wanted: Sequence[str], arrays: Sequence[str], scalars: Sequence[str], indices: Sequence[str]
) -> list[str]:
    """The definitions of `dtype` and `device`."""
    if not wanted:
        return []
    if scalars and not arrays:  # the first that is a tensor decides
        default = {"dtype": "torch.get_default_dtype()", "device": "None"}
        tensors = f"for a in ({', '.join(scalars)}) if isinstance(a, torch.Tensor)"
        return [f"{p} = next((a.{p} {tensors}), {default[p]})" for p in wanted]
    dtype = f"{arrays[0]}.dtype" if arrays else "torch.get_default_dtype()"
    device = f"{[*arrays, *indices][0]}.device" if arrays or indices else "None"
    found = {"dtype": dtype, "device": device}
    return [f"{', '.join(wanted)} = {', '.join(found[p] for p in wanted)}"]


def _checks(names: Sequence[str]) -> list[str]:
    """Statements that refuse whole and complex numbers."""
    if not names:
        return []
    if len(names) == 1:
        (name,) = names
        return [
            f"if not {name}.is_floating_point():",
            f'    raise TypeError(f"{name} must hold real numbers, not {{{name}.dtype}}")',
        ]
    pairs = ", ".join(f'("{name}", {name})' for name in names)
    return [
        f"for name, array in ({pairs}):",
        "    if not array.is_floating_point():",
        '        raise TypeError(f"{name} must hold real numbers, not {array.dtype}")',
    ]


def place(emission: Emission, name: str, places: Sequence[Place]) -> str:
    """The array among zeros, one axis after the other, from the last: scattered into a slice."""
    spell = emission.spell
    axes = tuple(k for k, (_, _, step, _, _) in enumerate(places) if step < 0)
    text = spell.fill_text("flip", name, axes=axes) if axes else name
    shape = [count for _, _, _, count, _ in places]
    for k in reversed(range(len(places))):
        _, start, step, count, total = places[k]
        if count == total and abs(step) == 1:
            continue
        shape[k] = total
        first = start if step > 0 else start + (count - 1) * step
        steps = abs(step)
        stop = first + count * steps - (steps - 1)
        where = f"{k}, {spell.dim(first)}, {spell.dim(stop)}" + (f", {steps}" if steps > 1 else "")
        zeros = spell.fill_text("zeros", shape=shape)
        text = f"{zeros}.slice_scatter({text}, {where})"
    return text


TORCH = Target(
    name="torch",
    module="torch",
    imports=("import torch",),
    spellings=SPELLINGS,
    prologue=prologue,
    embed=embedding(place),
    loop=listed_loop("torch.stack({parts})"),
    sweep=called_sweep("torch.cat"),
    weak_arguments=False,
    single_axes=False,
    helpers={**HELPERS, "sweep": LISTED},
    fuses=True,
)
