"""What the forward pass keeps: enough for the backward pass, and as little as the policy allows."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

import eingrad
from eingrad.apps import rule as command_line
from eingrad.differentiate import pullbacks
from eingrad.dims import product
from eingrad.errors import InputError
from eingrad.ir.node import Node, Variable, variable
from eingrad.ir.walk import substitute, variables
from eingrad.rules import POLICIES, least_saved
from tests.strategies import SIZES, Expression, expressions


def gradients_of(y: Node) -> tuple[list[Node], Variable]:
    incoming = variable("G_in", y.shape)
    return pullbacks(y, variables(y), incoming), incoming


def kept(text: str, recompute: str = "cheap", **declared: str) -> set[str]:
    from eingrad.notation import formula

    y = eingrad.parse(text, **declared).node
    gradients, incoming = gradients_of(y)
    nodes = least_saved(y, gradients, [incoming], recompute=recompute)
    return {str(formula(node)) for node in nodes}


@settings(max_examples=150, deadline=None)
@given(expressions(max_steps=6))
def test_gradients_follow_from_what_is_kept_and_more_freedom_keeps_less(
    expression: Expression,
) -> None:
    assume(variables(expression.node))
    gradients, incoming = gradients_of(expression.node)
    entries = []
    for policy in ("none", "cheap", "all"):
        nodes = least_saved(expression.node, gradients, [incoming], recompute=policy, sizes=SIZES)
        replaced: dict[Node, Node] = {
            n: variable(f"kept_{k}", n.shape) for k, n in enumerate(nodes)
        }
        read = variables(*(substitute(g, replaced) for g in gradients))
        assert {v.name for v in read} <= {v.name for v in replaced.values()} | {"G_in"}
        entries.append(sum(product(n.shape).evaluate(SIZES) for n in nodes))
    assert entries[0] >= entries[1] >= entries[2]


def test_softmax_keeps_its_value_alone() -> None:
    for policy in POLICIES:
        assert kept("softmax(x)", policy) == {"softmax(x)"}


def test_tanh_keeps_its_value_rather_than_its_input() -> None:
    assert kept("tanh(X)", X="m n") == {"tanh(X)"}


def test_attention_keeps_the_probabilities_unless_they_may_be_made_again() -> None:
    declared = {"Q": "n d", "K": "m d", "V": "m p"}
    assert kept("softmax(Q*K')*V", **declared) == {"Q", "K", "V", "softmax(QKᵀ)"}
    assert kept("softmax(Q*K')*V", "all", **declared) == {"Q", "K", "V"}


def test_a_linear_function_keeps_nothing_of_what_it_multiplies() -> None:
    assert kept("sum(x)") == set()
    assert kept("3*X", X="m n") == set()


def test_work_for_the_gradient_alone_waits_for_the_backward_pass() -> None:
    declared = {"X": "m n", "w": "n", "y": "m"}
    assert kept("sum(log(exp(-y.*(X*w))+1))", **declared) == {"X", "w", "y", "Xw"}


def test_typical_sizes_decide() -> None:
    y = eingrad.parse("exp(A*x)", A="m n", x="n").node
    incoming = variable("G_in", y.shape)
    gradients = pullbacks(y, [v for v in variables(y) if v.name == "x"], incoming)

    def names(**sizes: int) -> set[str]:
        found = least_saved(y, gradients, [incoming], recompute="all", sizes=sizes)
        return {n.name if isinstance(n, Variable) else "value" for n in found}

    assert names(m=3, n=500) == {"A", "value"}
    assert names(m=500, n=3) == {"A", "x"}


def test_an_unknown_policy_is_named() -> None:
    y = eingrad.parse("softmax(x)").node
    gradients, incoming = gradients_of(y)
    with pytest.raises(InputError, match="none, cheap, all"):
        least_saved(y, gradients, [incoming], recompute="some")


def test_the_command_line_offers_each_policy() -> None:
    # It states them itself: importing the rules for `--help` would take longer than the answer.
    assert command_line.POLICIES == POLICIES
