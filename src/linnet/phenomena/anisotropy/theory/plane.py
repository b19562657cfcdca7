r"""The plane in which a network learns when one direction of the inputs is spiked.

With $\Sigma = I + \rho\mu\mu^\top$ and a teacher
$\beta = b(A\mu + B\nu)$, $B = \sqrt{1-A^2}$, everything happens in the plane of $\mu$
and $\nu$, which $\Sigma$ maps into itself. Its basis is adapted to the data: $u_1$ is
the direction of the input-output correlation $\Sigma\beta$, along which learning
begins, and $u_2$ is the direction that is left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.conventions import signal_power
from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_alignment,
    check_positive,
    check_spike,
)
from linnet.shapes import Float
from linnet.task import Moments


@dataclass(frozen=True, eq=False)
class Plane:
    r"""Closed forms in the basis $(u_1, u_2)$; from `spike_plane`.

    Attributes:
        spike_strength: $\rho$, of any shape `grid`.
        alignment: $A$, same shape.
        norm: $b = \lVert\beta\rVert$, same shape.
        drive: $s_1 = \lVert\Sigma\beta\rVert = bD$,
            $D^2 = (1+\rho)^2A^2 + B^2$, the speed of the first phase.
        moment: $S$, the input covariance in the plane, shape `(*grid, 2, 2)`.
        teacher: $(\beta_1, \beta_2)$ with $\beta_2\ge0$, shape `(*grid, 2)`;
            $S\beta = (s_1, 0)$.
        axes: Rows $u_1$, $u_2$ in the basis $(\mu, \nu)$, shape `(*grid, 2, 2)`.
    """

    spike_strength: Float[np.ndarray, "*grid"]
    alignment: Float[np.ndarray, "*grid"]
    norm: Float[np.ndarray, "*grid"]
    drive: Float[np.ndarray, "*grid"]
    moment: Float[np.ndarray, "*grid 2 2"]
    teacher: Float[np.ndarray, "*grid 2"]
    axes: Float[np.ndarray, "*grid 2 2"]

    @property
    def dimensions(self) -> np.ndarray:
        r"""2, or 1 where there is no second phase: $\rho = 0$, or $A\in\{0,\pm1\}$.

        The second axis is then the direction of the plane that is never learned in the
        population, and $\beta_2 = S_{12} = 0$.
        """
        return 1 + (self.moment[..., 0, 1] != 0).astype(int)

    @property
    def signal_power(self) -> Float[np.ndarray, "*grid"]:
        r"""$\beta^\top\Sigma\beta = b^2(1+\rho A^2)$: twice the loss of $w = 0$."""
        return signal_power(self.spike_strength, self.alignment, self.norm)

    def moments(self) -> Moments:
        """The plane as a task of two inputs, or one where there is one dimension.

        Raises:
            ValueError: when this is a grid of planes and not one.
        """
        if self.drive.ndim:
            raise ValueError(
                "Moments are those of one plane, but this is a grid of shape"
                f" {self.drive.shape}: ask for one point."
            )
        m = int(self.dimensions)
        yx = np.array([[float(self.drive), 0.0]])[:, :m]
        power = np.array([[float(self.signal_power)]])
        return Moments(self.moment[:m, :m], yx, power)


def spike_plane(
    spike_strength: ArrayLike, alignment: ArrayLike, norm: ArrayLike = 1.0
) -> Plane:
    r"""The adapted plane of one spike, for a single value or over a grid.

    $$u_1 = \frac{(1+\rho)A\,\mu + B\,\nu}{D},\quad
      S = \frac1{D^2}\begin{pmatrix}(1+\rho)^3A^2+B^2&-|\rho|(1+\rho)|A|B\\
      \cdot&(1+\rho)(B^2+(1+\rho)A^2)\end{pmatrix},\quad
      \beta = \frac bD\big((1+\rho)A^2+B^2,\ |\rho A|B\big).$$

    No difference of nearly equal numbers is taken, so that a vanishing second dimension
    keeps its relative accuracy.

    Valid for: unit bulk (see `Covariance` for others: with bulk variance $s^2$ take
    $\rho/s^2$ and multiply rates by $s^2$), $\rho>-1$; negative is a dip.

    Args:
        spike_strength: $\rho$.
        alignment: $A$, cosine between spike and teacher.
        norm: $b = \lVert\beta\rVert$. All three broadcast.

    Raises:
        ValueError: when $\rho\le-1$, $|A|>1$, $b\le0$, or one is not finite.

    Reference: the two directions are those of Watanabe et al. 2026; derived here.

    Example:
        >>> spike_plane(10.0, 0.3).drive.round(3)
        np.float64(3.435)
    """
    check_spike(spike_strength)
    check_alignment(alignment)
    check_positive("norm", norm, "a teacher of length zero teaches nothing")
    rho, cosine, size = broadcast_floats(
        spike_strength=spike_strength, alignment=alignment, norm=norm
    )
    sine = np.sqrt((1 - cosine) * (1 + cosine))
    variance = 1 + rho  # along the spike
    length = np.hypot(variance * cosine, sine)  # D
    along, aside = variance * cosine / length, sine / length  # u_1
    turned = np.where(rho * cosine > 0, -1.0, 1.0)  # so that beta_2 >= 0
    first = variance * along**2 + aside**2
    cross = -np.abs(rho * along) * aside
    second = variance * aside**2 + along**2
    teacher = np.stack(
        [variance * cosine**2 + sine**2, np.abs(rho * cosine) * sine], axis=-1
    )
    return Plane(
        spike_strength=rho,
        alignment=cosine,
        norm=size,
        drive=size * length,
        moment=_matrix(first, cross, cross, second),
        teacher=(size / length)[..., None] * teacher,
        axes=_matrix(along, aside, turned * aside, -turned * along),
    )


def _matrix(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray
) -> Float[np.ndarray, "*grid 2 2"]:
    return np.stack([np.stack([a, b], axis=-1), np.stack([c, d], axis=-1)], axis=-2)
