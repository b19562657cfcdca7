r"""What steps of finite size change: time, balance, and the step that still works."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.modes import Task
from linnet.phenomena.anisotropy.theory.phases import FirstLine, first_line, half_time
from linnet.phenomena.anisotropy.theory.refusals import (
    check_finite,
    check_not_negative,
    check_positive,
)
from linnet.phenomena.anisotropy.theory.sharpness import balanced_sharpness
from linnet.shapes import Float

STEP = "zero is the flow, and negative steps climb"
LARGEST = 1.0
r"""Growth $\eta s_1$ in a step up to which an expansion in steps is given."""


def discrete_slowdown(
    learning_rate: ArrayLike, drive: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""By how much gradient descent is later than the flow while weights are small.

    $$\frac{\eta s_1}{\ln(1+\eta s_1)} \approx 1+\tfrac12\eta s_1,$$
    since each layer grows by the factor $1+\eta s_1$ per step, not $e^{\eta s_1}$.

    Valid for: exact while growth is exponential, depth 2; any step. Time is learning
    rate times steps.

    Args:
        learning_rate: $\eta\ge0$.
        drive: $s_1$. Both broadcast.

    Raises:
        ValueError: when `learning_rate` is negative, `drive` is not positive, or one is
            not finite.

    Reference: derived here.

    Example:
        >>> discrete_slowdown(0.1, 5.0).round(4)
        np.float64(1.2332)
    """
    check_not_negative("learning_rate", learning_rate, STEP)
    check_positive("drive", drive, "without it nothing grows")
    growth = np.asarray(learning_rate, float) * np.asarray(drive, float)
    safe = np.where(growth > 0, growth, 1.0)
    return np.where(growth > 0, safe / np.log1p(safe), 1.0)[()]


def discrete_half_time(
    task: Task | FirstLine, start: ArrayLike, learning_rate: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""`half_time` of gradient descent, from exactly balanced layers of depth 2.

    $$t_\eta = \frac{\eta s_1}{\ln(1+\eta s_1)}\,t_{1/2} - \tfrac34\eta\ln2
        + O(\eta^2):$$
    the slowdown of the exponential growth, and what bending towards the corner takes
    back. The second part does not depend on the start.

    Valid for: starts well below the corner, on $u_1$; $\eta s_1$ below about 0.3;
    refused above 1. The error is about $0.22\eta^2s_1$ (measured), for ever smaller
    starts too. Never negative.

    Args:
        task: A plane or a grid of them, moments of one output, or a `FirstLine`.
        start: $c_0\ge0$.
        learning_rate: $\eta\ge0$.

    Returns:
        Learning rate times steps (interpolated between steps).

    Raises:
        ValueError: as `half_time` and `discrete_slowdown`; when $\eta s_1>1$.

    Reference: derived here.
    """
    drive = first_line(task).drive
    slowdown = discrete_slowdown(learning_rate, drive)
    growth = np.max(np.asarray(learning_rate, float) * drive, initial=0.0)
    if growth > LARGEST:
        raise ValueError(
            f"Argument `learning_rate` must be <= {LARGEST:g} / drive, but times drive"
            f" is {growth:.3g}: this is an expansion in small steps, good below about"
            " 0.3."
        )
    bend = 0.75 * np.log(2) * np.asarray(learning_rate, float)
    return np.maximum(slowdown * half_time(task, start) - bend, 0.0)


def imbalance_step(
    amplitude: ArrayLike,
    direction: Float[np.ndarray, "*grid m"],
    pull: Float[np.ndarray, "*grid m"],
    learning_rate: ArrayLike,
) -> Float[np.ndarray, "*grid"]:
    r"""What one step of gradient descent adds to the rank-one imbalance, exactly.

    With second layer $\alpha r$, first layer $r\omega^\top$ and $g = \Sigma(\beta-w)$,
    $$\Delta\delta = \eta^2\big[(\omega\cdot g)^2-\alpha^2\lvert g\rvert^2\big],$$
    which is $\le0$ wherever $\lvert\alpha\rvert\ge\lvert\omega\rvert$: from balance,
    descent drifts towards a larger first layer. The flow conserves $\delta$.

    Valid for: exact, depth 2, one output, rank-one layers, any data.

    Args:
        amplitude: $\alpha$.
        direction: $\omega$.
        pull: $g = \mathtt{yx}-w\,\mathtt{xx}$, minus the gradient of the end-to-end
            vector.
        learning_rate: $\eta\ge0$.

    Raises:
        ValueError: when an argument is not finite, or `learning_rate` is negative.

    Reference: derived here.
    """
    for name, value in (
        ("amplitude", amplitude),
        ("direction", direction),
        ("pull", pull),
    ):
        check_finite(name, value)
    check_not_negative("learning_rate", learning_rate, STEP)
    along = np.sum(direction * pull, axis=-1)
    lost = (np.asarray(amplitude, float) * np.linalg.norm(pull, axis=-1)) ** 2
    return np.asarray(learning_rate, float) ** 2 * (along**2 - lost)


def largest_stable_step(task: Task, *, depth: int = 2) -> Float[np.ndarray, "*grid"]:
    r"""Learning rate $2/\lambda_+$ above which descent leaves the balanced minimum.

    Valid for: the balanced minimum. An unbalanced one may be flatter, and descent may
    still settle there: see `escape_window`.

    Raises:
        ValueError: as `balanced_sharpness`.

    Reference: derived here.
    """
    return 2 / balanced_sharpness(task, depth=depth)
