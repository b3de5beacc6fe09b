"""The sign of a permutation of axes, read as a permutation of entries."""

from __future__ import annotations

import math
from collections.abc import Sequence


def parity(sizes: Sequence[int], order: Sequence[int]) -> float:
    """±1: the determinant of the matrix that turns an array's axes into the given order.

    Exchanging two neighbouring axes of p and q entries inverts p(p−1)/2 · q(q−1)/2 pairs for each
    setting of the others.

    >>> parity((2, 2), (1, 0)), parity((2, 3), (1, 0)), parity((4, 3), (0, 1))
    (-1.0, -1.0, 1.0)
    """
    current = list(order)
    total = math.prod(sizes)
    odd = 0
    for end in range(len(current) - 1, 0, -1):  # bubble sort, counting the exchanges
        for k in range(end):
            if current[k] > current[k + 1]:
                p, q = sizes[current[k]], sizes[current[k + 1]]
                if p and q:
                    pairs = (p * (p - 1) // 2) * (q * (q - 1) // 2)
                    odd += pairs * (total // (p * q))
                current[k], current[k + 1] = current[k + 1], current[k]
    return -1.0 if odd % 2 else 1.0
