"""Every function of the registry, and its derivative, in generated code."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.ir.record import Record
from eingrad.verify.reference import evaluate_all
from tests.functions.walk import all_records, cases, close

FREE_SIGNS = {"eigvecsh", "left_singular", "right_singular"}  # through eigvalsh, svdvals they count
ONE_MATRIX = {"expm", "expm_slice"}  # the code of `expm_slice` does not take stacks


@pytest.mark.parametrize(
    "record", [r for r in all_records() if r.name not in FREE_SIGNS], ids=lambda r: r.name
)
def test_value_and_derivatives_are_those_of_the_reference(record: Record) -> None:
    for what, node, variables, values in cases(record):
        batch = not record.elementwise and variables and variables[0].shape[0].as_int() == 2
        if record.name in ONE_MATRIX and batch:
            continue
        slopes = {f"d{k}": differentiate(node, [v]) for k, v in enumerate(variables)}
        outputs = {"value": node, **slopes}
        function = generate(outputs, arguments=variables).function()
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        found = function(**{n: values[n] for n in names})
        found = found if len(outputs) > 1 else [found]
        wanted = evaluate_all([node, *slopes.values()], values)
        for one, expected in zip(found, wanted, strict=True):
            close(np.asarray(one), expected, what, rtol=1e-9)
