r"""How fast a network relaxes at the end: exact rates at the minimum.

Near $w = \beta$ the end-to-end vector obeys $\dot w = -C\Sigma(w-\beta)$, where $C$
belongs to the layers: $L\,m$ along $\hat\beta$ and $m = b^{2-2/L}$ across it for
balanced layers of depth $L$.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.layers import layer_powers
from linnet.phenomena.anisotropy.theory.modes import check_one_output
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import check_depth, check_imbalance
from linnet.shapes import Float
from linnet.task import Moments


@dataclass(frozen=True, eq=False)
class LateRates:
    r"""Exponential rates at the minimum; from `late_rates`.

    Attributes:
        slow: $\lambda_-$, the later of the two rates in the plane.
        fast: $\lambda_+$, also the sharpness of the minimum.
        rest: Rate of every direction across the plane (unit bulk).
    """

    slow: Float[np.ndarray, "*grid"]
    fast: Float[np.ndarray, "*grid"]
    rest: Float[np.ndarray, "*grid"]


def late_rates(
    plane: Plane, *, depth: int = 2, imbalance: ArrayLike = 0.0
) -> LateRates:
    r"""Rates at which the last differences to the teacher decay.

    $$\lambda_\pm = \tfrac m2\big[T\pm\sqrt{T^2-4L(1+\rho)}\big],\quad
      T = 1+\rho B^2+L(1+\rho A^2),\quad m = b^{2-2/L},$$
    and $m$ across the plane. The root is taken as that of
    $(1+\rho B^2-L(1+\rho A^2))^2+4L\rho^2A^2B^2$ and $\lambda_-$ from the product, so
    that neither cancels. Depth 2: $\lambda_-\to2b/(1+A^2)$ for $\rho\to\infty$, where
    taking the gradient along $u_1$ to be zero would give $b(2-A^2)$. With imbalance,
    $Lm$ becomes $R = \sqrt{\delta^2+4b^2}$ and $m$ becomes $\frac12(R+\delta)$.

    Valid for: rank-one layers, balanced or of depth 2; any $\rho>-1$, also where there
    is one dimension only (the other rate is then that of the unused direction).

    Args:
        plane: A plane or a grid of them.
        depth: $L$.
        imbalance: $\delta = \lvert a\rvert^2-\lVert W\rVert^2$, for depth 2.

    Raises:
        ValueError: when `depth` is not a whole number >= 1, or there is an `imbalance`
            with another depth than 2 or one that is not finite.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> late_rates(spike_plane(10.0, 0.3)).slow.round(3)
        np.float64(1.821)
    """
    check_depth(depth)
    delta = check_imbalance(imbalance, depth)
    if depth != 2:
        aside = plane.norm ** (2 - 2 / depth)
        return LateRates(*plane_rates(plane, depth * aside, aside), aside)
    last, first = layer_powers(plane.norm, delta)
    return LateRates(*plane_rates(plane, last + first, last), last)


def plane_rates(
    plane: Plane, along: ArrayLike, aside: ArrayLike
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    r"""Eigenvalues of $C\Sigma$ in the plane, the smaller one first.

    Valid for: $C$ with `along` $>0$ on $\hat\beta$ and `aside` $>0$ across it.

    Args:
        plane: A plane or a grid of them.
        along: $C_\parallel$.
        aside: $C_\perp$.

    Reference: derived here.
    """
    rho, cosine = plane.spike_strength, plane.alignment
    rest = (1 - cosine) * (1 + cosine)
    across = np.asarray(aside) * (1 + rho * rest)
    ahead = np.asarray(along) * (1 + rho * cosine**2)
    product = np.asarray(along) * np.asarray(aside)
    mixed = 2 * np.sqrt(product * rest) * np.abs(rho * cosine)
    fast = (across + ahead + np.hypot(across - ahead, mixed)) / 2
    return product * (1 + rho) / fast, fast


def relaxation_rates(moments: Moments, *, depth: int = 2) -> Float[np.ndarray, " d"]:
    r"""Rates at the minimum of any task, upwards: one for every direction of inputs.

    The eigenvalues of $m\,(I+(L-1)\hat\beta\hat\beta^\top)\,\mathtt{xx}$ with $\beta$
    the least-squares solution.

    Valid for: one output, balanced rank-one layers. Rates are 0 where the inputs of a
    data set do not vary: there nothing is ever learned.

    Args:
        moments: Of a population or a data set.
        depth: $L$.

    Raises:
        ValueError: when the task has several outputs or nothing to learn, or `depth` is
            not a whole number >= 1.

    Reference: derived here.
    """
    check_depth(depth)
    check_one_output(moments)
    teacher = moments.minimizer().end_to_end[0]
    size = np.linalg.norm(teacher)
    unit = teacher / size
    # The root of the first factor, so that the product of the two is symmetric.
    root = np.eye(len(unit)) + (np.sqrt(depth) - 1) * np.outer(unit, unit)
    rates = np.linalg.eigvalsh(root @ moments.xx @ root)
    return size ** (2 - 2 / depth) * np.maximum(rates, 0.0)
