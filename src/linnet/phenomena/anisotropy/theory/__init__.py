r"""Theory of anisotropic data: NumPy in float64, no simulation, no random draw.

Letters of the house: $n$ samples as rows, $d$ inputs, one output; $\Sigma$ is the input
covariance, $\beta$ the teacher, $w$ the end-to-end vector of the network, whose loss
has a factor ½ and whose excess risk $(w-\beta)^\top\Sigma(w-\beta)$ has neither that
factor nor the noise floor. One spike: $\Sigma = I + \rho\mu\mu^\top$ with
`spike_strength` $\rho$ and `alignment` $A = \mu\cdot\beta/\lVert\beta\rVert$;
`aspect_ratio` is $d/n$. The rank-one `imbalance` is
$\delta = \lvert a\rvert^2-\lVert W\rVert^2$, a signed number.

A task is one spike (`spike_plane`), or the `Moments` of any population or data set
(`adapted_basis`, `modes_of_data`). When it is learned: `effective_start`, `corner`,
`half_time`, `phase_times`, `phase_delay`, `late_rates`, `plateau_ratio`; the path
itself: `reduced_flow`, and for a data set `mode_flow` and `mode_descent`. Finite steps:
`largest_stable_step`, `discrete_half_time`, `balanced_sharpness`, `flattest_minimum`,
`escape_window`. Where it ends: `trained_limit`, `decayed_solution`, `frozen_risk`. How
well it does: `finite_risk` (exact mean, one spike), `equivalent_risk` and
`optimal_ridge` (any spectrum), `limit_risk`, `harmful_spikes`; over training
`learning_curve`, `best_stopping`, `compare_regularizers`; in which number,
`RiskConvention`. What data sets show of a spike: `sample_spike`, `spike_overlap`,
`spike_of_sample`. Several outputs: `saddle_losses`, `escape_modes`, `escape_angles`
(white inputs have the closed solution of `spectral_bias`, `balanced_gram`).

Statements: Watanabe et al. 2026. Every formula is derived here.
"""

from typing import TYPE_CHECKING

from linnet.lazy import attach, listed

