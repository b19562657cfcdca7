r"""Gradient flow of the network's vector, in the few directions that are learned.

In an adapted basis (`spike_plane`, `adapted_basis`) the vector $w$ has coordinates $c$,
the input moment is $S$ and the drive $s$ (that is $s_1e_1$). From a start of rank one
the layers are functions of $c$, and with $g = s - Sc$
$$\dot c = \lVert c\rVert^{2-2/L}\big(I+(L-1)\hat c\hat c^\top\big)g,\qquad
  \dot c = \tfrac12(R+\delta)\,g + \tfrac12(R-\delta)\,\hat c(\hat c\cdot g),$$
for $L$ balanced layers, and for two of imbalance $\delta = |a|^2-|W|^2$, where
$R = \sqrt{\delta^2+4\lVert c\rVert^2}$. One layer is linear regression. The field is
singular at $c = 0$; the integration runs in the layers, where nothing is.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.arrow_flow import ArrowField, arrow_flow
from linnet.phenomena.anisotropy.theory.layers import layer_powers
from linnet.phenomena.anisotropy.theory.refusals import (
    check_depth,
    check_finite,
    check_imbalance,
    check_times,
    check_tolerance,
)
from linnet.shapes import Float


def reduced_flow(
    moment: ArrayLike,
    drive: ArrayLike,
    start: ArrayLike,
    times: ArrayLike,
    *,
    depth: int = 2,
    imbalance: ArrayLike = 0.0,
    tolerance: float = 1e-10,
) -> Float[np.ndarray, "*grid times m"]:
    r"""Coordinates of $w$ along the flow of this module's head.

    Valid for: one output; layers that start with rank one, balanced at any depth or
    with an imbalance at depth 2. A grid is integrated at once, each of its points
    with steps of its own.

    Args:
        moment: $S$, symmetric, positive semi-definite, shape `(*grid, m, m)`.
        drive: $s$, shape `(*grid, m)`.
        start: $c(0)$, shape `(*grid, m)`. Zero is a saddle of balanced layers, where
            $c$ stays; with $\delta > 0$ it is left like any other point.
        times: Rising, >= 0.
        depth: $L\ge1$; 1 is in closed form.
        imbalance: $\delta$, of the grid's shape, of layers of rank one; not the
            balance up to a multiple of the identity, which needs layers of full rank.
            The start fixes the layers, the last one positive.
        tolerance: Of each step, relative to the largest length of each layer so far.
            `moment`, `drive`, `start` and `imbalance` broadcast.

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, the moment is not
            symmetric or not positive semi-definite, an imbalance comes with a depth
            other than 2, or $c(0) = 0$ with $\delta < 0$, which does not say where the
            first layer points: start `mode_flow` from the layers.

    Reference: two layers and the two phases are those of Watanabe et al. 2026; derived
    here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> plane = spike_plane(10.0, 0.3)
        >>> drive = np.array([plane.drive, 0.0])
        >>> reduced_flow(plane.moment, drive, [1e-6, 0], [1.85, 3.128, 40.0]).round(3)
        array([[0.168, 0.01 ],
               [0.449, 0.417],
               [0.553, 0.833]])
    """
    check_tolerance(tolerance)
    at = check_times(times)
    moment, drive, start, delta = _checked(moment, drive, start, depth, imbalance)
    eigenvalues, axes = np.linalg.eigh(moment)
    _check_definite(eigenvalues)
    turned = np.einsum("...ji,...j->...i", axes, np.stack([drive, start]))
    if depth == 1:
        found = _regression(eigenvalues, turned[0], turned[1], at)
    else:
        layers = _layers(turned[1], depth, delta).reshape(-1, drive.shape[-1] + 1)
        rates, pulls = (a.reshape(len(layers), -1) for a in (eigenvalues, turned[0]))
        field = ArrowField(rates, pulls, depth - 1)
        states = arrow_flow(field, layers, at, tolerance)
        found = states[..., :1] ** (depth - 1) * states[..., 1:]
        found = found.reshape(*delta.shape, *found.shape[1:])
    return np.einsum("...ij,...tj->...ti", axes, found)


def flow_velocity(
    moment: ArrayLike,
    drive: ArrayLike,
    positions: ArrayLike,
    *,
    depth: int = 2,
    imbalance: float = 0.0,
) -> Float[np.ndarray, "*points m"]:
    r"""$\dot c$ at positions, a phase plane of any shape of points.

    Valid for: as `reduced_flow`. At $c = 0$ it vanishes for balanced layers (depth
    $\ge2$) and is $\delta s$ for $\delta>0$.

    Args:
        moment: $S$.
        drive: $s$.
        positions: $c$, the last axis being the coordinates.
        depth: $L\ge1$.
        imbalance: $\delta$, at depth 2.

    Raises:
        ValueError: as `reduced_flow`; so $c = 0$ is refused for $\delta<0$.

    Reference: derived here.
    """
    at = np.asarray(positions, dtype=float)
    moment, drive, at, _ = _checked(moment, drive, at, depth, imbalance)
    gradient = drive - np.einsum("...ij,...j->...i", moment, at)
    if depth == 1:
        return gradient
    length = _length(at)[..., None]
    unit = at / np.where(length > 0, length, 1.0)
    along = np.sum(unit * gradient, axis=-1, keepdims=True) * unit
    if depth > 2:
        return length ** (2 - 2 / depth) * (gradient + (depth - 1) * along)
    last, first = layer_powers(length, imbalance)
    return last * gradient + first * along


def nullclines(
    moment: ArrayLike,
    drive: ArrayLike,
    angles: ArrayLike,
    *,
    depth: int = 2,
) -> Float[np.ndarray, "2 angles 2"]:
    r"""Where one component of the flow in a plane vanishes, by angle.

    On the ray $\hat c(\varphi)$ the field is $r^{2-2/L}M(s-rS\hat c)$,
    $M = I+(L-1)\hat c\hat c^\top$, so that component $k$ vanishes at
    $r = (Ms)_k/(MS\hat c)_k$, once on every line through zero.

    Valid for: balanced layers, of any depth.

    Args:
        moment: $S$.
        drive: $s$.
        angles: $\varphi$, in $[0, \pi)$ for every line once; a negative $r$ lies on the
            other side.
        depth: $L\ge1$.

    Returns:
        Points $r\hat c$ of the curves $\dot c_1 = 0$ and $\dot c_2 = 0$; infinite where
        a line meets its curve nowhere.

    Raises:
        ValueError: when shapes do not fit or an entry is not finite.

    Reference: derived here.
    """
    turn = np.asarray(angles, dtype=float)
    if turn.ndim != 1 or not np.isfinite(turn).all():
        raise ValueError(
            f"Argument `angles` must be a finite row, but has shape {turn.shape} or an"
            " entry that is not finite."
        )
    rays = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    moment, drive, rays, _ = _checked(moment, drive, rays, depth, 0.0)
    pulled = np.einsum("...ij,...j->...i", moment, rays)

    def mixed(row: Float[np.ndarray, "angles 2"]) -> Float[np.ndarray, "angles 2"]:
        return row + (depth - 1) * rays * np.sum(rays * row, axis=-1, keepdims=True)

    above, below = mixed(drive), mixed(pulled)
    nowhere = below == 0
    radius = np.where(nowhere, np.inf, above / np.where(nowhere, 1.0, below))
    with np.errstate(invalid="ignore"):
        points = radius.T[..., None] * rays
    return np.where(np.isnan(points), 0.0, points)  # 0 times infinity: on the axis


def _checked(
    moment: ArrayLike,
    drive: ArrayLike,
    start: ArrayLike,
    depth: int,
    imbalance: ArrayLike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All four as arrays of one grid, or what is wrong with them."""
    check_depth(depth)
    names = ("moment", "drive", "start")
    s, v, c = (np.asarray(x, dtype=float) for x in (moment, drive, start))
    for name, array in zip(names, (s, v, c), strict=True):
        check_finite(name, array)
    delta = check_imbalance(imbalance, depth)
    m = v.shape[-1] if v.ndim else 0
    if m < 1 or s.shape[-2:] != (m, m) or c.shape[-1:] != (m,):
        raise ValueError(
            "Arguments `moment`, `drive` and `start` must have shapes (m, m), (m,) and"
            f" (m,), but have {s.shape}, {v.shape} and {c.shape}."
        )
    if np.abs(s - np.swapaxes(s, -1, -2)).max() > 1e-10 * np.abs(s).max():
        raise ValueError("Argument `moment` must be symmetric, but is not.")
    if ((delta < 0) & ~c.any(axis=-1)).any():
        raise ValueError(
            "Argument `imbalance` must be >= 0 where w = 0, but is negative: w does"
            " not say where the first layer points; start `mode_flow` from the layers."
        )
    grid = np.broadcast_shapes(s.shape[:-2], v.shape[:-1], c.shape[:-1], delta.shape)
    return (
        np.broadcast_to(s, (*grid, m, m)),
        np.broadcast_to(v, (*grid, m)),
        np.broadcast_to(c, (*grid, m)),
        np.broadcast_to(delta, grid),
    )


