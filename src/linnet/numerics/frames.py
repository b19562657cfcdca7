"""Random orthonormal frames."""

import numpy as np

from linnet.shapes import Float


def haar_frame(d: int, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "d r"]:
    """`rank` orthonormal columns in `d` dimensions, uniform over all of them.

    Raises:
        ValueError: when `rank` does not lie in [1, d].
    """
    if not 1 <= rank <= d:
        raise ValueError(
            f"Argument `rank` must lie in [1, {d}], but is {rank}: {d} dimensions hold"
            f" at most {d} orthonormal columns."
        )
    columns, upper = np.linalg.qr(rng.standard_normal((d, rank)))
    # QR fixes signs by its algorithm; giving R a positive diagonal restores uniformity.
    return columns * np.where(np.diag(upper) < 0, -1.0, 1.0)
