"""Collocation at Radau points: stable for every step, damping at infinity."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class Collocation:
    """Radau points on [-1, 1], the last one 1, and what follows from them.

    `integrals` integrates over a step of length 1 up to each point and is diagonal,
    `rates`, in `modes`. `series` are the Legendre coefficients of the polynomial
    through the values at -1 and at the points.
    """

    nodes: Float[np.ndarray, " s"]
    integrals: Float[np.ndarray, "s s"]
    rates: np.ndarray
    modes: np.ndarray
    inverse: np.ndarray
    series: Float[np.ndarray, "s1 s1"]


@cache
def collocation(stages: int) -> Collocation:
    """The rule of this many points, computed once."""
    from numpy.polynomial import legendre

    nodes = np.sort(legendre.legroots([*([0.0] * (stages - 1)), 1.0, -1.0]).real)
    nodes[-1] = 1.0
    values = legendre.legvander(nodes, stages)
    degrees = np.arange(1, stages)
    from_left = np.empty((stages, stages))  # integrals of P_0, P_1, ... from -1
    from_left[:, 0] = nodes + 1
    from_left[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * degrees + 1)
    integrals = from_left @ np.linalg.inv(values[:, :-1]) / 2
    rates, modes = np.linalg.eig(integrals)
    everywhere = legendre.legvander(np.concatenate([[-1.0], nodes]), stages)
    return Collocation(
        nodes, integrals, rates, modes, np.linalg.inv(modes), np.linalg.inv(everywhere)
    )
