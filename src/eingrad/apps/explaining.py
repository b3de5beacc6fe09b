"""`eingrad derive --explain`: the derivation between the formula and its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..explain import Explanation
    from .answer import Derived

ROUTES = ("differentials", "chain")
LEVELS = ("full", "short")


def explain_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `derive` that are about derivations."""
    for option in (
        click.option(
            "--level",
            type=click.Choice(LEVELS),
            help="With --explain: each step with its reason (full, the default), or its last line.",
        ),
        click.option(
            "--route",
            type=click.Choice(ROUTES),
            help="With --explain: by differentials (the default), or by the chain rule of "
            "Jacobians.",
        ),
        click.option(
            "--explain",
            is_flag=True,
            help="Add the derivation, in numbered steps with their rules.",
        ),
    ):
        command = option(command)
    return command


def derivation(explain: bool, route: str | None, level: str | None) -> tuple[str, str] | None:
    """Route and level, None where no derivation was asked for."""
    if not explain and (route or level):
        raise click.UsageError(f"--{'route' if route else 'level'} needs --explain")
    return (route or "differentials", level or "full") if explain else None


def explained(one: Derived, asked: tuple[str, str]) -> Explanation:
    """The derivation of one derivative; its check stands below it, as everywhere."""
    from ..calculus.explained import explanation

    return explanation(one.derivative, *asked)
