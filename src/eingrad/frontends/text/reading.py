"""How a text was read: the syntax tree written back with all brackets."""

from __future__ import annotations

from . import syntax as s

MAX_READING = 2000


def bracketed(root: s.Syntax) -> str:
    """The text with every operation bracketed; cut when it is very long."""
    pieces: list[str] = []
    length = 0
    stack: list[s.Syntax | str] = [root]
    while stack and length <= MAX_READING:
        top = stack.pop()
        if isinstance(top, str):
            pieces.append(top)
            length += len(top)
        else:
            stack.extend(reversed(_pieces(top)))
    result = "".join(pieces)
    if stack:
        return result[:MAX_READING] + " …"
    if isinstance(root, s.Binary | s.Sum) and result.startswith("("):
        return result[1:-1]
    return result


def _pieces(x: s.Syntax) -> list[s.Syntax | str]:
    if isinstance(x, s.Number):
        return [x.literal]
    if isinstance(x, s.Name):
        return [x.name]
    if isinstance(x, s.Text):
        return [f'"{x.content}"']
    if isinstance(x, s.Constant):
        head = {"eye": "I", "ones": "𝟏", "commutation": "K"}[x.kind]
        sizes = ",".join(map(str, x.sizes))
        return [f"{head}_{{{sizes}}}" if sizes else head]
    if isinstance(x, s.Prefix):
        return ["sqrt(", x.operand, ")"]
    if isinstance(x, s.Transpose):
        return [x.operand, "'"]
    if isinstance(x, s.Binary):
        tight = x.operator in ("^", ".^")
        return ["(", x.left, x.operator if tight else f" {x.operator} ", x.right, ")"]
    if isinstance(x, s.Sum):
        result: list[s.Syntax | str] = ["("]
        for k, (sign, term) in enumerate(zip(x.signs, x.terms, strict=True)):
            mark = "-" if sign < 0 else "+"
            result += [f" {mark} " if k else ("-" if sign < 0 else ""), term]
        return [*result, ")"]
    if isinstance(x, s.Fence):
        bar = {"abs": "|", "norm": "‖"}[x.kind]
        return [bar, x.operand, bar, f"_{x.which}" if x.which else ""]
    if isinstance(x, s.Call):
        result = [x.function, "("]
        for k, item in enumerate(x.arguments):
            result += [", " if k else "", item]
        for k, (key, item) in enumerate(x.keywords.items()):
            result += [", " if k or x.arguments else "", f"{key}=", item]
        return [*result, ")"]
    if isinstance(x, s.Index):
        return [x.operand, "[", *_listed(x.items), "]"]
    if isinstance(x, s.Slice):
        result = [x.first or "", ":", x.last or ""]
        return [*result, ":", x.step] if x.step else result
    if isinstance(x, s.Tuple):
        return ["(", *_listed(x.items), ")"]
    if isinstance(x, s.Block):
        result = ["["]
        for k, row in enumerate(x.rows):
            result += ["; " if k else "", *_listed(row)]
        return [*result, "]"]
    if isinstance(x, s.Where):
        result = [x.body, " where "]
        for k, (name, at, value) in enumerate(zip(x.names, x.letters, x.values, strict=True)):
            result += [", " if k else "", name, _letters(at) if at else "", " = ", value]
        return result
    if isinstance(x, s.Subscript):
        return [x.operand, _letters(x.letters)]
    if isinstance(x, s.Delta):
        return ["δ", _letters(x.letters)]
    if isinstance(x, s.Summation):
        return ["Σ", _letters(x.letters), "(", x.operand, ")"]
    return ["…"]


def _letters(groups: tuple[tuple[str, ...], ...]) -> str:
    words = [g[0] if len(g) == 1 else f"({','.join(g)})" for g in groups]
    return f"_{{{','.join(words)}}}"


def _listed(items: list[s.Syntax]) -> list[s.Syntax | str]:
    result: list[s.Syntax | str] = []
    for k, item in enumerate(items):
        result += [", " if k else "", item]
    return result
