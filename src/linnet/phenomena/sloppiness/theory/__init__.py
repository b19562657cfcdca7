r"""Theory of training trajectories in prediction space: NumPy in float64, no draw.

Letters of the house: $n$ samples as rows, $d$ inputs, $k$ outputs, $\eta$ is
`learning_rate`; $\lambda_i$ are the eigenvalues of `xx` (`variances`), $\sigma_0$ is
`init_deviation`, $\sigma_*$ is `target_deviation`, $\varepsilon$ their ratio. How many
dimensions a spectrum has: `explained_variance`, `dimensions_to` and
`participation_ratio` of `linnet.numerics`.

How it is trained: an `AbstractResponse`; when it is looked at: `Checkpoints`; what of
both enters a spectrum: `mode_averages`, `pair_averages`.

A new target for each trajectory: `random_target_spectrum`, and what it tends to,
`regime_asymptotes`, `plateau_width`, `peak_folds`, `critical_slope`. One target for all
trajectories: `fixed_target_spectrum` (a single trajectory without spread of starts),
how wide starts may be, `best_axes` (along the axes of one curve, `curve_axes`), its
bounds without an eigenvalue problem `fixed_target_bounds`, what it tends to at late
times `late_covariance`, `curve_dimension`, and the Gramian of one curve,
`residual_gramian`. Starts that are given: `trajectory_pca`. Predictions on other
inputs: `evaluation_points`. Kernel machines: `kernel_modes`, `kernel_moment`, and of a
random hidden layer `hidden_layer_kernels`. Where the ribbon ends: `ribbon_boundary`,
and over planes `slope_map`, `ratio_map`. What the noise of batches adds:
`noisy_descent` with `noisy_random_target` and `noisy_fixed_target` on a data set,
`online_spectrum` and `stationary_ribbon` for fresh samples.

What is stated: Mao et al. 2025. Formulas are derived here, but for textbook ones and
those whose function names another source.
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
    from linnet.phenomena.sloppiness.theory.boundary import (
        Boundary as Boundary,
        early_boundary as early_boundary,
        late_boundary as late_boundary,
        ribbon_boundary as ribbon_boundary,
    )
    from linnet.phenomena.sloppiness.theory.bounds import (
        ExplainedBounds as ExplainedBounds,
        explained_bounds as explained_bounds,
        ky_fan_bounds as ky_fan_bounds,
        leading_columns as leading_columns,
        schur_horn_bounds as schur_horn_bounds,
        weyl_bounds as weyl_bounds,
    )
    from linnet.phenomena.sloppiness.theory.checkpoints import (
        Checkpoints as Checkpoints,
        continuous_checkpoints as continuous_checkpoints,
        given_checkpoints as given_checkpoints,
        log_checkpoints as log_checkpoints,
        uniform_checkpoints as uniform_checkpoints,
    )
    from linnet.phenomena.sloppiness.theory.directions import (
        Directions as Directions,
        input_directions as input_directions,
    )
    from linnet.phenomena.sloppiness.theory.evaluation import (
        EvaluationPoints as EvaluationPoints,
        PredictionCloud as PredictionCloud,
        evaluation_points as evaluation_points,
        fixed_target_evaluation as fixed_target_evaluation,
        random_target_evaluation as random_target_evaluation,
    )
    from linnet.phenomena.sloppiness.theory.fixed_target import (
        fixed_target_covariance as fixed_target_covariance,
        fixed_target_curve as fixed_target_curve,
        fixed_target_spectrum as fixed_target_spectrum,
    )
    from linnet.phenomena.sloppiness.theory.geometric_limits import (
        critical_slope as critical_slope,
        geometric_explained as geometric_explained,
        geometric_participation as geometric_participation,
        zero_target_participation as zero_target_participation,
        zero_target_total as zero_target_total,
    )
    from linnet.phenomena.sloppiness.theory.given_starts import (
        TrajectoryPCA as TrajectoryPCA,
        trajectory_pca as trajectory_pca,
    )
    from linnet.phenomena.sloppiness.theory.gradient_noise import (
        noise_covariance as noise_covariance,
    )
    from linnet.phenomena.sloppiness.theory.gramians import (
        gramian_decay as gramian_decay,
        gramian_pivots as gramian_pivots,
        gramian_tails as gramian_tails,
        residual_gramian as residual_gramian,
    )
    from linnet.phenomena.sloppiness.theory.kernel_evaluation import (
        StartKernels as StartKernels,
        kernel_test_fixed_target as kernel_test_fixed_target,
        kernel_test_moment as kernel_test_moment,
    )
    from linnet.phenomena.sloppiness.theory.kernels import (
        KernelModes as KernelModes,
        kernel_fixed_target as kernel_fixed_target,
        kernel_modes as kernel_modes,
        kernel_moment as kernel_moment,
        linear_kernel as linear_kernel,
        radial_kernel as radial_kernel,
    )
    from linnet.phenomena.sloppiness.theory.late_ribbon import (
        curve_dimension as curve_dimension,
        curve_spectrum as curve_spectrum,
        late_covariance as late_covariance,
        sech_symbol as sech_symbol,
        sech_toeplitz as sech_toeplitz,
    )
    from linnet.phenomena.sloppiness.theory.maps import (
        DimensionMap as DimensionMap,
        ratio_map as ratio_map,
        slope_map as slope_map,
    )
    from linnet.phenomena.sloppiness.theory.momentum import (
        AbstractMomentum as AbstractMomentum,
        HeavyBall as HeavyBall,
        Nesterov as Nesterov,
    )
    from linnet.phenomena.sloppiness.theory.noisy_clouds import (
        NoisyCloud as NoisyCloud,
        noisy_fixed_target as noisy_fixed_target,
        noisy_random_target as noisy_random_target,
    )
    from linnet.phenomena.sloppiness.theory.online import (
        online_feedback as online_feedback,
        online_largest_rate as online_largest_rate,
        online_noise as online_noise,
        online_spectrum as online_spectrum,
        stationary_ribbon as stationary_ribbon,
    )
    from linnet.phenomena.sloppiness.theory.random_target import (
        random_target_spectrum as random_target_spectrum,
    )
    from linnet.phenomena.sloppiness.theory.regimes import (
        Regimes as Regimes,
        is_on_plateau as is_on_plateau,
        peak_folds as peak_folds,
        plateau_width as plateau_width,
        regime_asymptotes as regime_asymptotes,
        regime_slopes as regime_slopes,
    )
    from linnet.phenomena.sloppiness.theory.responses import (
        AbstractResponse as AbstractResponse,
        GradientDescent as GradientDescent,
        GradientFlow as GradientFlow,
    )
    from linnet.phenomena.sloppiness.theory.ribbon_bounds import (
        fixed_target_bounds as fixed_target_bounds,
    )
    from linnet.phenomena.sloppiness.theory.ribbon_width import (
        BestAxes as BestAxes,
        best_axes as best_axes,
    )
    from linnet.phenomena.sloppiness.theory.schedules import (
        PolyakAverage as PolyakAverage,
        Scheduled as Scheduled,
    )
    from linnet.phenomena.sloppiness.theory.start_width import (
        CurveAxes as CurveAxes,
        curve_axes as curve_axes,
    )
    from linnet.phenomena.sloppiness.theory.stochastic_descent import (
        NoisyDescent as NoisyDescent,
        noisy_descent as noisy_descent,
    )
    from linnet.phenomena.sloppiness.theory.wide_networks import (
        HiddenLayerKernels as HiddenLayerKernels,
        hidden_layer_kernels as hidden_layer_kernels,
    )
else:
    _HOMES = {
        "averages": (
            "ModeAverages",
            "PairAverages",
            "descent_averages",
            "flow_averages",
            "mode_averages",
            "pair_averages",
        ),
        "boundary": (
            "Boundary",
            "early_boundary",
            "late_boundary",
            "ribbon_boundary",
        ),
        "bounds": (
            "ExplainedBounds",
            "explained_bounds",
            "ky_fan_bounds",
            "leading_columns",
            "schur_horn_bounds",
            "weyl_bounds",
        ),
        "checkpoints": (
            "Checkpoints",
            "continuous_checkpoints",
            "given_checkpoints",
            "log_checkpoints",
            "uniform_checkpoints",
        ),
        "directions": (
            "Directions",
            "input_directions",
        ),
        "evaluation": (
            "EvaluationPoints",
            "PredictionCloud",
            "evaluation_points",
            "fixed_target_evaluation",
            "random_target_evaluation",
        ),
        "fixed_target": (
            "fixed_target_covariance",
            "fixed_target_curve",
            "fixed_target_spectrum",
        ),
        "geometric_limits": (
            "critical_slope",
            "geometric_explained",
            "geometric_participation",
            "zero_target_participation",
            "zero_target_total",
        ),
        "given_starts": (
            "TrajectoryPCA",
            "trajectory_pca",
        ),
        "gradient_noise": ("noise_covariance",),
        "gramians": (
            "gramian_decay",
            "gramian_pivots",
            "gramian_tails",
            "residual_gramian",
        ),
        "kernel_evaluation": (
            "StartKernels",
            "kernel_test_fixed_target",
            "kernel_test_moment",
        ),
        "kernels": (
            "KernelModes",
            "kernel_fixed_target",
            "kernel_modes",
            "kernel_moment",
            "linear_kernel",
            "radial_kernel",
        ),
        "late_ribbon": (
            "curve_dimension",
            "curve_spectrum",
            "late_covariance",
            "sech_symbol",
            "sech_toeplitz",
        ),
        "maps": (
            "DimensionMap",
            "ratio_map",
            "slope_map",
        ),
        "momentum": (
            "AbstractMomentum",
            "HeavyBall",
            "Nesterov",
        ),
        "noisy_clouds": (
            "NoisyCloud",
            "noisy_fixed_target",
            "noisy_random_target",
        ),
        "online": (
            "online_feedback",
            "online_largest_rate",
            "online_noise",
            "online_spectrum",
            "stationary_ribbon",
        ),
        "random_target": ("random_target_spectrum",),
        "regimes": (
            "Regimes",
            "is_on_plateau",
            "peak_folds",
            "plateau_width",
            "regime_asymptotes",
            "regime_slopes",
        ),
        "responses": (
            "AbstractResponse",
            "GradientDescent",
            "GradientFlow",
        ),
        "ribbon_bounds": ("fixed_target_bounds",),
        "schedules": (
            "PolyakAverage",
            "Scheduled",
        ),
        "ribbon_width": ("BestAxes", "best_axes"),
        "start_width": ("CurveAxes", "curve_axes"),
        "stochastic_descent": (
            "NoisyDescent",
            "noisy_descent",
        ),
        "wide_networks": ("HiddenLayerKernels", "hidden_layer_kernels"),
    }
    __all__ = listed(_HOMES)
    __getattr__ = attach(__name__, _HOMES)

    def __dir__() -> list[str]:
        return __all__
