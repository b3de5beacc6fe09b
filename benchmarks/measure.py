"""Timing that compares fairly: warm-up, interleaved rounds, medians, equal results asserted."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Call = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """A line of a table: a case, seconds for each contender, and what is asked of eingrad."""

    case: str
    seconds: Mapping[str, float]
    targets: Mapping[str, str]


def medians(calls: Mapping[str, Call], budget: float = 15.0, rounds: int = 15) -> dict[str, float]:
    """Median seconds of each call, taken in turns, so that a slow minute is slow for all of them.

    The order changes from round to round, and a turn is a call that does not count and then 20 ms
    of calls: what ran before leaves caches and free memory in a state of its own.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    random = np.random.default_rng(0)
    end = time.perf_counter() + budget
    for done in range(rounds):
        random.shuffle(order)
        for name in order:
            first = _seconds(calls[name], 1)
            often = int(min(100, max(1, 0.02 // max(first, 1e-7))))
            slow = first > 1.0
            times[name].append(first if slow else _seconds(calls[name], often))
        if done >= 4 and time.perf_counter() > end:
            break
    return {name: statistics.median(values) for name, values in times.items()}


def _seconds(call: Call, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def compare(
    case: str,
    calls: Mapping[str, Call],
    targets: Mapping[str, str],
    tolerance: float = 1e-9,
) -> Row:
    """Warm up, assert that all give the result of the first, and time them."""
    results = {name: np.asarray(call()) for name, call in calls.items()}
    first = next(iter(results.values()))
    for name, result in results.items():
        scale = np.abs(first).max(initial=1e-300)
        np.testing.assert_allclose(result, first, rtol=0, atol=tolerance * scale, err_msg=name)
    del results
    return Row(case, medians(calls), targets)


def jax_call(function: Callable[..., Any], *arrays: np.ndarray) -> Call:
    """A jitted JAX function on arrays that are with JAX already; waits for the result."""
    import jax

    compiled = jax.jit(function)
    placed = [jax.numpy.asarray(a) for a in arrays]
    return lambda: compiled(*placed).block_until_ready()


def use_double_precision() -> None:
    """JAX in float64, as everything here."""
    import jax

    jax.config.update("jax_enable_x64", True)


def torch_call(function: Callable[..., Any], *arrays: np.ndarray) -> Call:
    """A PyTorch function on tensors."""
    import torch

    placed = [torch.from_numpy(a) for a in arrays]
    return lambda: function(*placed)


def duration(seconds: float) -> str:
    """Seconds for people."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def ratio_table(title: str, rows: Sequence[Row]) -> str:
    """Markdown: seconds of each contender, and how many times eingrad's."""
    names = list(dict.fromkeys(name for row in rows for name in row.seconds))
    lines = [f"### {title}", "", f"| | {' | '.join(names)} | asked for |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for row in rows:
        mine = row.seconds["eingrad"]
        cells = []
        for name in names:
            if name not in row.seconds:
                cells.append("–")
            elif name == "eingrad":
                cells.append(duration(mine))
            else:
                cells.append(f"{duration(row.seconds[name])} ({row.seconds[name] / mine:.3g}×)")
        asked = ", ".join(f"{name} {target}" for name, target in row.targets.items())
        lines.append(f"| {row.case} | {' | '.join(cells)} | {asked} |")
    return "\n".join(lines)


def plain_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown from texts."""
    lines = [f"### {title}", "", f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def environment() -> str:
    """Processor, threads and versions, for the head of a report."""
    from importlib.metadata import version

    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "jax", "torch"))
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return (
        f"float64, {os.cpu_count()} cores ({_processor()}), {threads} BLAS threads, "
        f"NumPy's OpenBLAS ({_blas_kernels()}); {packages}. "
        "Medians of interleaved runs after warm-up; n× is a time as a multiple of eingrad's. "
        "Results are asserted to be equal."
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(x.split(":")[1].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown processor"


def _blas_kernels() -> str:
    """The kernels that NumPy's OpenBLAS chose, or was told to take."""
    import ctypes
    import glob

    folder = os.path.join(os.path.dirname(np.__file__), os.pardir, "numpy.libs")
    for path in glob.glob(os.path.join(folder, "libscipy_openblas*")):
        name = getattr(ctypes.CDLL(path), "scipy_openblas_get_corename64_", None)
        if name is not None:
            name.restype = ctypes.c_char_p
            told = ", by OPENBLAS_CORETYPE" if os.environ.get("OPENBLAS_CORETYPE") else ""
            return str(name().decode()) + told
    return "unknown"
