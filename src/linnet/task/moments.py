r"""Second moments of inputs and targets: all that the full-batch loss knows of data.

Conventions of the house, fixed here once: samples are rows; the loss is
$\frac1{2n}\sum_i\lVert y_i - W x_i\rVert^2$ (½, mean over samples, sum over outputs);
time is learning rate times steps; moments are uncentred unless the data were centred.
"""

from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class Minimizer:
    r"""The least-squares map of least norm, with the rank that was kept.

    Attributes:
        end_to_end: $W_\ast = \mathtt{yx}\,\mathtt{xx}^+$, shape `(k, d)`; for a data
            set $(X^+Y)^\top$.
        rank: Number of eigenvalues of `xx` above the cut-off.
        cutoff: Absolute cut-off on the eigenvalues of `xx`; what lies below is 0.
    """

    end_to_end: Float[np.ndarray, "k d"]
    rank: int
    cutoff: float


@dataclass(frozen=True, eq=False)
class Moments:
    r"""Moments of a population or of a data set.

    Attributes:
        xx: $X^\top X/n$ or $\mathbb E\,xx^\top$, symmetric, shape `(d, d)`.
        yx: $Y^\top X/n$, shape `(k, d)`.
        yy: $Y^\top Y/n$, shape `(k, k)`.
        n: Number of samples, None for a population.

    Raises:
        ValueError: when shapes do not fit or an entry is not finite.
    """

    xx: Float[np.ndarray, "d d"]
    yx: Float[np.ndarray, "k d"]
    yy: Float[np.ndarray, "k k"]
    n: int | None = None

    def __post_init__(self) -> None:
        k, d = self.yx.shape
        if self.xx.shape != (d, d) or self.yy.shape != (k, k):
            raise ValueError(
                f"With `yx` of shape ({k}, {d}), `xx` must be ({d}, {d}) and `yy`"
                f" ({k}, {k}), but they are {self.xx.shape} and {self.yy.shape}."
            )
        for name in ("xx", "yx", "yy"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"Argument `{name}` must be finite, but is not.")
        scale = max(float(np.abs(self.xx).max()), np.finfo(float).tiny)
        if np.abs(self.xx - self.xx.T).max() > 1e-10 * scale:
            raise ValueError("Argument `xx` must be symmetric, but is not.")

    @classmethod
    def of_data(
        cls, inputs: Float[np.ndarray, "n d"], targets: Float[np.ndarray, "n k"]
    ) -> "Moments":
        """Moments of a data set, uncentred."""
        n = len(inputs)
        return cls(
            inputs.T @ inputs / n, targets.T @ inputs / n, targets.T @ targets / n, n
        )

    def spectrum(self) -> Float[np.ndarray, " d"]:
        """Eigenvalues of `xx`, downwards, negative rounding errors set to zero."""
        return np.maximum(np.linalg.eigvalsh(self.xx)[::-1], 0.0)

    def default_cutoff(self) -> float:
        r"""Rounding level of the eigenvalues, $4d\,\epsilon\,\lambda_{\max}$."""
        d = len(self.xx)
        return float(4 * d * np.finfo(float).eps * self.spectrum()[0])

    def row_space(self) -> Float[np.ndarray, "d r"]:
        """Basis of the inputs' row space: eigenvectors of `xx` above the cut-off."""
        eigenvalues, basis = np.linalg.eigh(self.xx)
        return basis[:, eigenvalues > self.default_cutoff()]

    def input_variance(self) -> float | None:
        """The common eigenvalue of `xx` if the inputs are white, else None.

        White on their row space: all eigenvalues above the cut-off agree to 1e-8.
        """
        spectrum = self.spectrum()
        kept = spectrum[spectrum > self.default_cutoff()]
        if len(kept) == 0 or kept[0] - kept[-1] > 1e-8 * kept[0]:
            return None
        return float(kept.mean())

    def minimizer(self, cutoff: float | None = None) -> Minimizer:
        r"""Least-squares map of least norm, $\mathtt{yx}\,\mathtt{xx}^+$.

        Args:
            cutoff: Eigenvalues of `xx` at or below it count as zero; None takes
                `default_cutoff`. It is reported in the result.

        Raises:
            ValueError: when no eigenvalue lies above the cut-off.
        """
        limit = self.default_cutoff() if cutoff is None else cutoff
        eigenvalues, basis = np.linalg.eigh(self.xx)
        kept = eigenvalues > limit
        if not kept.any():
            raise ValueError(
                f"No eigenvalue of `xx` lies above the cut-off {limit:.3g} (largest:"
                f" {eigenvalues[-1]:.3g}): the inputs carry nothing, or `cutoff` is too"
                " high."
            )
        span = basis[:, kept]
        end_to_end = (self.yx @ span / eigenvalues[kept]) @ span.T
        return Minimizer(end_to_end, int(kept.sum()), limit)

    def loss(self, end_to_end: Float[np.ndarray, "k d"]) -> float:
        r"""$\frac12\mathrm{tr}[\mathtt{yy}-2W\mathtt{yx}^\top+W\mathtt{xx}W^\top]$."""
        quadratic = np.sum((end_to_end @ self.xx) * end_to_end)
        return float(
            (np.trace(self.yy) - 2 * np.sum(end_to_end * self.yx) + quadratic) / 2
        )

    def excess_risk(self, end_to_end: Float[np.ndarray, "k d"]) -> float:
        r"""$\mathrm{tr}[(W-W_\ast)\mathtt{xx}(W-W_\ast)^\top]$: no ½, no noise."""
        gap = end_to_end - self.minimizer().end_to_end
        return float(np.sum((gap @ self.xx) * gap))

    def minimal_loss(self, rank: int | None = None) -> float:
        r"""Least loss of any map, or of any map of at most `rank`.

        The best map of rank $r$ (reduced-rank regression) loses the squared singular
        values of $W_\ast\mathtt{xx}^{1/2}$ beyond the $r$-th:
        $L_r = L(W_\ast) + \frac12\sum_{i>r} s_i^2$.

        Raises:
            ValueError: when `rank` is negative.
        """
        if rank is not None and rank < 0:
            raise ValueError(f"Argument `rank` must be >= 0, but is {rank}.")
        best = self.minimizer().end_to_end
        floor = self.loss(best)
        if rank is None:
            return floor
        squares = np.linalg.eigvalsh(best @ self.xx @ best.T)[::-1]
        return floor + float(np.maximum(squares[rank:], 0).sum()) / 2

    def whitened(self) -> "Moments":
        r"""Moments after $x \mapsto \mathtt{xx}^{+1/2}x$, in the same coordinates.

        `xx` becomes the projector on the row space (the identity when it is full).
        """
        eigenvalues, basis = np.linalg.eigh(self.xx)
        kept = eigenvalues > self.default_cutoff()
        span = basis[:, kept]
        root = (span / np.sqrt(eigenvalues[kept])) @ span.T
        return Moments(span @ span.T, self.yx @ root, self.yy, self.n)
