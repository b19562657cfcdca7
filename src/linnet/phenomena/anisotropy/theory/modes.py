r"""A task of one output by the eigenvectors of its input covariance."""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.anisotropy.theory.input_modes import InputModes, modes_of_moments
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import check_scalar_output, check_type
from linnet.shapes import Float
from linnet.task import Moments

Task = Plane | Moments | InputModes


@dataclass(frozen=True, eq=False)
class Modes:
    r"""Variances and drives over a grid of tasks; from `task_modes`.

    Attributes:
        eigenvalues: $\lambda_i > 0$ of the input covariance, shape `(*grid, m)`.
        drive: Parts $v_i$ of the input-output correlation, shape `(*grid, m)`.
        basis: Columns are the eigenvectors in the coordinates of the task (of a
            `Plane`: $u_1, u_2$), shape `(*grid, d, m)`.
    """

    eigenvalues: Float[np.ndarray, "*grid m"]
    drive: Float[np.ndarray, "*grid m"]
    basis: Float[np.ndarray, "*grid d m"]

    @property
    def teacher(self) -> Float[np.ndarray, "*grid m"]:
        r"""Parts $\beta_i = v_i/\lambda_i$ of the least-squares solution."""
        return self.drive / self.eigenvalues

    @property
    def norm(self) -> Float[np.ndarray, "*grid"]:
        r"""$b = \lVert\beta\rVert$ of the least-squares solution."""
        return np.linalg.norm(self.teacher, axis=-1)


def task_modes(task: Task) -> Modes:
    r"""Eigenvalues of the inputs that vary, and what drives learning along each.

    Valid for: one output. Directions in which the inputs of a data set do not vary are
    left out: nothing is learned along them.

    Args:
        task: A `Plane` (also a grid of planes, in closed form), `Moments`, or their
            `InputModes` (which data have at less cost where samples are few).

    Raises:
        ValueError: when there are several outputs, or nothing to learn.
        TypeError: when the task is none of these.

    Reference: derived here.
    """
    check_type("task", task, Plane, Moments, InputModes)
    if isinstance(task, Plane):
        along = (1 + task.spike_strength) * task.alignment
        aside = np.sqrt((1 - task.alignment) * (1 + task.alignment))
        ones = np.ones_like(along)
        return Modes(
            eigenvalues=np.stack([1 + task.spike_strength, ones], axis=-1),
            drive=task.norm[..., None] * np.stack([along, aside], axis=-1),
            basis=task.axes,
        )
    if isinstance(task, Moments):
        task = modes_of_moments(task)
    _check_teaches(task.drive)
    return Modes(task.eigenvalues, task.drive, task.basis)


def check_one_output(moments: Moments) -> Float[np.ndarray, " d"]:
    """The input-output correlation of a task of one output.

    Raises:
        ValueError: when there are several outputs, or the correlation is zero.
    """
    check_scalar_output(moments)
    _check_teaches(moments.yx)
    return moments.yx[0]


def _check_teaches(correlation: np.ndarray) -> None:
    if not correlation.any():
        raise ValueError(
            "Argument `task` must have a `yx` that is not zero, but all of it is:"
            " inputs that do not correlate with the target teach nothing."
        )
