r"""Theory of weight fluctuations: NumPy in float64, no simulation, no random draw.

Letters of the house: $n$ samples as rows, $d$ inputs, $h$ hidden units, $k$ outputs;
$\eta$ is `learning_rate`, $m$ `batch_size`, $\kappa$ `noise_factor` (`batch_noise`),
$\sigma$ the label noise. $C$ is the covariance of the gradients of single samples, a
batch scatters by $\kappa C$, and $V$ is the covariance of the weights. Against the
paper: its $N, o$ are $n, k$ here, its $S$ is $m$, its $\Sigma$ is $V$, its $\gamma$ is
`aspect_ratio`, $d/n$; where a mode stands alone, $h$ is its curvature.

A single layer has a `Minimum` and four levels of accuracy: `continuum_covariance`,
`additive_covariance` (finite steps, noise of fixed size), `exact_covariance` (noise
that grows with the fluctuations) and `online_variances` (fresh samples). Momentum has
`momentum_covariance` and `exact_momentum_covariance`. Reshuffled epochs are in
`epochs` (noise of fixed size) and `reshuffling` (that of real batches). Several layers
fluctuate where `jacobian` lets the product move, by `quasi_stationary` at the first
three levels or `visited_covariance`, and by `shares` for white noise; elsewhere they
drift, see `gauge`, `gauge_course` and `gauge_path`. `flatness` and `exponents` compare
variance with the width of the valley.

Statements: Gross et al. 2024; Kühn and Rosenow 2023 (epochs), Lok et al. 2024
(reshuffling), Mulayoff and Michaeli 2024 (stability), Feng and Tu 2021 (flatness).
Every formula is derived here.
"""

