"""Time to read, derive, simplify, print and generate code, over the table of known derivatives."""

from __future__ import annotations

import statistics
import time

import eingrad

from .measure import duration, plain_table

TABLE = [
    ("x'*A*x", "x"),
    ("x'*A*x", "x x"),
    ("norm2(A*x-y)^2", "x"),
    ("tr(A*X'*B*X*C)", "X"),
    ("log(det(inv(X)))", "X"),
    ("sum(log(exp(-y.*(X*w))+1))", "w"),
    ("sum(log(exp(-y.*(X*w))+1))", "w w"),
    ("norm2(T-U*V')^2", "U"),
    ("norm2(T-U*V')^2", "U U"),
    ("A*B", "A"),
    ("exp(x)", "x"),
    ("softmax(x)", "x"),
    ("inv(X)", "X"),
    ("x'*inv(A)*x", "A"),
    ("norm2(x)", "x"),
    ("norm2(x)", "x x"),
    ("logdet(X)", "X X"),
]


def report(rounds: int = 5) -> str:
    """Medians over the table; the first round is cold, and counts for the worst."""
    stages: dict[str, dict[str, list[float]]] = {"derive and print": {}, "generate code": {}}
    formulas = {}
    for _ in range(rounds):
        for text, wrt in TABLE:
            case = f"`{text}` by {wrt}"
            start = time.perf_counter()
            derivative = eingrad.derivative(eingrad.parse(text), *wrt.split())
            formulas[case] = str(derivative)
            derivative.outputs(["derivative"])
            middle = time.perf_counter()
            derivative.source()
            end = time.perf_counter()
            stages["derive and print"].setdefault(case, []).append(middle - start)
            stages["generate code"].setdefault(case, []).append(end - middle)
            del derivative
    rows = []
    for stage, times in stages.items():
        typical = {case: statistics.median(values) for case, values in times.items()}
        worst = max(times, key=lambda case: max(times[case]))
        rows.append(
            [
                stage,
                duration(statistics.median(typical.values())),
                f"{duration(max(times[worst]))} ({worst})",
                "≤ 20 ms, ≤ 150 ms" if stage.startswith("derive") else "",
            ]
        )
    return plain_table("Derivation", ["", "median", "worst, cold", "asked for"], rows)
