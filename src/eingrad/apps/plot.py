"""`eingrad plot`: a picture of a derivative, as a file or as text in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from .inputs import ExpressionCommand, chains, declarations, expression_text
from .outcome import Outcome, saved, shown_as, wrote
from .output import Output, output_options

KINDS = ("auto", "blocks", "stack", "spy")
LAYOUTS = ("mixed", "denominator", "numerator")


@click.command(
    cls=ExpressionCommand,
    short_help="Draw a derivative: matrix of matrices, stack, pattern of zeros.",
    epilog="""\b
Examples:
  eingrad plot "A*B" --wrt A                            the matrix of matrices, as text
  eingrad plot "A*B" --wrt A --size m=2 --size n=2 --size p=2 -o ab.png
  eingrad plot "W'*x" --wrt W -o matrix_of_vectors.svg
  eingrad plot "W*x" --wrt W --kind stack -o stack.svg
  eingrad plot "A*X*B" --wrt X --kind spy --size m=20 -o spy.png
  eingrad plot "b*c" --wrt a --paths --with "b = a^2" --with "c = sin(a)*b" -o paths.svg
  eingrad plot "x'*A*x" --wrt x --approximation -o remainder.png
  eingrad plot "x'*A*x" --wrt x --approximation -o remainder.html
""",
)
@click.argument("expression", metavar="EXPR")
@click.option("--wrt", multiple=True, metavar="NAME", help="By this variable; twice: second order.")
@click.option("--order", type=click.IntRange(1, 8), help="How many times to differentiate.")
@click.option(
    "--let", multiple=True, metavar="DECLARATION", help='Sizes and facts: "X: n n spd", "w: 3".'
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="auto",
    show_default=True,
    help="Every entry in blocks; slices of three axes as a stack; where the flattened matrix is "
    "not zero (spy). auto: blocks, or spy where there are too many entries.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="NAME=NUMBER",
    help="A number for a symbolic size; small different ones are taken for the rest.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="mixed",
    show_default=True,
    help="Which axes are outside: the output's (mixed, numerator) or the inputs' (denominator).",
)
@click.option(
    "--paths",
    is_flag=True,
    help="The graph of dependencies and what each path contributes: .svg, .dot, .mmd, or text.",
)
@click.option(
    "--with",
    "definitions",
    multiple=True,
    metavar="NAME=EXPR",
    help="With --paths: an intermediate variable of EXPR and what it is; may be repeated.",
)
@click.option(
    "--approximation",
    is_flag=True,
    help="The remainder of the approximation by the derivative against the step size.",
)
@output_options
def plot(
    expression: str,
    wrt: tuple[str, ...],
    order: int | None,
    let: tuple[str, ...],
    kind: str,
    sizes: tuple[str, ...],
    layout: str,
    paths: bool,
    definitions: tuple[str, ...],
    approximation: bool,
    output: Output,
) -> Outcome:
    """Draw the derivative of EXPR by the variable of --wrt; zeros and repeats stand out.

    EXPR is text as for derive; "-" reads standard input.
    """
    from ..calculus import derivative, parse
    from .answer import free_label

    found = chains(wrt, order) if wrt else []
    if len(found) != 1:
        raise click.UsageError("plot draws one derivative: --wrt x, or --wrt x --wrt z")
    expression_read = parse(expression_text(expression), **declarations(let))
    if paths and approximation:
        raise click.UsageError("--paths and --approximation are two pictures: ask for one")
    if definitions and not paths:
        raise click.UsageError("--with needs --paths")
    if paths and sizes:
        raise click.UsageError("--paths is symbolic: it takes no --size")
    total = defined(definitions) or None
    by = [expression_read.variables.get(name, name) for name in found[0]]
    d = derivative(expression_read, *by, layout=layout, total=total)
    if total is None:
        d.label = free_label(expression_read)
    shown: Any
    if paths:
        shown = d.paths()
        said = shown.total
    elif approximation:
        shown = d.approximation(**numbered(sizes))
        said = shown.verdict
    else:
        shown = d.plot(kind, **numbered(sizes))
        said = shown.tally
    path = output.path
    if path is not None and output.form is None:
        return wrote(shown.save(path), 0, output, said)
    if output.format != "text" and not (paths or approximation):
        raise click.UsageError(
            "a picture is a file, or text: -o picture.svg, -o picture.png; --format is for --paths "
            "and --approximation"
        )
    if not (paths or approximation):
        lines = [[(line, "")] for line in shown.text().split("\n")]
        if path is not None:
            return saved(Path(path), (shown.text() + "\n").encode(), 0, output, said)
        return Outcome(0, lines=lines, colour=output.colour)
    return shown_as(shown.document, shown.json, 0, output)


def defined(texts: tuple[str, ...]) -> dict[str, str]:
    """Variables of `--with "b = a^2"` and what they are.

    Raises
    ------
    InputError
        One is not NAME=EXPR, or a name comes twice.

    Examples
    --------
    >>> defined(("b = a^2", "c=b>=0"))
    {'b': 'a^2', 'c': 'b>=0'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, _, value = (word.strip() for word in text.partition("="))
        if not name.isidentifier() or not value:
            raise InputError(f"--with {text!r} defines nothing", hint='write "b = a^2"')
        if name in found:
            raise InputError(f"--with gives {name} twice")
        found[name] = value
    return found


def numbered(texts: tuple[str, ...]) -> dict[str, int]:
    """Sizes of `--size n=2`; several may stand in one, with commas.

    Raises
    ------
    InputError
        One is not NAME=NUMBER, or a name comes twice.

    Examples
    --------
    >>> numbered(("n=2", "m=3,p=4"))
    {'n': 2, 'm': 3, 'p': 4}
    """
    sizes: dict[str, int] = {}
    for text in (part for item in texts for part in item.split(",")):
        name, _, number = (word.strip() for word in text.partition("="))
        if not name.isidentifier() or not number.isdecimal() or len(number) > 9:
            raise InputError(f"--size {text!r} is no size", hint="write a name and a number: n=2")
        if name in sizes:
            raise InputError(f"--size gives {name} twice")
        sizes[name] = int(number)
    return sizes
