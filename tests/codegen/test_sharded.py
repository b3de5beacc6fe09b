"""Rows over many devices: one all-reduce, nothing gathered, nothing that grows with the rows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("sharded.py")
N, C = 5, 3
TIMEOUT = 240


def start(devices, *words):
    """The program in a fresh process that has so many devices."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(processes):
    """What the processes print; all of them end here, whatever happens."""
    try:
        said = [process.communicate(timeout=TIMEOUT) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    for process, (_, errors) in zip(processes, said, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [json.loads(output.strip().splitlines()[-1]) for output, _ in said]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def eight():
    pytest.importorskip("jax")
    (result,) = finish([start(8)])
    return result


@pytest.fixture(scope="module")
def two():
    pytest.importorskip("jax")
    port = free_port()
    return finish([start(1, port, k, 2) for k in range(2)])


def cases(result):
    return [(n, o, found) for n, made in result["losses"].items() for o, found in made.items()]


def assert_one_all_reduce(result):
    found = cases(result)
    assert {o for _, o, _ in found} == {
        *("value", "gradient", "hessian", "value gradient hessian", "Gauss-Newton", "blocks")
    }
    for name, asked, told in found:
        if name == "root mean square":
            continue  # below
        others = {k: v for k, v in told["collectives"].items() if k != "all-reduce"}
        assert told["collectives"]["all-reduce"] == 1, (name, asked, told)
        assert not any(others.values()), (name, asked, told)
        assert told["error"] < 1e-12, (name, asked, told)


def test_eight_devices_exchange_one_all_reduce(eight):
    assert (eight["devices"], eight["processes"]) == (8, 1)
    assert_one_all_reduce(eight)


def test_what_is_exchanged_is_as_large_as_the_result(eight):
    for name in ("least squares", "mean square", "logistic", "Poisson"):
        told = eight["losses"][name]
        assert told["value"]["bytes"] == 8
        assert told["hessian"]["bytes"] == 8 * N * N
        assert told["value gradient hessian"]["bytes"] == 8 * (1 + N + N * N)
    assert eight["losses"]["logistic"]["gradient"]["bytes"] == 8 * N
    softmax = eight["losses"]["softmax"]
    assert softmax["gradient"]["bytes"] == 8 * N * C
    # The blocks of the Hessian on the diagonal are reduced apart from the full array.
    assert softmax["hessian"]["bytes"] == 8 * (N * C * N * C + N * C * N)


def test_a_sum_below_a_root_is_reduced_first(eight):
    """The written form of its Hessian needs ‖r‖ and Xᵀr before it sums over the rows again; cut
    at its sums, one all-reduce will do."""
    told = dict(eight["losses"]["root mean square"])
    blocks = told.pop("blocks")
    assert blocks["collectives"]["all-reduce"] == 1
    assert not any(v for k, v in blocks["collectives"].items() if k != "all-reduce")
    assert blocks["bytes"] == 8 * (1 + N + N * N)
    assert blocks["error"] < 1e-12
    for asked, found in told.items():
        others = {k: v for k, v in found["collectives"].items() if k != "all-reduce"}
        assert not any(others.values()), asked
        assert found["collectives"]["all-reduce"] == (2 if "hessian" in asked else 1), asked
        assert found["bytes"] <= 8 * (2 + 2 * N + 2 * N * N)
        assert found["error"] < 1e-12, asked


def test_rows_that_meet_are_gathered_and_the_count_shows_it(eight):
    assert eight["rows that meet"]["collectives"]["all-gather"] >= 1


@pytest.mark.slow
def test_two_processes_exchange_one_all_reduce_and_agree(two):
    for result in two:
        assert (result["devices"], result["processes"]) == (2, 2)
        assert_one_all_reduce(result)
    assert two[0]["losses"] == two[1]["losses"]
