"""Exact differentiation of nodes: reverse and forward accumulation over the shared graph."""

from .derive import differentiate, pullback, pushforward

__all__ = ["differentiate", "pullback", "pushforward"]
