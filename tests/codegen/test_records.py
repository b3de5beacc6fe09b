"""Every function of the registry, and its derivative, in the generated code of every framework."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.ir.record import Record
from eingrad.verify.reference import evaluate_all
from tests.codegen.backends import BACKENDS, call
from tests.functions.walk import all_records, cases, close

FREE_SIGNS = {"eigvecsh", "left_singular", "right_singular"}  # through eigvalsh, svdvals they count
TOLERANCE = {np.float64: 1e-9, np.float32: 2e-3}


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "record", [r for r in all_records() if r.name not in FREE_SIGNS], ids=lambda r: r.name
)
def test_value_and_derivatives_are_those_of_the_reference(
    record: Record, backend: str, dtype: type
) -> None:
    for what, node, variables, values in list(cases(record))[: None if dtype is np.float64 else 1]:
        slopes = {f"d{k}": differentiate(node, [v]) for k, v in enumerate(variables)}
        outputs = {"value": node, **slopes}
        generated = generate(outputs, arguments=variables, backend=backend)
        given = {k: np.asarray(v, dtype) for k, v in values.items()}
        found = call(backend, generated, given)
        found = found if len(outputs) > 1 else [found]
        wanted = evaluate_all(
            [node, *slopes.values()], {k: np.float64(v) for k, v in given.items()}
        )
        for one, expected in zip(found, wanted, strict=True):
            if given and record.name != "one_hot":  # an index does not say which type of reals
                assert np.asarray(one).dtype == dtype
            close(np.asarray(one), expected, what, rtol=TOLERANCE[dtype])
