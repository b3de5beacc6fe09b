"""From passes to a module: imports, the passes, and what registers them with the framework."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..codegen import Generated
from .jax import jax_rule
from .passes import Passes
from .tensorflow import tensorflow_rule
from .torch import torch_rule

FRAMEWORKS = ("jax", "torch", "tensorflow")


def module_source(passes: Passes, notes: Sequence[str], library: bool = False) -> str:
    """The module: the function with its rule, and no dependency but the framework.

    Parameters
    ----------
    notes:
        The lines of its documentation.
    library:
        For PyTorch: register an operator of `torch.library` instead of an `autograd.Function`.
    """
    made = (passes.forward, passes.backward, passes.tangent, passes.second, passes.inner)
    functions = [f for f in made if f is not None]
    if passes.backend == "jax":
        rule = jax_rule(passes)
    elif passes.backend == "torch":
        rule = torch_rule(passes, library)
    else:
        rule = tensorflow_rule(passes)
    blocks = [*_helpers(functions), *(f.definition for f in functions), rule.strip("\n")]
    imports = {line for f in functions for line in f.imports}
    if passes.backend == "jax":
        imports.add("import jax")
    documented = [line.replace("\\", "/").replace('"', "'") for line in notes]
    head = ['"""' + documented[0], *documented[1:], '"""', "", *sorted(imports)]
    source = "\n\n\n".join(["\n".join(head), *blocks]) + "\n"
    ast.parse(source)
    return source


def _helpers(functions: Sequence[Generated]) -> list[str]:
    """The functions that the passes call, each once."""
    return list(dict.fromkeys(helper for f in functions for helper in f.helpers))
