"""How a function is spelled in each array library, where the libraries agree or nearly do."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

NAMESPACES = {"numpy": "np", "jax": "jnp", "torch": "torch", "tensorflow": "tf.math"}
BACKENDS = tuple(NAMESPACES)


def everywhere(name: str, operands: int = 1, **exceptions: str) -> dict[str, str]:
    """`name(…)` in every namespace; an exception is another name, or a whole template.

    >>> everywhere("arctan", tensorflow="atan")["tensorflow"]
    'tf.math.atan({0})'
    """
    arguments = ", ".join(f"{{{k}}}" for k in range(operands))
    result = {}
    for backend, prefix in NAMESPACES.items():
        special = exceptions.get(backend, name)
        result[backend] = special if "(" in special else f"{prefix}.{special}({arguments})"
    return result


def helpers(*sources: str) -> dict[str, str]:
    """Helper functions in which `xp` stands for the namespace, for NumPy and JAX."""
    text = joined(*sources)
    return {backend: text.replace("xp.", f"{NAMESPACES[backend]}.") for backend in ("numpy", "jax")}


def joined(*sources: str) -> str:
    """Helper functions one after the other."""
    return "\n\n\n".join(source.strip("\n") for source in sources) + "\n"


def number_text(value: Any) -> str:
    """An exact number as Python source: integers as they are, fractions as the nearest float."""
    if isinstance(value, Fraction):
        return repr(float(value))
    return repr(value)


def with_numbers(template: str) -> Any:
    """A template as a callable that writes its parameters with `number_text`."""

    def render(arguments: list[str], params: Mapping[str, Any]) -> str:
        return template.format(*arguments, **{k: number_text(v) for k, v in params.items()})

    return render