if TYPE_CHECKING:
    from linnet.phenomena.anisotropy.theory.bbp import (
        detection_threshold as detection_threshold,
        is_detectable as is_detectable,
        sample_spike as sample_spike,
        sample_spike_spread as sample_spike_spread,
        spike_of_sample as spike_of_sample,
        spike_overlap as spike_overlap,
    )
    from linnet.phenomena.anisotropy.theory.companion import (
        companion_transform as companion_transform,
        support_edges as support_edges,
    )
    from linnet.phenomena.anisotropy.theory.contour import (
        Contour as Contour,
        sample_contour as sample_contour,
    )
    from linnet.phenomena.anisotropy.theory.conventions import (
        EXCESS_RISK as EXCESS_RISK,
        Risk as Risk,
        RiskConvention as RiskConvention,
        signal_power as signal_power,
    )
    from linnet.phenomena.anisotropy.theory.coordinate_flow import (
        flow_velocity as flow_velocity,
        nullclines as nullclines,
        reduced_flow as reduced_flow,
    )
    from linnet.phenomena.anisotropy.theory.curve import (
        LearningCurve as LearningCurve,
        learning_curve as learning_curve,
    )
    from linnet.phenomena.anisotropy.theory.data_flow import (
        ModePath as ModePath,
        mode_descent as mode_descent,
        mode_flow as mode_flow,
    )
    from linnet.phenomena.anisotropy.theory.discrete import (
        discrete_half_time as discrete_half_time,
        discrete_slowdown as discrete_slowdown,
        imbalance_step as imbalance_step,
        largest_stable_step as largest_stable_step,
    )
    from linnet.phenomena.anisotropy.theory.end_of_training import (
        equivalent_frozen_risk as equivalent_frozen_risk,
        fan_in_variance as fan_in_variance,
        frozen_risk as frozen_risk,
        grown_readout as grown_readout,
        negligible_init_scale as negligible_init_scale,
        readout_power as readout_power,
        trained_limit as trained_limit,
    )
    from linnet.phenomena.anisotropy.theory.equivalents import (
        EquivalentRisk as EquivalentRisk,
        equivalent_risk as equivalent_risk,
        spike_and_bulk as spike_and_bulk,
        target_power as target_power,
    )
    from linnet.phenomena.anisotropy.theory.exact_risk import (
        finite_risk as finite_risk,
        finite_squared_norm as finite_squared_norm,
        null_space_power as null_space_power,
    )
    from linnet.phenomena.anisotropy.theory.input_modes import (
        InputModes as InputModes,
        modes_of_data as modes_of_data,
        modes_of_moments as modes_of_moments,
    )
    from linnet.phenomena.anisotropy.theory.lanczos_basis import (
        AdaptedBasis as AdaptedBasis,
        adapted_basis as adapted_basis,
    )
    from linnet.phenomena.anisotropy.theory.later_phase import (
        slow_manifold as slow_manifold,
        zero_gradient_closure as zero_gradient_closure,
    )
    from linnet.phenomena.anisotropy.theory.limits import (
        HarmfulSpikes as HarmfulSpikes,
        harmful_spikes as harmful_spikes,
        limit_kappa as limit_kappa,
        limit_risk as limit_risk,
        limit_squared_norm as limit_squared_norm,
    )
    from linnet.phenomena.anisotropy.theory.modes import (
        Modes as Modes,
        task_modes as task_modes,
    )
    from linnet.phenomena.anisotropy.theory.outputs import (
        EscapeModes as EscapeModes,
        escape_angles as escape_angles,
        escape_modes as escape_modes,
        saddle as saddle,
        saddle_losses as saddle_losses,
    )
    from linnet.phenomena.anisotropy.theory.penalty import (
        OptimalRidge as OptimalRidge,
        optimal_ridge as optimal_ridge,
    )
    from linnet.phenomena.anisotropy.theory.phases import (
        FirstLine as FirstLine,
        corner as corner,
        first_line as first_line,
        first_phase as first_phase,
        first_phase_time as first_phase_time,
        half_time as half_time,
    )
    from linnet.phenomena.anisotropy.theory.plane import (
        Plane as Plane,
        spike_plane as spike_plane,
    )
    from linnet.phenomena.anisotropy.theory.population import (
        PopulationSpectrum as PopulationSpectrum,
        covariance_population as covariance_population,
        spiked_population as spiked_population,
    )
    from linnet.phenomena.anisotropy.theory.relaxation import (
        LateRates as LateRates,
        late_rates as late_rates,
        relaxation_rates as relaxation_rates,
    )
    from linnet.phenomena.anisotropy.theory.risk_distribution import (
        risk_probability as risk_probability,
        risk_quantile as risk_quantile,
    )
    from linnet.phenomena.anisotropy.theory.sample_speed import (
        mean_squared_speed as mean_squared_speed,
        population_direction_overlap as population_direction_overlap,
        population_squared_speed as population_squared_speed,
        sample_direction_overlap as sample_direction_overlap,
    )
    from linnet.phenomena.anisotropy.theory.sharpness import (
        FlattestMinimum as FlattestMinimum,
        balanced_sharpness as balanced_sharpness,
        escape_window as escape_window,
        flattest_minimum as flattest_minimum,
        minimum_sharpness as minimum_sharpness,
        settling_layer as settling_layer,
    )
    from linnet.phenomena.anisotropy.theory.starts import (
        GrownStart as GrownStart,
        early_end as early_end,
        early_layers as early_layers,
        effective_start as effective_start,
        grown_start as grown_start,
        mean_effective_start as mean_effective_start,
        mean_log_effective_start as mean_log_effective_start,
    )
    from linnet.phenomena.anisotropy.theory.stopping import (
        Regularizers as Regularizers,
        Stopping as Stopping,
        best_stopping as best_stopping,
        compare_regularizers as compare_regularizers,
    )
    from linnet.phenomena.anisotropy.theory.tangent_kernel import (
        silent_alignment_angle as silent_alignment_angle,
        tangent_matrix as tangent_matrix,
    )
    from linnet.phenomena.anisotropy.theory.timing import (
        phase_delay as phase_delay,
        phase_times as phase_times,
        strong_spike_delay as strong_spike_delay,
    )
    from linnet.phenomena.anisotropy.theory.visibility import (
        most_visible_spike as most_visible_spike,
        most_visible_spike_limit as most_visible_spike_limit,
        plateau_ratio as plateau_ratio,
    )
    from linnet.phenomena.anisotropy.theory.weight_decay import (
        DecayedSolution as DecayedSolution,
        collapse_slope as collapse_slope,
        decayed_solution as decayed_solution,
    )
