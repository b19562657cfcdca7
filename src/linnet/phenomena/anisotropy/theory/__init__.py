r"""Theory of anisotropic data: NumPy in float64, no simulation, no random draw.

Letters of the house: $n$ samples as rows, $d$ inputs, one output; $\Sigma$ is the input
covariance, $\beta$ the teacher, $w$ the end-to-end vector of the network, whose loss
has a factor ½ and whose excess risk $(w-\beta)^\top\Sigma(w-\beta)$ has neither that
factor nor the noise floor. One spike: $\Sigma = I + \rho\mu\mu^\top$ with
`spike_strength` $\rho$ and `alignment` $A = \mu\cdot\beta/\lVert\beta\rVert$;
`aspect_ratio` is $d/n$. The rank-one `imbalance` is
$\delta = \lvert a\rvert^2-\lVert W\rVert^2$, a signed number.

Statements: Watanabe et al. 2026. Every formula is derived here.
"""

from linnet.phenomena.anisotropy.theory.adapted_basis import (
    AdaptedBasis as AdaptedBasis,
)
from linnet.phenomena.anisotropy.theory.adapted_basis import (
    adapted_basis as adapted_basis,
)
from linnet.phenomena.anisotropy.theory.bbp import (
    detection_threshold as detection_threshold,
)
from linnet.phenomena.anisotropy.theory.bbp import is_detectable as is_detectable
from linnet.phenomena.anisotropy.theory.bbp import sample_spike as sample_spike
from linnet.phenomena.anisotropy.theory.bbp import (
    sample_spike_spread as sample_spike_spread,
)
from linnet.phenomena.anisotropy.theory.bbp import spike_of_sample as spike_of_sample
from linnet.phenomena.anisotropy.theory.bbp import spike_overlap as spike_overlap
from linnet.phenomena.anisotropy.theory.companion import (
    companion_transform as companion_transform,
)
from linnet.phenomena.anisotropy.theory.companion import support_edges as support_edges
from linnet.phenomena.anisotropy.theory.contour import Contour as Contour
from linnet.phenomena.anisotropy.theory.contour import sample_contour as sample_contour
from linnet.phenomena.anisotropy.theory.conventions import EXCESS_RISK as EXCESS_RISK
from linnet.phenomena.anisotropy.theory.conventions import Risk as Risk
from linnet.phenomena.anisotropy.theory.conventions import (
    RiskConvention as RiskConvention,
)
from linnet.phenomena.anisotropy.theory.conventions import signal_power as signal_power
from linnet.phenomena.anisotropy.theory.discrete import (
    discrete_half_time as discrete_half_time,
)
from linnet.phenomena.anisotropy.theory.discrete import (
    discrete_slowdown as discrete_slowdown,
)
from linnet.phenomena.anisotropy.theory.discrete import imbalance_step as imbalance_step
from linnet.phenomena.anisotropy.theory.discrete import (
    largest_stable_step as largest_stable_step,
)
from linnet.phenomena.anisotropy.theory.equivalents import (
    EquivalentRisk as EquivalentRisk,
)
from linnet.phenomena.anisotropy.theory.equivalents import (
    equivalent_risk as equivalent_risk,
)
from linnet.phenomena.anisotropy.theory.equivalents import (
    spike_spectrum as spike_spectrum,
)
from linnet.phenomena.anisotropy.theory.equivalents import target_power as target_power
from linnet.phenomena.anisotropy.theory.finite_risk import finite_risk as finite_risk
from linnet.phenomena.anisotropy.theory.finite_risk import (
    finite_squared_norm as finite_squared_norm,
)
from linnet.phenomena.anisotropy.theory.finite_risk import (
    null_space_power as null_space_power,
)
from linnet.phenomena.anisotropy.theory.input_modes import InputModes as InputModes
from linnet.phenomena.anisotropy.theory.input_modes import (
    modes_of_data as modes_of_data,
)
from linnet.phenomena.anisotropy.theory.input_modes import (
    modes_of_moments as modes_of_moments,
)
from linnet.phenomena.anisotropy.theory.late_rates import LateRates as LateRates
from linnet.phenomena.anisotropy.theory.late_rates import late_rates as late_rates
from linnet.phenomena.anisotropy.theory.late_rates import (
    relaxation_rates as relaxation_rates,
)
from linnet.phenomena.anisotropy.theory.later_phase import (
    slow_manifold as slow_manifold,
)
from linnet.phenomena.anisotropy.theory.later_phase import (
    zero_gradient_closure as zero_gradient_closure,
)
from linnet.phenomena.anisotropy.theory.learning_curve import (
    LearningCurve as LearningCurve,
)
from linnet.phenomena.anisotropy.theory.learning_curve import (
    learning_curve as learning_curve,
)
from linnet.phenomena.anisotropy.theory.limits import HarmfulSpikes as HarmfulSpikes
from linnet.phenomena.anisotropy.theory.limits import harmful_spikes as harmful_spikes
from linnet.phenomena.anisotropy.theory.limits import limit_kappa as limit_kappa
from linnet.phenomena.anisotropy.theory.limits import limit_risk as limit_risk
from linnet.phenomena.anisotropy.theory.limits import (
    limit_squared_norm as limit_squared_norm,
)
from linnet.phenomena.anisotropy.theory.mode_flow import ModePath as ModePath
from linnet.phenomena.anisotropy.theory.mode_flow import mode_descent as mode_descent
from linnet.phenomena.anisotropy.theory.mode_flow import mode_flow as mode_flow
from linnet.phenomena.anisotropy.theory.modes import Modes as Modes
from linnet.phenomena.anisotropy.theory.modes import task_modes as task_modes
from linnet.phenomena.anisotropy.theory.outputs import EscapeModes as EscapeModes
from linnet.phenomena.anisotropy.theory.outputs import escape_angles as escape_angles
from linnet.phenomena.anisotropy.theory.outputs import escape_modes as escape_modes
from linnet.phenomena.anisotropy.theory.outputs import saddle as saddle
from linnet.phenomena.anisotropy.theory.outputs import saddle_losses as saddle_losses
from linnet.phenomena.anisotropy.theory.penalty import OptimalRidge as OptimalRidge
from linnet.phenomena.anisotropy.theory.penalty import optimal_ridge as optimal_ridge
from linnet.phenomena.anisotropy.theory.phases import FirstLine as FirstLine
from linnet.phenomena.anisotropy.theory.phases import corner as corner
from linnet.phenomena.anisotropy.theory.phases import first_line as first_line
from linnet.phenomena.anisotropy.theory.phases import first_phase as first_phase
from linnet.phenomena.anisotropy.theory.phases import (
    first_phase_time as first_phase_time,
)
from linnet.phenomena.anisotropy.theory.phases import half_time as half_time
from linnet.phenomena.anisotropy.theory.plane import Plane as Plane
from linnet.phenomena.anisotropy.theory.plane import spike_plane as spike_plane
from linnet.phenomena.anisotropy.theory.population import (
    PopulationSpectrum as PopulationSpectrum,
)
from linnet.phenomena.anisotropy.theory.population import (
    covariance_population as covariance_population,
)
from linnet.phenomena.anisotropy.theory.population import (
    spiked_population as spiked_population,
)
from linnet.phenomena.anisotropy.theory.reduced_flow import (
    flow_velocity as flow_velocity,
)
from linnet.phenomena.anisotropy.theory.reduced_flow import nullclines as nullclines
from linnet.phenomena.anisotropy.theory.reduced_flow import reduced_flow as reduced_flow
from linnet.phenomena.anisotropy.theory.risk_distribution import (
    risk_probability as risk_probability,
)
from linnet.phenomena.anisotropy.theory.risk_distribution import (
    risk_quantile as risk_quantile,
)
from linnet.phenomena.anisotropy.theory.sample_speed import (
    mean_squared_speed as mean_squared_speed,
)
from linnet.phenomena.anisotropy.theory.sample_speed import (
    sample_direction_overlap as sample_direction_overlap,
)
from linnet.phenomena.anisotropy.theory.sampled_drive import (
    drive_overlap as drive_overlap,
)
from linnet.phenomena.anisotropy.theory.sampled_drive import (
    mean_square_drive as mean_square_drive,
)
from linnet.phenomena.anisotropy.theory.sharpness import (
    FlattestMinimum as FlattestMinimum,
)
from linnet.phenomena.anisotropy.theory.sharpness import (
    balanced_sharpness as balanced_sharpness,
)
from linnet.phenomena.anisotropy.theory.sharpness import escape_window as escape_window
from linnet.phenomena.anisotropy.theory.sharpness import (
    flattest_minimum as flattest_minimum,
)
from linnet.phenomena.anisotropy.theory.sharpness import (
    minimum_sharpness as minimum_sharpness,
)
from linnet.phenomena.anisotropy.theory.sharpness import (
    settling_layer as settling_layer,
)
from linnet.phenomena.anisotropy.theory.starts import GrownStart as GrownStart
from linnet.phenomena.anisotropy.theory.starts import early_end as early_end
from linnet.phenomena.anisotropy.theory.starts import early_layers as early_layers
from linnet.phenomena.anisotropy.theory.starts import effective_start as effective_start
from linnet.phenomena.anisotropy.theory.starts import grown_start as grown_start
from linnet.phenomena.anisotropy.theory.starts import (
    mean_effective_start as mean_effective_start,
)
from linnet.phenomena.anisotropy.theory.starts import (
    mean_log_effective_start as mean_log_effective_start,
)
from linnet.phenomena.anisotropy.theory.stopping import Regularizers as Regularizers
from linnet.phenomena.anisotropy.theory.stopping import Stopping as Stopping
from linnet.phenomena.anisotropy.theory.stopping import best_stopping as best_stopping
from linnet.phenomena.anisotropy.theory.stopping import (
    compare_regularizers as compare_regularizers,
)
from linnet.phenomena.anisotropy.theory.tangent_kernel import (
    silent_alignment_angle as silent_alignment_angle,
)
from linnet.phenomena.anisotropy.theory.tangent_kernel import (
    tangent_matrix as tangent_matrix,
)
from linnet.phenomena.anisotropy.theory.timing import phase_delay as phase_delay
from linnet.phenomena.anisotropy.theory.timing import phase_times as phase_times
from linnet.phenomena.anisotropy.theory.timing import (
    strong_spike_delay as strong_spike_delay,
)
from linnet.phenomena.anisotropy.theory.trained_limit import (
    equivalent_frozen_risk as equivalent_frozen_risk,
)
from linnet.phenomena.anisotropy.theory.trained_limit import (
    fan_in_variance as fan_in_variance,
)
from linnet.phenomena.anisotropy.theory.trained_limit import frozen_risk as frozen_risk
from linnet.phenomena.anisotropy.theory.trained_limit import (
    grown_readout as grown_readout,
)
from linnet.phenomena.anisotropy.theory.trained_limit import (
    negligible_init_scale as negligible_init_scale,
)
from linnet.phenomena.anisotropy.theory.trained_limit import (
    readout_power as readout_power,
)
from linnet.phenomena.anisotropy.theory.trained_limit import (
    trained_limit as trained_limit,
)
from linnet.phenomena.anisotropy.theory.visibility import (
    most_visible_spike as most_visible_spike,
)
from linnet.phenomena.anisotropy.theory.visibility import (
    most_visible_spike_limit as most_visible_spike_limit,
)
from linnet.phenomena.anisotropy.theory.visibility import plateau_ratio as plateau_ratio
from linnet.phenomena.anisotropy.theory.weight_decay import (
    DecayedSolution as DecayedSolution,
)
from linnet.phenomena.anisotropy.theory.weight_decay import (
    collapse_slope as collapse_slope,
)
from linnet.phenomena.anisotropy.theory.weight_decay import (
    decayed_solution as decayed_solution,
)
