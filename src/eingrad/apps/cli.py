"""The command line: `eingrad derive`, `eingrad check`, `eingrad plot`, `eingrad completion`.

Commands compute an `Outcome`; it is written here, in one place, so that no error, broken pipe or
interrupt ends in a traceback. Mathematics is imported when a command runs: help and completion are
immediate.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from .explaining import derivation, explain_options
from .inputs import ExpressionCommand, chains, declarations, expression_text
from .outcome import Outcome, check_outcome, derive_outcome, guarded
from .output import Output, output_options
from .plot import numbered, plot
from .regression import gaussnewton, logistic, softmax
from .rule import requested, rule_options
from .train import train

LAYOUTS = ("mixed", "denominator", "numerator", "vec")
FORMS = ("auto", "matrix", "differential", "vec", "index")
SYMMETRIC = ("free", "project", "cookbook")
TARGETS = ("numpy", "jax", "torch", "tensorflow", "array_api", "latex", "mathml")
SHELLS = ("bash", "zsh", "fish")


class Program(click.Group):
    """The group of commands; its `main` turns every ending into an exit code."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; with `standalone_mode` the process ends with the exit code."""
        words = list(sys.argv[1:] if args is None else args)

        def work() -> Any:
            run: Callable[..., Any] = super(Program, self).main
            return run(words, prog_name or "eingrad", complete_var, standalone_mode=False, **extra)

        code = guarded(work, words, commands=tuple(self.commands))
        if standalone_mode:
            sys.exit(code)
        return code


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("eingrad")
    except PackageNotFoundError:  # run from a source tree that is not installed
        number = "(not installed)"
    click.echo(f"eingrad {number}")
    ctx.exit()


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """For completion: the identifiers of the expression that are not called as functions."""
    *before, start = incomplete.split(",")
    text = str(ctx.params.get("expression") or "")
    names = sorted(set(re.findall(r"\b[^\W\d]\w*\b(?!\s*\()", text)))
    return [",".join([*before, name]) for name in names if name.startswith(start)]


_expression = click.argument("expression", metavar="EXPR")
_wrt = click.option(
    "--wrt",
    "wrt",
    multiple=True,
    metavar="NAME",
    shell_complete=_names,
    help="Differentiate by this variable. Give it twice for a second derivative; Q,K,V is three "
    "derivatives.",
)
_order = click.option(
    "--order",
    type=click.IntRange(1, 8),
    help="How many times to differentiate by the one variable of --wrt.",
)
_let = click.option(
    "--let",
    "let",
    multiple=True,
    metavar="DECLARATION",
    help='Sizes and facts of a variable: "X: n n spd", "w: 30", "c:" (a scalar). Facts: symmetric '
    "spd psd positive nonnegative integer diagonal triangular orthogonal.",
)
_layout = click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="mixed",
    show_default=True,
    help="Order of the axes: output then inputs (mixed), inputs then output (denominator), "
    "its reverse (numerator), or the matrix ∂vec Y/∂vec Xᵀ (vec).",
)
_symmetric = click.option(
    "--symmetric",
    type=click.Choice(SYMMETRIC),
    default="free",
    show_default=True,
    help="How the entries of a symmetric variable count: all independent (free), symmetric part of "
    "that (project), one variable for each pair (cookbook).",
)


