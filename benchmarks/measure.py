"""Timing that compares fairly: warm-up, interleaved rounds, medians, equal results asserted.

A rival that cannot be measured is never left out: its place in the table says why, in words.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Call = Callable[[], Any]

# What is too much for a rival: seconds of one warm call, bytes of what it would hold.
LIMIT_SECONDS = 60.0
LIMIT_BYTES = 4e9


@dataclass(frozen=True)
class Row:
    """A line of a table: a case, seconds for each contender, and what is asked of eingrad.

    `words` stand where a contender has no seconds: why it has none.
    """

    case: str
    seconds: Mapping[str, float]
    targets: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)


def medians(
    calls: Mapping[str, Call], budget: float = 15.0, rounds: int = 15, least: int = 5
) -> dict[str, float]:
    """Median seconds of each call, taken in turns, so that a slow minute is slow for all of them.

    The order changes from round to round, and a turn is a call that does not count and then 20 ms
    of calls: what ran before leaves caches and free memory in a state of its own. A call over a
    second counts alone. At least so many rounds are run, more while the budget of seconds lasts.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    random = np.random.default_rng(0)
    end = time.perf_counter() + budget
    for done in range(rounds):
        random.shuffle(order)
        for name in order:
            first = seconds_of(calls[name])
            often = int(min(100, max(1, 0.02 // max(first, 1e-7))))
            slow = first > 1.0
            times[name].append(first if slow else seconds_of(calls[name], often))
        if done + 1 >= least and time.perf_counter() > end:
            break
    return {name: statistics.median(values) for name, values in times.items()}


def seconds_of(call: Call, times: int = 1) -> float:
    """Seconds of one call, on the average of several in a row."""
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
    expected = np.asarray(next(iter(calls.values()))())
    able, words = admit(case, calls, expected, tolerance)
    progress(f"{case}: timing")
    return Row(case, medians(able), targets, words)


def admit(
    case: str, calls: Mapping[str, Call], expected: np.ndarray, tolerance: float
) -> tuple[dict[str, Call], dict[str, str]]:
    """Warm each call up; assert its result; say in words which ones cannot run or take too long.

    The tolerance is relative to the largest entry of what is expected.
    """
    able, words = {}, {}
    scale = np.abs(expected).max(initial=1e-300)
    for name, call in calls.items():
        progress(f"{case}: {name}")
        try:
            result = np.asarray(call())
        except Exception as error:
            words[name] = failure(error)
            continue
        # A number would be compared with every entry.
        assert result.shape == expected.shape, f"{case}: {name} has shape {result.shape}"
        np.testing.assert_allclose(
            result, expected, rtol=0, atol=tolerance * scale, err_msg=f"{case}: {name}"
        )
        del result
        seconds = seconds_of(call)
        if seconds > LIMIT_SECONDS:
            words[name] = f"{duration(seconds)} for one warm call, over {LIMIT_SECONDS:g} s"
        else:
            able[name] = call
    return able, words


def failure(error: Exception) -> str:
    """What a framework cannot do, in words; any other error is one of the benchmark: raised."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        return "out of memory"
    if isinstance(error, RuntimeError) and (
        "RESOURCE_EXHAUSTED" in message or "not enough memory" in message
    ):
        return "out of memory"
    if "unsupported operations" in message:
        found = re.search(r"No registered '(\w+)' OpKernel", message)
        return f"cannot compile {found[1]}" if found else "cannot compile it"
    raise error


def too_large(what: str, nbytes: float) -> str | None:
    """The words for something that nobody should be asked to hold; None if it is within limits."""
    if nbytes <= LIMIT_BYTES:
        return None
    return f"{what}: {size(nbytes)}, over {size(LIMIT_BYTES)}"


def progress(text: str = "") -> None:
    """Says on a terminal what is being done; no text clears the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Seconds for people."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(nbytes: float) -> str:
    """Bytes for people."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if nbytes >= scale:
            return f"{nbytes / scale:.3g} {unit}"
    return f"{nbytes / 1e3:.3g} kB"


def ratio_table(title: str, rows: Sequence[Row]) -> str:
    """Markdown: seconds of each contender, and how many times eingrad's."""
    names = list(dict.fromkeys(name for row in rows for name in (*row.seconds, *row.words)))
    lines = [f"### {title}", "", f"| | {' | '.join(names)} | asked for |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for row in rows:
        mine = row.seconds["eingrad"]
        cells = []
        for name in names:
            if name not in row.seconds:
                cells.append(row.words.get(name, "–"))
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
    packages = ", ".join(map(_version, ("numpy", "scipy", "jax", "torch", "tensorflow")))
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return (
        f"float64 where no other type is stated, {os.cpu_count()} cores ({_processor()}), "
        f"{threads} threads for BLAS and PyTorch, all cores for JAX and TensorFlow; "
        f"NumPy's OpenBLAS ({_blas_kernels()}); "
        f"Python {sys.version.split()[0]}, {packages}. "
        "Medians of interleaved runs after warm-up; n× is a time as a multiple of eingrad's. "
        "Results are asserted to be equal."
    )


def _version(package: str) -> str:
    """A package and its version; TensorFlow without CUDA goes by another name."""
    from importlib.metadata import PackageNotFoundError, version

    for name in (package, f"{package}-cpu"):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return f"no {package}"


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