def _check_definite(eigenvalues: Float[np.ndarray, "*grid m"]) -> None:
    worst = float(eigenvalues.min())
    if worst < -1e-10 * float(np.abs(eigenvalues).max()):
        raise ValueError(
            "Argument `moment` must be positive semi-definite, but has the eigenvalue"
            f" {worst:.6g}: no inputs have a negative variance."
        )


def _regression(
    eigenvalues: Float[np.ndarray, "*grid m"],
    drive: Float[np.ndarray, "*grid m"],
    start: Float[np.ndarray, "*grid m"],
    times: Float[np.ndarray, " times"],
) -> Float[np.ndarray, "*grid times m"]:
    """One layer: every mode relaxes by itself."""
    rates = np.maximum(eigenvalues, 0.0)[..., None, :]
    passed = times[:, None]
    still = rates == 0
    reached = -np.expm1(-rates * passed) / np.where(still, 1.0, rates)
    reached = np.where(still, passed, reached)
    return start[..., None, :] * np.exp(-rates * passed) + drive[..., None, :] * reached


def _layers(
    start: Float[np.ndarray, "*grid m"],
    depth: int,
    imbalance: Float[np.ndarray, "*grid"],
) -> Float[np.ndarray, "*grid m1"]:
    r"""$(\alpha, \omega)$ of vectors, $\alpha\ge0$."""
    length = _length(start)
    if depth > 2:
        alpha = length ** (1 / depth)
    else:
        larger = np.sqrt(np.maximum(*layer_powers(length, imbalance)))
        smaller = length / np.where(larger > 0, larger, 1.0)  # no square underflows
        alpha = np.where(imbalance < 0, smaller, larger)
    upper = alpha[..., None] ** (depth - 1)
    first = np.where(upper > 0, start / np.where(upper > 0, upper, 1.0), 0.0)
    return np.concatenate([alpha[..., None], first], axis=-1)


def _length(vectors: Float[np.ndarray, "*grid m"]) -> Float[np.ndarray, "*grid"]:
    """Euclidean, without underflow of the squares."""
    largest = np.abs(vectors).max(axis=-1)
    scale = np.where(largest > 0, largest, 1.0)
    return scale * np.linalg.norm(vectors / scale[..., None], axis=-1)
