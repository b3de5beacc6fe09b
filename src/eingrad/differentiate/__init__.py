"""Exact differentiation of nodes: reverse and forward accumulation over the shared graph."""

from .derive import (
    differentiate,
    differentiate_each,
    pullback,
    pullbacks,
    pushforward,
    total_pushforward,
)

__all__ = [
    "differentiate",
    "differentiate_each",
    "pullback",
    "pullbacks",
    "pushforward",
    "total_pushforward",
]
