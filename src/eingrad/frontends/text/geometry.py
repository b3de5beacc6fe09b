"""Quadratic forms, distances and the normal distribution in texts."""

from __future__ import annotations

from ...ir import composed
from . import syntax as s
from .functions import Arguments, structural
from .values import Context, Value


@structural("quadratic_form", count=2)
def _quadratic_form(context: Context, call: s.Call, args: Arguments) -> Value:
    x, a = args.values
    if x.is_scalar:
        raise context.misfit("quadratic_form takes a vector and a matrix", x, a)
    n = context.square(a, "a quadratic form")
    context.unify(x.shape[-1], n, "a quadratic form takes n and n × n", x, a)
    return context.new(call, x.shape[:-1], composed.quadratic_form, x, a)


def _of_point(context: Context, call: s.Call, args: Arguments) -> tuple[Value, ...]:
    """A point (or rows of them), a mean and a covariance, with sizes made equal."""
    x, mean, covariance = args.values
    if x.is_scalar:
        raise context.misfit(f"{call.function} takes a point, a mean and a covariance", x)
    n = context.square(covariance, "a covariance")
    context.unify(x.shape[-1], n, "a point and a covariance have one size", x, covariance)
    if not mean.is_scalar:
        context.unify(mean.shape[-1], n, "a mean and a covariance have one size", mean, covariance)
    return x, mean, covariance


@structural("mahalanobis", count=3)
def _mahalanobis(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _of_point(context, call, args)
    return context.new(call, values[0].shape[:-1], composed.mahalanobis, *values)


@structural("squared_mahalanobis", count=3)
def _squared_mahalanobis(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _of_point(context, call, args)
    return context.new(call, values[0].shape[:-1], composed.squared_mahalanobis, *values)


@structural("multivariate_normal_logpdf", count=3)
def _logpdf(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _of_point(context, call, args)
    return context.new(call, values[0].shape[:-1], composed.multivariate_normal_logpdf, *values)


@structural("pairwise_squared_distances", count=2)
def _distances(context: Context, call: s.Call, args: Arguments) -> Value:
    x, y = args.values
    if x.ndim != 2 or y.ndim != 2:
        raise context.misfit("distances are those of the rows of two matrices", x, y)
    context.unify(x.shape[1], y.shape[1], "the rows have different lengths", x, y)
    shape = (x.shape[0], y.shape[0])
    return context.new(call, shape, composed.pairwise_squared_distances, x, y)
