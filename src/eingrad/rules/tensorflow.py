"""TensorFlow: a `custom_gradient` function; further derivatives are those of its passes."""

from __future__ import annotations

from .call import call, hidden_sizes, listed, shown
from .passes import Passes

RULE = '''
@tf.custom_gradient
def {name}({given}):
    """{name}({given}) with a derived backward pass."""
{convert}    {results} = {forward}

    def gradient(incoming):
        {gradients} = {backward}
        return {returned}

    return {y}, gradient
'''


def tensorflow_rule(passes: Passes) -> str:
    """The function `name` with its rule. For constants of the rule a tape gives None, not zeros."""
    names = {v.name: passes.argument(v) for v in passes.inputs}
    sizes = {s: shown(s, passes.inputs, names)[1] for s in hidden_sizes([passes.backward])}
    called = {s.name: names.get(s.name, s.name) for s in passes.saved}
    gradients = {v.name: f"gradient{k}" for k, v in enumerate(passes.wrt)}
    shaped = [text.split(".")[0] for text in sizes.values()]
    return RULE.format(
        name=passes.name,
        y=passes.value,
        given=", ".join(names.values()),
        convert="".join(f"    {n} = tf.convert_to_tensor({n})\n" for n in dict.fromkeys(shaped)),
        results=", ".join([passes.value, *(s.name for s in passes.own)]),
        forward=call(passes.forward, names),
        gradients=", ".join(gradients.values()),
        backward=call(passes.backward, {**called, passes.incoming: "incoming"}, sizes),
        returned=_several([gradients.get(v.name, "None") for v in passes.inputs]),
    )


def _several(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"({listed(items)})"
