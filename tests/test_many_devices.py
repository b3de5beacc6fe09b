"""The programs of docs/many-devices.md run as they stand, and print what the page shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "many-devices.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
TIMEOUT = 240


def programs():
    found = PROGRAM.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) == 4
    return [
        pytest.param(source, output, id=name)
        for (source, output), name in zip(
            found, ("devices", "processes", "blocks", "dask"), strict=True
        )
    ]


def run(source, folder, *arguments):
    (folder / "program.py").write_text(source, encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    return subprocess.Popen(
        [sys.executable, "program.py", *arguments],
        cwd=folder,
        env={**clean, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.mark.slow
@pytest.mark.parametrize(("source", "output"), programs())
def test_programs_print_what_is_shown(source, output, tmp_path):
    for module in ("jax", "dask"):
        if f"import {module}" in source:
            pytest.importorskip(module)
    given = [[]]
    if "sys.argv" in source:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{s.getsockname()[1]}"
        given = [[address, "0"], [address, "1"]]
    processes = [run(source, tmp_path, *arguments) for arguments in given]
    try:
        said = [process.communicate(timeout=TIMEOUT) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    for process, (_, errors) in zip(processes, said, strict=True):
        assert process.returncode == 0, errors[-3000:]
        assert "block" not in errors  # no progress where there is no terminal
    lines = "".join(printed for printed, _ in said).splitlines()
    assert [line for line in lines if not line.startswith("[Gloo]")] == output.splitlines()
