"""Names, numbers and sizes as they are spelled, for all styles."""

from __future__ import annotations

from fractions import Fraction

from ..ir.record import Notation

BUILT_IN = {
    "diag": Notation("call", "diag", r"\operatorname{diag}"),
    "tr": Notation("call", "tr", r"\operatorname{tr}"),
    "sum": Notation("call", "sum", r"\operatorname{sum}"),
    "vec": Notation("call", "vec", r"\operatorname{vec}"),
    "tril": Notation("call", "tril", r"\operatorname{tril}"),
    "triu": Notation("call", "triu", r"\operatorname{triu}"),
    "shifts": Notation("call", "shifts", r"\operatorname{shifts}"),
    "reshape": Notation("call", "reshape", r"\operatorname{reshape}"),
    "norm": Notation("fence", ("‖", "‖"), (r"\left\lVert ", r" \right\rVert")),
}
SECOND_NAMES = {"norm": "norm2"}
INDEX_SYMBOLS = ("δ", "delta", "Σ")  # with a subscript they are not a variable's entry
MODULES = ("np", "numpy", "math")  # np.exp is a function even where exp is a variable

GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "varepsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "varphi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
GREEK_NAMES = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
}


def split_name(text: str) -> tuple[str, str]:
    """`W_ax` → `W`, `ax`; `x1` → `x`, `1`."""
    if "_" in text.strip("_"):
        stem, _, sub = text.partition("_")
        if stem:
            return stem, sub
    stem = text.rstrip("0123456789")
    return (stem, text[len(stem) :]) if stem and len(stem) < len(text) else (text, "")


def split_direction(text: str) -> tuple[str, str, str]:
    """`dX` → `d`, ``, `X`; `d₂X` → `d`, `2`, `X`."""
    order = "".join(str("₀₁₂₃₄₅₆₇₈₉".index(c)) for c in text[1:2] if c in "₀₁₂₃₄₅₆₇₈₉")
    return text[0], order, text[1 + len(order) :]


def decimal(value: int | Fraction, longest: int = 64) -> str:
    """A number as it is typed: an integer, p/q with a denominator up to `longest`, or a decimal."""
    if isinstance(value, int) or value.denominator == 1:
        return str(int(value))
    rest, digits = value.denominator, 0
    for p in (2, 5):
        count = 0
        while rest % p == 0:
            rest //= p
            count += 1
        digits = max(digits, count)
    if rest != 1 or value.denominator <= longest:
        return f"{value.numerator}/{value.denominator}"
    scaled = str(abs(value.numerator) * 10**digits // value.denominator).rjust(digits + 1, "0")
    return f"{'-' if value < 0 else ''}{scaled[:-digits]}.{scaled[-digits:]}"


def written(value: object) -> str:
    """A parameter of a function as it is typed."""
    if isinstance(value, Fraction) and value.denominator != 1:
        text = decimal(value, longest=0)
        return text if "/" not in text else repr(float(value))
    return f'"{value}"' if isinstance(value, str) else str(value)


def is_short(text: str) -> bool:
    """Whether a name is one letter, so that names may stand side by side."""
    return len(text) == 1


def size_text(size: object) -> str:
    """A size as a subscript: a product of one-letter sizes is `mn`, `2*n` is `2n`."""
    text = str(size)
    pieces = text.split("*")
    letters = pieces[1:] if pieces[0].isdigit() and len(pieces) > 1 else pieces
    return "".join(pieces) if all(len(p) == 1 and p.isalpha() for p in letters) else text
