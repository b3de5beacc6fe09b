"""JAX: `custom_vjp` for reverse mode, and beside it a `custom_jvp` function for both modes."""

from __future__ import annotations

from .call import call, hidden_sizes, listed, shown
from .passes import Passes

VJP = '''
@jax.custom_vjp
def {name}({given}):
    """{name}({given}) with a derived backward pass: for reverse mode, and that of itself."""
    return {value}


def _{name}_vjp_forward({given}):
{unpack}    {results} = {forward}
    return {y}, {kept}


def _{name}_vjp_backward(kept, incoming):
    {kept} = kept
    {gradients} = {backward}
    return {returned}


{name}.defvjp(_{name}_vjp_forward, _{name}_vjp_backward{symbolic})


@jax.custom_jvp
def {name}_jvp({given}):
    """{name}({given}) with a derived tangent: for forward mode, reverse mode, and both."""
    return {value}


def _{name}_jvp_rule(primals, tangents):
    {all} = primals
    {tangents} = tangents
{instantiate}    return {tangent}


{name}_jvp.defjvp(_{name}_jvp_rule{symbolic})
'''

VJP_GUARD = """\
    for argument, constant in {constants}:
        if constant.perturbed:
            raise TypeError(f"{{argument}} is a constant of {name}: it has no derivative by it")
    {all} = (a.value for a in {all})
"""

JVP_GUARD = """\
    none = jax.custom_derivatives.SymbolicZero
    for argument, tangent in {constants}:
        if not isinstance(tangent, none):
            raise TypeError(f"{{argument}} is a constant of {name}: it has no derivative by it")
    {all} = (jnp.zeros(t.shape, t.dtype) if isinstance(t, none) else t for t in {all})
"""


def jax_rule(passes: Passes) -> str:
    """The functions `name` and `name_jvp` with their rules.

    Further derivatives of either are those of the passes, which are plain JAX. A derivative by an
    argument that is a constant of the rule is refused: a zero would be wrong.
    """
    assert passes.tangent is not None
    name = passes.name
    names = {v.name: passes.argument(v) for v in passes.inputs}
    constants = [v.name for v in passes.inputs if v not in passes.wrt]
    sizes = {s: shown(s, passes.inputs, names) for s in hidden_sizes([passes.backward])}
    called = {s.name: names.get(s.name, s.name) for s in passes.saved}
    # Of those that only show a size nothing is kept once it is compiled.
    kept = [*called.values(), *(names[v] for v, _ in sizes.values())]
    directions = dict(zip((v.name for v in passes.wrt), passes.directions, strict=True))
    directions |= {c: f"d{names[c]}" for c in constants}
    tangents = [directions[v.name] for v in passes.inputs]
    gradients = {v.name: f"gradient{k}" for k, v in enumerate(passes.wrt)}
    inputs = _tuple(list(names.values()))
    forward = call(passes.forward, names)
    guards = {
        "unpack": VJP_GUARD.format(name=name, constants=_pairs(constants, names), all=inputs),
        "instantiate": JVP_GUARD.format(
            name=name, constants=_pairs(constants, directions), all=_tuple(tangents)
        ),
        "symbolic": ", symbolic_zeros=True",
    }
    return VJP.format(
        name=name,
        given=", ".join(names.values()),
        value=f"{forward}[0]" if passes.own else forward,
        results=", ".join([passes.value, *(s.name for s in passes.own)]),
        forward=forward,
        y=passes.value,
        kept=_tuple(list(dict.fromkeys(kept))),
        gradients=", ".join(gradients.values()),
        backward=call(
            passes.backward,
            {**called, passes.incoming: "incoming"},
            {s: text for s, (_, text) in sizes.items()},
        ),
        returned=_tuple([gradients.get(v.name, "None") for v in passes.inputs]),
        all=inputs,
        tangents=_tuple(tangents),
        tangent=call(passes.tangent, names),
        **(guards if constants else dict.fromkeys(guards, "")),
    )


def _tuple(items: list[str]) -> str:
    return f"({listed(items)})" if items else "()"


def _pairs(constants: list[str], called: dict[str, str]) -> str:
    return _tuple([f'("{c}", {called[c]})' for c in constants])
