"""The derivations that are kept as text, for the formulas of the main table.

`python -m tests.explain.goldens` writes them anew; read the difference before it is committed.
"""

from pathlib import Path

from eingrad.calculus.explained import explanation
from eingrad.explain import ROUTES
from tests.test_table import TABLE

FOLDER = Path(__file__).parent / "golden"
NAMES = {
    "x'*A*x": "quadratic_form",
    "norm2(A*x-y)^2": "least_squares",
    "tr(A*X'*B*X*C)": "trace",
    "log(det(inv(X)))": "log_determinant",
    "sum(log(exp(-y.*(X*w))+1))": "logistic_loss",
    "norm2(T-U*V')^2": "factorisation",
    "A*B": "matrix_product",
    "exp(x)": "exponential",
    "softmax(x)": "softmax",
    "inv(X)": "inverse",
    "x'*inv(A)*x": "inverse_quadratic_form",
    "norm2(x)": "norm",
}


def rows():
    """The rows of the table by the name of their file; forms of one derivative are one row."""
    found = {}
    for row in TABLE:
        name = "_".join([NAMES[row.expression], "by", *row.wrt, *row.let])
        found.setdefault(name, row)
    return found


def text(row):
    """All routes in full, and the short form of the first."""
    d = row.derivative()
    parts = []
    for route, level in [(ROUTES[0], "short"), *((r, "full") for r in ROUTES)]:
        parts += [f"--- {row.expression} by {', '.join(row.wrt)}: {route}, {level}", ""]
        parts += [str(explanation(d, route, level)), ""]
    return "\n".join(parts)


def write():
    """Write every file anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, row in rows().items():
        (FOLDER / f"{name}.txt").write_text(text(row), encoding="utf-8")


if __name__ == "__main__":
    write()
