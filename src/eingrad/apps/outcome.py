"""What a command ends with, and how every ending is written: exit codes, streams, no tracebacks."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
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
    from ..explain.forms import Document
    from .answer import Answer
    from .output import Output
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


def derive_outcome(answer: Answer, output: Output) -> Outcome:
    """The ending of `eingrad derive`."""
    from .report import answer_document

    if not answer.artifact or output.as_json:

        def data() -> dict[str, Any]:
            from .jsonform import derive_document

            return derive_document(answer)

        shown = shown_as(lambda: answer_document(answer), data, answer.exit_code, output)
        return replace(shown, lines=[*shown.lines, *answer.remarks]) if shown.lines else shown
    from ..explain.forms import text
    from .artifact import language

    return Outcome(
        answer.exit_code,
        lines=[*text.lines(answer_document(answer)), *answer.remarks],
        code=answer.artifact,
        language=language(answer.request.target or ""),
        colour=output.colour,
    )


def check_outcome(judged: Judged, output: Output) -> Outcome:
    """The ending of `eingrad check`."""
    from .verdict import verdict_data, verdict_document

    code = RIGHT if judged.verdict.equal else WRONG
    return shown_as(
        lambda: verdict_document(judged), lambda: verdict_data(judged, code), code, output
    )


def shown_as(
    document: Callable[[], Document], data: Callable[[], Any], exit_code: int, output: Output
) -> Outcome:
    """A document in the form that was asked for: on standard output, or in a file."""
    if output.plain:
        from ..explain.forms import text

        return Outcome(exit_code, lines=text.lines(document()), colour=output.colour)
    if output.as_json:
        from .jsonform import dumps

        written = dumps(data())
        if output.path is None:
            return Outcome(exit_code, json=written)
        written += "\n"
    else:
        written = output.text(document())
    if output.path is None:
        return Outcome(exit_code, code=written, language=output.format)
    return saved(Path(output.path), written.encode(), exit_code, output)


def saved(path: Path, content: bytes, exit_code: int, output: Output, said: str = "") -> Outcome:
    """The file is written, and this is said.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from None
    return wrote(path, exit_code, output, said)


def wrote(path: Path, exit_code: int, output: Output, said: str = "") -> Outcome:
    """The file that was written."""
    line = [("wrote ", ""), (str(path), "title"), (f": {said}" if said else "", "")]
    return Outcome(exit_code, lines=[line], colour=output.colour)


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
    if _wants_json(words):
        from .jsonform import dumps, error_document

        command = next((w for w in words if w in commands), "")
        if sys.stdout is not None:
            sys.stdout.write(dumps(error_document(command, shown, code)) + "\n")
            sys.stdout.flush()
        return code
    _say(error_lines(str(shown)), _wanted_colour(words))
    return code


def _wants_json(words: Sequence[str]) -> bool:
    named = ("--format", "json") in pairwise(words)
    return named or "--json" in words or "--format=json" in words


def _wanted_colour(words: Sequence[str]) -> bool | None:
    """What the words say of colours, where they could not be read as options."""
    if "--plain" in words or "--color=never" in words:
        return False
    if "--color" in words:
        after = [*words, ""][[*words].index("--color") + 1]
        return {"never": False, "auto": None}.get(after, True)
    return True if "--color=always" in words else None


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
