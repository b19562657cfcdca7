r"""Sharpness of minima, the flattest of them, and where large steps settle.

All minima of two layers and one output give the same end-to-end vector $\beta$ and
differ in $x = \lvert a\rvert^2$, the size of the second layer: $x = b$ is balanced.
With a first layer of rank one the positive eigenvalues of the Hessian of the loss are
those of $\Sigma^{1/2}\big(xI+\beta\beta^\top/x\big)\Sigma^{1/2}$.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.modes import Modes, Task, task_modes
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import check_depth, check_positive
from linnet.phenomena.anisotropy.theory.relaxation import plane_rates
from linnet.shapes import Float

HALVINGS = 100  # of a bracket that may begin 1e15 times wider than its root


@dataclass(frozen=True, eq=False)
class FlattestMinimum:
    r"""The minimum of least sharpness; from `flattest_minimum`.

    Attributes:
        second_layer: $x = \lvert a\rvert^2$ there, at most $b$.
        sharpness: Largest eigenvalue of the Hessian of the loss there.
    """

    second_layer: Float[np.ndarray, "*grid"]
    sharpness: Float[np.ndarray, "*grid"]


def balanced_sharpness(task: Task, *, depth: int = 2) -> Float[np.ndarray, "*grid"]:
    r"""Largest eigenvalue of the Hessian of the loss at the balanced minimum.

    That of $m\,(I+(L-1)\hat\beta\hat\beta^\top)\Sigma$, $m = b^{2-2/L}$: the fastest
    late rate.

    Valid for: one output, any covariance, depth $L\ge1$; data that can be fitted
    exactly or not, as long as the rest does not correlate with the inputs (it does not
    at the least-squares solution).

    Args:
        task: A plane or a grid of them (closed form), or moments of one output.
        depth: $L$.

    Raises:
        ValueError: when the task has several outputs or nothing to learn, or `depth` is
            not a whole number >= 1.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> balanced_sharpness(spike_plane(10.0, 0.5)).round(3)
        np.float64(13.919)
    """
    check_depth(depth)
    form = task if isinstance(task, Plane) else task_modes(task)
    scale = form.norm ** (2 - 2 / depth)
    return _top(form, depth * scale, scale)


def minimum_sharpness(
    task: Task, second_layer: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Sharpness of the minimum whose second layer has $\lvert a\rvert^2 = x$.

    Valid for: depth 2, one output, first layer of rank one.

    Args:
        task: A plane or a grid of them (closed form), or moments of one output.
        second_layer: $x>0$; broadcasts with a grid of planes.

    Raises:
        ValueError: when `second_layer` is not positive and finite, or the task has
            several outputs or nothing to learn.

    Reference: derived here.
    """
    check_positive("second_layer", second_layer, "a minimum needs both layers")
    x = np.asarray(second_layer, dtype=float)
    form = task if isinstance(task, Plane) else task_modes(task)
    return _top(form, x + form.norm**2 / x, x)


def flattest_minimum(task: Task) -> FlattestMinimum:
    r"""The minimum of least sharpness, in general an unbalanced one.

    With $\mu = \text{sharpness}/x$ and $v_i = \sqrt{\lambda_i}\beta_i$ every minimum is
    $x^2 = \sum_iv_i^2/(\mu-\lambda_i)$, and the flattest one solves
    $$\sum_i\frac{v_i^2(\mu-2\lambda_i)}{(\mu-\lambda_i)^2} = 0,\qquad
      \lambda_1\le\mu\le2\lambda_1.$$
    In a plane $x^2$ is a root of a cubic,
    $\rho^2X^3-u(ub^2-2P)X^2-P(3P-2ub^2)X-b^2P^2 = 0$, $u = 2+\rho$,
    $P = \beta^\top\Sigma\beta$. For $\rho\gg1$: $x\approx b\lvert A\rvert$ and
    sharpness $\approx2b\lvert A\rvert(1+\rho)$.

    Valid for: depth 2, one output, any covariance. The sharpness is convex in $x$, so
    there is one flattest minimum; it never has the larger second layer, $x\le b$.

    Args:
        task: A plane or a grid of them, or moments of one output.

    Raises:
        ValueError: when the task has several outputs or nothing to learn.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> flat = flattest_minimum(spike_plane(10.0, 0.5))
        >>> flat.second_layer.round(4), flat.sharpness.round(3)
        (np.float64(0.5656), np.float64(11.738))
    """
    course = _Course.of(task_modes(task))
    excess = _bisect(lambda s: course.slope(s) > 0, course.grid, 1.0)
    return FlattestMinimum(*course.minimum(excess))