from linnet.phenomena.fluctuations.theory.anisotropy import anisotropy as anisotropy
from linnet.phenomena.fluctuations.theory.anisotropy import (
    asymptotic_anisotropy as asymptotic_anisotropy,
)
from linnet.phenomena.fluctuations.theory.anisotropy import (
    semicircle_radius as semicircle_radius,
)
from linnet.phenomena.fluctuations.theory.anisotropy import (
    small_anisotropy as small_anisotropy,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    antisymmetric_current as antisymmetric_current,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    antisymmetric_lag as antisymmetric_lag,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    correlation_steps as correlation_steps,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    current_matrix as current_matrix,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    entropy_production as entropy_production,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    lag_covariance as lag_covariance,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    small_entropy_production as small_entropy_production,
)
from linnet.phenomena.fluctuations.theory.epochs import (
    crossover_curvature as crossover_curvature,
)
from linnet.phenomena.fluctuations.theory.epochs import epoch_variance as epoch_variance
from linnet.phenomena.fluctuations.theory.epochs import (
    epoch_variance_by_phase as epoch_variance_by_phase,
)
from linnet.phenomena.fluctuations.theory.epochs import (
    flat_epoch_variance as flat_epoch_variance,
)
from linnet.phenomena.fluctuations.theory.epochs import (
    noise_autocorrelation as noise_autocorrelation,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    EQUILIBRIUM_EXPONENT as EQUILIBRIUM_EXPONENT,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    FLAT_EPOCHS_EXPONENT as FLAT_EPOCHS_EXPONENT,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    SINGLE_LAYER_EXPONENT as SINGLE_LAYER_EXPONENT,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    FittedExponent as FittedExponent,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    fitted_exponent as fitted_exponent,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    flat_second_layer_variance as flat_second_layer_variance,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    median_exponent as median_exponent,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    second_layer_epoch_variance as second_layer_epoch_variance,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    second_layer_exponent as second_layer_exponent,
)
from linnet.phenomena.fluctuations.theory.flatness import (
    axis_curvature as axis_curvature,
)
from linnet.phenomena.fluctuations.theory.flatness import (
    layer_curvature as layer_curvature,
)
from linnet.phenomena.fluctuations.theory.flatness import loss_along as loss_along
from linnet.phenomena.fluctuations.theory.flatness import (
    polynomial_width as polynomial_width,
)
from linnet.phenomena.fluctuations.theory.flatness import (
    quadratic_sides as quadratic_sides,
)
from linnet.phenomena.fluctuations.theory.flatness import (
    quadratic_width as quadratic_width,
)
from linnet.phenomena.fluctuations.theory.gauge import (
    imbalance_drift as imbalance_drift,
)
from linnet.phenomena.fluctuations.theory.gauge import imbalance_step as imbalance_step
from linnet.phenomena.fluctuations.theory.gauge import (
    noise_balanced_layers as noise_balanced_layers,
)
from linnet.phenomena.fluctuations.theory.gauge import (
    white_imbalance_drift as white_imbalance_drift,
)
from linnet.phenomena.fluctuations.theory.gauge_course import Window as Window
from linnet.phenomena.fluctuations.theory.gauge_course import (
    imbalance_course as imbalance_course,
)
from linnet.phenomena.fluctuations.theory.gauge_course import (
    quasi_stationary_window as quasi_stationary_window,
)
from linnet.phenomena.fluctuations.theory.gauge_course import (
    ratio_course as ratio_course,
)
from linnet.phenomena.fluctuations.theory.gauge_course import (
    scalar_imbalance_factor as scalar_imbalance_factor,
)
from linnet.phenomena.fluctuations.theory.gauge_path import gauge_path as gauge_path
from linnet.phenomena.fluctuations.theory.gauge_path import (
    gauge_velocity as gauge_velocity,
)
from linnet.phenomena.fluctuations.theory.jacobian import (
    FluctuatingSpace as FluctuatingSpace,
)
from linnet.phenomena.fluctuations.theory.jacobian import (
    fluctuating_space as fluctuating_space,
)
from linnet.phenomena.fluctuations.theory.jacobian import (
    gauge_dimension as gauge_dimension,
)
from linnet.phenomena.fluctuations.theory.jacobian import jacobian as jacobian
from linnet.phenomena.fluctuations.theory.jacobian import jacobian_rank as jacobian_rank
from linnet.phenomena.fluctuations.theory.kronecker import (
    TwoLayerHessian as TwoLayerHessian,
)
from linnet.phenomena.fluctuations.theory.kronecker import (
    stationary_layer_variances as stationary_layer_variances,
)
from linnet.phenomena.fluctuations.theory.kronecker import (
    two_layer_hessian as two_layer_hessian,
)
from linnet.phenomena.fluctuations.theory.layer_covariance import (
    LayerFluctuations as LayerFluctuations,
)
from linnet.phenomena.fluctuations.theory.minimum import Minimum as Minimum
from linnet.phenomena.fluctuations.theory.minimum import (
    least_squares_minimum as least_squares_minimum,
)
from linnet.phenomena.fluctuations.theory.momentum import (
    exact_momentum_covariance as exact_momentum_covariance,
)
from linnet.phenomena.fluctuations.theory.momentum import mode_variance as mode_variance
from linnet.phenomena.fluctuations.theory.momentum import (
    momentum_covariance as momentum_covariance,
)
from linnet.phenomena.fluctuations.theory.momentum import (
    velocity_covariance as velocity_covariance,
)
from linnet.phenomena.fluctuations.theory.momentum import (
    velocity_variance as velocity_variance,
)
from linnet.phenomena.fluctuations.theory.noise import gradient_noise as gradient_noise
from linnet.phenomena.fluctuations.theory.noise import mean_noise as mean_noise
from linnet.phenomena.fluctuations.theory.noise import noise_at as noise_at
from linnet.phenomena.fluctuations.theory.noise import noise_edge as noise_edge
from linnet.phenomena.fluctuations.theory.noise import (
    noise_moment_ratio as noise_moment_ratio,
)
from linnet.phenomena.fluctuations.theory.noise import noise_spectrum as noise_spectrum
from linnet.phenomena.fluctuations.theory.noise import (
    population_noise as population_noise,
)
from linnet.phenomena.fluctuations.theory.online import (
    largest_stable_online_rate as largest_stable_online_rate,
)
from linnet.phenomena.fluctuations.theory.online import (
    online_variances as online_variances,
)
from linnet.phenomena.fluctuations.theory.quasi_stationary import LEVELS as LEVELS
from linnet.phenomena.fluctuations.theory.quasi_stationary import Level as Level
from linnet.phenomena.fluctuations.theory.quasi_stationary import (
    quasi_stationary as quasi_stationary,
)
from linnet.phenomena.fluctuations.theory.reshuffling import (
    EpochFluctuations as EpochFluctuations,
)
from linnet.phenomena.fluctuations.theory.reshuffling import (
    epoch_fluctuations as epoch_fluctuations,
)
from linnet.phenomena.fluctuations.theory.reshuffling import (
    reshuffling_bias as reshuffling_bias,
)
from linnet.phenomena.fluctuations.theory.reshuffling import (
    variance_floor as variance_floor,
)
from linnet.phenomena.fluctuations.theory.residual_hessian import (
    residual_hessian as residual_hessian,
)
from linnet.phenomena.fluctuations.theory.residual_hessian import (
    residual_hessian_product as residual_hessian_product,
)
from linnet.phenomena.fluctuations.theory.sampling import SAMPLINGS as SAMPLINGS
from linnet.phenomena.fluctuations.theory.sampling import Sampling as Sampling
from linnet.phenomena.fluctuations.theory.sampling import batch_noise as batch_noise
from linnet.phenomena.fluctuations.theory.sampling import (
    batches_per_epoch as batches_per_epoch,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    SecondMoment as SecondMoment,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    critical_covariance as critical_covariance,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    largest_stable_rate as largest_stable_rate,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    second_moment as second_moment,
)
from linnet.phenomena.fluctuations.theory.shares import layer_axes as layer_axes
from linnet.phenomena.fluctuations.theory.shares import layer_shares as layer_shares
from linnet.phenomena.fluctuations.theory.shares import (
    relaxation_rates as relaxation_rates,
)
from linnet.phenomena.fluctuations.theory.shares import temperature as temperature
from linnet.phenomena.fluctuations.theory.shares import (
    white_covariance as white_covariance,
)
from linnet.phenomena.fluctuations.theory.shares import (
    white_layer_variances as white_layer_variances,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    additive_covariance as additive_covariance,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    continuum_covariance as continuum_covariance,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    continuum_excess_loss as continuum_excess_loss,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    exact_covariance as exact_covariance,
)
from linnet.phenomena.fluctuations.theory.stationary import excess_loss as excess_loss
from linnet.phenomena.fluctuations.theory.stationary import (
    relaxation_steps as relaxation_steps,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    small_parameter as small_parameter,
)
from linnet.phenomena.fluctuations.theory.visited import (
    visited_covariance as visited_covariance,
)
from linnet.phenomena.fluctuations.theory.visited import visited_noise as visited_noise
from linnet.phenomena.fluctuations.theory.weight_decay import (
    decayed_layers as decayed_layers,
)
from linnet.phenomena.fluctuations.theory.weight_decay import (
    steady_imbalance as steady_imbalance,
)
