r"""Theory of training trajectories in prediction space: NumPy in float64, no draw.

Letters of the house: $n$ samples as rows, $d$ inputs, $k$ outputs, $\eta$ is
`learning_rate`; $\lambda_i$ are the eigenvalues of `xx` (`variances`). What the note
calls $\alpha, \sigma_0, \sigma_*, C$ is $\eta$, `init_deviation`, `target_deviation`,
$k$ here.

Statements: Mao et al. 2025. Every formula is derived here.
"""

from typing import TYPE_CHECKING

from linnet.lazy import attach, listed

if TYPE_CHECKING:
    pass
else:
    _HOMES: dict[str, tuple[str, ...]] = {}
    __all__ = listed(_HOMES)
    __getattr__ = attach(__name__, _HOMES)

    def __dir__() -> list[str]:
        return __all__
