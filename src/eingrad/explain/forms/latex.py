"""The tree as a LaTeX document for LuaLaTeX or XeLaTeX (mathematical letters are Unicode).

A formula wider than the page is scaled to fit as far as it stays readable, and broken at its
relations and signs beyond; matrices are scaled. Pictures are left to the blocks beside them.
"""

from __future__ import annotations

from ..written import TEX, Math, Prose
from .latexletters import in_text
from .tree import (
    Aligned,
    Block,
    Display,
    Document,
    Figure,
    Formulas,
    Inset,
    Labelled,
    Listed,
    Paragraph,
    Section,
    Steps,
    Table,
)

_DOCUMENT = r"""\documentclass{article}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath}
\usepackage{unicode-math}
\usepackage{graphicx}
\setcounter{secnumdepth}{%s}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\setlength{\emergencystretch}{3em}
\raggedright
\newsavebox{\formulabox}
%% A formula on lines of its own: as it is, scaled down to 0.6, or broken into lines where signs
%% stand; where that leaves a line too wide, scaled all the same.
\newif\iftoowide
\newcommand{\measurelines}{\setbox0\lastbox \ifvoid0 \else
  \setbox2\hbox{\unhbox0}\ifdim\wd2>\linewidth \global\toowidetrue \fi
  \unskip\unpenalty \measurelines \fi}
\newcommand{\broken}[1]{\let\left\relax \let\right\relax
  \def\boxed##1{\lBrack ##1\rBrack}\hangindent=2em $\displaystyle #1$\par}
\newcommand{\formula}[2]{\par\sbox{\formulabox}{$\displaystyle #1$}%%
  \ifdim\wd\formulabox>\linewidth
    \global\toowidetrue
    \ifdim\wd\formulabox>1.6\linewidth
      \global\toowidefalse
      \setbox4\vbox{\hfuzz=\maxdimen \broken{#1}\measurelines}\fi
    \iftoowide \resizebox{\linewidth}{!}{\usebox{\formulabox}}\par
    \else {\broken{#1}}\fi
  \else\quad\usebox{\formulabox}\fi
  \ifx\relax#2\relax\else\quad\hspace*{\fill}\mbox{\small[#2]}\fi\par}
\begin{document}
\section*{%s}
%s
\end{document}
"""


def latex(document: Document) -> str:
    """The whole document."""
    body = "\n".join(_blocks(document.blocks, document.numbered))
    return _DOCUMENT % (1 if document.numbered else 0, prose(document.title), body)


def fragment(document: Document) -> str:
    """The document within another one, such as a notebook that is printed."""
    head = r"\providecommand{\formula}[2]{\[#1\]}"
    body = _blocks(document.blocks, document.numbered)
    return "\n".join([head, rf"\paragraph{{{prose(document.title)}}}", *body])


def _blocks(blocks: tuple[Block, ...], numbered: bool = False) -> list[str]:
    return [line for block in blocks for line in _block(block, numbered)]


def _block(block: Block, numbered: bool = False) -> list[str]:
    if isinstance(block, Paragraph):
        said = prose(block.prose)
        return [rf"\textbf{{{said}}}\par" if block.style in _STRONG else rf"{said}\par"]
    if isinstance(block, Display) and block.pieces:
        return [
            r"\hangindent=2em "
            + "\n".join(rf"${{\displaystyle {TEX.draw(p)}}}$" for p in block.pieces)
            + r"\par"
        ]
    if isinstance(block, Display):
        left = TEX.draw(block.left) + " = " if block.left is not None else ""
        return [_formula(left + TEX.draw(block.math), block.side)]
    if isinstance(block, Aligned):
        return [
            _formula(f"{TEX.draw(left)} = {TEX.draw(right)}", side)
            for left, right, side in block.rows
        ]
    if isinstance(block, Formulas):
        return ["\n".join(rf"\mbox{{{inline(item)}}}\qquad" for item in block.items) + r"\par"]
    if isinstance(block, Labelled):
        return [_labelled(block)]
    if isinstance(block, Listed):
        return [_enumerated(_listed(block), "enumerate" if block.numbered else "itemize")]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return []
    if isinstance(block, Section):
        head = [rf"\section{'' if numbered else '*'}{{{prose(block.title)}}}"]
        return (head if block.title else [r"\medskip"]) + _blocks(block.blocks)
    if isinstance(block, Steps):
        items = [
            "\n".join([rf"\item \textbf{{{prose(step.title)}}}\par", *_blocks(step.blocks)])
            for step in block.items
        ]
        return [_enumerated(items)]
    assert isinstance(block, Inset)
    inner = block.document
    return [
        rf"\subsection*{{{prose(inner.title)}}}",
        *_blocks(inner.blocks, inner.numbered),
    ]


_BREAKS = (r"\quad \text{where", r",\ ", r"\sum_")  # besides relations and signs
_STRONG = ("title", "good", "bad")


def _formula(tex: str, side: str) -> str:
    for place in _BREAKS:
        tex = tex.replace(place, r"\allowbreak" + place)
    return rf"\formula{{{tex}}}{{{in_text(side)}}}"


def _labelled(block: Labelled) -> str:
    rows = [
        (rf"\textit{{{in_text(word)}}}\quad " if word else "") + prose(said) + r"\par"
        for word, said, _ in block.rows
    ]
    return "\n".join(rows)


def _listed(block: Listed) -> list[str]:
    return [
        rf"\item {in_text(name)}"
        + (f" ({in_text(remark)})" if remark else "")
        + "\n"
        + _formula(TEX.draw(math), "")
        for name, math, remark in block.rows
    ]


def _enumerated(items: list[str], how: str = "enumerate") -> str:
    return "\n".join([rf"\begin{{{how}}}", *items, rf"\end{{{how}}}"])


def _table(block: Table) -> list[str]:
    rows = [
        " & ".join(in_text(cell) for cell in row) + r" \\" for row in (block.header, *block.rows)
    ]
    body = [rows[0] + r" \hline", *rows[1:]] if any(block.header) else rows[1:]
    columns = block.align
    head = [rf"{in_text(block.caption)}\par"] if block.caption else []
    return [*head, "\n".join([rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}\par"])]


def inline(math: Math) -> str:
    """Mathematics within a line."""
    return f"${TEX.draw(math)}$"


def prose(said: Prose) -> str:
    """Sentences as LaTeX text."""
    return "".join(in_text(p) if isinstance(p, str) else inline(p) for p in said)
