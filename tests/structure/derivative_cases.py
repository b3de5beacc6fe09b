"""Derivatives of machine learning and statistics, each with what a person would call it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Named:
    """A function, the variables of its derivative, and the sentence (all of it, or its start)."""

    text: str
    wrt: str
    sentence: str
    declared: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.text} by {self.wrt}"


REGRESSION = {"X": "m d", "W": "d c", "Y": "m c"}
LAYERS = {"X": "m d", "P": "d h", "Q": "h c", "w": "h", "y": "m"}
ONE_SAMPLE = {"A": "m n", "x": "n", "b": "m"}
MASKED = {"M": "m n", "T": "m n", "U": "m k", "V": "n k"}
CUBE = {"T": "i j k", "M": "i j k", "A": "i r", "B": "j r", "C": "k r"}
LINEAR = {"X": "m n", "w": "n", "y": "m", "l": ""}

_SOFTMAX = (
    "block diagonal (one block for each place of axis 1 ⊗ a symmetric positive semidefinite d×d"
    " core) + symmetric negative semidefinite cd×cd of rank at most m"
)
_LSE = "symmetric positive semidefinite n×n + rank 1"
_BATCH = "block diagonal: one block for each place of axis 0 ⊗ "
_MASK = f"{_BATCH}a symmetric positive semidefinite k×k core; sparse: 1/m of the entries"

NAMED = [
    # classification
    Named("sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))", "W W", _SOFTMAX, REGRESSION),
    Named("sum(log(sum(exp(X*W), axis=1))) - tr(Y'*X*W)", "W W", _SOFTMAX, REGRESSION),
    Named(
        "sum(logsumexp(X*W, axis=1)) + l*norm2(W)^2",
        "W W",
        "block diagonal (one block for each place of axis 1 ⊗ a symmetric d×d core)"
        " + symmetric negative semidefinite cd×cd of rank at most m",
        {**REGRESSION, "l": ""},
    ),
    Named("sum(softplus(X*w)) - y'*X*w", "w w", "symmetric positive semidefinite n×n", LINEAR),
    Named(
        "sum(softplus(X*w)) + l*w'*w",
        "w w",
        "multiple of the identity + symmetric positive semidefinite n×n",
        LINEAR,
    ),
    Named("logsumexp(A*x)", "x x", _LSE, ONE_SAMPLE),
    Named("log(sum(exp(A*x)))", "x x", _LSE, ONE_SAMPLE),
    Named("softmax(A*x)", "x", "dense m×n + rank 1", ONE_SAMPLE),
    Named(
        "sum(logsumexp(X*W + ones(m)*b', axis=1))",
        "b b",
        "diagonal + symmetric negative semidefinite c×c",
        {**REGRESSION, "b": "c"},
    ),
    Named("softmax(Z, axis=1)", "Z", f"{_BATCH}(diagonal + rank 1)", {"Z": "m c"}),
    Named("log_softmax(Z, axis=1)", "Z", f"{_BATCH}(identity + rank 1)", {"Z": "m c"}),
    # networks
    Named(
        "sum((relu(X*P)*w - y).^2)",
        "P P",
        "symmetric positive semidefinite dh×dh of rank at most m",
        LAYERS,
    ),
    Named(
        "sum(logsumexp(relu(X*P)*Q, axis=1))",
        "P P",
        "symmetric positive semidefinite dh×dh"
        " + symmetric negative semidefinite dh×dh of rank at most m",
        LAYERS,
    ),
    Named(
        "sum((tanh(X*P)*w - y).^2)",
        "P P",
        "block diagonal (one block for each place of axis 1 ⊗ a symmetric d×d core)"
        " + symmetric positive semidefinite dh×dh of rank at most m",
        LAYERS,
    ),
    Named(
        "tanh(W*x + U*h)",
        "U",
        "block diagonal: diagonal over axis 0 ⊗ one 1×m row; sparse: 1/m of the entries",
        {"W": "m n", "U": "m m", "x": "n", "h": "m"},
    ),
    Named(
        "softmax(Q*K', axis=1)*V",
        "Q",
        f"{_BATCH}(dense e×d + rank 1); sparse: 1/m of the entries",
        {"Q": "m d", "K": "n d", "V": "n e"},
    ),
    Named(
        "softmax(Q*K', axis=1)*V",
        "K",
        "2 products of arrays, entry by entry",
        {"Q": "m d", "K": "n d", "V": "n e"},
    ),
    # factorisations
    Named("norm2(M.*(T-U*V'))^2", "U U", _MASK, MASKED),
    Named("sum((M.*(T-U*V')).^2)", "U U", _MASK, MASKED),
    Named("sum(M.^2.*(T-U*V').^2)", "U U", _MASK, MASKED),
    Named(
        "sum((T - einsum('ir,jr,kr->ijk', A, B, C)).^2)",
        "A A",
        "block diagonal: identity over axis 0 ⊗ one symmetric positive semidefinite r×r core"
        "; sparse: 1/i of the entries",
        CUBE,
    ),
    Named(
        "sum(M.*(T - einsum('ir,jr,kr->ijk', A, B, C)).^2)",
        "A A",
        f"{_BATCH}a symmetric r×r core; sparse: 1/i of the entries",
        CUBE,
    ),
    Named(
        "norm2(X*W - Y)^2 + l*norm2(W)^2",
        "W W",
        "block diagonal: identity over axis 1 ⊗ (multiple of the identity"
        " + symmetric positive semidefinite d×d); sparse: 1/c of the entries",
        {**REGRESSION, "l": ""},
    ),
    # densities and distances
    Named(
        "multivariate_normal_logpdf(x, mu, S)",
        "mu mu",
        "symmetric negative definite n×n",
        {"x": "n", "mu": "n", "S": "n n spd"},
    ),
    Named(
        "squared_mahalanobis(x, mu, S)",
        "x x",
        "symmetric positive definite n×n",
        {"x": "n", "mu": "n", "S": "n n spd"},
    ),
    Named(
        "mahalanobis(x, mu, S)",
        "x x",
        "symmetric positive semidefinite n×n + rank 1",
        {"x": "n", "mu": "n", "S": "n n spd"},
    ),
    Named("quadratic_form(x, A)", "x x", "symmetric n×n", {"x": "n", "A": "n n"}),
    Named(
        "pairwise_squared_distances(X, Y)",
        "X",
        f"{_BATCH}(dense n×d + rank 1); sparse: 1/m of the entries",
        {"X": "m d", "Y": "n d"},
    ),
    Named(
        "sum(exp(-pairwise_squared_distances(X, Y)))",
        "X X",
        f"{_BATCH}(multiple of the identity + symmetric positive semidefinite d×d)",
        {"X": "m d", "Y": "n d"},
    ),
    Named(
        "y'*inv(K)*y",
        "K",
        "rank 1",
        {"K": "n n", "y": "n"},
    ),
    Named(
        "-(y'*inv(K)*y)/2 - logdet(K)/2",
        "K K",
        "sum of 3 Kronecker products",
        {"K": "n n", "y": "n"},
    ),
    # statistics
    Named(
        "X - ones(m)*mean(X, axis=0)'",
        "X",
        "block diagonal: identity over axis 1 ⊗ (identity + constant); sparse: 1/n of the entries",
        {"X": "m n"},
    ),
    Named("var(x)", "x x", "multiple of the identity + constant", {"x": "n"}),
    Named("sum(log(cumsum(exp(X*w))))", "w w", "symmetric n×n", LINEAR),
    Named(
        "norm2(A*x - b)",
        "x x",
        "symmetric positive semidefinite n×n + rank 1",
        ONE_SAMPLE,
    ),
    Named(
        "sum((X*V).^2) - sum((X.^2)*(V.^2))",
        "V V",
        "block diagonal: identity over axis 1 ⊗ (diagonal + symmetric positive semidefinite n×n)",
        {"X": "m n", "V": "n k"},
    ),
    Named("12*sum((X*w).^4)", "w w", "symmetric positive semidefinite n×n", LINEAR),
    Named(
        "(X*w-y)'*inv(S)*(X*w-y)",
        "w w",
        "symmetric positive semidefinite n×n",
        {**LINEAR, "S": "m m spd"},
    ),
    Named("log(p'*A*q)", "A A", "rank 1", {"A": "m n", "p": "m", "q": "n"}),
    Named(
        "logsumexp(x + A*exp(q))",
        "A A",
        "block diagonal (diagonal over axis 0 ⊗ rank 1 k×k) + rank 1",
        {"A": "n k", "x": "n", "q": "k"},
    ),
    Named(
        "conv1d(x, w)",
        "x",
        "banded Toeplitz 7×9; sparse: 1/3 of the entries",
        {"x": "9", "w": "3"},
    ),
    Named("conv1d(x, w)", "w", "Hankel 7×3", {"x": "9", "w": "3"}),
    Named(
        "conv1d(x, w, stride=2)",
        "x",
        "banded 4×9; sparse: 1/3 of the entries",
        {"x": "9", "w": "3"},
    ),
    Named(
        "relu(A*X)",
        "A",
        f"{_BATCH}a p×n product of p×n and p×1 arrays, entry by entry",
        {"A": "m n", "X": "n p"},
    ),
    Named(
        "sum(exp(X*w)) + sum(exp(Z*w))",
        "w w",
        "symmetric positive semidefinite n×n",
        {**LINEAR, "Z": "p n"},
    ),
]

SPELLINGS = [
    # functions that are the same, by the same variables
    (["logsumexp(A*x)", "log(sum(exp(A*x)))", "log(ones(m)'*exp(A*x))"], "x x", ONE_SAMPLE),
    (
        [
            "sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))",
            "sum(log(sum(exp(X*W), axis=1))) - tr(Y'*X*W)",
            "sum(log(exp(X*W)*ones(c))) - sum((X'*Y).*W)",
        ],
        "W W",
        REGRESSION,
    ),
    (
        ["norm2(M.*(T-U*V'))^2", "sum((M.*(T-U*V')).^2)", "sum(M.^2.*(T-U*V').^2)"],
        "U U",
        MASKED,
    ),
    (
        ["norm2(A*x - b)^2", "(A*x-b)'*(A*x-b)", "x'*A'*A*x - 2*b'*A*x + b'*b"],
        "x x",
        ONE_SAMPLE,
    ),
    (
        [
            "sum((T - einsum('ir,jr,kr->ijk', A, B, C)).^2)",
            "sum((einsum('kr,ir,jr->ijk', C, A, B) - T).^2)",
        ],
        "A A",
        CUBE,
    ),
    (
        ["squared_mahalanobis(x, mu, S)", "(x-mu)'*inv(S)*(x-mu)"],
        "x x",
        {"x": "n", "mu": "n", "S": "n n spd"},
    ),
    (
        ["sum((relu(X*P)*w - y).^2)", "norm2(relu(X*P)*w - y)^2"],
        "P P",
        LAYERS,
    ),
]
