r"""Refusals that several topics share: what was given, what is allowed."""

import numpy as np

from linnet.shapes import Float


def check_positive(name: str, values: Float[np.ndarray, "..."] | float) -> None:
    """Refuse what is not positive and finite.

    Raises:
        ValueError: with the name of the argument and the offending entry.
    """
    given = np.asarray(values, dtype=float)
    wrong = given[~(np.isfinite(given) & (given > 0))]
    if wrong.size:
        raise ValueError(
            f"Argument `{name}` must be positive and finite, but holds {wrong.flat[0]}."
        )


def check_not_negative(name: str, values: Float[np.ndarray, "..."] | float) -> None:
    """Refuse negative, infinite and NaN entries.

    Raises:
        ValueError: with the name of the argument and the offending entry.
    """
    given = np.asarray(values, dtype=float)
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if wrong.size:
        raise ValueError(
            f"Argument `{name}` must be finite and >= 0, but holds {wrong.flat[0]}."
        )


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


def check_batches(batches: int) -> None:
    """Refuse an epoch without noise.

    Raises:
        ValueError: when `batches` is not a whole number of at least 2.
    """
    if int(batches) != batches or batches < 2:
        raise ValueError(
            "Argument `batches` must be a whole number >= 2, the batches of an epoch,"
            f" but is {batches!r}: one batch holds all samples and has no noise."
            " Choose a smaller batch."
        )
