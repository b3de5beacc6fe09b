"""`eingrad derive --rule`: a function with its derived backward pass as a module, and its test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .terminal import Line

if TYPE_CHECKING:
    from .answer import Answer

POLICIES = ("none", "cheap", "all")


@dataclass(frozen=True)
class RuleRequest:
    """What the user asked for of a rule; the fields are options of `eingrad derive`."""

    name: str
    recompute: str
    directory: str | None
    library: bool


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of rules, which `requested` collects."""
    options = (
        click.option(
            "--rule",
            "rule",
            is_flag=True,
            help="With --to jax, torch or tensorflow: the function with a custom rule for its "
            "derived gradients by the variables of --wrt.",
        ),
        click.option(
            "--emit-test",
            "directory",
            metavar="DIR",
            help="With --rule: write NAME.py and test_NAME.py, a pytest file that proves the rule.",
        ),
        click.option("--name", help="With --rule: what the function is called.  [default: f]"),
        click.option(
            "--recompute",
            type=click.Choice(POLICIES),
            help="With --rule: what the backward pass makes again instead of keeping it.  "
            "[default: cheap]",
        ),
        click.option("--library", is_flag=True, help="With --rule: an operator of torch.library."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def requested(
    rule: bool,
    directory: str | None,
    name: str | None,
    recompute: str | None,
    library: bool,
    target: str | None,
    chains: Sequence[Sequence[str]],
) -> RuleRequest | None:
    """The request for a rule, if there is one.

    Raises
    ------
    click.UsageError
        The options do not go together.
    """
    if not rule:
        for option, given in (
            ("--emit-test", directory),
            ("--name", name),
            ("--recompute", recompute),
            ("--library", library),
        ):
            if given:
                raise click.UsageError(f"{option} needs --rule")
        return None
    if not target:
        raise click.UsageError("--rule needs a framework: add --to jax, torch or tensorflow")
    if any(len(chain) != 1 for chain in chains):
        raise click.UsageError("--rule takes first derivatives: it brings the second ones itself")
    return RuleRequest(name or "f", recompute or "cheap", directory, library)


def write_rule(answer: Answer, request: RuleRequest) -> tuple[str, list[Line]]:
    """The module, or nothing where it was written to files; and lines that say what it keeps."""
    from ..calculus import custom_rule

    made = custom_rule(
        answer.expression,
        [one.derivative.wrt[0] for one in answer.derived],
        answer.request.target or "",
        name=request.name,
        recompute=request.recompute,
        library=request.library,
    )
    lines: list[Line] = [[]]
    lines += [[("keeps ", "title"), (str(saved), "")] for saved in made.saved]
    if not made.saved:
        lines.append([("keeps nothing for the backward pass", "")])
    if request.directory is None:
        return made.source, lines
    try:
        paths = made.write(request.directory)
    except OSError as error:
        raise InputError(
            f"cannot write to {request.directory}: {error.strerror or error}",
            hint="choose another directory",
        ) from error
    for path in paths:
        lines.append([("wrote ", "title"), (str(path), "")])
    lines.append([(f"run it: cd {request.directory} && python -m pytest test_{made.name}.py", "")])
    return "", lines
