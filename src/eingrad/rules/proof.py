"""The test that is emitted with a rule: a pytest file with data of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .call import listed
from .passes import Passes

JAX = '''
"""{name}: its derived passes against differences and against JAX's own derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from {name} import _{name}_forward, {name}, {name}_jvp

jax.config.update("jax_enable_x64", True)

POINT = {point}


def arrays():
    return [jnp.asarray(POINT[key], dtype=float) for key in {keys}]


def plain({given}):
    """The same value, differentiated by JAX."""
    return _{name}_forward({given}){first}


def scalar(function):
    """A loss that reads every entry of the value differently."""
    def loss(*inputs):
        value = function(*inputs)
        return (jnp.cos(1.0 + jnp.arange(value.size)).reshape(value.shape) * value).sum()
    return loss


WRT = {wrt}


def test_value():
    np.testing.assert_allclose({name}(*arrays()), plain(*arrays()), rtol=1e-12)


def test_gradients_are_those_of_jax():
    found = jax.jit(jax.grad(scalar({name}), argnums=WRT))(*arrays())
    wanted = jax.grad(scalar(plain), argnums=WRT)(*arrays())
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_reverse_mode(order):
    given = arrays()

    def function(*chosen):
        full = list(given)
        for k, x in zip(WRT, chosen, strict=True):
            full[k] = x
        return {name}(*full)

    check_grads(function, [given[k] for k in WRT], order=order, modes=["rev"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_the_rule_for_tangents(mode):
    given = arrays()

    def function(*chosen):
        full = list(given)
        for k, x in zip(WRT, chosen, strict=True):
            full[k] = x
        return {name}_jvp(*full)

    check_grads(function, [given[k] for k in WRT], order=2, modes=[mode], rtol=1e-4, atol=1e-4)


def test_batches():
    def gradients(*inputs):
        return jax.grad(scalar({name}), argnums=WRT)(*inputs)

    stacked = [jnp.stack([x, x]) for x in arrays()]
    found = jax.vmap(gradients)(*stacked)
    for one, other in zip(found, gradients(*arrays()), strict=True):
        np.testing.assert_allclose(one[1], other, rtol=1e-9, atol=1e-9)
'''

TORCH = '''
"""{name}: its derived passes against differences and against PyTorch's own derivatives."""

import torch

from {name} import _{name}_forward, {name}

POINT = {point}
WRT = {wrt}


def tensors(grad=True):
    """The inputs; those that gradients are for ask for them."""
    made = [torch.tensor(POINT[key], dtype=torch.float64) for key in {keys}]
    return [x.requires_grad_(grad and k in WRT) for k, x in enumerate(made)]


def plain({given}):
    """The same value, differentiated by PyTorch."""
    return _{name}_forward({given}){first}


def loss(value):
    """A number that every entry of the value enters differently."""
    return (torch.cos(1.0 + torch.arange(value.numel())).reshape(value.shape) * value).sum()


def test_value():
    torch.testing.assert_close({name}(*tensors()), plain(*tensors()))


def test_gradients_are_those_of_autograd():
    given = tensors()
    chosen = [given[k] for k in WRT]
    found = torch.autograd.grad(loss({name}(*given)), chosen)
    wanted = torch.autograd.grad(loss(plain(*given)), chosen, materialize_grads=True)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_gradcheck():
    assert torch.autograd.gradcheck({name}, tensors())


def test_gradgradcheck():
    assert torch.autograd.gradgradcheck({name}, tensors())
'''

TORCH_BATCHES = """

def test_batches():
    stacked = [torch.stack([x, x]) for x in tensors(grad=False)]
    found = torch.func.vmap({name})(*stacked)
    torch.testing.assert_close(found[1], plain(*tensors(grad=False)))


def test_gradients_of_batches():
    def gradients(*inputs):
        return torch.func.grad(lambda *args: loss({name}(*args)), argnums=WRT)(*inputs)

    stacked = [torch.stack([x, x]) for x in tensors(grad=False)]
    found = torch.func.vmap(gradients)(*stacked)
    for one, other in zip(found, gradients(*tensors(grad=False)), strict=True):
        torch.testing.assert_close(one[1], other, rtol=1e-9, atol=1e-9)
"""

TENSORFLOW = '''
"""{name}: its derived passes against differences and against TensorFlow's own derivatives."""

import numpy as np
import tensorflow as tf

from {name} import _{name}_forward, {name}

POINT = {point}
WRT = {wrt}


def tensors():
    return [tf.constant(POINT[key], tf.float64) for key in {keys}]


def plain({given}):
    """The same value, differentiated by TensorFlow."""
    return _{name}_forward({given}){first}


def loss(value):
    """A number that every entry of the value enters differently."""
    weights = tf.cos(1.0 + tf.range(tf.size(value, tf.int32), dtype=tf.float64))
    return tf.reduce_sum(tf.reshape(weights, tf.shape(value)) * value)


def gradients(function, given):
    with tf.GradientTape() as tape:
        chosen = [given[k] for k in WRT]
        tape.watch(chosen)
        value = loss(function(*given))
    return tape.gradient(value, chosen, unconnected_gradients="zero")


def test_value():
    np.testing.assert_allclose({name}(*tensors()), plain(*tensors()), rtol=1e-12)


def test_gradients_are_those_of_a_tape():
    for one, other in zip(gradients({name}, tensors()), gradients(plain, tensors()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_gradients_in_a_graph():
    compiled = tf.function(lambda *given: gradients({name}, list(given)))
    found = compiled(*tensors())
    for one, other in zip(found, gradients(plain, tensors()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_first_derivatives_against_differences():
    given = tensors()

    def function(*chosen):
        full = list(given)
        for k, x in zip(WRT, chosen, strict=True):
            full[k] = x
        return loss({name}(*full))

    theirs, ours = tf.test.compute_gradient(function, [given[k] for k in WRT], delta=1e-5)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_second_derivatives_against_differences():
    given = tensors()

    def slope(*chosen):
        full = list(given)
        for k, x in zip(WRT, chosen, strict=True):
            full[k] = x
        return tf.add_n([loss(g) for g in gradients({name}, full)])

    theirs, ours = tf.test.compute_gradient(slope, [given[k] for k in WRT], delta=1e-5)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
'''

TEMPLATES = {"jax": JAX, "torch": TORCH + TORCH_BATCHES, "tensorflow": TENSORFLOW}


def test_source(passes: Passes, point: Mapping[str, np.ndarray], library: bool = False) -> str:
    """The pytest file of a rule; `point` is where it is tested, by the names of the variables."""
    names = [passes.argument(v) for v in passes.inputs]
    values = {passes.argument(v): point[v.name] for v in passes.inputs}
    rows = "".join(f"    {name!r}: {_array(value)},\n" for name, value in values.items())
    places = [k for k, v in enumerate(passes.inputs) if v in passes.wrt]
    template = TORCH if library else TEMPLATES[passes.backend]
    return template.lstrip("\n").format(
        name=passes.name,
        point="{\n" + rows + "}",
        keys=f"({listed([repr(n) for n in names])})",
        given=", ".join(names),
        first="[0]" if passes.own else "",
        wrt=f"({listed([str(k) for k in places])})",
    )


def _array(value: np.ndarray) -> str:
    """An array as nested lists, with as many digits as it has."""
    return repr(np.asarray(value, dtype=float).tolist())
