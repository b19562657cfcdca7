"""What a small start does to weights, measured: on any network's weights or curves.

Arrays in, numbers out; no theory is assumed. Functions of given weights are exact and
carry no error bar; a time read off a sampled curve carries one, from its sampling.
"""

from dataclasses import dataclass

import numpy as np

from linnet.network import Weights, imbalance
from linnet.numerics import effective_rank, stable_rank
from linnet.shapes import Float


def layer_spectra(weights: Weights) -> tuple[Float[np.ndarray, "..."], ...]:
    """Singular values of every layer, downwards: `min(out, in)` of each.

    NumPy layers give NumPy, at their own precision. JAX arrays give JAX, inside jit
    too, so it can be saved during a run. Exact: no error bar.

    Args:
        weights: Layers `(out, in)` of any network.

    Raises:
        ValueError: when a layer is no matrix, or a NumPy layer is not finite.
    """
    for index, layer in enumerate(weights):
        if layer.ndim != 2:
            raise ValueError(
                "Argument `weights` must hold matrices (out, in), but layer"
                f" {index} has shape {layer.shape}."
            )
    return tuple(_singular_values(layer) for layer in weights)


def _singular_values(layer: Float[np.ndarray, "out in"]) -> Float[np.ndarray, " r"]:
    # JAX would round NumPy's 64 bits to 32 wherever its 64-bit scope is closed.
    if isinstance(layer, np.ndarray):
        if not np.isfinite(layer).all():
            raise ValueError(
                "Argument `weights` must be finite, but holds NaN or infinity: leave"
                " out what came after a divergence."
            )
        return np.linalg.svd(layer, compute_uv=False)
    import jax.numpy as jnp  # here, so that claims can be listed without loading JAX

    return jnp.linalg.svd(layer, compute_uv=False)


@dataclass(frozen=True)
class RankHistory:
    """Two notions of rank of a layer over training; exact functions of its spectrum.

    Attributes:
        stable: Sum of squares over the largest square.
        effective: Exponential of the entropy of the normalized singular values.
    """

    stable: Float[np.ndarray, " times"]
    effective: Float[np.ndarray, " times"]


def rank_history(spectra: Float[np.ndarray, "times r"]) -> RankHistory:
    """Ranks of a layer at every saved time, from its singular values.

    Raises:
        ValueError: when a spectrum vanishes (a layer that is still exactly zero).
    """
    return RankHistory(stable_rank(spectra), effective_rank(spectra))


def imbalance_change(before: Weights, after: Weights) -> tuple[float, ...]:
    r"""How far each imbalance moved, in units of the larger squared weight norm.

    $\lVert\mathcal I_l(t) - \mathcal I_l(0)\rVert_F / \max_l\lVert W_l\rVert_F^2$: zero
    for gradient flow of a linear network, of the order of the learning rate for
    descent. Exact: no error bar.

    Args:
        before: Layers at one time.
        after: The same layers at another.

    Returns:
        One number for each hidden layer.

    Raises:
        ValueError: when the layers of both times differ in shape, or all weights vanish
            at both.
    """
    shapes = [[np.shape(layer) for layer in weights] for weights in (before, after)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "Arguments `before` and `after` must be one network at two times, but have"
            f" shapes {shapes[0]} and {shapes[1]}."
        )
    scale = max(float((np.asarray(w) ** 2).sum()) for w in (*before, *after))
    if scale == 0:
        raise ValueError("All weights vanish at both times: there is no scale.")
    pairs = zip(imbalance(before), imbalance(after), strict=True)
    return tuple(float(np.linalg.norm(np.asarray(b - a)) / scale) for a, b in pairs)


def mode_amplitudes(
    products: Float[np.ndarray, "*times k d"],
    outputs: Float[np.ndarray, "modes k"],
    inputs: Float[np.ndarray, "modes d"],
) -> Float[np.ndarray, "*times modes"]:
    r"""Amplitudes $u_i^\top W(t)\,v_i$ of given directions; works inside jit. Exact."""
    # The axes of time are added by hand: a strict JAX refuses to do so silently.
    left = outputs.T[(None,) * (products.ndim - 2)]
    return ((products @ inputs.T) * left).sum(-2)


@dataclass(frozen=True)
class Crossing:
    """When a curve first reached a level.

    Attributes:
        time: Infinite if it never did.
        error: How far linear and monotone-cubic interpolation differ: what the sampling
            leaves open, for a curve that is smooth between its samples. Infinite with
            the time.
    """

    time: float
    error: float


