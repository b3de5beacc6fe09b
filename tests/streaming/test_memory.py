"""Data on disk that is larger than the memory that the process may have."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

ROWS, COLUMNS, BLOCK = 2_000_000, 25, 100_000  # 400 MB
LIMIT = 200 * 10**6

PROGRAM = """
import json, resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
import eingrad

folder, m, n = sys.argv[1], {m}, {n}
loss = eingrad.parse("sum(log(exp(-y.*(X*w)) + 1))", X="m n", y="m", w="n")
blocks = eingrad.hessian(loss, "w").blockwise("m", outputs=("value", "gradient", "hessian"))
X = np.memmap(folder + "/X", np.float64, "r", shape=(m, n))
y = np.memmap(folder + "/y", np.float64, "r", shape=(m,))
got = blocks(X=X, y=y, w=np.linspace(-1, 1, n))
with open("/proc/self/status") as status:
    (peak,) = (int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({{"peak": peak, "result": [np.asarray(a).tolist() for a in got]}}))
"""


def plain(X, y, w):
    """Value, gradient and Hessian of the loss, written out."""
    z = -y * (X @ w)
    p = 1 / (1 + np.exp(-z))
    return np.logaddexp(0, z).sum(), -X.T @ (y * p), (X.T * (y * y * p * (1 - p))) @ X


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells the peak")
def test_a_file_of_400_mb_in_less_than_half_of_that(tmp_path):
    rng = np.random.default_rng(8)
    X = np.memmap(tmp_path / "X", np.float64, "w+", shape=(ROWS, COLUMNS))
    y = np.memmap(tmp_path / "y", np.float64, "w+", shape=(ROWS,))
    w = np.linspace(-1, 1, COLUMNS)
    expected = [0.0, 0.0, 0.0]
    for start in range(0, ROWS, BLOCK):
        rows = slice(start, start + BLOCK)
        X[rows] = rng.random((BLOCK, COLUMNS), np.float32) - 0.5
        y[rows] = np.sign(rng.random(BLOCK) - 0.5)
        parts = plain(X[rows], y[rows], w)
        expected = [a + b for a, b in zip(expected, parts, strict=True)]
    # Not flushed: other processes see the pages, and a slow disk is not what is tested.
    size = X.nbytes + y.nbytes
    del X, y
    assert size > 400 * 10**6 > 2 * LIMIT - 1
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(limit=LIMIT, m=ROWS, n=COLUMNS), str(tmp_path)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        for name in ("X", "y"):
            (tmp_path / name).unlink()  # they are large, and temporary folders are kept
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["peak"] < LIMIT
    for a, b in zip(told["result"], expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * np.abs(b).max())
