r"""Second-order methods after any number of steps, and their averages, by doubling.

One step of momentum is linear in what is left of a mode and its last change,
$(h,g)$ with $g_t=h_t-h_{t-1}$, and affine in what is learned, $(u,m)=(1-h,-g)$:
$$u'=u+m',\qquad m'=b\,m+x\,(1-u).$$
Two maps of many steps make one of twice as many, so a billion steps are thirty
products. Maps are kept as their distance from the identity, which neither rounds away
slow modes nor subtracts.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.shapes import Float


@final
@dataclass(frozen=True, eq=False)
class StepMap:
    r"""What a number of steps does to each mode.

    Attributes:
        change: The map of $(u,m)$ minus the identity.
        push: What it adds to $(u,m)$.
        decay: The map of $(h,g)$.
    """

    change: Float[np.ndarray, "*grid 2 2"]
    push: Float[np.ndarray, "*grid 2"]
    decay: Float[np.ndarray, "*grid 2 2"]

    def after(self, first: "StepMap") -> "StepMap":
        """These steps after others of the same method."""
        change = self.change + first.change + self.change @ first.change
        push = self.push + first.push + (self.change @ first.push[..., None])[..., 0]
        # Squares of a map near the identity would forget how near.
        near = change[..., 0, 0] > -0.5
        squared = self.decay @ first.decay
        decay = np.where(near[..., None, None], np.eye(2) + change, squared)
        return StepMap(change, push, decay)

    def whole(self) -> Float[np.ndarray, "*grid 5 5"]:
        """The map of all of $(h, g, u, m, 1)$."""
        full = np.zeros((*self.push.shape[:-1], 5, 5))
        full[..., :2, :2] = self.decay
        full[..., 2:4, 2:4] = np.eye(2) + self.change
        full[..., 2:4, 4] = self.push
        full[..., 4, 4] = 1
        return full


def one_step(x: Float[np.ndarray, "*grid"], b: Float[np.ndarray, "*grid"]) -> StepMap:
    r"""One step of $m'=b\,m+x\,(1-u)$, $u'=u+m'$."""
    change = np.stack([np.stack([-x, b], -1), np.stack([-x, b - 1], -1)], -2)
    decay = np.stack([np.stack([1 - x, b], -1), np.stack([-x, b], -1)], -2)
    return StepMap(change, np.stack([x, x], -1), decay)


def many_steps(step: StepMap, count: int) -> StepMap:
    """The map of `count` >= 1 steps."""
    total = step
    for bit in bin(count)[3:]:
        total = total.after(total)
        total = total.after(step) if bit == "1" else total
    return total


def states_at(
    step: StepMap, when: Float[np.ndarray, " T"]
) -> tuple[Float[np.ndarray, "*grid T 2"], Float[np.ndarray, "*grid T 2"]]:
    r"""$(h,g)$ and $(u,m)$ after `when` steps from $h=1$ at rest."""
    shape = (*step.push.shape[:-1], len(when))
    left, learned = np.zeros((*shape, 2)), np.zeros((*shape, 2))
    left[..., 0] = 1
    steps = when.astype(np.int64)
    power = step
    while steps.any():
        now = steps % 2 == 1
        left[..., now, :] = left[..., now, :] @ np.swapaxes(power.decay, -1, -2)
        before = learned[..., now, :]
        moved = before @ np.swapaxes(power.change, -1, -2) + power.push[..., None, :]
        learned[..., now, :] = before + moved
        steps //= 2
        power = power.after(power)
    return left, learned


def summed_products(
    rows: StepMap, columns: StepMap, count: int
) -> Float[np.ndarray, "*grid 5 5"]:
    r"""$\sum_{t<T}w_iw_j^\top$ of the states $w=(h,g,u,m,1)$ of two sets of modes.

    $W_{2T}=W_T+G_i^TW_T(G_j^T)^\top$ and $W_{T+1}=w_0w_0^\top+G_iW_TG_j^\top$.

    Args:
        rows: One step of modes $i$.
        columns: One step of modes $j$, which broadcast against them.
        count: $T\ge1$.
    """
    start = np.zeros((5, 5))
    start[np.ix_([0, 4], [0, 4])] = 1
    total, left, right = start, rows, columns
    for bit in bin(count)[3:]:
        total = total + _moved(total, left, right)
        left, right = left.after(left), right.after(right)
        if bit == "1":
            total = start + _moved(total, rows, columns)
            left, right = left.after(rows), right.after(columns)
    shape = np.broadcast_shapes(rows.push.shape[:-1], columns.push.shape[:-1])
    return np.broadcast_to(total, (*shape, 5, 5))


def _moved(
    total: Float[np.ndarray, "*grid 5 5"], left: StepMap, right: StepMap
) -> Float[np.ndarray, "*wide 5 5"]:
    return left.whole() @ total @ np.swapaxes(right.whole(), -1, -2)
