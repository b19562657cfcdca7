r"""Linear drift with constant noise, without an error of the time step.

$dw = -Aw\,dt + \sqrt{2D}\,dB$ has the transition
$w(t) = e^{-At}w(0) + \mathcal N(0, Q_t)$ with
$Q_t = \int_0^t e^{-As}\,2D\,e^{-A^\top s}ds$, exact for any $t$. The integral is formed
for a short time by one matrix exponential (Van Loan 1978) and then doubled,
$Q_{2s} = Q_s + e^{-As}Q_se^{-A^\top s}$: sums of covariances, in which nothing cancels
and nothing grows, however stiff the drift is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from jaxtyping import Float

SINGULAR = 1e-12  # singular values of the drift below this share of the top one are 0
NOISELESS = 1e-10  # the same for the noise along a direction without drift
ASYMMETRIC = 1e-10  # largest share by which the noise may fail to be symmetric
SHORT = 0.5  # norm of drift times time up to which the exponential is formed at once


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck:
    r"""$dw = -Aw\,dt + \sqrt{2D}\,dB$: the process of SGD near a minimum.

    A direction in which nothing pulls ($\ell^\top A = 0$) must carry no noise
    ($\ell^\top D\ell = 0$): then $\ell^\top w$ stays where it starts, as the gauge
    directions of deep networks do at leading order. Elsewhere every eigenvalue of the
    drift must have a positive real part.

    Attributes:
        drift: $A$, symmetric or not, shape `(p, p)`.
        diffusion: $D$, half the covariance of the noise per unit time, shape `(p, p)`.

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, the diffusion is not
            symmetric and positive semi-definite, or there is no stationary state.

    Example:
        >>> process = OrnsteinUhlenbeck(np.eye(1), np.eye(1))
        >>> process.stationary()
        array([[1.]])
        >>> process.paths([0.0, 1.0], replicas=3).shape
        (2, 3, 1)
    """

    drift: Float[np.ndarray, "p p"]
    diffusion: Float[np.ndarray, "p p"]

    def __post_init__(self) -> None:
        for name in ("drift", "diffusion"):
            object.__setattr__(self, name, _square(name, getattr(self, name)))
        if self.drift.shape != self.diffusion.shape:
            raise ValueError(
                "Arguments `drift` and `diffusion` must have one shape, but have"
                f" {self.drift.shape} and {self.diffusion.shape}."
            )
        _check_covariance(self.diffusion)
        moving, _ = self._moving()
        _check_stable(moving.T @ self.drift @ moving, self.drift)

    def stationary(self) -> Float[np.ndarray, "p p"]:
        r"""Covariance $V$ of the stationary state: $AV + VA^\top = 2D$.

        Zero along directions in which nothing pulls.
        """
        from scipy.linalg import solve_continuous_lyapunov

        moving, _ = self._moving()
        if not moving.shape[1]:
            return np.zeros_like(self.drift)
        drift = moving.T @ self.drift @ moving
        noise = 2 * moving.T @ self.diffusion @ moving
        inside = solve_continuous_lyapunov(drift, noise)
        return moving @ ((inside + inside.T) / 2) @ moving.T

    def transition(
        self, time: float
    ) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "p p"]]:
        r"""Propagator $e^{-At}$ and covariance $Q_t$ of what the noise adds.

        Raises:
            ValueError: when the time is negative or not finite.
        """
        if not (np.isfinite(time) and time >= 0):
            raise ValueError(f"Argument `time` must be >= 0 and finite, but is {time}.")
        size = float(np.linalg.norm(self.drift, 2)) * time
        doublings = max(0, int(np.ceil(np.log2(size / SHORT)))) if size > SHORT else 0
        kept, added = self._short_transition(time / 2**doublings)
        for _ in range(doublings):
            added = added + kept @ added @ kept.T
            kept = kept @ kept
        return kept, (added + added.T) / 2

    def paths(
        self,
        times: Sequence[float] | Float[np.ndarray, " saves"],
        *,
        replicas: int = 1,
        seed: int = 0,
        start: Float[np.ndarray, "*_replicas p"] | None = None,
    ) -> Float[np.ndarray, "saves replicas p"]:
        """Sample paths, exact at the times that are asked for.

        Args:
            times: Where to record, not falling, from 0 on; differences that agree to
                12 digits share one transition.
            replicas: Number of independent paths; replica r draws from a stream that
                depends on `seed` and r alone.
            seed: Fixes all randomness.
            start: Weights at time 0, `(p,)` or one a replica; None draws them from the
                stationary state.

        Raises:
            ValueError: when times fall, or shapes or numbers do not fit.
        """
        schedule, size = _check_times(times), len(self.drift)
        _check_count(replicas)
        draws = np.stack(
            [
                np.random.default_rng([seed, r]).standard_normal(
                    (len(schedule) + 1, size)
                )
                for r in range(replicas)
            ]
        )
        if start is None:
            now = draws[:, 0] @ _root(self.stationary()).T
        else:
            now = _check_start(start, replicas, size)
        out = np.empty((len(schedule), replicas, size))
        known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for at, span in enumerate(np.diff(schedule, prepend=0.0)):
            name = f"{span:.12g}"
            if name not in known:
                kept, added = self.transition(float(span))
                known[name] = kept, _root(added)
            kept, root = known[name]
            now = now @ kept.T + draws[:, at + 1] @ root.T
            out[at] = now
        return out

    def _moving(self) -> tuple[Float[np.ndarray, "p r"], Float[np.ndarray, "p rest"]]:
        """Orthonormal bases of the range of the drift, and of what it never reaches."""
        left, values, _ = np.linalg.svd(self.drift)
        rank = int((values > SINGULAR * values.max(initial=0.0)).sum())
        resting = left[:, rank:]
        noise = np.einsum("pi,pq,qi->i", resting, self.diffusion, resting)
        scale = float(np.abs(self.diffusion).max(initial=0.0))
        if (noise > NOISELESS * scale).any():
            raise ValueError(
                "Argument `drift` must pull back wherever there is noise, but"
                f" {(noise > NOISELESS * scale).sum()} directions without drift carry"
                f" noise up to {noise.max():.3g}: they diffuse for ever. Project them"
                " out, or add weight decay."
            )
        return left[:, :rank], resting

    def _short_transition(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Both parts from one exponential of twice the size."""
        from scipy.linalg import expm

        size = len(self.drift)
        block = np.zeros((2 * size, 2 * size))
        block[:size, :size] = -self.drift * time
        block[:size, size:] = 2 * self.diffusion * time
        block[size:, size:] = self.drift.T * time
        whole = expm(block)
        kept = whole[:size, :size]
        return kept, whole[:size, size:] @ kept.T


