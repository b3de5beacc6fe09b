"""What of a derivative is drawn or written out: pictures, entries, paths, the approximation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ..explain.approximation import Approximation
    from ..explain.entries import EntryByEntry
    from ..explain.paths import Paths
    from ..pictures import Picture
    from .derivative import Derivative


class Shown:
    """The part of `Derivative` that shows how it looks and how it comes about."""

    def plot(self, kind: str = "auto", **sizes: int) -> Picture:
        """A picture of it (`save`, `text`, shown in notebooks); see `eingrad.pictures.draw`.

        `kind` is `blocks`, `stack`, `spy` or `auto`; sizes by their symbols: `plot(m=2, n=3)`.
        """
        from .pictured import picture

        return picture(cast("Derivative", self), kind, sizes)

    def entries(self, **sizes: int) -> EntryByEntry:
        """Each entry written out and proved by hand, for small sizes: `entries(n=2)`.

        Raises
        ------
        SizeLimitError
            There are too many entries; the message states the limit and offers smaller sizes.
        UnsupportedError
            Its axes are not those of an array and of variables (a diagonal of a Hessian).

        Examples
        --------
        >>> import eingrad
        >>> written = eingrad.derivative("A*B", "A").entries(m=2, n=2, p=2)
        >>> [single.text for single in written.singles[:3]], written.zeros
        (['b_11', 'b_21', '0'], 8)
        """
        from .unfolded import entries

        return entries(cast("Derivative", self), sizes)

    def paths(self) -> Paths:
        """The graph of dependencies, and what each path from the variable contributes.

        The intermediate variables are those of `total=`, else each function, product and sum in the
        expression is one. The result has `text()`, `svg()`, `dot()`, `mermaid()` and `save`.

        Raises
        ------
        InputError
            It is no first derivative, or there is no path.
        SizeLimitError
            There are too many paths; the message states the limit.

        Examples
        --------
        >>> import eingrad
        >>> d = eingrad.derivative("a*b", "a", total={"b": "a^2"})
        >>> [(p.names, p.text) for p in d.paths().paths]
        [(('a', 'y'), '∂y/∂a = a²'), (('a', 'b', 'y'), '∂y/∂a = 2a²')]
        """
        from .unfolded import paths

        return paths(cast("Derivative", self))

    def approximation(self, point: Any = None, **sizes: int) -> Approximation:
        """How well it approximates: the remainder against the step size, and its slope.

        A first derivative, or a second one by one variable; see `eingrad.approximation`.

        Raises
        ------
        InputError
            It is of higher order, or by different variables.
        """
        from .unfolded import approximation_by

        return approximation_by(cast("Derivative", self), point, sizes)
