"""PyTorch: an `autograd.Function` whose backward pass is one too, with rules for `vmap`."""

from __future__ import annotations

from .call import call, hidden_sizes, listed, shown
from .passes import Passes

BACKWARD = '''
class _{Name}Backward(torch.autograd.Function):
    """The backward pass of {name}, with a derived backward pass of its own."""

    generate_vmap_rule = True

    @staticmethod
    def forward({read}):
        return {backward}

    @staticmethod
    def setup_context(ctx, inputs, output):
        {sizes}*arrays, = inputs
        ctx.save_for_backward(*arrays)
{keep_sizes}
    @staticmethod
    def backward(ctx, {directions}):
        {arrays} = ctx.saved_tensors
{second}        return {returned}
'''

RULE = """
def _{name}_setup_context(ctx, inputs, output):
    {given} = inputs
    {results} = output
    ctx.save_for_backward({saved})
    ctx.set_materialize_grads(False)
{hidden}{keep_sizes}

def _{name}_gradients(ctx, {arriving}):
    {unpack}
{guard}    {gradients} = {nothing}
    if incoming is not None:
        {gradients} = _{Name}Backward.apply({backward_given})
{inner}    return {returned}
"""

FUNCTION = '''
class _{Name}(torch.autograd.Function):
    """{name}, and with it what its backward pass reads."""

    generate_vmap_rule = True

    @staticmethod
    def forward({given}):
        return {forward}

    setup_context = staticmethod(_{name}_setup_context)
    backward = staticmethod(_{name}_gradients)


def {name}({given}):
    """{name}({given}) with a derived backward pass."""
    return _{Name}.apply({given}){first}
'''

LIBRARY = '''
@torch.library.custom_op("{namespace}::{name}", mutates_args=())
def _{name}_operator({typed}) -> {kind}:
    return {forward}


@_{name}_operator.register_fake
def _{name}_shapes({given}):
    return {forward}


_{name}_operator.register_autograd(_{name}_gradients, setup_context=_{name}_setup_context)


def {name}({given}):
    """{name}({given}) with a derived backward pass, as an operator that compilers leave whole."""
    return _{name}_operator({given}){first}
'''

NAMESPACE = "eingrad_rules"


def torch_rule(passes: Passes, library: bool = False) -> str:
    """The function `name` with its rule; arrays that are kept of their own are hidden outputs.

    Where the second derivative needs more than what is kept, it goes by way of the hidden outputs:
    their gradients come in then, and only then. (Compiled, zeros come in always.)
    """
    name = passes.name
    names = {v.name: passes.argument(v) for v in passes.inputs}
    sizes = hidden_sizes([passes.backward, passes.second, passes.inner])
    size_names = {s: f"size_{k}" for k, s in enumerate(sizes)}
    called = {s.name: names.get(s.name, s.name) for s in passes.saved}
    # Arguments that only the second derivative reads are kept for it.
    also = {n: names[n] for n in passes.inner_inputs if names[n] not in called.values()}
    arrays = [*called.values()]
    everything = [*arrays, *also.values()]
    own = [s.name for s in passes.own]
    hidden = bool(own) and passes.inner is None
    forward = call(passes.forward, names)
    gradients = {v.name: f"gradient{k}" for k, v in enumerate(passes.wrt)}
    given = ", ".join(names.values())
    shared = {
        "name": name,
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "given": given,
        "forward": forward,
        "first": "[0]" if own else "",
    }
    rule = RULE.format(
        **shared | {"given": listed([*names.values()])},
        results=", ".join([passes.value, *own]),
        saved=", ".join(everything),
        hidden=f"    ctx.mark_non_differentiable({', '.join(own)})\n" if hidden else "",
        keep_sizes=_keep_sizes(passes, names, size_names),
        arriving=", ".join(["incoming", *(f"d_{n}" for n in own)]),
        unpack=f"{listed(everything)} = ctx.saved_tensors" if everything else "",
        guard=_guard(passes, names),
        gradients=listed(list(gradients.values())),
        backward_given=", ".join([*(f"ctx.{s}" for s in size_names.values()), *arrays, "incoming"]),
        nothing=listed(["None"] * len(gradients)),
        inner=_inner(passes, called | also, gradients, size_names),
        returned=", ".join(gradients.get(v.name, "None") for v in passes.inputs),
    )
    blocks = [_backward(passes, shared, called, size_names), rule]
    if library:
        typed = ", ".join(f"{n}: torch.Tensor" for n in names.values())
        kind = f"tuple[{', '.join(['torch.Tensor'] * (1 + len(own)))}]" if own else "torch.Tensor"
        blocks.append(LIBRARY.format(**shared, namespace=NAMESPACE, typed=typed, kind=kind))
    else:
        blocks.append(FUNCTION.format(**shared))
    return "\n".join(blocks)


