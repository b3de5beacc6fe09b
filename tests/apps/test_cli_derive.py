"""`eingrad derive`: what it prints, in every form, and that code that it writes runs."""

import json
import subprocess
import sys

import click
import numpy as np
import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli


def derive(*words, **options):
    return CliRunner().invoke(cli, ["derive", *words], **options)


def answered(*words, **options):
    result = derive(*words, **options)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*words, **options):
    return json.loads(answered(*words, "--json", **options))


def test_a_gradient_with_reading_shape_layout_and_check():
    text = answered("norm2(A*x-y)^2", "--wrt", "x")
    assert "∂f/∂x = 2Aᵀ(Ax − y)" in text
    assert "mixed layout" in text and "checked against" in text
    assert "A" in text.splitlines()[0] and "m×n" in text


def test_an_expression_may_begin_with_a_minus_sign():
    for words in (["-x'*x", "--wrt", "x"], ["--wrt", "x", "-x'*x"], ["--wrt=x", "--", "-x'*x"]):
        assert "∂f/∂x = −2x" in answered(*words)
    assert "∂f/∂h" in answered("-h'*h", "--wrt", "h")
    assert "∂f/∂x" in answered("--x'*x", "--wrt", "x")


def test_a_dash_reads_standard_input():
    assert answered("-", "--wrt", "x", input="x'*A*x\n") == answered("x'*A*x", "--wrt", "x")


def test_order_and_repeated_wrt_are_the_same():
    twice = answered("x'*A*x", "--wrt", "x", "--wrt", "x")
    assert twice == answered("x'*A*x", "--wrt", "x", "--order", "2")
    assert "∂²f/∂x² = A + Aᵀ" in twice


def test_a_mixed_second_derivative_names_both_variables():
    (d,) = document("x'*A*y", "--wrt", "x", "--wrt", "y")["derivatives"]
    assert (d["wrt"], d["order"], d["formula"]) == (["x", "y"], 2, "A")


def test_several_names_are_several_derivatives():
    found = document("tr(Q*K'*V)", "--wrt", "Q,K,V")["derivatives"]
    assert [d["wrt"] for d in found] == [["Q"], ["K"], ["V"]]
    assert found[2]["formula"] == "KQᵀ"


def test_declarations_give_sizes_and_facts():
    out = document("x'*A*x", "--wrt", "x", "--let", "A: n n symmetric", "--let", "x:n")
    facts = {v["name"]: v["facts"] for v in out["expression"]["variables"]}
    assert facts["A"] == ["symmetric"]
    assert out["derivatives"][0]["formula"] == "2Ax"
    assert any("symmetric" in note for note in out["derivatives"][0]["notes"])


def test_the_convention_for_symmetric_variables_is_stated():
    words = ("x'*A*x", "--wrt", "A", "--let", "A: n n symmetric")
    texts = {how: answered(*words, "--symmetric", how) for how in ("free", "project", "cookbook")}
    assert len(set(texts.values())) == 3
    assert all(how in text for how, text in texts.items())


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("mixed", ["m", "n"]),
        ("denominator", ["n", "m"]),
        ("numerator", ["m", "n"]),
        ("vec", ["m", "n"]),
    ],
)
def test_layouts_of_a_jacobian(layout, shape):
    out = document("A*x", "--wrt", "x", "--layout", layout)
    sizes = {v["name"]: v["shape"] for v in out["expression"]["variables"]}
    named = dict(zip(("m", "n"), sizes["A"], strict=True))
    (d,) = out["derivatives"]
    assert d["layout"] == layout
    assert d["shape"] == [named[s] for s in shape]
    assert d["formula"] == ("Aᵀ" if layout == "denominator" else "A")


def test_a_matrix_by_a_matrix_is_shown_in_all_its_forms():
    text = answered("A*B", "--wrt", "A")
    assert "dA B" in text and "Bᵀ ⊗ I" in text and "δ_ik B_lj" in text


def test_forms_that_are_asked_for():
    (d,) = document("A*B", "--wrt", "A", "--form", "vec", "--form", "index")["derivatives"]
    assert d["formulas"] == {"vec": "Bᵀ ⊗ I", "index": "δ_ik B_lj"}


def test_the_check_says_how_closely():
    (d,) = document("logdet(X)", "--wrt", "X")["derivatives"]
    check = d["check"]
    assert check["ok"] and check["compared"] and check["points"] >= 1
    assert check["error"] < 1e-6 and check["text"]


