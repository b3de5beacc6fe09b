"""Characters of sentences in LaTeX: what is special is escaped, what is mathematics is set so."""

from __future__ import annotations

import unicodedata

_SPECIAL = {c: "\\" + c for c in "#$%&_{}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
    "`": r"\textasciigrave{}",
}
_ESCAPED = {k: v for k, v in _SPECIAL.items() if "ensuremath" not in v}
_NAMED = {
    "⊙": r"\odot",
    "⊗": r"\otimes",
    "⊘": r"\oslash",
    "×": r"\times",
    "·": r"\cdot",
    "−": "-",
    "∂": r"\partial",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "⟶": r"\longrightarrow",
    "→": r"\to",
    "‖": r"\Vert",
    "√": r"\surd",
    "Σ": r"\Sigma",
    "Δ": r"\Delta",
    "≈": r"\approx",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "∑": r"\sum",
    "½": r"\tfrac12",
    "δ": r"\delta",
}


def in_text(text: str) -> str:
    """A sentence as LaTeX text.

    >>> print(in_text("∂f/∂x_1 = 2Aᵀx, 50 %"))
    \\ensuremath{\\partial}f/\\ensuremath{\\partial}x\\_1 = 2A\\ensuremath{^{T}}x, 50 \\%
    """
    return "".join(_character(c) for c in text)


def escaped(text: str) -> str:
    """A sentence with escapes alone: within mathematics on a page, where fonts have every letter
    and a dollar would end the mathematics.

    >>> print(escaped("A m_1×n"))
    A m\\_1×n
    """
    return "".join(_ESCAPED.get(c, c) for c in text)


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if c.isascii():
        return c
    if c in _NAMED:
        return rf"\ensuremath{{{_NAMED[c]}}}"
    kind, *letters = unicodedata.decomposition(c).split() or [""]
    if kind in ("<super>", "<sub>") and letters:
        inner = "".join(chr(int(code, 16)) for code in letters).replace("−", "-")
        return rf"\ensuremath{{{'^' if kind == '<super>' else '_'}{{{inner}}}}}"
    greek = unicodedata.name(c, "").startswith("GREEK")
    if greek or unicodedata.category(c) == "Sm":
        return rf"\ensuremath{{{c}}}"
    return c
