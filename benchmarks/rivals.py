"""JAX, PyTorch and TensorFlow: the same derivatives as each of them computes when used well.

Arrays are with the framework before the clock starts. JAX is compiled by `jit`; TensorFlow by
`tf.function`, once as it is and once with XLA (`jit_compile=True`); PyTorch goes by `torch.func`.
All compute in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .measure import Call

Function = Callable[..., Any]

# The columns of every table in which all of them stand.
JAX = "JAX, jit"
TORCH = "PyTorch, torch.func"
TENSORFLOW = "TensorFlow, tf.function"
TENSORFLOW_XLA = "TensorFlow, XLA"


@dataclass(frozen=True)
class Functions:
    """One function in the words of each framework; what it is differentiated by comes first.

    `torch` and `tensorflow` need not be compiled, nor `jax`: the methods do it.
    """

    jax: Function
    torch: Function
    tensorflow: Function

    def calls(self, *arrays: np.ndarray) -> dict[str, Call]:
        """The functions themselves, by column."""
        return {
            JAX: jax_call(self.jax, *arrays),
            TORCH: torch_call(self.torch, *arrays),
            TENSORFLOW: tensorflow_call(self.tensorflow, *arrays),
            TENSORFLOW_XLA: tensorflow_call(self.tensorflow, *arrays, xla=True),
        }

    def products(self, *rest: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """By column, compiled, as functions of the first argument alone: array to array."""
        import jax
        import tensorflow as tf
        import torch

        jitted = jax.jit(self.jax)
        graph = tf.function(self.tensorflow, autograph=False)
        xla = tf.function(self.tensorflow, autograph=False, jit_compile=True)
        ways: list[tuple[str, Function, Function]] = [
            (JAX, jitted, jax.numpy.asarray),
            (TORCH, self.torch, torch.from_numpy),
            (TENSORFLOW, graph, tf.constant),
            (TENSORFLOW_XLA, xla, tf.constant),
        ]
        return {name: _of_first(function, place, rest) for name, function, place in ways}

    def hessian(self) -> Functions:
        """Dense Hessians by the first argument."""
        import jax
        import torch

        return Functions(
            jax.hessian(self.jax),
            torch.func.hessian(self.torch),
            _tensorflow_jacobian(_tensorflow_gradient(self.tensorflow)),
        )

    def jacobian(self) -> Functions:
        """Dense Jacobians by the first argument."""
        import jax
        import torch

        return Functions(
            jax.jacobian(self.jax),
            torch.func.jacrev(self.torch),
            _tensorflow_jacobian(self.tensorflow),
        )

    def hvp(self) -> Functions:
        """Hessian times vector, forward over reverse: functions of (vector, x, ...)."""
        import jax
        import torch

        def by_jax(v: Any, x: Any, *rest: Any) -> Any:
            return jax.jvp(lambda x: jax.grad(self.jax)(x, *rest), (x,), (v,))[1]

        def by_torch(v: Any, x: Any, *rest: Any) -> Any:
            slope = torch.func.grad(self.torch)
            return torch.func.jvp(lambda x: slope(x, *rest), (x,), (v,))[1]

        slope = _tensorflow_gradient(self.tensorflow)

        def by_tensorflow(v: Any, x: Any, *rest: Any) -> Any:
            import tensorflow as tf

            with tf.autodiff.ForwardAccumulator(x, v) as tangents:
                g = slope(x, *rest)
            return tangents.jvp(g)

        return Functions(by_jax, by_torch, by_tensorflow)


def use_double_precision() -> None:
    """JAX in float64, as everything here."""
    import jax

    jax.config.update("jax_enable_x64", True)


def jax_call(function: Function, *arrays: np.ndarray) -> Call:
    """A jitted JAX function on arrays that are with JAX already; waits for the result."""
    import jax

    compiled = jax.jit(function)
    placed = [jax.numpy.asarray(a) for a in arrays]
    return lambda: compiled(*placed).block_until_ready()


def torch_call(function: Function, *arrays: np.ndarray) -> Call:
    """A PyTorch function on tensors."""
    import torch

    placed = [torch.from_numpy(a) for a in arrays]
    return lambda: function(*placed)


def tensorflow_call(function: Function, *arrays: np.ndarray, xla: bool = False) -> Call:
    """A compiled TensorFlow function on tensors; on a processor it returns when it is done."""
    import tensorflow as tf

    # Python `if` and `for` over tensors do not occur, and AutoGraph cannot read lambdas.
    compiled = tf.function(function, autograph=False, jit_compile=xla)
    placed = [tf.constant(a) for a in arrays]
    return lambda: compiled(*placed)


def _of_first(
    function: Function, place: Function, rest: tuple[np.ndarray, ...]
) -> Callable[[np.ndarray], np.ndarray]:
    placed = [place(a) for a in rest]
    return lambda v: np.asarray(function(place(v), *placed))


def _tensorflow_gradient(function: Function) -> Function:
    def gradient(x: Any, *rest: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x, *rest)
        return tape.gradient(value, x)

    return gradient


def _tensorflow_jacobian(function: Function) -> Function:
    """`tape.jacobian` vectorises over the output's entries; `tf.hessians` would loop over them."""

    def jacobian(x: Any, *rest: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x, *rest)
        return tape.jacobian(value, x)

    return jacobian
