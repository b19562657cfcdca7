"""Refusals that every topic shares: what was given, what is allowed."""

import numpy as np

from linnet.shapes import Float


def check_positive(name: str, value: float) -> None:
    """Refuse what is not a positive finite number.

    Raises:
        ValueError: with the name of the argument and what it is.
    """
    if not (np.isfinite(value) and value > 0):
        raise ValueError(
            f"Argument `{name}` must be positive and finite, but is {value}."
        )


def check_noise(noise: float) -> None:
    """Refuse what is no standard deviation.

    Raises:
        ValueError: when it is negative or not finite.
    """
    if not 0 <= noise < np.inf:
        raise ValueError(
            f"Argument `noise` must be finite and >= 0, but is {noise}: it is the"
            " standard deviation of the label noise."
        )


def check_step(learning_rate: float, noise_factor: float) -> None:
    """Refuse a learning rate that is not positive, and a noise factor beyond [0, 1].

    Raises:
        ValueError: with the name of the argument and what it is.
    """
    check_positive("learning_rate", learning_rate)
    check_noise_factor(noise_factor)


def check_noise_factor(noise_factor: float) -> None:
    """Refuse a noise factor that no batch has.

    Raises:
        ValueError: when it is not in [0, 1].
    """
    if not 0 <= noise_factor <= 1:
        raise ValueError(
            f"Argument `noise_factor` must be in [0, 1], but is {noise_factor}: take"
            " `batch_noise(sampling, n, batch_size)`, at most 1/batch_size."
        )


def check_blocks(
    blocks: Float[np.ndarray, "..."], outputs: int, rank: int, name: str = "covariance"
) -> None:
    """Refuse blocks that do not belong to a minimum.

    Raises:
        ValueError: when the shape is not (k, k, r, r), or an entry is not finite.
    """
    if blocks.shape != (outputs, outputs, rank, rank):
        raise ValueError(
            f"Argument `{name}` must hold blocks (k, k, r, r) ="
            f" {(outputs, outputs, rank, rank)}, but has shape {blocks.shape}."
        )
    if not np.isfinite(blocks).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )


def unstable(learning_rate: float, edge: float, what: str) -> ValueError:
    """The refusal of a learning rate beyond the largest stable one."""
    return ValueError(
        f"{what} at the learning rate {learning_rate:.6g}: take one below"
        f" {edge:.6g}, the largest stable one."
    )
