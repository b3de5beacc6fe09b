"""Newton's method for logistic regression, with the gradient and Hessian that eingrad derives.

Fits scikit-learn's bundled breast-cancer data (569 patients, 30 measurements) with generated NumPy
code, and compares the coefficients with scikit-learn's own fit of the same objective.

    python examples/newton_logistic.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import eingrad

# y is −1 or 1; p is 1 for a penalised weight and 0 for the intercept, as scikit-learn has it.
OBJECTIVE = "sum(log(exp(-y.*(X*w))+1)) + λ/2*sum(p.*w.^2)"
SIZES = {"X": "m n", "y": "m", "w": "n", "p": "n"}
PENALTY = 1.0  # λ, scikit-learn's 1/C
TOLERANCE = 1e-6  # coefficients must agree so closely


def main() -> None:
    """Derive, print, fit, compare."""
    objective = eingrad.parse(OBJECTIVE, **SIZES)
    gradient = eingrad.gradient(objective, "w")
    hessian = eingrad.hessian(objective, "w")
    print(f"objective  f = {OBJECTIVE}\n")
    for d in (gradient, hessian):
        print(d)
        print(f"  {d.check().text}\n")

    evaluate = hessian.function("numpy", outputs=("value", "gradient", "hessian"))
    print("generated code:\n")
    print("    " + evaluate.source.strip().replace("\n", "\n    "), "\n")

    X, y, names = breast_cancer()
    penalised = np.append(np.ones(X.shape[1] - 1), 0.0)
    w = newton(lambda w: evaluate(X=X, y=y, w=w, p=penalised, λ=PENALTY), X.shape[1])
    reference = scikit_learn(X[:, :-1], y)
    report(w, reference, names)
    accuracy = np.mean(np.sign(X @ w) == y)
    print(f"accuracy on the data that was fitted: {accuracy:.1%}")
    difference = np.abs(w - reference).max()
    assert difference < TOLERANCE, f"coefficients differ by {difference:.2e}"
    print(f"largest difference of a coefficient: {difference:.1e} (below {TOLERANCE:.0e})")


def breast_cancer() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The standardised data with a column of ones, labels −1 and 1, and names of the columns."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    X = np.column_stack([X, np.ones(len(X))])
    return X, np.where(data.target == 1, 1.0, -1.0), [*map(str, data.feature_names), "intercept"]


def newton(evaluate: Callable[[np.ndarray], tuple], n: int, steps: int = 50) -> np.ndarray:
    """Minimise from 0: a Newton step each time, halved until the value decreases enough."""
    w = np.zeros(n)
    value, slope, curvature = evaluate(w)
    print(" step            value       ‖gradient‖    step length")
    print(f"{0:5d} {value:16.10f} {np.linalg.norm(slope):16.3e}")
    for step in range(1, steps + 1):
        progress(step, np.linalg.norm(slope))
        direction = np.linalg.solve(curvature, slope)
        decrease = slope @ direction  # twice what the quadratic model promises
        if decrease < 1e-24 * max(1.0, abs(value)):
            break
        length = 1.0
        while True:
            moved = w - length * direction
            new_value, new_slope, new_curvature = evaluate(moved)
            # Rounding of the value hides the last decreases; they must not stop the method.
            if new_value <= value - 1e-4 * length * decrease + 1e-13 * abs(value):
                break
            length /= 2
            if length < 1e-10:
                raise ArithmeticError("Newton's method makes no progress")
        w, value, slope, curvature = moved, new_value, new_slope, new_curvature
        print(f"{step:5d} {value:16.10f} {np.linalg.norm(slope):16.3e} {length:14.3g}")
        if np.linalg.norm(slope) < 1e-11:
            break
    progress(None, 0.0)
    return w


def progress(step: int | None, slope: float) -> None:
    """A line on the terminal that is written over at each step; nothing in a pipe or file."""
    if sys.stderr.isatty():
        text = "" if step is None else f"Newton step {step}, ‖gradient‖ {slope:.1e} …"
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def scikit_learn(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients and intercept of scikit-learn's fit of the same objective."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=1 / PENALTY, solver="newton-cholesky", tol=1e-12, max_iter=1000, fit_intercept=True
    )
    model.fit(X, y)
    return np.append(model.coef_[0], model.intercept_)


def report(ours: np.ndarray, theirs: np.ndarray, names: list[str]) -> None:
    """The coefficients side by side."""
    print(f"\n{'coefficient':26} {'eingrad':>16} {'scikit-learn':>16} {'difference':>12}")
    for name, a, b in zip(names, ours, theirs, strict=True):
        print(f"{name:26} {a:16.10f} {b:16.10f} {abs(a - b):12.1e}")


if __name__ == "__main__":
    main()
