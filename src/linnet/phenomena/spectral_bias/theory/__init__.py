r"""Closed laws of a two-layer linear network trained by gradient flow, by topic.

Letters of the house: $W = W_2W_1$ of shape `(k, d)`, inputs with moment `xx`, cross
moment `yx`. Against the paper's rows-as-samples letters everything is transposed: its
$W_1W_1^\top$ is $W_1^\top W_1$ here, its imbalance has the opposite sign. $\gamma$ is
the scale of $W_1^\top W_1 = \gamma I$ at the start (a squared weight),
$\delta = \gamma/2$ the width of the hidden mirror map when $W_2$ starts at zero; two
orthogonal layers have $\delta = \gamma$.

Statements: Varre et al. 2023. Every formula is derived here.
"""

from linnet.phenomena.spectral_bias.theory.curvature import Curvature as Curvature
from linnet.phenomena.spectral_bias.theory.curvature import curvature as curvature
from linnet.phenomena.spectral_bias.theory.curvature import late_rate as late_rate
from linnet.phenomena.spectral_bias.theory.escape import Direction as Direction
from linnet.phenomena.spectral_bias.theory.escape import directions as directions
from linnet.phenomena.spectral_bias.theory.escape import early_product as early_product
from linnet.phenomena.spectral_bias.theory.escape import early_time as early_time
from linnet.phenomena.spectral_bias.theory.finite_rate import (
    imbalance_left as imbalance_left,
)
from linnet.phenomena.spectral_bias.theory.large_scale import (
    excess_loss_bound as excess_loss_bound,
)
from linnet.phenomena.spectral_bias.theory.large_scale import (
    lazy_product as lazy_product,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    end_to_end_limit as end_to_end_limit,
)
from linnet.phenomena.spectral_bias.theory.layers import flow_velocity as flow_velocity
from linnet.phenomena.spectral_bias.theory.layers import gram_matrices as gram_matrices
from linnet.phenomena.spectral_bias.theory.layers import (
    hidden_spectrum as hidden_spectrum,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    hidden_stable_rank as hidden_stable_rank,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    imbalance_step as imbalance_step,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    layer_singular_values as layer_singular_values,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    product_velocity as product_velocity,
)
from linnet.phenomena.spectral_bias.theory.minimizers import (
    kernel_minimizer as kernel_minimizer,
)
from linnet.phenomena.spectral_bias.theory.minimizers import (
    parameter_minimizer as parameter_minimizer,
)
from linnet.phenomena.spectral_bias.theory.minimizers import (
    product_minimizer as product_minimizer,
)
from linnet.phenomena.spectral_bias.theory.mirror import (
    hyperbolic_entropy as hyperbolic_entropy,
)
from linnet.phenomena.spectral_bias.theory.mirror import mirror_defect as mirror_defect
from linnet.phenomena.spectral_bias.theory.mirror import (
    mirror_mobility as mirror_mobility,
)
from linnet.phenomena.spectral_bias.theory.mirror import (
    singular_value_velocity as singular_value_velocity,
)
from linnet.phenomena.spectral_bias.theory.modes import half_time as half_time
from linnet.phenomena.spectral_bias.theory.modes import (
    half_time_small_scale as half_time_small_scale,
)
from linnet.phenomena.spectral_bias.theory.modes import mode_curve as mode_curve
from linnet.phenomena.spectral_bias.theory.plateaus import (
    escape_rates as escape_rates,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    plateau_losses as plateau_losses,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    plateau_offsets as plateau_offsets,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    plateau_times as plateau_times,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    reduced_rank_map as reduced_rank_map,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    truncated_losses as truncated_losses,
)
from linnet.phenomena.spectral_bias.theory.riccati import balanced_gram as balanced_gram
from linnet.phenomena.spectral_bias.theory.scalar_output import (
    radial_potential as radial_potential,
)
from linnet.phenomena.spectral_bias.theory.scalar_output import (
    scalar_limit as scalar_limit,
)
from linnet.phenomena.spectral_bias.theory.starts import (
    balanced_gram_matrices as balanced_gram_matrices,
)
from linnet.phenomena.spectral_bias.theory.starts import (
    gaussian_deviation as gaussian_deviation,
)
from linnet.phenomena.spectral_bias.theory.starts import (
    orthogonal_gram_matrices as orthogonal_gram_matrices,
)
from linnet.phenomena.spectral_bias.theory.starts import (
    unseen_product as unseen_product,
)
from linnet.phenomena.spectral_bias.theory.tangent import (
    sharpness_spectrum as sharpness_spectrum,
)
from linnet.phenomena.spectral_bias.theory.tangent import (
    tangent_operator as tangent_operator,
)
from linnet.phenomena.spectral_bias.theory.tangent import (
    tangent_spectrum as tangent_spectrum,
)
from linnet.phenomena.spectral_bias.theory.variational import (
    kernel_penalty as kernel_penalty,
)
from linnet.phenomena.spectral_bias.theory.variational import (
    mode_penalty as mode_penalty,
)
from linnet.phenomena.spectral_bias.theory.variational import (
    parameter_penalty as parameter_penalty,
)
from linnet.phenomena.spectral_bias.theory.variational import (
    parameter_stationarity as parameter_stationarity,
)
