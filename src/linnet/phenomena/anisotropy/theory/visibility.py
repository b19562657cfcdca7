r"""How visible two phases are: the loss left at the corner, and where it is largest."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.modes import Task, task_modes
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import check_alignment
from linnet.shapes import Float

STEPS = 12  # of Newton's method; from its asymptote the root is at rounding after six


def plateau_ratio(task: Task) -> Float[np.ndarray, "*grid"]:
    r"""Part of the loss that is left at the corner, $L_1/L_0$.

    $$\frac{L_1}{L_0} = \frac{\rho^2(1+\rho)A^2B^2}
        {[(1+\rho)^3A^2+B^2](1+\rho A^2)},\qquad B^2 = 1-A^2;$$
    for any covariance $1-s_1^2/(S_{11}\,\beta^\top\Sigma\beta)$, taken as a sum of
    squares. Losses above the least one; the ½ cancels. The same for $(\rho, A)$ and
    $(-\frac\rho{1+\rho}, \sqrt{1-A^2})$, since the spike of one is the bulk of the
    other.

    Valid for: one output.

    Args:
        task: A plane or a grid of them, or moments of one output.

    Returns:
        In [0, 1); 0 where there is no second phase.

    Raises:
        ValueError: when the task has several outputs, or nothing to learn.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> plateau_ratio(spike_plane(10.0, 0.3)).round(4)
        np.float64(0.3928)
    """
    if isinstance(task, Plane):
        rho, square = task.spike_strength, task.alignment**2
        rest = (1 - task.alignment) * (1 + task.alignment)
        below = ((1 + rho) ** 3 * square + rest) * (1 + rho * square)
        return rho**2 * (1 + rho) * square * rest / below
    modes = task_modes(task)
    lengths, drive = modes.eigenvalues, modes.drive
    corner = (drive @ drive) / (drive @ (lengths * drive)) * drive
    return np.sum(lengths * (corner - modes.teacher) ** 2) / (drive @ modes.teacher)


def most_visible_spike(
    alignment: ArrayLike, *, dip: bool = False
) -> Float[np.ndarray, "*grid"]:
    r"""Spike strength whose second phase has most of the loss left to learn.

    The positive root of
    $$A^4\rho^5+2A^4\rho^4-2A^2\rho^3-8A^2\rho^2-(4A^2+3)\rho-2 = 0,$$
    where $L_1/L_0$ of `plateau_ratio` is largest; there is exactly one.

    Valid for: spikes, $\rho>0$; with `dip` the most visible one of $-1<\rho<0$, which
    is $-\rho/(1+\rho)$ of the spike of alignment $\sqrt{1-A^2}$.

    Args:
        alignment: $A$.
        dip: Whether the inputs vary less along the special direction, and not more.

    Returns:
        $\rho$; infinity at $A = 0$, where the ratio still grows. At $\lvert A\rvert =
        1$ there is no second phase, and the limit is returned, 2. For a dip the other
        way round: $-1$ at $\lvert A\rvert = 1$, and $-\frac23$ at $A = 0$.

    Raises:
        ValueError: when `alignment` lies outside [-1, 1].

    Reference: derived here.

    Example:
        >>> most_visible_spike([0.1, 0.5, 0.9]).round(2)
        array([17.64,  3.76,  2.2 ])
    """
    check_alignment(alignment)
    cosine = np.abs(np.asarray(alignment, dtype=float))
    if dip:
        spike = most_visible_spike(np.sqrt((1 - cosine) * (1 + cosine)))
        return -1 / (1 + 1 / spike)
    # In x = A rho; from the right, where the polynomial is convex.
    x = np.sqrt(3.0) + cosine / 3
    for _ in range(STEPS):
        value = (
            x**5 + 2 * cosine * x**4 - 2 * x**3 - 8 * cosine * x**2
            - (4 * cosine**2 + 3) * x - 2 * cosine
        )  # fmt: skip
        slope = (
            5 * x**4 + 8 * cosine * x**3 - 6 * x**2 - 16 * cosine * x
            - (4 * cosine**2 + 3)
        )  # fmt: skip
        x = x - value / slope
    with np.errstate(divide="ignore"):
        return x / cosine


def most_visible_spike_limit(alignment: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""`most_visible_spike` for weak alignment, $\sqrt3/A + \frac13$.

    There $L_1/L_0 = 1-\frac{16}{3\sqrt3}A + O(A^2)$.

    Valid for: $A\to0$, with an error of order $A$; at most 0.07 anywhere.

    Raises:
        ValueError: when `alignment` lies outside [-1, 1].

    Reference: derived here.
    """
    check_alignment(alignment)
    with np.errstate(divide="ignore"):
        return np.sqrt(3.0) / np.abs(np.asarray(alignment, dtype=float)) + 1 / 3