def crossing(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"], level: float
) -> Crossing:
    """First time at which a sampled curve reaches `level` from below.

    Interpolated by a monotone cubic inside the bracketing interval.

    Args:
        times: Increasing.
        curve: Values at these times.
        level: Above the first value.

    Raises:
        ValueError: when lengths differ, fewer than two times are given, times do not
            increase, an entry is not finite, or the curve starts at or above the level.
    """
    from scipy.interpolate import PchipInterpolator

    times, curve = _checked_curve(times, curve, 2)
    if not curve[0] < level:
        raise ValueError(
            f"Argument `curve` must start below the level {level:.4g}, but starts at"
            f" {curve[0]:.4g}: save earlier times."
        )
    above = np.flatnonzero(curve >= level)
    if len(above) == 0:
        return Crossing(np.inf, np.inf)
    at = above[0]
    left, right = times[at - 1], times[at]
    share = (level - curve[at - 1]) / (curve[at] - curve[at - 1])
    linear = left + share * (right - left)
    near = slice(max(at - 3, 0), at + 3)
    roots = PchipInterpolator(times[near], curve[near]).solve(level, extrapolate=False)
    inside = roots[(roots >= left) & (roots <= right)]
    cubic = inside[0] if len(inside) else linear
    return Crossing(float(cubic), float(abs(cubic - linear)))


def half_times(
    times: Float[np.ndarray, " times"],
    amplitudes: Float[np.ndarray, "times modes"],
    ends: Float[np.ndarray, " modes"],
) -> tuple[Crossing, ...]:
    """When each mode first reaches half of its `ends`; infinite if it does not.

    Args:
        times: Increasing.
        amplitudes: Of every mode at these times.
        ends: Where each mode ends, or is expected to.

    Raises:
        ValueError: as `crossing`, and when a mode starts at or above half of its end.
    """
    return tuple(
        crossing(times, amplitudes[:, mode], end / 2) for mode, end in enumerate(ends)
    )


def learning_order(crossings: tuple[Crossing, ...]) -> tuple[int, ...]:
    """Modes in the order in which they were learned; those never learned come last."""
    reached = [crossing.time for crossing in crossings]
    return tuple(int(i) for i in np.argsort(reached, kind="stable"))


@dataclass(frozen=True)
class Rate:
    """Exponential decay rate of a positive curve, and how well it is one rate."""

    value: float
    stderr: float


def decay_rate(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"]
) -> Rate:
    r"""Rate $r$ of $e^{-rt}$ by a straight line through $\ln$ of the curve.

    The standard error is that of the slope for independent scatter; for a smooth curve
    it measures how far the curve is from one exponential.

    Args:
        times: Increasing.
        curve: Positive values at these times.

    Raises:
        ValueError: when fewer than three times are given, times do not increase, an
            entry is not finite, or the curve is not positive.
    """
    times, curve = _checked_curve(times, curve, 3)
    if not (curve > 0).all():
        raise ValueError(
            "Argument `curve` must be positive to decay exponentially, but its least"
            f" value is {curve.min():.3g}: leave out what has fallen to zero."
        )
    dt, height = times - times.mean(), np.log(curve)
    slope = (dt @ height) / (dt @ dt)
    rest = height - height.mean() - slope * dt
    stderr = np.sqrt((rest @ rest) / (len(times) - 2) / (dt @ dt))
    return Rate(float(-slope), float(stderr))


def late_decay_rate(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"]
) -> Rate:
    """Decay rate over the last two decades of a falling curve.

    A sum of exponentials tends to its slowest one. The error is how much the rate still
    changed since the two decades before: of the size of what is missing, unless the
    slowest part is too weak to be seen yet.

    Args:
        times: Increasing.
        curve: Positive values at these times; four decades are needed at its end.

    Raises:
        ValueError: as `decay_rate`, and when there are fewer than three times in either
            pair of decades.
    """
    times, curve = _checked_curve(times, curve, 6)
    last = curve <= 100 * curve[-1]
    before = (curve <= 1e4 * curve[-1]) & ~last
    if last.sum() < 3 or before.sum() < 3:
        raise ValueError(
            "Argument `curve` must have at least 3 times in each of its last two pairs"
            f" of decades, but has {last.sum()} and, before, {before.sum()}: save more"
            " times, or train for longer."
        )
    late, earlier = (decay_rate(times[part], curve[part]) for part in (last, before))
    return Rate(late.value, abs(earlier.value - late.value))


def _checked_curve(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"], least: int
) -> tuple[Float[np.ndarray, " times"], Float[np.ndarray, " times"]]:
    """Both as finite arrays of one length, `least` or more, in the order of time."""
    times, curve = np.asarray(times, dtype=float), np.asarray(curve, dtype=float)
    if times.ndim != 1 or times.shape != curve.shape or len(times) < least:
        raise ValueError(
            f"Arguments `times` and `curve` must have one length, at least {least}, but"
            f" have shapes {times.shape} and {curve.shape}."
        )
    if not (np.isfinite(times).all() and np.isfinite(curve).all()):
        raise ValueError(
            "Arguments `times` and `curve` must be finite, but hold NaN or infinity:"
            " leave out what came after a divergence."
        )
    if not (np.diff(times) > 0).all():
        raise ValueError("Argument `times` must increase, but does not.")
    return times, curve
