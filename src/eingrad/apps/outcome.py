"""What a command ends with, and how every ending is written: exit codes, streams, no tracebacks."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..errors import CheckError, EingradError, InputError
from .terminal import (
    Line,
    error_lines,
    prepare,
    silence,
    standard_error,
    wants_colour,
    write_code,
    write_lines,
)

if TYPE_CHECKING:
    from .answer import Answer
    from .verdict import Judged

RIGHT, WRONG, USAGE, BUG = 0, 1, 2, 3
INTERRUPTED, BROKEN_PIPE = 130, 141  # as shells count them: 128 + the signal
MAX_MESSAGE = 600  # characters of a usage error that repeats what was typed


class UsageError(InputError):
    """The command was not understood."""


class InternalError(InputError):
    """A bug in eingrad."""


@dataclass(frozen=True)
class Outcome:
    """What a command ends with.

    Attributes
    ----------
    exit_code:
        0 right, 1 a check failed or an answer is wrong, 2 wrong usage or input, 3 a bug.
    lines, code, json:
        What goes to standard output: exactly one of them, except that lines which come with code
        go to standard error, so that the code can be piped into a file.
    language:
        The language of `code`.
    """

    exit_code: int
    lines: Sequence[Line] = ()
    code: str = ""
    language: str = ""
    json: str = ""
    colour: bool | None = None


def derive_outcome(answer: Answer, *, as_json: bool, colour: bool | None) -> Outcome:
    """The ending of `eingrad derive`."""
    if as_json:
        from .jsonform import derive_document, dumps

        return Outcome(answer.exit_code, json=dumps(derive_document(answer)))
    from .report import answer_lines

    lines = [*answer_lines(answer), *answer.remarks]
    if not answer.artifact:
        return Outcome(answer.exit_code, lines=lines, colour=colour)
    from .artifact import language

    return Outcome(
        answer.exit_code,
        lines=lines,
        code=answer.artifact,
        language=language(answer.request.target or ""),
        colour=colour,
    )


def check_outcome(judged: Judged, *, as_json: bool, colour: bool | None) -> Outcome:
    """The ending of `eingrad check`."""
    from .verdict import verdict_document, verdict_lines

    code = RIGHT if judged.verdict.equal else WRONG
    if as_json:
        from .jsonform import dumps

        return Outcome(code, json=dumps(verdict_document(judged, code)))
    return Outcome(code, lines=list(verdict_lines(judged)), colour=colour)


def guarded(work: Callable[[], Any], words: Sequence[str], commands: Sequence[str]) -> int:
    """Do the work, write what it ends with, and give the exit code, whatever happens."""
    prepare(sys.stdout, sys.stderr)
    try:
        try:
            with warnings.catch_warnings():
                # A warning of NumPy about a random point is no message to people.
                warnings.simplefilter("ignore")
                result = work()
        except (click.Abort, KeyboardInterrupt):
            _say([[("interrupted", "bad")]])
            return INTERRUPTED
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help() if error.ctx else "", err=True)
            return USAGE
        except BrokenPipeError:
            raise
        except Exception as error:
            return _failed(error, words, commands)
        if isinstance(result, Outcome):
            _write(result)
            return result.exit_code
        return int(result or 0)
    except BrokenPipeError:
        for stream in (sys.stdout, sys.stderr):
            silence(stream)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # a full disk, a closed terminal
        _say(error_lines(f"the answer cannot be written: {error.strerror}"))
        return WRONG


def _write(outcome: Outcome) -> None:
    out = sys.stdout
    if out is None:
        return
    if outcome.json:
        out.write(outcome.json + "\n")
    elif outcome.code:
        _say(outcome.lines, outcome.colour)
        write_code(outcome.code, outcome.language, out, colour=wants_colour(out, outcome.colour))
    else:
        write_lines(outcome.lines, out, colour=wants_colour(out, outcome.colour))
    out.flush()


def _say(lines: Iterable[Line], colour: bool | None = None) -> None:
    err = standard_error()
    write_lines(lines, err, colour=wants_colour(err, colour))
    err.flush()


def _failed(error: Exception, words: Sequence[str], commands: Sequence[str]) -> int:
    """Write an error, to standard output where JSON was asked for, and give the exit code."""
    if os.environ.get("EINGRAD_DEBUG"):
        raise error
    code, shown = _explained(error)
    if "--json" in words:
        from .jsonform import dumps, error_document

        command = next((w for w in words if w in commands), "")
        if sys.stdout is not None:
            sys.stdout.write(dumps(error_document(command, shown, code)) + "\n")
            sys.stdout.flush()
        return code
    colour = True if "--color" in words else False if "--plain" in words else None
    _say(error_lines(str(shown)), colour)
    return code


def _explained(error: Exception) -> tuple[int, Exception]:
    """The exit code of an error, and the error as it is shown."""
    if isinstance(error, CheckError):
        return WRONG, error
    if isinstance(error, EingradError):
        return USAGE, error
    if isinstance(error, click.ClickException):
        return USAGE, UsageError(_short(error.format_message()), hint=_where_help_is(error))
    if isinstance(error, RecursionError):
        return USAGE, InputError("the expression is nested too deeply")
    if isinstance(error, MemoryError):
        return USAGE, InputError("there is not enough memory for this expression")
    return BUG, InternalError(
        _short(f"a bug in eingrad: {type(error).__name__}: {error}"),
        hint="please report it with the command; EINGRAD_DEBUG=1 shows where it happened",
    )


def _where_help_is(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoSuchCommand):
        return 'an expression comes after a command: eingrad derive "x\'*A*x" --wrt x'
    return f"see {ctx.command_path} --help" if ctx else ""


def _short(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