def _square(name: str, given: np.ndarray) -> np.ndarray:
    matrix = np.asarray(given, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(
            f"Argument `{name}` must be a square matrix, but has shape {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )
    return matrix


def _check_covariance(diffusion: np.ndarray) -> None:
    scale = np.abs(diffusion).max()
    skew = np.abs(diffusion - diffusion.T).max()
    if skew > ASYMMETRIC * scale:
        raise ValueError(
            "Argument `diffusion` must be symmetric, but differs from its transpose by"
            f" {skew:.3g}."
        )
    least = np.linalg.eigvalsh(diffusion).min()
    if least < -ASYMMETRIC * scale * len(diffusion):
        raise ValueError(
            "Argument `diffusion` must be positive semi-definite, but has the"
            f" eigenvalue {least:.3g}: it is half of a covariance."
        )


def _check_stable(inside: np.ndarray, drift: np.ndarray) -> None:
    """Refuse drift that does not pull back, where it does anything at all."""
    if not inside.size:
        return
    rates = np.linalg.eigvals(inside).real
    if rates.min() <= SINGULAR * np.linalg.norm(drift, 2):
        raise ValueError(
            "Argument `drift` must have eigenvalues of positive real part (the weights"
            f" move by -drift w), but the least one is {rates.min():.3g}: there is no"
            " stationary state. Linearize at a minimum."
        )


def _check_times(times: Sequence[float] | np.ndarray) -> np.ndarray:
    schedule = np.asarray(times, dtype=float)
    # Written so that NaN counts as bad.
    sound = schedule.ndim == 1 and schedule.size and np.isfinite(schedule).all()
    if not (sound and (np.diff(schedule, prepend=0.0) >= 0).all()):
        raise ValueError(
            "Argument `times` must be a list of finite numbers >= 0 that do not fall,"
            f" but is {np.array2string(schedule, threshold=6)}."
        )
    return schedule


def _check_count(replicas: int) -> None:
    if not isinstance(replicas, Integral) or replicas < 1:
        raise ValueError(
            f"Argument `replicas` must be a whole number >= 1, but is {replicas!r}."
        )


def _check_start(start: np.ndarray, replicas: int, size: int) -> np.ndarray:
    given = np.asarray(start, dtype=float)
    if given.shape not in ((size,), (replicas, size)) or not np.isfinite(given).all():
        raise ValueError(
            f"Argument `start` must be finite, of shape ({size},) or ({replicas},"
            f" {size}), but has shape {given.shape}."
        )
    return np.broadcast_to(given, (replicas, size))


def _root(covariance: np.ndarray) -> np.ndarray:
    """A root of a covariance, singular ones too; rounding below zero is cut off."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))
