"""Every function of the registry, and its derivative, in the generated code of every framework."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.codegen import generate
from eingrad.codegen.targets import TARGETS
from eingrad.differentiate import differentiate
from eingrad.errors import UnsupportedError
from eingrad.ir import walk
from eingrad.ir.node import Apply, Node
from eingrad.ir.record import Record
from eingrad.verify.reference import evaluate_all
from tests.codegen.backends import BACKENDS, call
from tests.functions.walk import all_records, cases, close, parameters

FREE_SIGNS = {"eigvecsh", "left_singular", "right_singular"}  # through eigvalsh, svdvals they count
WRITTEN_APART = {"one_hot", "power"}  # operations of their own
LACKING = {"array_api": 8}  # how many functions a backend may refuse; others none
TOLERANCE = {np.float64: 1e-9, np.float32: 2e-3}


def lacking(backend: str) -> set[str]:
    """The functions that a backend has no code for, in their values or in the code of those."""
    target = TARGETS[backend]
    found = set()
    for record in all_records():
        if record.name in WRITTEN_APART:
            continue
        try:
            for params in parameters(record):
                target.function_template(record.name, len(record.domain), params)
            target.helper(record.name)
        except UnsupportedError:
            found.add(record.name)
    return found


REFUSED = {backend: lacking(backend) for backend in BACKENDS}


def refused(node: Node, backend: str) -> set[str]:
    """The functions below a node that the backend has no code for."""
    functions = {n.function for n in walk.topological(node) if isinstance(n, Apply)}
    return functions & REFUSED[backend]


@pytest.mark.parametrize("backend", BACKENDS)
def test_few_functions_are_refused(backend: str) -> None:
    assert len(REFUSED[backend]) <= LACKING.get(backend, 0), REFUSED[backend]


@pytest.mark.parametrize(
    ("backend", "name"), [(b, name) for b in BACKENDS for name in sorted(REFUSED[b])]
)
def test_a_refusal_names_function_and_backend(backend: str, name: str) -> None:
    record = next(r for r in all_records() if r.name == name)
    for _, node, variables, _ in cases(record):
        for output in (node, *(differentiate(node, [v]) for v in variables)):
            reasons = refused(output, backend)
            if reasons:
                with pytest.raises(UnsupportedError) as error:
                    generate({"y": output}, backend=backend)
                assert any(
                    str(error.value).startswith(f"{r} has no code for {backend}") for r in reasons
                )


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
        outputs = {
            key: output
            for key, output in {"value": node, **slopes}.items()
            if not refused(output, backend)
        }
        if not outputs:
            continue
        generated = generate(outputs, arguments=variables, backend=backend)
        given = {k: np.asarray(v, dtype) for k, v in values.items()}
        found = call(backend, generated, given)
        found = found if len(outputs) > 1 else [found]
        wanted = evaluate_all(list(outputs.values()), {k: np.float64(v) for k, v in given.items()})
        for one, expected in zip(found, wanted, strict=True):
            if given and record.name != "one_hot":  # an index does not say which type of reals
                assert np.asarray(one).dtype == dtype
            close(np.asarray(one), expected, what, rtol=TOLERANCE[dtype])
