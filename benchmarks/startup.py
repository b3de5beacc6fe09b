"""Time until something is there: the import, and an answer at the command line with its check."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from .measure import duration, plain_table

COMMANDS = {
    "`import eingrad`": ([sys.executable, "-c", "import eingrad"], "≤ 0.2 s"),
    "bare Python": ([sys.executable, "-c", "pass"], ""),
    "`import numpy`": ([sys.executable, "-c", "import numpy"], ""),
    "`eingrad derive` with its check": (
        [
            sys.executable,
            "-c",
            "from eingrad.apps.cli import main; main()",
            "derive",
            "sum(log(exp(-y.*(X*w))+1))",
            "--wrt",
            "w",
        ],
        "≤ 0.6 s",
    ),
}


def report(rounds: int = 7) -> str:
    """Medians of whole processes, interpreter included."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, (command, _) in COMMANDS.items():
            times[name].append(_run(command))
    rows = [
        [name, duration(statistics.median(times[name])), asked]
        for name, (_, asked) in COMMANDS.items()
    ]
    return plain_table("Start", ["", "median", "asked for"], rows)


def _run(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