def escape_window(
    task: Task,
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    r"""Learning rates at which descent leaves the balanced minimum for a flatter one.

    From $2/\lambda_+$ to $2/(\text{sharpness of the flattest minimum})$. Below,
    balanced minima are stable; above, no minimum is.

    Valid for: depth 2, one output. Empty where both agree: $\rho=0$,
    $\lvert A\rvert=1$.

    Raises:
        ValueError: when the task has several outputs or nothing to learn.

    Reference: derived here.
    """
    return 2 / balanced_sharpness(task), 2 / flattest_minimum(task).sharpness


def settling_layer(task: Task, learning_rate: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""Size $x = \lvert a\rvert^2$ at which descent with a large step becomes stable.

    Steps inside `escape_window` oscillate at the balanced minimum, and every
    oscillation shifts size from the second layer to the first, until the sharpness is
    down to $2/\eta$: the larger root $x\le b$ of $\text{sharpness}(x) = 2/\eta$.

    Valid for: depth 2, one output, a nearly balanced start. The root is exact; that
    descent stays there is a heuristic, since the last oscillations carry it somewhat
    beyond: the true $x$ is smaller and its sharpness below $2/\eta$, in simulations by
    0.2 to 4 percent and never by more than it was above.

    Args:
        task: A plane or a grid of them, or moments of one output.
        learning_rate: $\eta>0$.

    Returns:
        $x$, equal to $b$ where the balanced minimum is stable.

    Raises:
        ValueError: when a learning rate is beyond the window, where no minimum is
            stable, or not positive.

    Reference: derived here.
    """
    check_positive("learning_rate", learning_rate, "descent needs a step")
    modes = task_modes(task)
    course = _Course.of(modes)
    rate = np.asarray(learning_rate, dtype=float)
    flattest = _bisect(lambda s: course.slope(s) > 0, course.grid, 1.0)
    largest = 2 / course.minimum(flattest)[1]
    rate, largest = np.broadcast_arrays(rate, largest)
    if (rate > largest).any():
        worst, limit = rate[rate > largest][0], largest[rate > largest][0]
        raise ValueError(
            "Argument `learning_rate` must be at most 2 / (sharpness of the flattest"
            f" minimum) = {limit:.4g}, but is {worst:.4g}: no minimum is stable beyond."
        )
    excess = _bisect(lambda s: course.minimum(s)[1] < 2 / rate, rate.shape, flattest)
    # As sharpness / mu: right also where the top eigenvector does not see the teacher.
    return np.minimum(2 / rate / (course.top * (1 + excess)), modes.norm)


@dataclass(frozen=True, eq=False)
class _Course:
    r"""Minima by $s = \mu/\lambda_1-1$: from second layers large (0) to small."""

    gaps: np.ndarray  # 1 - lambda_i / lambda_1
    parts: np.ndarray  # lambda_i beta_i^2 / lambda_1
    top: np.ndarray  # lambda_1

    @classmethod
    def of(cls, modes: Modes) -> "_Course":
        top = modes.eigenvalues.max(axis=-1)
        parts = modes.drive * modes.teacher / top[..., None]
        return cls(1 - modes.eigenvalues / top[..., None], parts, top)

    @property
    def grid(self) -> tuple[int, ...]:
        return self.top.shape

    def slope(self, excess: np.ndarray) -> np.ndarray:
        """Positive where the sharpness falls as the second layer grows."""
        far = excess[..., None] + self.gaps
        return np.sum(self.parts * (far - 1 + self.gaps) / far**2, axis=-1)

    def minimum(self, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = np.sqrt(np.sum(self.parts / (excess[..., None] + self.gaps), axis=-1))
        return x, self.top * (1 + excess) * x


def _bisect(
    is_beyond: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    upper: ArrayLike,
) -> np.ndarray:
    low, high = np.zeros(shape), np.broadcast_to(np.asarray(upper, float), shape)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        beyond = is_beyond(middle)
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return (low + high) / 2


def _top(form: Plane | Modes, along: np.ndarray, aside: np.ndarray) -> np.ndarray:
    r"""Largest eigenvalue of $\Sigma C$, $C$ = `along` $\hat\beta$, `aside` across."""
    if isinstance(form, Plane):
        return plane_rates(form, along, aside)[1]
    unit = form.teacher / form.norm
    bent = np.sqrt(form.eigenvalues) * unit
    flat = np.asarray(aside)[..., None, None] * np.diag(form.eigenvalues)
    extra = np.asarray(along - aside)[..., None, None] * np.outer(bent, bent)
    return np.linalg.eigvalsh(flat + extra)[..., -1]
