"""Paths: each contribution is a derivative of its own, and together they are the whole."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import eingrad
from eingrad.entries.points import random_points
from eingrad.errors import CheckError, InputError, SizeLimitError
from eingrad.explain import paths as explained
from eingrad.ir.build import scale
from eingrad.ir.walk import variables
from eingrad.verify import check_derivative
from eingrad.verify.reference import evaluate

CASES = [
    ("a*b + c", "a", {"b": "a^2*c", "c": "sin(a)"}, {}),
    ("b*c", "a", {"b": "a^2", "c": "exp(a)"}, {}),
    ("x'*y", "x", {"y": "A*x"}, {}),
    ("X*y", "y", {"X": "A.*(w*y')"}, {}),
    ("norm2(V*tanh(W*x + b) + x - y)^2", "x", None, {}),
    ("x.*sum(sin(x)) + A*x", "x", None, {}),
    ("A*X*B*X + X", "X", None, {"X": "n n", "A": "n n", "B": "n n"}),
    ("logdet(X'*X) + tr(X'*A)", "X", None, {"X": "m n", "A": "m n"}),
    ("sigmoid(W*tanh(W*x))", "W", None, {"W": "n n", "x": "n"}),
    ("x'*x", "x", None, {}),
]


def found(text, by, total, declared):
    d = eingrad.derivative(eingrad.parse(text, **declared), by, total=total)
    return d, d.paths()


@pytest.mark.parametrize(("text", "by", "total", "declared"), CASES)
def test_contributions_add_up_to_the_derivative(text, by, total, declared):
    d, p = found(text, by, total, declared)
    sizes = {"m": 4, "n": 3, "k": 2, "p": 5}
    known = variables(d.node, d.of, *(path.node for path in p.paths))
    symbols = {s for v in known for k in v.shape for s in k.symbols()}
    sizes = {s: sizes.get(s, 3) for s in symbols}
    point = next(random_points(known, sizes))
    together = sum(np.asarray(evaluate(path.node, point, sizes)) for path in p.paths)
    np.testing.assert_allclose(together, evaluate(d.node, point, sizes), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("text", "by", "total", "declared"), CASES)
def test_each_path_is_checked_by_differences(text, by, total, declared):
    _, p = found(text, by, total, declared)
    for path in p.paths:
        assert check_derivative(path.of, [p.by], path.free).ok


@pytest.mark.parametrize(("text", "by", "total", "declared"), CASES)
def test_each_path_is_the_product_of_the_local_derivatives_on_it(text, by, total, declared):
    _, p = found(text, by, total, declared)
    local = {(e.source, e.target): e.node for e in p.edges}
    known = {v.name: v for v in variables(*(s.node for s in p.steps), p.by)}
    steps = {s.variable.name: s for s in p.steps}
    free = [v for v in known.values() if v.name not in steps]
    symbols = {s for v in free for k in v.shape for s in k.symbols()}
    sizes = {s: 2 + k for k, s in enumerate(sorted(symbols, reverse=True))}
    point = next(random_points(free, sizes))
    for step in p.steps:
        point[step.variable.name] = np.asarray(evaluate(step.node, point, sizes))
    ranks = {p.by.name: p.by.ndim, **{n: s.variable.ndim for n, s in steps.items()}}
    for path in p.paths:
        product = None
        for edge in zip(path.names, path.names[1:], strict=False):
            factor = np.asarray(evaluate(local[edge], point, sizes))
            product = factor if product is None else np.tensordot(factor, product, ranks[edge[0]])
        np.testing.assert_allclose(
            product, evaluate(path.node, point, sizes), rtol=1e-8, atol=1e-10
        )


def test_named_variables_make_the_paths_of_the_rule():
    _, p = found("a*b + c", "a", {"b": "a^2*c", "c": "sin(a)"}, {})
    assert [path.names for path in p.paths] == [
        ("a", "y"),
        ("a", "b", "y"),
        ("a", "c", "y"),
        ("a", "c", "b", "y"),
    ]
    assert p.partial.text == "∂y/∂a = a² sin(a)"
    assert p.through("c", "b") == [4] and p.through("b", "y") == [2, 4]
    assert "1. a → y" in p.text() and "(the partial derivative)" in p.text()


def test_without_a_direct_path_the_partial_derivative_is_said_to_be_zero():
    _, p = found("b*c", "a", {"b": "a^2", "c": "exp(a)"}, {})
    assert p.partial is None and "∂y/∂a alone would be 0" in p.text()


@pytest.mark.parametrize(("text", "by", "total", "declared"), CASES)
def test_pictures_name_each_variable_edge_and_path(text, by, total, declared):
    _, p = found(text, by, total, declared)
    root = ElementTree.fromstring(p.svg())
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall("svg:path", names)) == len(p.edges)
    texts = " ".join("".join(t.itertext()) for t in root.findall("svg:text", names))
    for step in p.steps:
        assert f"{step.variable.name} = " in texts
    for k in range(1, len(p.paths) + 1):
        assert f"path {k}: " in texts
    assert p.dot().count("->") == len(p.edges) and p.dot().count("{") >= 1
    assert p.mermaid().count("-->") == len(p.edges)


@pytest.mark.parametrize(("text", "by", "total", "declared"), CASES)
def test_no_box_lies_on_another_and_all_is_inside(text, by, total, declared):
    _, p = found(text, by, total, declared)
    svg = p.svg()
    assert 'style="max-width: 100%; height: auto"' in svg  # wide graphs shrink to the page
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    boxes = [
        tuple(float(n) for n in m)
        for m in re.findall(
            r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx', svg
        )
    ]
    assert len(boxes) == len(p.steps) + 1
    for k, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for x2, y2, w2, h2 in boxes[:k]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_signs_of_the_languages_are_escaped():
    _, p = found("norm2(x)*(x'*x < 3)", "x", None, {})
    ElementTree.fromstring(p.svg())
    labels = re.findall(r'\["(.*?)"\]', p.mermaid())
    assert labels and not any(set(label.replace("<br/>", "")) & set('"<>|') for label in labels)


def test_too_many_paths_are_refused_with_the_limit():
    text = "x + sin(x)"
    for _ in range(6):
        text = f"({text}) + sin({text})"
    with pytest.raises(SizeLimitError, match=r"limit is|too many"):
        eingrad.derivative(text, "x").paths()


def test_wrong_contributions_are_found_out():
    d = eingrad.derivative("x.*sum(sin(x))", "x")
    with pytest.raises(CheckError):
        explained.paths(d.of, d.wrt[0], scale(2, d.node), label="y")


def test_no_path_and_higher_orders_are_errors():
    with pytest.raises(InputError, match="no path"):
        eingrad.derivative("A*x", "b").paths()
    with pytest.raises(InputError, match="order 2"):
        eingrad.hessian("x'*A*x", "x").paths()


@pytest.mark.parametrize("suffix", ["svg", "dot", "mmd"])
def test_files(tmp_path, suffix):
    p = eingrad.derivative("x.*sum(sin(x))", "x").paths()
    written = p.save(tmp_path / f"p.{suffix}").read_text()
    assert written == {"svg": p.svg, "dot": p.dot, "mmd": p.mermaid}[suffix]()
    with pytest.raises(InputError, match=r"\.svg, \.dot.*\.mmd"):
        p.save(tmp_path / "p.pdf")
