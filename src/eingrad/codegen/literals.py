"""Arrays as source."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def data_text(array: np.ndarray) -> str:
    """An array as nested lists in source, exactly; `math` is imported where that is named."""

    def item(x: Any) -> str:
        if isinstance(x, list):
            return f"[{', '.join(map(item, x))}]"
        if isinstance(x, float) and not math.isfinite(x):
            return "math.nan" if math.isnan(x) else "math.inf" if x > 0 else "-math.inf"
        return repr(x)

    return item(array.tolist())
