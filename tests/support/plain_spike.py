"""Spiked tasks and rank-one networks written out in all coordinates, by plain NumPy."""

import numpy as np
from plain_training import gradients, product

from linnet.task import Moments


def frame(d, seed=3):
    """A random orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def spiked(rho, cosine, size=1.0, d=5, seed=3):
    """Population moments of one spike, turned so that no axis is special."""
    axes = frame(d, seed)
    covariance = np.eye(d) + rho * np.outer(axes[0], axes[0])
    teacher = size * (cosine * axes[0] + np.sqrt(1 - cosine**2) * axes[1])
    yx = (covariance @ teacher)[None]
    return Moments(covariance, yx, np.array([[teacher @ covariance @ teacher]]))


def plane_axes(moments):
    """The two axes u1, u2 by Gram and Schmidt, as rows."""
    first = moments.yx[0] / np.linalg.norm(moments.yx)
    teacher = np.linalg.solve(moments.xx, moments.yx[0])
    second = teacher - (teacher @ first) * first
    return np.array([first, second / np.linalg.norm(second)])


def in_line(direction, size, depth=2, width=3, imbalance=0.0, seed=5):
    """Rank-one layers, all along one line of hidden units, product size * direction."""
    rng = np.random.default_rng(seed)
    lines = [row / np.linalg.norm(row) for row in rng.standard_normal((depth, width))]
    if depth == 1:
        return (size * direction[None],)
    each = size ** (1 / depth)
    sizes = [each] * depth
    if depth == 2:
        long = np.hypot(imbalance, 2 * size)
        sizes = [np.sqrt((long - imbalance) / 2), np.sqrt((long + imbalance) / 2)]
    ends = [direction, *lines[: depth - 1], np.ones(1)]
    return tuple(
        s * np.outer(above, below)
        for s, below, above in zip(sizes, ends[:-1], ends[1:], strict=True)
    )


def hessian(weights, moments, step=1e-5):
    """Of the loss, by central differences of plain gradients."""
    shapes = [layer.shape for layer in weights]
    ends = np.cumsum([layer.size for layer in weights])[:-1]
    here = np.concatenate([layer.ravel() for layer in weights])

    def slope(vector):
        parts = np.split(vector, ends)
        layers = tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True))
        return np.concatenate([g.ravel() for g in gradients(layers, moments)])

    columns = [
        (slope(here + row) - slope(here - row)) / (2 * step)
        for row in step * np.eye(len(here))
    ]
    return np.array(columns)


def end_to_end(path):
    """The vectors w along a path of weights of one output."""
    return np.array([product(w, w[0].shape[1])[0] for w in path])
