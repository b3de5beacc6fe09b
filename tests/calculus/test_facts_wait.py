"""Facts of a variable that is differentiated by are put to use after the last derivative only."""

import numpy as np
import pytest

import eingrad


@pytest.mark.parametrize("fact", ["symmetric", "spd"])
@pytest.mark.parametrize("text", ["tr(S*S)", "logdet(S)", "tr(inv(S))", "x'*inv(S)*x"])
def test_second_derivatives_by_a_symmetric_matrix_agree_with_differences(text, fact):
    d = eingrad.derivative(eingrad.parse(text, S=f"n n {fact}"), "S", "S")
    report = d.check()
    assert report.ok and report.compared


def test_value_gradient_and_hessian_of_a_symmetric_matrix_come_together():
    d = eingrad.hessian(eingrad.parse("tr(S*S*B)", S="n n symmetric", B="n n"), "S")
    f = d.function("numpy", outputs=("value", "gradient", "hessian"))
    rng = np.random.default_rng(4)
    S, B, V = rng.normal(size=(3, 4, 4))
    S = S + S.T
    value, gradient, hessian = f(S=S, B=B)
    np.testing.assert_allclose(value, np.trace(S @ S @ B))
    np.testing.assert_allclose(gradient, (S @ B + B @ S).T)
    np.testing.assert_allclose(np.tensordot(hessian, V, 2), (V @ B + B @ V).T)