def _backward(
    passes: Passes, shared: dict[str, str], called: dict[str, str], size_names: dict[str, str]
) -> str:
    """The backward pass as a function of what is kept and the incoming gradient."""
    arrays = [*called.values(), "incoming"]
    local = {**called, passes.incoming: "incoming"}
    own_sizes = list(size_names.values())
    backward = call(passes.backward, local, size_names)
    directions = list(passes.directions)
    by = [*(s.name for s in passes.saved), passes.incoming]
    found = {n: f"d_{k}" for k, n in enumerate(by) if n in passes.second_by}
    second = ""
    if passes.second is not None:
        called_sizes = {s: f"ctx.{n}" for s, n in size_names.items()}
        second = (
            f"        {listed([found[n] for n in passes.second_by])} = {_several(passes.second_by)}"
        )
        second = second.replace("@", call(passes.second, local, called_sizes)) + "\n"
    keep = "".join(f"        ctx.{n} = {n}\n" for n in own_sizes)
    return BACKWARD.format(
        **{**shared, "given": ""},
        read=", ".join([*own_sizes, *arrays]),
        backward=f"({backward},)" if len(passes.wrt) == 1 else backward,
        sizes="".join(f"{n}, " for n in own_sizes),
        keep_sizes=keep,
        directions=", ".join(directions),
        arrays=listed(arrays),
        second=second,
        returned=", ".join([*["None"] * len(own_sizes), *(found.get(n, "None") for n in by)]),
    )


def _several(names: tuple[str, ...]) -> str:
    return "(@,)" if len(names) == 1 else "@"


def _keep_sizes(passes: Passes, names: dict[str, str], size_names: dict[str, str]) -> str:
    found = {n: shown(s, passes.inputs, names)[1] for s, n in size_names.items()}
    return "".join(f"    ctx.{n} = {text}\n" for n, text in found.items())


def _guard(passes: Passes, names: dict[str, str]) -> str:
    """A derivative by a constant of the rule is refused: a zero would be wrong."""
    lines = []
    for k, v in enumerate(passes.inputs):
        if v not in passes.wrt:
            message = f"{passes.name} has no derivative by {names[v.name]}"
            lines += [
                f"    if ctx.needs_input_grad[{k}]:",
                f'        raise TypeError("{message}: it is a constant of the rule")',
            ]
    return "".join(line + "\n" for line in lines)


def _inner(
    passes: Passes,
    called: dict[str, str],
    gradients: dict[str, str],
    size_names: dict[str, str],
) -> str:
    """What gradients of the hidden outputs add."""
    if passes.inner is None:
        return ""
    own = [s.name for s in passes.own]
    arriving = [f"d_{n}" for n in own]
    local = {**called, **dict(zip(passes.inner_incoming, arriving, strict=True))}
    sizes = {s: f"ctx.{n}" for s, n in size_names.items()}
    more = [f"more{k}" for k in range(len(gradients))]
    lines = [f"    if not all(d is None for d in ({listed(arriving)})):"]
    lines += [
        f"        {d} = torch.zeros_like({n}) if {d} is None else {d}"
        for d, n in zip(arriving, own, strict=True)
    ]
    lines.append(f"        {', '.join(more)} = {call(passes.inner, local, sizes)}")
    lines += [
        f"        {g} = {m} if {g} is None else {g} + {m}"
        for g, m in zip(gradients.values(), more, strict=True)
    ]
    return "".join(line + "\n" for line in lines)