@click.group(
    cls=Program,
    no_args_is_help=True,
    context_settings={"max_content_width": 100},
    epilog="""\b
Examples:
  eingrad derive "norm2(A*x-y)^2" --wrt x
  eingrad derive "x'*A*x" --wrt x --wrt x --let "A: n n symmetric"
  eingrad check "x'*A*x" --wrt x --answer "2*A*x"

\b
Exit codes: 0 right, 1 a check failed or an answer is wrong, 2 usage or input, 3 a bug.
""",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Exact matrix and tensor calculus: closed formulas, checked, and code that runs."""


@cli.command(
    cls=ExpressionCommand,
    short_help="Derive a formula, check it, write code.",
    epilog="""\b
Examples:
  eingrad derive "norm2(A*x-y)^2" --wrt x              one gradient
  eingrad derive "sum(log(exp(-y.*(X*w))+1))" --wrt w --order 2
  eingrad derive "A*B" --wrt A --layout vec            Kronecker products
  eingrad derive "A*B" --wrt A --entries --size m=2,n=2,p=2
  eingrad derive "sum(softmax(Q*K')*V)" --wrt Q,K,V    three gradients
  eingrad derive "logdet(X)" --wrt X --let "X: n n spd"
  eingrad derive "norm2(A*x-y)^2" --wrt x --explain    each step with its reason
  eingrad derive "inv(X)" --wrt X --explain -o inverse.html
  eingrad derive "-x'*x" --wrt x --to numpy --value > f.py
  eingrad derive "softmax(Q*K')*V" --wrt Q,K,V --to jax --rule --name attention --emit-test out
  echo "tr(A*X'*B*X*C)" | eingrad derive - --wrt X --json
""",
)
@_expression
@_wrt
@_order
@_let
@_layout
@click.option(
    "--form",
    "forms",
    type=click.Choice(FORMS),
    multiple=True,
    help="Notation of the formula; may be given several times. auto is matrix notation up to two "
    "axes, differentials beyond.",
)
@_symmetric
@click.option(
    "--to",
    "target",
    metavar="TARGET",
    shell_complete=lambda _ctx, _param, start: [t for t in TARGETS if t.startswith(start)],
    help="Write code (numpy) or markup (latex, mathml) to standard output, and the report to "
    "standard error.",
)
@click.option("--value", is_flag=True, help="With --to: code for value and derivatives together.")
@click.option(
    "--cost",
    is_flag=True,
    help="Add the structure, and what the full tensor costs beside passing a gradient through it.",
)
@click.option(
    "--entries",
    is_flag=True,
    help="Write out every entry, prove it by hand, and show what repeats; for small sizes.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="NAME=NUMBER",
    help="With --cost or --entries: a number for a symbolic size.",
)
@rule_options
@explain_options
@click.option("--check/--no-check", "check_it", default=True, help="Compare with differences.")
@output_options
def derive(
    expression: str,
    wrt: tuple[str, ...],
    order: int | None,
    let: tuple[str, ...],
    layout: str,
    forms: tuple[str, ...],
    symmetric: str,
    target: str | None,
    value: bool,
    cost: bool,
    entries: bool,
    sizes: tuple[str, ...],
    check_it: bool,
    output: Output,
    rule: bool,
    directory: str | None,
    name: str | None,
    recompute: str | None,
    library: bool,
    explain: bool,
    route: str | None,
    level: str | None,
) -> Outcome:
    """Derive EXPR by the variables of --wrt; show the formula, its shape and its numeric check.

    EXPR is text such as "tr(A*X'*B)", "log(det(X))" or "A.T @ x"; "-" reads standard input.
    Letters that are not declared have the usual kinds: a–g scalars, h–z vectors, capitals
    matrices; sizes follow from the expression.
    """
    from .answer import MARKUP, Request, answer, require_backend

    if sizes and not (cost or entries):
        raise click.UsageError("--size needs --cost or --entries")
    if target and target not in MARKUP:
        require_backend(target)
    if target and not (output.path is None and output.format in ("text", "json")):
        raise click.UsageError("--to writes code itself: it goes without --format and --output")
    if value and (not target or target in MARKUP):
        raise click.UsageError("--value needs code to be written: add --to numpy")
    wanted = chains(wrt, order) if wrt else []
    request = Request(
        text=expression_text(expression),
        chains=wanted,
        declarations=declarations(let),
        layout=layout,
        forms=forms or ("auto",),
        symmetric=symmetric,
        target=target,
        value=value,
        check=check_it,
        cost=cost,
        entries=entries,
        sizes=numbered(sizes),
        rule=requested(rule, directory, name, recompute, library, target, wanted),
        explain=derivation(explain, route, level),
    )
    return derive_outcome(answer(request), output)


@cli.command(
    cls=ExpressionCommand,
    short_help="Say whether an answer is the derivative.",
    epilog="""\b
Examples:
  eingrad check "x'*A*x" --wrt x --answer "(A+A')*x"
  eingrad check "A*x" --wrt x --answer "A'" --layout denominator
""",
)
@_expression
@_wrt
@_order
@_let
@click.option("--answer", "given", required=True, metavar="EXPR", help="The formula to judge.")
@_layout
@_symmetric
@output_options
def check(
    expression: str,
    wrt: tuple[str, ...],
    order: int | None,
    let: tuple[str, ...],
    given: str,
    layout: str,
    symmetric: str,
    output: Output,
) -> Outcome:
    """Say whether --answer is the derivative of EXPR, and if not, what is wrong with it.

    The answer is judged in the layout asked for; one that is right in another layout only, or off
    by a factor, a sign or a transpose, is wrong, and the reason says so. Exit code: 0 right, 1 not.
    """
    from .verdict import judged

    one = chains(wrt, order)
    if len(one) != 1 or not one[0]:
        raise click.UsageError("check takes one derivative: --wrt x, or --wrt x --wrt z")
    verdict = judged(
        expression_text(expression), one[0], given, declarations(let), layout, symmetric
    )
    return check_outcome(verdict, output)


@cli.command(
    epilog="""\b
Examples:
  eval "$(eingrad completion bash)"                                  in ~/.bashrc
  eingrad completion zsh > "${fpath[1]}/_eingrad"
  eingrad completion fish > ~/.config/fish/completions/eingrad.fish
"""
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> Outcome:
    """Print the completion script for a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    complete = found(cli, {}, "eingrad", "_EINGRAD_COMPLETE")
    # Not `complete.source()`: for bash that starts a bash to ask for its version.
    return Outcome(0, code=ShellComplete.source(complete), language="shell")


cli.add_command(plot)
for command in (logistic, softmax, gaussnewton):
    train.add_command(command)
cli.add_command(train)


def main() -> None:
    """The program `eingrad`."""
    cli.main()


if __name__ == "__main__":
    main()