def test_what_could_not_be_checked_is_shown_as_such_and_is_no_success():
    result = derive("log(-exp(x))", "--wrt", "x")
    assert result.exit_code == 1 and "not checked" in result.stdout


def test_no_check_says_that_there_was_none():
    assert "not checked" in answered("x'*x", "--wrt", "x", "--no-check")
    assert document("x'*x", "--wrt", "x", "--no-check")["derivatives"][0]["check"] is None


def test_a_variable_that_does_not_occur_gives_an_exact_zero():
    out = document("x'*x", "--wrt", "Z", "--let", "Z: p q")
    (d,) = out["derivatives"]
    assert d["zero"] and d["shape"] == ["p", "q"]
    assert any("does not occur" in note for note in d["notes"])


def test_a_name_that_the_user_has_is_not_the_label():
    assert "∂F/∂x" in answered("f*x'*x", "--wrt", "x")


# Code and markup ------------------------------------------------------------


def written(*words):
    """What `--to` writes to standard output, executed."""
    result = derive(*words)
    assert result.exit_code == 0, result.output
    namespace: dict = {"__name__": "written"}
    exec(compile(result.stdout, "<written>", "exec"), namespace)
    functions = [
        f
        for name, f in namespace.items()
        if not name.startswith("_") and getattr(f, "__module__", "") == "written"
    ]
    assert len(functions) == 1
    return functions[0]


def test_code_on_standard_output_is_a_program_by_itself():
    f = written("x'*A*x", "--wrt", "x", "--to", "numpy")
    rng = np.random.default_rng(1)
    A, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    np.testing.assert_allclose(f(A=A, x=x), (A + A.T) @ x, rtol=1e-12)


def test_value_and_derivatives_together():
    f = written("x'*A*x", "--wrt", "x", "--order", "2", "--to", "numpy", "--value")
    rng = np.random.default_rng(2)
    A, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    value, gradient, hessian = f(A=A, x=x)
    np.testing.assert_allclose(value, x @ A @ x, rtol=1e-12)
    np.testing.assert_allclose(gradient, (A + A.T) @ x, rtol=1e-12)
    np.testing.assert_allclose(hessian, A + A.T, rtol=1e-12)


def test_several_derivatives_are_one_function():
    f = written("tr(A*B)", "--wrt", "A,B", "--to", "numpy")
    rng = np.random.default_rng(3)
    A, B = rng.normal(size=(3, 4)), rng.normal(size=(4, 3))
    by_A, by_B = f(A=A, B=B)
    np.testing.assert_allclose(by_A, B.T)
    np.testing.assert_allclose(by_B, A.T)


def test_the_report_goes_to_standard_error_beside_code():
    result = derive("x'*A*x", "--wrt", "x", "--to", "numpy")
    assert "∂f/∂x" in result.stderr and "checked" in result.stderr
    assert "checked against" not in result.stdout


def test_latex_and_mathml():
    latex = derive("norm2(A*x-y)^2", "--wrt", "x", "--to", "latex").stdout
    assert latex.startswith("2") and "top" in latex
    mathml = derive("norm2(A*x-y)^2", "--wrt", "x", "--to", "mathml").stdout
    assert mathml.lstrip().startswith("<math") and mathml.rstrip().endswith("</math>")


def test_json_carries_the_code_too():
    out = document("x'*x", "--wrt", "x", "--to", "numpy")
    assert out["output"]["target"] == "numpy" and "def " in out["output"]["text"]


# Streams ------------------------------------------------------------


def test_plain_text_in_a_pipe_and_colours_on_request():
    plain = answered("x'*A*x", "--wrt", "x")
    assert "\x1b" not in plain
    coloured = answered("x'*A*x", "--wrt", "x", "--color", color=True)
    assert "\x1b[" in coloured
    assert [line.rstrip() for line in click.unstyle(coloured).splitlines()] == plain.splitlines()


def test_neither_scipy_nor_rich_is_imported_on_the_way():
    program = (
        "import sys\n"
        "from eingrad.apps.cli import cli\n"
        "words = ['derive', 'logdet(X)', '--wrt', 'X', '--let', 'X: n n spd']\n"
        "code = cli.main(words, standalone_mode=False)\n"
        "loaded = [m for m in ('scipy', 'rich', 'opt_einsum') if m in sys.modules]\n"
        "print(loaded, code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == "[] 0"
