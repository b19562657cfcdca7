r"""Theory of training trajectories in prediction space: NumPy in float64, no draw.

Letters of the house: $n$ samples as rows, $d$ inputs, $k$ outputs, $\eta$ is
`learning_rate`; $\lambda_i$ are the eigenvalues of `xx` (`variances`). What the note
calls $\alpha, \sigma_0, \sigma_*, C$ is $\eta$, `init_deviation`, `target_deviation`,
$k$ here.

How it is trained: an `AbstractResponse`; when it is looked at: `Checkpoints`; what of
both enters a spectrum: `mode_averages`, `pair_averages`.

Statements: Mao et al. 2025. Every formula is derived here.
"""

from typing import TYPE_CHECKING

from linnet.lazy import attach, listed

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.theory.averages import (
        ModeAverages as ModeAverages,
        PairAverages as PairAverages,
        descent_averages as descent_averages,
        flow_averages as flow_averages,
        mode_averages as mode_averages,
        pair_averages as pair_averages,
    )
    from linnet.phenomena.sloppiness.theory.checkpoints import (
        Checkpoints as Checkpoints,
        continuous_checkpoints as continuous_checkpoints,
        given_checkpoints as given_checkpoints,
        log_checkpoints as log_checkpoints,
        uniform_checkpoints as uniform_checkpoints,
    )
    from linnet.phenomena.sloppiness.theory.momentum import (
        AbstractMomentum as AbstractMomentum,
        HeavyBall as HeavyBall,
        Nesterov as Nesterov,
    )
    from linnet.phenomena.sloppiness.theory.random_target import (
        random_target_spectrum as random_target_spectrum,
    )
    from linnet.phenomena.sloppiness.theory.responses import (
        AbstractResponse as AbstractResponse,
        GradientDescent as GradientDescent,
        GradientFlow as GradientFlow,
    )
    from linnet.phenomena.sloppiness.theory.schedules import (
        PolyakAverage as PolyakAverage,
        Scheduled as Scheduled,
    )
else:
    _HOMES: dict[str, tuple[str, ...]] = {
        "averages": (
            "ModeAverages",
            "PairAverages",
            "descent_averages",
            "flow_averages",
            "mode_averages",
            "pair_averages",
        ),
        "checkpoints": (
            "Checkpoints",
            "continuous_checkpoints",
            "given_checkpoints",
            "log_checkpoints",
            "uniform_checkpoints",
        ),
        "momentum": ("AbstractMomentum", "HeavyBall", "Nesterov"),
        "random_target": ("random_target_spectrum",),
        "responses": ("AbstractResponse", "GradientDescent", "GradientFlow"),
        "schedules": ("PolyakAverage", "Scheduled"),
    }
    __all__ = listed(_HOMES)
    __getattr__ = attach(__name__, _HOMES)

    def __dir__() -> list[str]:
        return __all__