else:
    _HOMES = {
        "bbp": (
            "detection_threshold",
            "is_detectable",
            "sample_spike",
            "sample_spike_spread",
            "spike_of_sample",
            "spike_overlap",
        ),
        "companion": ("companion_transform", "support_edges"),
        "contour": ("Contour", "sample_contour"),
        "conventions": ("EXCESS_RISK", "Risk", "RiskConvention", "signal_power"),
        "coordinate_flow": ("flow_velocity", "nullclines", "reduced_flow"),
        "curve": ("LearningCurve", "learning_curve"),
        "data_flow": ("ModePath", "mode_descent", "mode_flow"),
        "discrete": (
            "discrete_half_time",
            "discrete_slowdown",
            "imbalance_step",
            "largest_stable_step",
        ),
        "end_of_training": (
            "equivalent_frozen_risk",
            "fan_in_variance",
            "frozen_risk",
            "grown_readout",
            "negligible_init_scale",
            "readout_power",
            "trained_limit",
        ),
        "equivalents": (
            "EquivalentRisk",
            "equivalent_risk",
            "spike_and_bulk",
            "target_power",
        ),
        "exact_risk": ("finite_risk", "finite_squared_norm", "null_space_power"),
        "input_modes": ("InputModes", "modes_of_data", "modes_of_moments"),
        "lanczos_basis": ("AdaptedBasis", "adapted_basis"),
        "later_phase": ("slow_manifold", "zero_gradient_closure"),
        "limits": (
            "HarmfulSpikes",
            "harmful_spikes",
            "limit_kappa",
            "limit_risk",
            "limit_squared_norm",
        ),
        "modes": ("Modes", "task_modes"),
        "outputs": (
            "EscapeModes",
            "escape_angles",
            "escape_modes",
            "saddle",
            "saddle_losses",
        ),
        "penalty": ("OptimalRidge", "optimal_ridge"),
        "phases": (
            "FirstLine",
            "corner",
            "first_line",
            "first_phase",
            "first_phase_time",
            "half_time",
        ),
        "plane": ("Plane", "spike_plane"),
        "population": (
            "PopulationSpectrum",
            "covariance_population",
            "spiked_population",
        ),
        "relaxation": ("LateRates", "late_rates", "relaxation_rates"),
        "risk_distribution": ("risk_probability", "risk_quantile"),
        "sample_speed": (
            "mean_squared_speed",
            "population_direction_overlap",
            "population_squared_speed",
            "sample_direction_overlap",
        ),
        "sharpness": (
            "FlattestMinimum",
            "balanced_sharpness",
            "escape_window",
            "flattest_minimum",
            "minimum_sharpness",
            "settling_layer",
        ),
        "starts": (
            "GrownStart",
            "early_end",
            "early_layers",
            "effective_start",
            "grown_start",
            "mean_effective_start",
            "mean_log_effective_start",
        ),
        "stopping": (
            "Regularizers",
            "Stopping",
            "best_stopping",
            "compare_regularizers",
        ),
        "tangent_kernel": ("silent_alignment_angle", "tangent_matrix"),
        "timing": ("phase_delay", "phase_times", "strong_spike_delay"),
        "visibility": (
            "most_visible_spike",
            "most_visible_spike_limit",
            "plateau_ratio",
        ),
        "weight_decay": ("DecayedSolution", "collapse_slope", "decayed_solution"),
    }
    __all__ = listed(_HOMES)
    __getattr__ = attach(__name__, _HOMES)

    def __dir__() -> list[str]:
        return __all__
