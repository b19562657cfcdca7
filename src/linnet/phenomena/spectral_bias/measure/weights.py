"""Weights as they are: spectra and ranks of layers, imbalance, modes of the product."""

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


def mode_imbalances(
    weights: Weights,
    outputs: Float[np.ndarray, "modes k"],
    inputs: Float[np.ndarray, "modes d"],
) -> Float[np.ndarray, " modes"]:
    r"""How much more of each mode the first layer holds than the second.

    $v_i^\top W_1^\top W_1v_i - u_i^\top W_2W_2^\top u_i$ for given directions of
    outputs $u_i$ and inputs $v_i$. Exact: no error bar.

    Args:
        weights: Two layers.
        outputs: Unit vectors $u_i$.
        inputs: Unit vectors $v_i$.

    Raises:
        ValueError: when the weights are not two layers.
    """
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must be two layers, but holds {len(weights)}."
        )
    first, second = weights
    return ((inputs @ first.T) ** 2).sum(-1) - ((outputs @ second) ** 2).sum(-1)
