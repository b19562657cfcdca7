r"""Shapes whose imbalance is known exactly, entry by entry: two layers each.

The closed laws of the spectral bias hold for the first three. Shapes and their names
follow Varre et al. 2023 as derived here; the balance constant has the sign of
$W_2^\top W_2 - W_1W_1^\top$.
"""

from dataclasses import dataclass

import numpy as np

from linnet.network.init.shape import (
    AbstractInitialization,
    Sizes,
    check_scale,
    two_layers,
)
from linnet.network.linear import Weights
from linnet.numerics import haar_frame
from linnet.shapes import Float


@dataclass(frozen=True)
class IsotropicFirstLayer(AbstractInitialization):
    r"""$W_1^\top W_1 = \gamma I_d$, $W_2 = 0$: two layers, $h \ge d$.

    Every width $h > d$ is exactly equivalent to $h = d$. The imbalance is $-\gamma$
    times a projector of rank $d$, and $\delta = \gamma/2$.

    Attributes:
        scale: $\gamma > 0$.

    Raises:
        ValueError: when `scale` is not positive and finite.
    """

    scale: float

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        r"""Haar isometry times $\sqrt\gamma$, and a zero output layer."""
        d, h, k = self._fitting(sizes)
        return np.sqrt(self.scale) * haar_frame(h, d, rng), np.zeros((k, h))

    def gamma(self, sizes: Sizes) -> float:
        """The scale itself."""
        self._fitting(sizes)
        return self.scale

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$-\gamma d/h$."""
        d, h, _ = self._fitting(sizes)
        return (-self.scale * d / h,)

    def mirror_width(self, sizes: Sizes) -> float:
        r"""$\delta = \gamma/2$."""
        self._fitting(sizes)
        return self.scale / 2

    def _fitting(self, sizes: Sizes) -> tuple[int, int, int]:
        d, h, k = two_layers(sizes, "IsotropicFirstLayer")
        if h < d:
            raise ValueError(
                f"IsotropicFirstLayer needs a hidden width of at least d = {d}, but"
                f" `hidden` is {h}: W1^T W1 = gamma I is impossible; widen the network"
                " or use Bottleneck."
            )
        return d, h, k


@dataclass(frozen=True, eq=False)
class LambdaBalanced(AbstractInitialization):
    r"""$W_2^\top W_2 - W_1W_1^\top = \lambda I_h$, with any product at the start.

    $\lambda < 0$ (a larger first layer) needs $h = d$; $\lambda > 0$ needs $h = k$;
    $\lambda = 0$ needs $h$ at least the rank of the product. Each singular value
    $\sigma$ of the product is shared as
    $w_1^2 = \frac12(-\lambda + \sqrt{\lambda^2 + 4\sigma^2})$, $w_2 = \sigma/w_1$.

    Attributes:
        balance: $\lambda$, of either sign.
        end_to_end: $W(0)$ of shape `(k, d)`, kept as a copy; None for zero (then
            $\lambda \ne 0$).

    Raises:
        ValueError: when `balance` or `end_to_end` is not finite, or both vanish (a
            saddle).
    """

    balance: float
    end_to_end: Float[np.ndarray, "k d"] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.balance):
            raise ValueError(
                f"Argument `balance` must be finite, but is {self.balance}."
            )
        if self.end_to_end is not None:
            product = np.array(self.end_to_end, dtype=float)
            if not np.isfinite(product).all():
                raise ValueError("Argument `end_to_end` must be finite, but is not.")
            object.__setattr__(self, "end_to_end", product)
        empty = self.end_to_end is None or not np.any(self.end_to_end)
        if self.balance == 0 and empty:
            raise ValueError(
                "LambdaBalanced with `balance` = 0 and a zero product is a saddle where"
                " nothing moves: give `end_to_end`, or a non-zero `balance`."
            )

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Share each singular value of the product between the layers."""
        d, h, k = two_layers(sizes, "LambdaBalanced")
        left, sigma, right = self._factors(d, h, k)
        hidden = haar_frame(h, h, rng)
        first, second = _shares(sigma, self.balance)
        rank = min(d, h)
        w1 = hidden[:, :rank] @ (first[:rank, None] * right[:rank])
        rank = min(k, h)
        w2 = (left[:, :rank] * second[:rank]) @ hidden[:, :rank].T
        return w1, w2

    def _factors(
        self, d: int, h: int, k: int
    ) -> tuple[
        Float[np.ndarray, "k k"], Float[np.ndarray, " h"], Float[np.ndarray, "d d"]
    ]:
        """Full singular vectors of the product, its values padded to length `h`."""
        product = np.zeros((k, d)) if self.end_to_end is None else self.end_to_end
        if np.shape(product) != (k, d):
            raise ValueError(
                f"Argument `end_to_end` must have shape ({k}, {d}), but has"
                f" {np.shape(product)}."
            )
        needed = d if self.balance < 0 else k
        if self.balance != 0 and h != needed:
            raise ValueError(
                f"LambdaBalanced with `balance` = {self.balance:g} needs a hidden width"
                f" of exactly {needed}, but `hidden` is {h}: the imbalance of a wider"
                " network is no multiple of the identity, and a narrower one has no"
                " closed law."
            )
        left, values, right = np.linalg.svd(product)
        rank = int((values > 1e-14 * values[0]).sum())
        if rank > h:
            raise ValueError(
                f"A product of rank {rank} needs a hidden width of at least {rank}, but"
                f" `hidden` is {h}."
            )
        padded = np.zeros(max(h, len(values)))
        padded[: len(values)] = values
        return left, padded[:h], right

    def gamma(self, sizes: Sizes) -> float:
        """Trace of the first layer's Gram matrix over $d$."""
        d, h, k = two_layers(sizes, "LambdaBalanced")
        first, _ = _shares(self._factors(d, h, k)[1], self.balance)
        return float((first[: min(d, h)] ** 2).sum() / d)

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$\lambda$."""
        self._factors(*two_layers(sizes, "LambdaBalanced"))
        return (self.balance,)

    def mirror_width(self, sizes: Sizes) -> float:
        r"""$\delta = \lvert\lambda\rvert/2$."""
        self._factors(*two_layers(sizes, "LambdaBalanced"))
        return abs(self.balance) / 2


@dataclass(frozen=True)
class OrthogonalLayers(AbstractInitialization):
    r"""$W_1^\top W_1 = \gamma I_d$, $W_2W_2^\top = \gamma I_k$, $W_2W_1 = 0$.

    Two layers, $h \ge d + k$; the limit of wide Gaussian layers. $\delta = \gamma$.

    Attributes:
        scale: $\gamma > 0$.
    """

    scale: float

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Split one Haar isometry between the layers."""
        d, h, k = self._fitting(sizes)
        frame = np.sqrt(self.scale) * haar_frame(h, d + k, rng)
        return frame[:, :d], frame[:, d:].T

    def gamma(self, sizes: Sizes) -> float:
        """The scale itself."""
        self._fitting(sizes)
        return self.scale

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$\gamma(k - d)/h$."""
        d, h, k = self._fitting(sizes)
        return (self.scale * (k - d) / h,)

    def mirror_width(self, sizes: Sizes) -> float:
        r"""$\delta = \gamma$."""
        self._fitting(sizes)
        return self.scale

    def _fitting(self, sizes: Sizes) -> tuple[int, int, int]:
        d, h, k = two_layers(sizes, "OrthogonalLayers")
        if h < d + k:
            raise ValueError(
                f"OrthogonalLayers needs a hidden width of at least d + k = {d + k},"
                f" but `hidden` is {h}: widen the network or use Gaussian."
            )
        return d, h, k


@dataclass(frozen=True)
class Bottleneck(AbstractInitialization):
    r"""$W_1W_1^\top = \gamma I_h$ with $h < d$, $W_2 = 0$: orthonormal rows.

    The imbalance is $-\gamma I_h$, but the Gram identities of wider shapes do not hold:
    no closed law.

    Attributes:
        scale: $\gamma > 0$.
    """

    scale: float

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        r"""Haar orthonormal rows times $\sqrt\gamma$, and a zero output layer."""
        d, h, k = self._fitting(sizes)
        return np.sqrt(self.scale) * haar_frame(d, h, rng).T, np.zeros((k, h))

    def gamma(self, sizes: Sizes) -> float:
        r"""$\gamma_{\rm shape}\,h/d$: the trace of $W_1^\top W_1$ spread over $d$."""
        d, h, _ = self._fitting(sizes)
        return self.scale * h / d

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$-\gamma$."""
        self._fitting(sizes)
        return (-self.scale,)

    def mirror_width(self, sizes: Sizes) -> None:
        """No closed law."""
        self._fitting(sizes)

    def _fitting(self, sizes: Sizes) -> tuple[int, int, int]:
        d, h, k = two_layers(sizes, "Bottleneck")
        if h >= d:
            raise ValueError(
                f"Bottleneck needs a hidden width below d = {d}, but `hidden` is {h}:"
                " use IsotropicFirstLayer."
            )
        return d, h, k


def _shares(
    sigma: Float[np.ndarray, " h"], balance: float
) -> tuple[Float[np.ndarray, " h"], Float[np.ndarray, " h"]]:
    """Singular values of both layers; the smaller is a ratio, free of cancellation."""
    root = np.hypot(balance, 2 * sigma)
    larger = np.sqrt((abs(balance) + root) / 2)
    smaller = np.divide(sigma, larger, out=np.zeros_like(sigma), where=larger > 0)
    return (larger, smaller) if balance <= 0 else (smaller, larger)
