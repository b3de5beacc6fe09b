"""Layers whose backward passes are derived from their forward definitions."""

from .activation import activation
from .attention import attention, multi_head_attention
from .composition import addition, branch, residual
from .convolutional import average_pool, convolution1d, convolution2d, max_pool
from .curvature import gauss_newton_block, kfac
from .dense import dense, dense_columns, dropout, embedding
from .layer import Layer
from .loss import (
    cross_entropy,
    hinge,
    huber,
    kl_divergence,
    labelled_cross_entropy,
    logistic,
    softmax_cross_entropy,
    squared_error,
)
from .network import Network
from .newton import Convergence, Step, gauss_newton, newton
from .normalisation import batch_norm, layer_norm, rms_norm
from .recurrent import gru_cell, lstm_cell, next_symbol, rnn_cell, rnn_cell_columns
from .training import Adam, Progress, TrainingError, fit, initial
from .wiring import wire

__all__ = [
    "Adam",
    "Convergence",
    "Layer",
    "Network",
    "Progress",
    "Step",
    "TrainingError",
    "activation",
    "addition",
    "attention",
    "average_pool",
    "batch_norm",
    "branch",
    "convolution1d",
    "convolution2d",
    "cross_entropy",
    "dense",
    "dense_columns",
    "dropout",
    "embedding",
    "fit",
    "gauss_newton",
    "gauss_newton_block",
    "gru_cell",
    "hinge",
    "huber",
    "initial",
    "kfac",
    "kl_divergence",
    "labelled_cross_entropy",
    "layer_norm",
    "logistic",
    "lstm_cell",
    "max_pool",
    "multi_head_attention",
    "newton",
    "next_symbol",
    "residual",
    "rms_norm",
    "rnn_cell",
    "rnn_cell_columns",
    "softmax_cross_entropy",
    "squared_error",
    "wire",
]
