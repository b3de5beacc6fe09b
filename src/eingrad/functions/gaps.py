"""What the derivatives of eigenvectors and singular vectors divide by.

Where two values are equal, or a singular value is 0, the vectors that belong to them are not
determined and have no derivative: there these functions are an error that names the values. Equal
means to rounding: no eigenvalue is known better, and beyond that the derivative would be noise of
the size of 1/ε. Entries that are not finite pass through, as in NumPy.

All pairs are looked at. So the second derivative of one eigenvalue is refused where two others are
equal, although it has one there: which pairs a formula goes on to use is not known here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.record import Notation, Record, register
from ..ir.rule import IndexRule, delta
from .templates import BACKENDS, helpers, joined

# The two computed values of a double eigenvalue differ by up to 2.5 n ε of the largest one.
ROUNDINGS = 4

NO_EIGENVECTORS = (
    "eigvecsh has no derivative there (inverse_gaps would divide by their difference); a function "
    "that is symmetric in all eigenvalues has one: write it as a trace, such as tr(expm(A)) for "
    "sum(exp(eigvalsh(A)))"
)
NO_SINGULAR_VECTORS = (
    "left_singular and right_singular have no derivative there (inverse_square_gaps would divide "
    "by the difference of squares); a function that is symmetric in all singular values has one: "
    "write it as a trace, such as tr(X'*X) for sum(svdvals(X).^2)"
)
NO_FULL_RANK = (
    "left_singular and right_singular are not differentiated where the rank is not full "
    "(inverse_singular_values would divide by it)"
)


def _checked(s: Any, check: Callable[[np.ndarray, float], None]) -> np.ndarray:
    """The values as floating numbers, after a look at each row that is finite."""
    s = np.asarray(s)
    s = s if s.dtype.kind in "fc" else s.astype(np.float64)
    for place in np.ndindex(*s.shape[:-1]):
        scale = np.abs(s[place]).max(initial=0)
        if np.isfinite(scale):
            check(s[place], ROUNDINGS * s.shape[-1] * np.finfo(s.dtype).eps * scale)
    return s


def _refuse_equal(row: np.ndarray, limit: float, kind: str, why: str) -> None:
    for i in range(len(row)):
        for j in range(i + 1, len(row)):
            if abs(row[i] - row[j]) <= limit:
                pair = f"{kind} {i} and {j} are equal to rounding: {row[i]} and {row[j]}"
                raise np.linalg.LinAlgError(f"{pair}; {why}")


def _refuse_zero(row: np.ndarray, limit: float) -> None:
    for k in range(len(row)):
        if abs(row[k]) <= limit:
            value = f"singular value {k} is 0 to rounding: {row[k]}"
            raise np.linalg.LinAlgError(f"{value}; {NO_FULL_RANK}")


def _inverted(gaps: np.ndarray) -> np.ndarray:
    same = np.eye(gaps.shape[-1], dtype=bool)
    return np.where(same, 0, 1 / np.where(same, 1, gaps))


def inverse_gaps(s: Any) -> np.ndarray:
    """1/(sᵢ − sⱼ), and 0 on the diagonal.

    Raises
    ------
    numpy.linalg.LinAlgError
        Two entries are equal to rounding.

    Examples
    --------
    >>> inverse_gaps([1.0, 3.0])
    array([[ 0. , -0.5],
           [ 0.5,  0. ]])
    """
    s = _checked(s, lambda row, e: _refuse_equal(row, e, "eigenvalues", NO_EIGENVECTORS))
    return _inverted(s[..., :, None] - s[..., None, :])


def inverse_square_gaps(s: Any) -> np.ndarray:
    """1/(sᵢ² − sⱼ²), and 0 on the diagonal.

    Difference times sum: the squares of small values would lose their digits.

    Raises
    ------
    numpy.linalg.LinAlgError
        The absolute values of two entries are equal to rounding.

    Examples
    --------
    >>> inverse_square_gaps([3.0, 1.0])
    array([[ 0.   ,  0.125],
           [-0.125,  0.   ]])
    """
    s = _checked(
        np.abs(s), lambda row, e: _refuse_equal(row, e, "singular values", NO_SINGULAR_VECTORS)
    )
    sums = s[..., :, None] + s[..., None, :]
    return _inverted((s[..., :, None] - s[..., None, :]) * sums)


def inverse_singular_values(s: Any) -> np.ndarray:
    """1/sᵢ.

    Raises
    ------
    numpy.linalg.LinAlgError
        An entry is 0 to rounding of the largest.

    Examples
    --------
    >>> inverse_singular_values([4.0, 2.0])
    array([0.25, 0.5 ])
    """
    return 1 / _checked(s, _refuse_zero)


# --- code -----------------------------------------------------------------------------------------

ROUNDING = f'''
def _rounding(s):
    """What a difference of entries is known to; less than any where one is not finite."""
    scale = xp.abs(s).max(axis=-1, initial=0)
    limit = {ROUNDINGS} * s.shape[-1] * xp.finfo(s.dtype).eps * scale
    return xp.where(xp.isfinite(scale), limit, -1)
'''

ROUNDING_STANDARD = f'''
def _rounding(s, xp):
    """What a difference of entries is known to; less than any where one is not finite."""
    scale = xp.max(xp.abs(s), axis=-1)
    limit = {ROUNDINGS} * s.shape[-1] * xp.finfo(s.dtype).eps * scale
    return xp.where(xp.isfinite(scale), limit, -1)
'''

ROUNDING_TORCH = f'''
def _rounding(s):
    """What a difference of entries is known to; less than any where one is not finite."""
    scale = torch.nn.functional.pad(s.abs(), (0, 1)).amax(dim=-1)
    limit = {ROUNDINGS} * s.shape[-1] * torch.finfo(s.dtype).eps * scale
    return torch.where(torch.isfinite(scale), limit, -1)
'''

ROUNDING_TENSORFLOW = f'''
def _rounding(s):
    """What a difference of entries is known to; less than any where one is not finite."""
    scale = tf.reduce_max(abs(s), axis=-1)
    eps = tf.experimental.numpy.finfo(s.dtype).eps
    return tf.where(tf.math.is_finite(scale), {ROUNDINGS} * s.shape[-1] * eps * scale, -1)
'''


def _text(message: str) -> str:
    """A long message as a literal of several lines."""
    lines = textwrap.wrap(message, 76, drop_whitespace=False)
    return "".join(f"\n            {line!r}" for line in lines)


def _pairs(name: str, kind: str, why: str, prepare: str, gaps: str, what: str) -> dict[str, str]:
    """The function of all pairs. NumPy stops at an equal pair; a compiled function cannot, and has
    NaN there."""
    start = f'''
def {name}(s):
    """{what}, and 0 on the diagonal; {{}}."""
{prepare}    gaps = s[..., :, None] - s[..., None, :]
    same = xp.eye(s.shape[-1], dtype=bool)
    equal = (abs(gaps) <= _rounding(s)[..., None, None]) & ~same
'''
    stop = f"""    for *row, i, j in np.argwhere(equal)[:1]:
        pair = s[(*row, i)], s[(*row, j)]
        raise np.linalg.LinAlgError(
            f"{kind} {{i}} and {{j}} are equal to rounding: "
            f"{{pair[0]}} and {{pair[1]}}; "{_text(why)}
        )
    return np.where(same, 0, 1 / np.where(same, 1, {gaps}))
