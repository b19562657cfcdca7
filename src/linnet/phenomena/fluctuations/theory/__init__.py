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

from linnet.phenomena.fluctuations.theory.anisotropy import (
    anisotropy as anisotropy,
    asymptotic_anisotropy as asymptotic_anisotropy,
    semicircle_radius as semicircle_radius,
    small_anisotropy as small_anisotropy,
)
from linnet.phenomena.fluctuations.theory.detailed_balance import (
    antisymmetric_current as antisymmetric_current,
    antisymmetric_lag as antisymmetric_lag,
    correlation_steps as correlation_steps,
    current_matrix as current_matrix,
    entropy_production as entropy_production,
    lag_covariance as lag_covariance,
    small_entropy_production as small_entropy_production,
)
from linnet.phenomena.fluctuations.theory.epochs import (
    crossover_curvature as crossover_curvature,
    epoch_variance as epoch_variance,
    epoch_variance_by_phase as epoch_variance_by_phase,
    flat_epoch_variance as flat_epoch_variance,
    noise_autocorrelation as noise_autocorrelation,
)
from linnet.phenomena.fluctuations.theory.exponents import (
    EQUILIBRIUM_EXPONENT as EQUILIBRIUM_EXPONENT,
    FLAT_EPOCHS_EXPONENT as FLAT_EPOCHS_EXPONENT,
    SINGLE_LAYER_EXPONENT as SINGLE_LAYER_EXPONENT,
    FittedExponent as FittedExponent,
    fitted_exponent as fitted_exponent,
    flat_second_layer_variance as flat_second_layer_variance,
    median_exponent as median_exponent,
    second_layer_epoch_variance as second_layer_epoch_variance,
    second_layer_exponent as second_layer_exponent,
)
from linnet.phenomena.fluctuations.theory.flatness import (
    axis_curvature as axis_curvature,
    layer_curvature as layer_curvature,
    loss_along as loss_along,
    polynomial_width as polynomial_width,
    quadratic_sides as quadratic_sides,
    quadratic_width as quadratic_width,
)
from linnet.phenomena.fluctuations.theory.gauge import (
    imbalance_drift as imbalance_drift,
    imbalance_step as imbalance_step,
    noise_balanced_layers as noise_balanced_layers,
    white_imbalance_drift as white_imbalance_drift,
)
from linnet.phenomena.fluctuations.theory.gauge_course import (
    Window as Window,
    imbalance_course as imbalance_course,
    quasi_stationary_window as quasi_stationary_window,
    ratio_course as ratio_course,
    scalar_imbalance_factor as scalar_imbalance_factor,
)
from linnet.phenomena.fluctuations.theory.gauge_path import (
    gauge_path as gauge_path,
    gauge_velocity as gauge_velocity,
)
from linnet.phenomena.fluctuations.theory.jacobian import (
    FluctuatingSpace as FluctuatingSpace,
    fluctuating_space as fluctuating_space,
    gauge_dimension as gauge_dimension,
    jacobian as jacobian,
    jacobian_rank as jacobian_rank,
)
from linnet.phenomena.fluctuations.theory.kronecker import (
    TwoLayerHessian as TwoLayerHessian,
    stationary_layer_variances as stationary_layer_variances,
    two_layer_hessian as two_layer_hessian,
)
from linnet.phenomena.fluctuations.theory.layer_covariance import (
    LayerFluctuations as LayerFluctuations,
)
from linnet.phenomena.fluctuations.theory.minimum import (
    Minimum as Minimum,
    least_squares_minimum as least_squares_minimum,
)
from linnet.phenomena.fluctuations.theory.momentum import (
    exact_momentum_covariance as exact_momentum_covariance,
    mode_variance as mode_variance,
    momentum_covariance as momentum_covariance,
    velocity_covariance as velocity_covariance,
    velocity_variance as velocity_variance,
)
from linnet.phenomena.fluctuations.theory.noise import (
    gradient_noise as gradient_noise,
    mean_noise as mean_noise,
    noise_at as noise_at,
    noise_edge as noise_edge,
    noise_moment_ratio as noise_moment_ratio,
    noise_spectrum as noise_spectrum,
    population_noise as population_noise,
)
from linnet.phenomena.fluctuations.theory.online import (
    largest_stable_online_rate as largest_stable_online_rate,
    online_variances as online_variances,
)
from linnet.phenomena.fluctuations.theory.quasi_stationary import (
    LEVELS as LEVELS,
    Level as Level,
    quasi_stationary as quasi_stationary,
)
from linnet.phenomena.fluctuations.theory.reshuffling import (
    EpochFluctuations as EpochFluctuations,
    epoch_fluctuations as epoch_fluctuations,
    reshuffling_bias as reshuffling_bias,
    variance_floor as variance_floor,
)
from linnet.phenomena.fluctuations.theory.residual_hessian import (
    residual_hessian as residual_hessian,
    residual_hessian_product as residual_hessian_product,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    SecondMoment as SecondMoment,
    critical_covariance as critical_covariance,
    largest_stable_rate as largest_stable_rate,
    second_moment as second_moment,
)
from linnet.phenomena.fluctuations.theory.shares import (
    layer_axes as layer_axes,
    layer_shares as layer_shares,
    relaxation_rates as relaxation_rates,
    temperature as temperature,
    white_covariance as white_covariance,
    white_layer_variances as white_layer_variances,
)
from linnet.phenomena.fluctuations.theory.stationary import (
    additive_covariance as additive_covariance,
    continuum_covariance as continuum_covariance,
    continuum_excess_loss as continuum_excess_loss,
    exact_covariance as exact_covariance,
    excess_loss as excess_loss,
    relaxation_steps as relaxation_steps,
    small_parameter as small_parameter,
)
from linnet.phenomena.fluctuations.theory.visited import (
    visited_covariance as visited_covariance,
    visited_noise as visited_noise,
)
from linnet.phenomena.fluctuations.theory.weight_decay import (
    decayed_layers as decayed_layers,
    steady_imbalance as steady_imbalance,
)
from linnet.task.batches import (
    SAMPLINGS as SAMPLINGS,
    Sampling as Sampling,
    batch_noise as batch_noise,
    batches_per_epoch as batches_per_epoch,
)
