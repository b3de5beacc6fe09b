"""Elementwise functions of one operand."""
from __future__ import annotations
import numpy as np
from ..ir.record import Notation, Record, register
from ..ir.apply import apply

register(Record(name="power", sentence="x to a fixed power, elementwise", signature="* -> *",
    evaluate=lambda x, exponent: np.power(x, float(exponent)), rule_params=True,
    derivative=(lambda y, x, exponent: exponent * x ** (exponent - 1),),
    code={"numpy": "{0} ** {exponent}"}, notation=Notation("superscript", "", ""), domain=("positive",),
    spellings=(), source="calculus"))
for nm, d in dict(exp=lambda y,x: y, tanh=lambda y,x: 1-y*y, log=lambda y,x: 1/x, abs=lambda y,x: apply("sign",x), sign=lambda y,x: 0).items():
    register(Record(name=nm, sentence="", signature="* -> *", evaluate=getattr(np,nm), derivative=(d,), code={"numpy":f"np.{nm}({{0}})"},
      notation=Notation("call",nm,"\\"+nm), domain=("real",), spellings=(nm,), source="calculus"))