"""
    go_on = f"""    inverse = 1 / jnp.where(same | equal, 1, {gaps})
    return jnp.where(same, 0, jnp.where(equal, jnp.nan, inverse))
"""
    in_torch = f'''
def {name}(s):
    """{what}, and 0 on the diagonal; NaN for equal entries."""
{prepare}    gaps = s[..., :, None] - s[..., None, :]
    same = torch.eye(s.shape[-1], dtype=torch.bool, device=s.device)
    equal = (gaps.abs() <= _rounding(s)[..., None, None]) & ~same
    inverse = 1 / torch.where(same | equal, 1, {gaps})
    return torch.where(same, 0, torch.where(equal, torch.nan, inverse))
'''
    standard = f'''
def {name}(s, xp):
    """{what}, and 0 on the diagonal; NaN for equal entries."""
{prepare}    gaps = s[..., :, None] - s[..., None, :]
    same = xp.eye(s.shape[-1], dtype=xp.bool, device=getattr(s, "device", None))
    equal = (abs(gaps) <= _rounding(s, xp)[..., None, None]) & ~same
    inverse = 1 / xp.where(same | equal, 1, {gaps})
    return xp.where(same, 0, xp.where(equal, xp.nan, inverse))
'''
    graph = f'''
def {name}(s):
    """{what}, and 0 on the diagonal; NaN for equal entries."""
{prepare}    gaps = s[..., :, None] - s[..., None, :]
    equal = abs(gaps) <= _rounding(s)[..., None, None]
    inverse = 1 / tf.where(equal, tf.ones_like(gaps), {gaps})
    return tf.linalg.set_diag(tf.where(~equal, inverse, math.nan), tf.zeros_like(s))
'''
    return {
        "numpy": helpers(ROUNDING, start.format("equal entries are an error") + stop)["numpy"],
        "jax": helpers(ROUNDING, start.format("NaN for equal entries") + go_on)["jax"],
        "torch": joined(ROUNDING_TORCH, in_torch),
        "tensorflow": joined(ROUNDING_TENSORFLOW, graph),
        "array_api": joined(ROUNDING_STANDARD, standard),
    }


NUMPY_INVERSE = f'''
def _inverse_singular_values(s):
    """1/s; an entry that is 0 beside the largest is an error."""
    for *row, k in np.argwhere(abs(s) <= _rounding(s)[..., None])[:1]:
        raise np.linalg.LinAlgError(
            f"singular value {{k}} is 0 to rounding: {{s[(*row, k)]}}; "{_text(NO_FULL_RANK)}
        )
    return 1 / s
'''
JAX_INVERSE = '''
def _inverse_singular_values(s):
    """1/s, and NaN for an entry that is 0 beside the largest."""
    zero = abs(s) <= _rounding(s)[..., None]
    return jnp.where(zero, jnp.nan, 1 / jnp.where(zero, 1, s))
'''
TORCH_INVERSE = '''
def _inverse_singular_values(s):
    """1/s, and NaN for an entry that is 0 beside the largest."""
    zero = s.abs() <= _rounding(s)[..., None]
    return torch.where(zero, torch.nan, 1 / torch.where(zero, 1, s))
'''
STANDARD_INVERSE = '''
def _inverse_singular_values(s, xp):
    """1/s, and NaN for an entry that is 0 beside the largest."""
    zero = abs(s) <= _rounding(s, xp)[..., None]
    return xp.where(zero, xp.nan, 1 / xp.where(zero, 1, s))
'''
TENSORFLOW_INVERSE = '''
def _inverse_singular_values(s):
    """1/s, and NaN for an entry that is 0 beside the largest."""
    zero = abs(s) <= _rounding(s)[..., None]
    return tf.where(~zero, 1 / tf.where(zero, tf.ones_like(s), s), math.nan)
'''

register(
    Record(
        name="inverse_gaps",
        sentence="The matrix of 1/(sᵢ − sⱼ) with a zero diagonal; equal entries are an error.",
        signature="n -> n n",
        evaluate=inverse_gaps,
        derivative=(
            IndexRule("ij", "k", lambda y, s: y["ij"] * y["ij"] * (delta("jk") - delta("ik"))),
        ),
        code={
            **dict.fromkeys(BACKENDS, "_inverse_gaps({0})"),
            "array_api": "_inverse_gaps({0}, xp)",
        },
        helpers=_pairs(
            "_inverse_gaps", "eigenvalues", NO_EIGENVECTORS, "", "gaps", "1/(s[i] - s[j])"
        ),
        notation=Notation(
            "call",
            "inverse_gaps",
            r"\operatorname{gaps}^{-1}",
            note="inverse_gaps(s)_ij is 1/(s_i − s_j), 0 for i = j",
        ),
        domain=("real",),
        spellings=("inverse_gaps",),
        laws=("inverse_gaps(x)' == -inverse_gaps(x)",),
        source="d 1/(sᵢ − sⱼ) = −(dsᵢ − dsⱼ)/(sᵢ − sⱼ)²",
    )
)

register(
    Record(
        name="inverse_square_gaps",
        sentence="The matrix of 1/(sᵢ² − sⱼ²) with a zero diagonal; equal squares are an error.",
        signature="n -> n n",
        evaluate=inverse_square_gaps,
        derivative=(
            IndexRule(
                "ij",
                "k",
                lambda y, s: 2 * y["ij"] * y["ij"] * (s["j"] * delta("jk") - s["i"] * delta("ik")),
            ),
        ),
        code={
            **dict.fromkeys(BACKENDS, "_inverse_square_gaps({0})"),
            "array_api": "_inverse_square_gaps({0}, xp)",
        },
        helpers=_pairs(
            "_inverse_square_gaps",
            "singular values",
            NO_SINGULAR_VECTORS,
            "    s = abs(s)\n",
            "gaps * (s[..., :, None] + s[..., None, :])",
            "1/(s[i]**2 - s[j]**2)",
        ),
        notation=Notation(
            "call",
            "inverse_square_gaps",
            r"\operatorname{gaps}_2^{-1}",
            note="inverse_square_gaps(s)_ij is 1/(s_i² − s_j²), 0 for i = j",
        ),
        domain=("positive",),
        spellings=("inverse_square_gaps",),
        analytic=False,
        laws=(
            "inverse_square_gaps(x)' == -inverse_square_gaps(x)",
            "inverse_square_gaps(exp(x)) == inverse_gaps(exp(2*x))",
        ),
        source="d 1/(sᵢ² − sⱼ²) = −2(sᵢ dsᵢ − sⱼ dsⱼ)/(sᵢ² − sⱼ²)²",
    )
)

register(
    Record(
        name="inverse_singular_values",
        sentence="1/sᵢ; an entry that is 0 to rounding of the largest is an error.",
        signature="n -> n",
        evaluate=inverse_singular_values,
        derivative=(IndexRule("i", "k", lambda y, s: -1 * y["i"] * y["i"] * delta("ik")),),
        code={
            **dict.fromkeys(BACKENDS, "_inverse_singular_values({0})"),
            "array_api": "_inverse_singular_values({0}, xp)",
        },
        helpers={
            "numpy": helpers(ROUNDING, NUMPY_INVERSE)["numpy"],
            "jax": helpers(ROUNDING, JAX_INVERSE)["jax"],
            "torch": joined(ROUNDING_TORCH, TORCH_INVERSE),
            "tensorflow": joined(ROUNDING_TENSORFLOW, TENSORFLOW_INVERSE),
            "array_api": joined(ROUNDING_STANDARD, STANDARD_INVERSE),
        },
        notation=Notation(
            "call",
            "inverse_singular_values",
            r"\operatorname{inverse}",
            note="inverse_singular_values(s)_i is 1/s_i",
        ),
        domain=("nonzero",),
        spellings=("inverse_singular_values",),
        laws=("inverse_singular_values(exp(x)) == exp(-x)",),
        source="d 1/sᵢ = −dsᵢ/sᵢ²",
    )
)
