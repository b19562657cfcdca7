"""Refusals that several topics share: what was given, what is allowed, what to do."""

from collections.abc import Sequence

import numpy as np

from linnet.shapes import Float


def check_positive(
    name: str, values: Float[np.ndarray, "..."] | float, hint: str = ""
) -> None:
    """Refuse what is not positive and finite, a number or an entry of an array.

    Raises:
        ValueError: with the name of the argument, the first wrong entry and the hint.
    """
    given = np.asarray(values, dtype=float)
    _refuse(name, given, given > 0, "positive and finite", hint)


def check_not_negative(
    name: str, values: Float[np.ndarray, "..."] | float, hint: str = ""
) -> None:
    """Refuse what is negative, infinite or NaN, a number or an entry of an array.

    Raises:
        ValueError: with the name of the argument, the first wrong entry and the hint.
    """
    given = np.asarray(values, dtype=float)
    _refuse(name, given, given >= 0, "finite and >= 0", hint)


def check_finite(name: str, values: Float[np.ndarray, "..."] | float) -> None:
    """Refuse NaN and infinity.

    Raises:
        ValueError: with the name of the argument.
    """
    if not np.isfinite(values).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )


def check_whole(name: str, value: float, least: int, hint: str = "") -> None:
    """Refuse what is no whole number, or too small a one.

    Raises:
        ValueError: with the name of the argument, what it is, and the hint.
    """
    if not np.isfinite(value) or int(value) != value or value < least:
        raise ValueError(
            f"Argument `{name}` must be a whole number >= {least}, but is"
            f" {value}{hint}."
        )


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a word that is none of those known.

    Raises:
        ValueError: with the name of the argument, the choices and what it is.
    """
    if value not in choices:
        raise ValueError(
            f"Argument `{name}` must be one of {', '.join(choices)}, but is {value!r}."
        )


def check_noise(noise: float) -> None:
    """Refuse what is no standard deviation of label noise.

    Raises:
        ValueError: when it is negative or not finite.
    """
    check_not_negative(
        "noise", noise, ": it is the standard deviation of the label noise"
    )


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


def check_step(learning_rate: float, noise_factor: float) -> None:
    """Refuse a learning rate that is not positive, and a noise factor beyond [0, 1].

    Raises:
        ValueError: with the name of the argument and what it is.
    """
    check_positive("learning_rate", learning_rate)
    check_noise_factor(noise_factor)


def check_momentum(momentum: float) -> None:
    """Refuse a velocity that never fades.

    Raises:
        ValueError: when `momentum` is not in [0, 1).
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"Argument `momentum` must be in [0, 1), but is {momentum}.")


def check_stable(
    curvature: Float[np.ndarray, "..."] | float, learning_rate: float, momentum: float
) -> None:
    r"""Refuse a heavy ball that does not settle: $0 < \eta h < 2(1+\beta)$ does.

    Raises:
        ValueError: when curvature or learning rate is not positive, the momentum is
            not in [0, 1), or $\eta h$ is beyond the edge.
    """
    check_positive("curvature", curvature)
    check_positive("learning_rate", learning_rate)
    check_momentum(momentum)
    largest, edge = float(np.max(curvature)), 2 * (1 + momentum)
    if learning_rate * largest >= edge:
        raise ValueError(
            f"Argument `learning_rate` must be below {edge / largest:.4g}, 2 (1 +"
            f" momentum) over the largest curvature {largest:.4g}, but is"
            f" {learning_rate}: SGD diverges and has no stationary state. Lower it."
        )


def check_descent(curvatures: Float[np.ndarray, "..."], learning_rate: float) -> None:
    r"""Refuse a rate at which descent of layers does not settle: $0<\eta\lambda<2$.

    Raises:
        ValueError: when the rate is not positive, or beyond the edge.
    """
    check_positive("learning_rate", learning_rate)
    limit = 2 / curvatures.max()
    if learning_rate >= limit:
        raise ValueError(
            f"Argument `learning_rate` must be below {limit:.4g}, where descent is"
            f" stable, but is {learning_rate}: lower it."
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
    check_finite(name, blocks)


def unstable(learning_rate: float, edge: float, what: str) -> ValueError:
    """The refusal of a learning rate beyond the largest stable one."""
    return ValueError(
        f"{what} at the learning rate {learning_rate:.6g}: take one below"
        f" {edge:.6g}, the largest stable one."
    )


def _refuse(
    name: str,
    given: Float[np.ndarray, "..."],
    allowed: Float[np.ndarray, "..."],
    range_: str,
    hint: str,
) -> None:
    wrong = given[~(np.isfinite(given) & allowed)]
    if wrong.size:
        verb = "holds" if given.ndim else "is"
        raise ValueError(
            f"Argument `{name}` must be {range_}, but {verb} {wrong.flat[0]}{hint}."
        )
