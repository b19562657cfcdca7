"""Theory of weight fluctuations: NumPy in float64, no simulation, no random draw."""

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
from linnet.phenomena.fluctuations.theory.quasi_stationary import LEVELS as LEVELS
from linnet.phenomena.fluctuations.theory.quasi_stationary import Level as Level
from linnet.phenomena.fluctuations.theory.quasi_stationary import (
    quasi_stationary as quasi_stationary,
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
from linnet.phenomena.fluctuations.theory.weight_decay import (
    decayed_layers as decayed_layers,
)
from linnet.phenomena.fluctuations.theory.weight_decay import (
    steady_imbalance as steady_imbalance,
)
