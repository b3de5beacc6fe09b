"""What the system knows about one function: a single record in a single place.

The records themselves live in `eingrad.functions`; this module holds the form that they fill in and
the registry that every stage reads. A missing or duplicate field fails at import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ShapeError, UnsupportedError

if TYPE_CHECKING:
    from .node import Shape


@dataclass(frozen=True)
class Kink:
    """Where a function has no derivative, and what its rule gives there.

    Attributes
    ----------
    text:
        The convention in words: `|x| has no derivative at 0; 0 is taken there`.
    at:
        A point for each operand, in the units of an entry; empty where words alone can say it.
    slopes:
        The derivative by each operand that the rule gives there: a number, the name of a parameter,
        or an infinity where none is taken.
    when:
        `(params) -> bool`: whether these parameters have the kink.
    """

    text: str
    at: tuple[float, ...] = ()
    slopes: tuple[float | str, ...] = ()
    when: Callable[[Mapping[str, Any]], bool] = lambda params: True


@dataclass(frozen=True, kw_only=True)
class Record:
    """One function.

    Attributes
    ----------
    name:
        Canonical name, an identifier; the name in the text form of the IR.
    sentence:
        What it is, in one sentence.
    signature:
        `"* -> *"` (elementwise; `"*, * -> *"` for two operands of one shape), or core axes with
        leading batch axes implied: `"n n -> n n"`, `"n n ->"`, `"k -> k"`, `"m n -> n m"`; a
        callable `(shapes, params) -> shape` where a string cannot say it.
    evaluate:
        `(*arrays, **params) -> array`: plain NumPy reference value (SciPy imported inside).
    derivative:
        One rule for each operand. Elementwise: `lambda y, *operands: node or number`. Otherwise an
        `IndexRule` (see `eingrad.ir.rule`). `params` are passed as keywords when `rule_params`.
    code:
        Backend name (`numpy`, `jax`, `torch`, `tensorflow`) → template with `{0}`, `{1}`, and
        parameters by name (`"np.tanh({0})"`), or a callable `(arguments: list[str], params: dict)
        -> str`. `"numpy"` is required. A template brackets its arguments where it needs to; its
        result may need brackets of its own. The namespaces are `np`, `jnp`, `torch` and `tf`;
        `scipy` and `jax` are written in full. `array_api` (namespace `xp`, which helpers take as
        their last argument) follows from `numpy`, and is stated only where that uses more than
        the array API standard has.
    notation:
        How it is written, see `Notation`.
    domain:
        For each operand where random test values may lie: `real positive unit above_one nonzero
        bounded square spd full_rank symmetric integer boolean probability`.
    spellings:
        Names in text input, the canonical one included when it can be typed.
    numpy:
        Names of NumPy functions that mean this record with one array argument per operand
        (`"tanh"`, `"linalg.inv"`).
    facts:
        `(node) -> frozenset of facts` that hold for the value (`symmetric`, `positive`, …).
    rewrites:
        `(operands, params) -> Node | None`, tried in order when an application is built: the
        algebra that users expect (`inv(inv(X))`, `log(exp(x))`, `det(AB)`).
    in_products:
        `(view: ProductView, position) -> bool`, rewrites that need several factors of one product
        (A⁻¹A, exp(z)/Σexp(z)); they change the view in place and say whether they did.
    laws:
        Equations in text form that tests check on random inputs (`"inv(inv(X)) == X"`).
    source:
        Where the derivative rule comes from.
    rule_params:
        Whether the derivative rules take the parameters as keywords.
    defaults:
        Parameters with their default values; in text they are keywords: `leaky_relu(x, slope=0.1)`.
    analytic:
        Whether `evaluate` takes complex arrays and is holomorphic there, so that complex-step
        differences are exact.
    helpers:
        Backend name → source of the functions that the code of this record calls; each function
        is emitted once. Their names begin with an underscore; modules are named in full
        (`itertools.permutations`), which is how their imports are found.
    meets:
        `(node, other) -> bool`: whether `in_products` may do something about these two factors;
        contractions that hold them are then opened for it.
    looks_up:
        Whether the operand holds whole numbers and the value is 1 at the places that they name on a
        new last axis, else 0: code reads those places and does not build the value.
    parts:
        `(*operands, **params) -> node`: the value put together of functions that its derivative, or
        its relatives (softmax and logsumexp), need as well; code that has to do with both makes
        those once.
    along:
        Whether the order of the entries along the last axis does not matter, and code says by
        `{axis}` along which axis or axes it goes.
    kinks:
        Where there is no derivative, with the convention that the rule follows there.
    rule:
        What textbooks call the derivative rule (`"Jacobi's formula"`); where it has no name of its
        own, derivations say "differential of" and the sentence.
    """

    name: str
    sentence: str
    signature: str | Callable[[tuple[Shape, ...], Mapping[str, Any]], Shape]
    evaluate: Callable[..., Any]
    derivative: tuple[Any, ...]
    code: Mapping[str, str | Callable[[list[str], dict[str, Any]], str]]
    notation: Notation
    domain: tuple[str, ...]
    spellings: tuple[str, ...]
    source: str
    numpy: tuple[str, ...] = ()
    facts: Callable[[Any], frozenset[str]] | None = None
    rewrites: tuple[Callable[..., Any], ...] = ()
    in_products: tuple[Callable[..., bool], ...] = ()
    laws: tuple[str, ...] = ()
    rule_params: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    analytic: bool = True
    helpers: Mapping[str, str] = field(default_factory=dict)
    meets: Callable[[Any, Any], bool] | None = None
    looks_up: bool = False
    parts: Callable[..., Any] | None = None
    along: bool = False
    kinks: tuple[Kink, ...] = ()
    rule: str = ""

    @property
    def elementwise(self) -> bool:
        """Whether all operands and the value have one shape and entries do not mix."""
        return isinstance(self.signature, str) and self.signature.startswith("*")


@dataclass(frozen=True)
class Notation:
    """How a function is written, for every output form at once.

    `kind` is one of

    * `"call"`: `name(x)`; `unicode` is the name, `latex` a command or `\\operatorname{…}`;
    * `"superscript"`: `X⁻¹`; `unicode` is what follows the operand, `latex` what is in `^{…}`;
    * `"fence"`: `|x|`, `‖x‖`; `unicode` and `latex` are `(left, right)` pairs;
    * `"radical"`: √x;
    * `"infix"`: `x ≥ y`; `unicode` and `latex` are the operator;
    * `"power"`: `xᵉ`, the exponent being the parameter `exponent` or the second operand;
    * `"symbol"`: `π`; `unicode` and `latex` are the symbol.

    Parameters in `shown` are written even where they have their default value. `note` says what a
    reader of a formula may not know of the function; it is printed beside the formula.
    """

    kind: str
    unicode: str | tuple[str, str]
    latex: str | tuple[str, str]
    shown: tuple[str, ...] = ()
    note: str = ""


DOMAINS = frozenset({
    "real", "positive", "unit", "above_one", "nonzero", "bounded", "square", "spd", "full_rank",
    "symmetric", "integer", "boolean", "probability",
})  # fmt: skip
NOTATION_KINDS = frozenset({"call", "superscript", "fence", "radical", "infix", "power", "symbol"})

REGISTRY: dict[str, Record] = {}
SPELLINGS: dict[str, str] = {}  # what is typed -> name of a record
NUMPY_NAMES: dict[str, str] = {}  # NumPy's name, such as "linalg.inv" -> name of a record


def register(record: Record) -> Record:
    """Put a record into the registry; a duplicate name or spelling, or a bad field, is an error."""
    _check(record)
    _claim(record)
    REGISTRY[record.name] = record
    return record


def _check(record: Record) -> None:
    for text in ("sentence", "source"):
        if not getattr(record, text).strip():
            raise ValueError(f"record {record.name} has no {text}")
    if "numpy" not in record.code:
        raise ValueError(f"record {record.name} has no code for numpy")
    if len(record.derivative) != len(record.domain):
        raise ValueError(f"record {record.name}: one derivative rule and one domain per operand")
    unknown = set(record.domain) - DOMAINS
    if unknown:
        raise ValueError(f"record {record.name}: unknown domain {sorted(unknown)}")
    if record.notation.kind not in NOTATION_KINDS or not record.notation.latex:
        raise ValueError(f"record {record.name} has no notation")


def _claim(record: Record) -> None:
    """Take the names of a new record, all or none of them."""
    if not record.name.isidentifier():
        raise ValueError(f"record name {record.name!r} is not an identifier")
    if record.name in REGISTRY:
        raise ValueError(f"two records are called {record.name}")
    for table, names in ((SPELLINGS, record.spellings), (NUMPY_NAMES, record.numpy)):
        for name in names:
            if table.get(name, record.name) != record.name:
                raise ValueError(f"{record.name} and {table[name]} are both called {name}")
    SPELLINGS.update(dict.fromkeys(record.spellings, record.name))
    NUMPY_NAMES.update(dict.fromkeys(record.numpy, record.name))


def lookup(name: str) -> Record:
    """The record called `name`; `UnsupportedError` names what is missing."""
    try:
        return REGISTRY[name]
    except KeyError:
        raise UnsupportedError(f"there is no function called {name}") from None


def infer_shape(record: Record, shapes: tuple[Shape, ...], params: Mapping[str, Any]) -> Shape:
    """The shape of an application, or `ShapeError` that shows the signature and the shapes."""
    from ..dims import shape_text

    if not isinstance(record.signature, str):
        return record.signature(shapes, params)
    given, result = (part.strip() for part in record.signature.split("->"))
    if record.elementwise:
        if len({*shapes}) > 1:
            raise ShapeError(
                f"{record.name}: operands have shapes " + " and ".join(map(shape_text, shapes))
            )
        return shapes[0] if shapes else ()
    sizes: dict[str, Any] = {}
    batch: Shape = ()
    patterns = [part.split() for part in given.split(",")]
    for position, (pattern, shape) in enumerate(zip(patterns, shapes, strict=True)):
        core = shape[len(shape) - len(pattern) :] if len(shape) >= len(pattern) else None
        fits = core is not None and all(
            sizes.setdefault(symbol, dim) == dim for symbol, dim in zip(pattern, core, strict=True)
        )
        if core is not None:
            if position == 0:
                batch = shape[: len(shape) - len(pattern)]
            elif shape[: len(shape) - len(pattern)] != batch:
                fits = False
        if not fits:
            wanted = "square" if pattern == ["n", "n"] else f"of shape {'×'.join(pattern)}"
            raise ShapeError(
                f"{record.name} needs operand {position + 1} {wanted}; it is {shape_text(shape)}"
            )
    return batch + tuple(sizes[symbol] for symbol in result.split())
