"""Code for a framework that is not installed: an error that says which extra installs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import UnsupportedError

# Library → the extra of eingrad that installs it.
EXTRAS = {"jax": "jax", "jaxlib": "jax", "torch": "torch", "tensorflow": "tensorflow"}


@contextmanager
def framework_needed(what: str) -> Iterator[None]:
    """Run code of a framework; `what` needs it.

    Raises
    ------
    UnsupportedError
        The framework is not installed; the message says how to install it.

    Examples
    --------
    >>> import sys
    >>> known, sys.modules["torch"] = sys.modules.get("torch"), None
    >>> with framework_needed("this function"):
    ...     import torch
    Traceback (most recent call last):
    eingrad.errors.UnsupportedError: this function needs torch, which is not installed: pip install
    "eingrad[torch]"
    >>> _ = sys.modules.pop("torch") if known is None else sys.modules.update(torch=known)
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        library = (missing.name or "").split(".")[0]
        if library not in EXTRAS:
            raise
        raise UnsupportedError(
            f"{what} needs {library}, which is not installed: "
            f'pip install "eingrad[{EXTRAS[library]}]"'
        ) from missing
