"""NumPy code of records as code of the array API standard, where the standard has all of it.

One table says what of NumPy the standard has, under which name and with which arguments; one
translator goes through a template, or through the functions that a template calls, and refuses
whatever is not in the table. So a record needs no code of its own for the standard.

Source: the Python array API standard, version 2024.12, https://data-apis.org/array-api/2024.12.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from .target import Lacking

NAMESPACE = "xp"


@dataclass(frozen=True)
class Entry:
    """A function of the standard: its name there, how many arguments by position, and which by
    keyword."""

    name: str
    positional: int
    keywords: frozenset[str] = frozenset()


def _entries(names: str, positional: int, keywords: str = "") -> dict[str, Entry]:
    """Entries of `name`, or of `NumPy's name=the standard's name`."""
    pairs = (name.partition("=") for name in names.split())
    return {n: Entry(new or n, positional, frozenset(keywords.split())) for n, _, new in pairs}


FUNCTIONS: dict[str, Entry] = {
    **_entries(
        "abs absolute=abs ceil cos cosh exp expm1 fabs=abs floor isfinite isinf isnan log log10 "
        "log1p log2 logical_not negative reciprocal rint=round round sign signbit sin sinh sqrt "
        "square tan tanh trunc arccos=acos arccosh=acosh arcsin=asin arcsinh=asinh arctan=atan "
        "arctanh=atanh acos acosh asin asinh atan atanh zeros_like ones_like matrix_transpose",
        1,
    ),
    **_entries(
        "add subtract multiply divide true_divide=divide equal greater greater_equal hypot less "
        "less_equal logaddexp logical_and logical_or logical_xor maximum minimum not_equal "
        "power=pow pow remainder mod=remainder floor_divide copysign arctan2=atan2 atan2 matmul "
        "nextafter",
        2,
    ),
    **_entries("where", 3),
    **_entries("result_type", 26),
    **_entries("finfo", 1),
    **_entries("max amax=max min amin=min sum prod any all mean argmax argmin", 1, "axis keepdims"),
    **_entries("cumsum=cumulative_sum cumprod=cumulative_prod flip sort argsort", 1, "axis"),
    **_entries("expand_dims concatenate=concat concat stack", 1, "axis"),
    **_entries("reshape broadcast_to permute_dims transpose=permute_dims", 2),
    **_entries("arange", 3, "dtype"),
    **_entries("eye", 2, "k dtype"),
    **_entries("zeros ones", 1, "dtype"),
    **_entries("tril triu", 1, "k"),
    **_entries("take", 2, "axis"),
    **_entries("tensordot", 2, "axes"),
    **_entries(
        "linalg.det linalg.inv linalg.pinv linalg.slogdet linalg.eigh linalg.eigvalsh "
        "linalg.cholesky linalg.svdvals linalg.diagonal linalg.trace",
        1,
    ),
    **_entries("linalg.svd", 1, "full_matrices"),
    **_entries("linalg.solve linalg.matrix_power", 2),
}
CONSTANTS = frozenset({"pi", "e", "inf", "nan", "newaxis", "float32", "float64", "int64"})
METHODS = frozenset({"max", "min", "sum", "prod", "any", "all", "mean"})
ATTRIBUTES = frozenset({"shape", "ndim", "dtype", "size", "T", "mT", "eps"})
TUPLES = frozenset({"linalg.slogdet", "linalg.eigh", "linalg.svd"})  # what these give is no array
MODULES = ("scipy", "itertools")  # that templates name besides NumPy
BUILTINS = frozenset({"abs", "len", "range"})
STATEMENTS = (ast.Assign, ast.Return)


@lru_cache(maxsize=1024)
def translated_template(template: str) -> str:
    """A template, with its arguments as names, in the namespace `xp`.

    Raises
    ------
    Lacking
        It uses what the standard does not have.

    Examples
    --------
    >>> translated_template("np.arcsin(_slot0_) + np.linalg.svd(_slot1_, compute_uv=False)")
    'xp.asin(_slot0_) + xp.linalg.svdvals(_slot1_)'
    >>> translated_template("scipy.special.erf(_slot0_)")
    Traceback (most recent call last):
    ...
    eingrad.codegen.targets.target.Lacking: scipy.special.erf
    """
    return ast.unparse(_expression(ast.parse(template, mode="eval").body))


@lru_cache(maxsize=1024)
def translated_helpers(source: str) -> str:
    """Functions that templates call, each with the namespace as its last argument.

    Raises
    ------
    Lacking
        They use what the standard does not have, or their course depends on values.

    Examples
    --------
    >>> print(translated_helpers("def _half(x):\\n    return np.power(x, 2).sum(axis=-1) / 2"))
    def _half(x, xp):
        return xp.sum(xp.pow(x, 2), axis=-1) / 2
    """
    return "\n\n\n".join(_function(part) for part in ast.parse(source).body)


def _function(part: ast.stmt) -> str:
    if not isinstance(part, ast.FunctionDef):
        raise Lacking(f"the statement `{_shown(part)}`")
    body: list[ast.stmt] = []
    for statement in part.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            body.append(statement)
        elif isinstance(statement, STATEMENTS) and statement.value is not None:
            statement.value = _expression(statement.value)
            body.append(statement)
        else:
            raise Lacking(f"the statement `{_shown(statement)}`")
    part.body = body
    part.args.args.append(ast.arg(NAMESPACE))
    return ast.unparse(part)


def _shown(tree: ast.AST) -> str:
    """The first line of some source."""
    return ast.unparse(tree).strip().splitlines()[0]


def _expression(tree: ast.expr) -> ast.expr:
    """An expression in terms of the standard."""
    name = _dotted(tree)
    if name is not None:
        if name not in CONSTANTS:
            raise Lacking(_in_full(name))
        return _namespaced(name)
    if isinstance(tree, ast.Call):
        return _call(tree)
    if isinstance(tree, ast.Attribute) and tree.attr not in ATTRIBUTES:
        raise Lacking(f"the attribute {tree.attr} of an array")
    if isinstance(tree, ast.Subscript):
        _check_subscript(tree)
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt | ast.comprehension):
            raise Lacking(f"`{_shown(child)}`")
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr):
            setattr(tree, field, _expression(value))
        elif isinstance(value, list):
            items = [_expression(v) if isinstance(v, ast.expr) else v for v in value]
            setattr(tree, field, items)
    return tree


def _call(call: ast.Call) -> ast.expr:
    """A call of a function of NumPy, of a method of an array, or of a helper."""
    keywords = {k.arg or "**": k.value for k in call.keywords}
    name = _dotted(call.func)
    if name is not None:
        return _function_call(name, call.args, keywords)
    if isinstance(call.func, ast.Attribute):
        array, method = call.func.value, call.func.attr
        if method == "astype" and len(call.args) == 1 and not keywords:
            return _written("astype", [_expression(a) for a in (array, *call.args)], {})
        if method not in METHODS:
            raise Lacking(f"the method {method} of an array")
        return _function_call(method, [array, *call.args], keywords)
    if isinstance(call.func, ast.Name):
        arguments = [_expression(a) for a in call.args]
        if call.func.id.startswith("_") and not keywords:
            return ast.Call(call.func, [*arguments, ast.Name(NAMESPACE)], [])
        if call.func.id in BUILTINS and not keywords:
            return ast.Call(call.func, arguments, [])
    raise Lacking(f"`{_shown(call.func)}`")


def _function_call(name: str, arguments: list[ast.expr], keywords: dict[str, ast.expr]) -> ast.expr:
    if name == "linalg.svd" and _is_false(keywords.get("compute_uv")):
        name, keywords = "linalg.svdvals", {k: v for k, v in keywords.items() if k != "compute_uv"}
    if name == "swapaxes" and [ast.unparse(a) for a in arguments[1:]] in (
        ["-1", "-2"],
        ["-2", "-1"],
    ):
        name, arguments = "matrix_transpose", arguments[:1]
    entry = FUNCTIONS.get(name)
    if entry is None:
        raise Lacking(_in_full(name))
    strange = keywords.keys() - entry.keywords
    if strange:
        raise Lacking(f"the argument {min(strange)} of {name}")
    if len(arguments) > entry.positional:
        raise Lacking(f"{name} with {len(arguments)} arguments by position")
    return _written(
        entry.name,
        [_expression(a) for a in arguments],
        {k: _expression(v) for k, v in keywords.items()},
    )


def _written(name: str, arguments: Iterable[ast.expr], keywords: dict[str, ast.expr]) -> ast.Call:
    listed = [ast.keyword(k, v) for k, v in keywords.items()]
    return ast.Call(_namespaced(name), list(arguments), listed)


def _namespaced(name: str) -> ast.expr:
    return ast.parse(f"{NAMESPACE}.{name}", mode="eval").body


def _is_false(tree: ast.expr | None) -> bool:
    return isinstance(tree, ast.Constant) and tree.value is False


def _dotted(tree: ast.expr) -> str | None:
    """`linalg.inv` of `np.linalg.inv`; with its module what belongs to another; None where it is
    no name of a module."""
    parts: list[str] = []
    while isinstance(tree, ast.Attribute):
        parts.append(tree.attr)
        tree = tree.value
    if not isinstance(tree, ast.Name) or tree.id not in ("np", *MODULES):
        return None
    return ".".join([*(() if tree.id == "np" else (tree.id,)), *reversed(parts)]) or "np"


def _in_full(name: str) -> str:
    """The name with its module, as users know it."""
    return name if name.startswith(MODULES) else f"numpy.{name}"


def _check_subscript(tree: ast.Subscript) -> None:
    """The standard wants all axes named, and no arrays beside slices."""
    if isinstance(tree.value, ast.Attribute) and tree.value.attr == "shape":
        return
    if isinstance(tree.value, ast.Call) and _dotted(tree.value.func) in TUPLES:
        return
    index = tree.slice
    entries = index.elts if isinstance(index, ast.Tuple) else [index]
    whole = any(isinstance(e, ast.Constant) and e.value is ... for e in entries)
    if not whole or not all(isinstance(e, ast.Constant | ast.Slice | ast.UnaryOp) for e in entries):
        raise Lacking(f"the index [{', '.join(map(ast.unparse, entries))}]")
