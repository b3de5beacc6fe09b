"""`python -m benchmarks [subject …]`: prints Markdown."""

from __future__ import annotations

import sys
from importlib import import_module

from .measure import environment

SUBJECTS = ("hessians", "derivation", "startup", "depth")


def main(names: list[str]) -> int:
    """Run the subjects named, or all; 2 for an unknown one."""
    unknown = [n for n in names if n not in SUBJECTS]
    if unknown:
        print(f"no subject {unknown[0]}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    print(environment(), flush=True)
    for name in names or SUBJECTS:
        print("\n" + import_module(f"benchmarks.{name}").report(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
