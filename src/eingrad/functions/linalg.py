"""x"""
from __future__ import annotations
import numpy as np
from ..ir.record import Notation, Record, register
from ..ir.rule import IndexRule

register(Record(name="inv", sentence="the inverse of a square matrix", signature="n n -> n n", evaluate=np.linalg.inv,
    derivative=(IndexRule("ij","kl", lambda y,x: -y["ik"]*y["lj"]),), code={"numpy":"np.linalg.inv({0})"},
    notation=Notation("superscript","⁻¹","-1"), domain=("square",), spellings=("inv",), source=""))
