"""Quadratic forms, distances, the normal distribution, banded parts."""

from __future__ import annotations

import operator
from typing import Any

from ...ir import composed
from .convert import node_of
from .dispatch import wrap


def quadratic_form(x: Any, A: Any) -> Any:
    """xᵀAx for x of shape (…, n) and A of shape (n, n); leading axes of x are a batch.

    Raises
    ------
    ShapeError
        The sizes differ.
    """
    return wrap(composed.quadratic_form(node_of(x), node_of(A)))


def mahalanobis(x: Any, mean: Any, covariance: Any) -> Any:
    """√((x − m)ᵀ S⁻¹ (x − m)) with the covariance S (SciPy takes its inverse); code solves."""
    return wrap(composed.mahalanobis(node_of(x), node_of(mean), node_of(covariance)))


def squared_mahalanobis(x: Any, mean: Any, covariance: Any) -> Any:
    """(x − m)ᵀ S⁻¹ (x − m), which is smooth at x = m as well."""
    return wrap(composed.squared_mahalanobis(node_of(x), node_of(mean), node_of(covariance)))


def pairwise_squared_distances(X: Any, Y: Any = None) -> Any:
    """‖x_i − y_j‖² for all rows of X (m, k) and Y (n, k), by default of X with itself."""
    x = node_of(X)
    return wrap(composed.pairwise_squared_distances(x, x if Y is None else node_of(Y)))


def multivariate_normal_logpdf(x: Any, mean: Any, covariance: Any) -> Any:
    """The log density of a normal distribution at x of shape (…, n), by a solve and log det."""
    nodes = map(node_of, (x, mean, covariance))
    return wrap(composed.multivariate_normal_logpdf(*nodes))


def band(A: Any, lower: int = 0, upper: int = 0) -> Any:
    """The entries of a matrix from `lower` diagonals below to `upper` above the main one, else 0.

    Examples
    --------
    >>> from .creation import matrix
    >>> band(matrix("A", "n n"), 1, 1).shape
    (n, n)
    """
    return wrap(composed.band(node_of(A), operator.index(lower), operator.index(upper)))
