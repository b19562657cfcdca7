r"""Sums over all modes of a geometric spectrum, at a cost that knows no cut-off.

In units of $n\sigma_0^2/(\eta T)$ a mode that has been trained for $z = \eta\lambda T$
e-folds contributes $\alpha = z\langle h^2\rangle$ by the spread of starts and
$\beta = z\langle(1-h)^2\rangle$ by that of targets, both functions of $z$ and $T$
alone. With $\lambda_i = \lambda_1e^{-c(i-1)}$ the modes fall into three parts. Learned
ones, $z>37$, have $\alpha = \frac1{2-x}$, $\beta = z-\frac{3-2x}{2-x}$ to rounding:
prefix sums. Unlearned ones, $z<\frac12$, are power series whose sums over an infinite
tail are geometric. Only the $4.3/c$ modes between are added one by one.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.shapes import Float, Int

LEARNED = 37.0
r"""$e^{-37}$ is rounding."""
UNLEARNED = 0.5
TERMS = 26
r"""Powers of $z\le\frac12$ with coefficients of at most the size of $4^k/(k+1)!$."""
BLOCK = 2**20
"""Numbers that a sum holds at once."""


@final
@dataclass(frozen=True, eq=False)
class Training:
    r"""For how long the first mode is trained, in any number of cases.

    Attributes:
        folds: $z_1$, rising, `(f,)`.
        share: $1/T$, zero for gradient flow, `(f,)`.
        series: Coefficients of $z^1, z^2, \dots$ in $\alpha$, $\beta$, $\alpha^2$,
            $\alpha\beta$, $\beta^2$, `(5, terms, f)`, or `(5, terms, 1)` for the flow.
    """

    folds: Float[np.ndarray, " f"]
    share: Float[np.ndarray, " f"]
    series: Float[np.ndarray, "5 terms g"]

    def part(self, columns: slice) -> "Training":
        """Some of the cases."""
        flow = self.series.shape[-1] == 1
        series = self.series if flow else self.series[..., columns]
        return Training(self.folds[columns], self.share[columns], series)


def training(
    folds: Float[np.ndarray, " f"], share: Float[np.ndarray, " f"]
) -> Training:
    """Cases with their series; folds rise."""
    flow = not share.any()
    return Training(folds, share, _series(share[:1] if flow else share))


def mode_parts(
    slope: float, cases: Training, modes: int
) -> tuple[Float[np.ndarray, "m f"], Float[np.ndarray, "m f"]]:
    r"""$\alpha$ and $\beta$ of the first modes, one by one, to relative rounding."""
    parts = np.empty((2, modes, len(cases.folds)))
    for mode in range(modes):
        z = cases.folds * np.exp(-slope * mode)
        split = int(np.searchsorted(z, UNLEARNED))
        if split < len(z):
            parts[:, mode, split:] = _trained(z[split:], cases.share[split:])
        if split:
            series = cases.part(slice(0, split)).series[:2]
            parts[:, mode, :split] = _evaluated(series, _powers(z[:split]))
    return parts[0], parts[1]


def sums_from(slope: float, cases: Training, first: int) -> Float[np.ndarray, "5 f"]:
    r"""$\sum_{i>m}$ of $\alpha$, $\beta$, $\alpha^2$, $\alpha\beta$, $\beta^2$.

    Over all modes but the first $m$ of an infinite spectrum; these must include all
    with $x>1$.
    """
    width = int(np.ceil(np.log(LEARNED / UNLEARNED) / slope)) + 1
    block = max(BLOCK // (width + TERMS), 1)
    begin = cases.folds * np.exp(-slope * first)
    split = int(np.searchsorted(begin, UNLEARNED))
    total = np.empty((5, len(begin)))
    for at in range(0, split, block):
        columns = slice(at, min(at + block, split))
        series = cases.part(columns).series
        total[:, columns] = _unlearned(slope, series, begin[columns])
    for at in range(split, len(begin), block):
        columns = slice(at, at + block)
        total[:, columns] = _all_parts(slope, cases.part(columns), first, width)
    return total


def _all_parts(
    slope: float, cases: Training, first: int, width: int
) -> Float[np.ndarray, "5 f"]:
    learned = np.ceil(np.log(cases.folds / LEARNED) / slope)
    start = np.maximum(learned, first).astype(int)
    total = _learned(slope, cases, first, start)
    begin = cases.folds * np.exp(-slope * start)
    z = np.exp(-slope * np.arange(width))[:, None] * begin
    alpha, beta = _trained(z, cases.share)
    total[0] += alpha.sum(0)
    total[1] += beta.sum(0)
    pairs = ((alpha, alpha), (alpha, beta), (beta, beta))
    for row, (left, right) in zip(total[2:], pairs, strict=True):
        row += np.einsum("wf,wf->f", left, right)
    total += _unlearned(slope, cases.series, begin * np.exp(-slope * width))
    return total


def _trained(
    z: Float[np.ndarray, "*modes"], share: Float[np.ndarray, "*#modes"]
) -> tuple[Float[np.ndarray, "*modes"], Float[np.ndarray, "*modes"]]:
    r"""$\alpha$ and $\beta$ from $\rho^T$, to rounding of their largest terms."""
    if not share.any():
        gap = np.expm1(-z)  # rho^T - 1
        alpha = -gap * (1 + gap / 2)
        return alpha, z + 2 * gap + alpha
    x = z * share
    if (x > 1).any():
        return _steep(z, x, share)
    with np.errstate(divide="ignore"):
        gap = np.expm1(np.log1p(-x) / share)
    alpha = -gap * (2 + gap) / (2 - x)
    return alpha, np.where(share == 1, 0.0, z + 2 * gap + alpha)


def _steep(
    z: Float[np.ndarray, "*modes"],
    x: Float[np.ndarray, "*modes"],
    share: Float[np.ndarray, "*#modes"],
) -> tuple[Float[np.ndarray, "*modes"], Float[np.ndarray, "*modes"]]:
    r"""The same where steps may be so large that a mode changes sign at each."""
    count = np.broadcast_to(1 / share, z.shape)
    lost = np.minimum(x, 2 - x)
    with np.errstate(divide="ignore"):
        size = np.log1p(-lost) * count
    turned = (x > 1) & (count.round() % 2 == 1)
    gap = np.where(turned, -1 - np.exp(size), np.expm1(size))
    left = np.where(x < 2, 2 - x, 1.0)
    alpha = np.where(x < 2, -np.expm1(2 * size) / left, 2 * count)
    return alpha, np.where(share == 1, 0.0, z + 2 * gap + alpha)


def _learned(
    slope: float, cases: Training, first: int, start: Int[np.ndarray, " f"]
) -> Float[np.ndarray, "5 f"]:
    """Modes from `first` up to, not with, `start`: learned to rounding."""
    most = int(start.max())
    if most <= first:
        return np.zeros((5, len(start)))
    lam = np.exp(-slope * np.arange(first, most))
    # One step for all cases: x = z / T depends on the mode alone.
    x = cases.folds[0] * cases.share[0] * lam
    a, b = 1 / (2 - x), (3 - 2 * x) / (2 - x)
    rows = [a, b, lam, a * a, a * lam, a * b, lam * lam, lam * b, b * b]
    prefix = np.zeros((len(rows), most - first + 1))
    np.cumsum(rows, axis=1, out=prefix[:, 1:])
    a, b, lam, aa, al, ab, ll, lb, bb = prefix[:, start - first]
    z = cases.folds
    return np.array((a, z * lam - b, aa, z * al - ab, z**2 * ll - 2 * z * lb + bb))


def _unlearned(
    slope: float, series: Float[np.ndarray, "5 terms g"], begin: Float[np.ndarray, " f"]
) -> Float[np.ndarray, "5 f"]:
    """All modes from one with $z<1/2$ on."""
    powers = _powers(begin)
    powers /= -np.expm1(-slope * np.arange(1, TERMS + 1))[:, None]
    return _evaluated(series, powers)


def _powers(z: Float[np.ndarray, " f"]) -> Float[np.ndarray, "terms f"]:
    """From the first on."""
    powers = np.empty((TERMS, len(z)))
    powers[0] = z
    for k in range(1, TERMS):  # faster than `cumprod`
        np.multiply(powers[k - 1], z, out=powers[k])
    return powers


def _evaluated(
    series: Float[np.ndarray, "parts terms g"], powers: Float[np.ndarray, "terms f"]
) -> Float[np.ndarray, "parts f"]:
    if series.shape[-1] == 1:
        return series[..., 0] @ powers
    return np.einsum("skf,kf->sf", series, powers)


def _series(share: Float[np.ndarray, " g"]) -> Float[np.ndarray, "5 terms g"]:
    r"""Coefficients of $z^1..z^K$; $\langle\rho^t\rangle=\sum_j(-z)^jw_j$.

    $w_j = \prod_{m\le j}(1-m/T)/(j+1)!$, and $\langle\rho^{2t}\rangle$ is the same
    function of $Y = 2z-z^2/T$.
    """
    once, twice = np.zeros((2, TERMS, len(share)))
    power = np.zeros((TERMS, len(share)))  # Y^j
    power[0] = 1.0
    weight = np.ones(len(share))
    for j in range(TERMS):
        if j:
            weight = weight * (1 - j * share) / (j + 1)
            power[1:] = 2 * power[:-1] - share * np.r_[0 * power[:1], power[:-2]]
            power[0] = 0.0
        once[j] += (-1) ** j * weight
        twice += (-1) ** j * weight * power
    alpha = twice
    beta = twice - 2 * once
    beta[:2] = 0.0  # <(1 - h)^2> begins with z^2
    beta[:, share == 1] = 0.0
    parts = [alpha, beta]
    for left, right in ((alpha, alpha), (alpha, beta), (beta, beta)):
        square = np.zeros_like(alpha)
        for j in range(TERMS - 1):
            square[j + 1 :] += left[j] * right[: TERMS - 1 - j]
        parts.append(square)
    return np.array(parts)
