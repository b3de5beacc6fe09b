"""`python -m benchmarks [--native] [subject …]`: prints Markdown.

`OPENBLAS_CORETYPE` in the environment may keep NumPy from the processor's best kernels, which JAX
and PyTorch use in any case. The report says so; `--native` starts again without that variable.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

SUBJECTS = (
    *("hessians", "structured", "frameworks", "networks"),
    *("derivation", "startup", "depth", "gpu"),
)


def main(arguments: list[str]) -> int:
    """Run the subjects named, or all; 2 for an unknown one."""
    names = [a for a in arguments if a != "--native"]
    unknown = [n for n in names if n not in SUBJECTS]
    if unknown:
        print(f"no subject {unknown[0]}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    if "--native" in arguments and os.environ.pop("OPENBLAS_CORETYPE", None):
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *names])
    # TensorFlow announces the processor's features on stderr otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from .measure import environment

    print(environment(), flush=True)
    for name in names or SUBJECTS:
        print("\n" + import_module(f"benchmarks.{name}").report(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
