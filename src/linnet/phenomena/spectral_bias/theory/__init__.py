r"""Closed laws of a two-layer linear network trained by gradient flow, by topic.

Letters of the house: $W = W_2W_1$ of shape `(k, d)`, inputs with moment `xx`, cross
moment `yx`. Against the paper's rows-as-samples letters everything is transposed: its
$W_1W_1^\top$ is $W_1^\top W_1$ here, its imbalance has the opposite sign. $\gamma$ is
the scale of $W_1^\top W_1 = \gamma I$ at the start (a squared weight),
$\delta = \gamma/2$ the width of the hidden mirror map when $W_2$ starts at zero; two
orthogonal layers have $\delta = \gamma$.

Statements: Varre et al. 2023. Every formula is derived here.
"""

from linnet.phenomena.spectral_bias.theory.curvature import (
    Curvature as Curvature,
    curvature as curvature,
    late_rate as late_rate,
)
from linnet.phenomena.spectral_bias.theory.escape import (
    Direction as Direction,
    directions as directions,
    early_product as early_product,
    early_time as early_time,
)
from linnet.phenomena.spectral_bias.theory.finite_rate import (
    imbalance_left as imbalance_left,
)
from linnet.phenomena.spectral_bias.theory.large_scale import (
    excess_loss_bound as excess_loss_bound,
    lazy_product as lazy_product,
)
from linnet.phenomena.spectral_bias.theory.layers import (
    end_to_end_limit as end_to_end_limit,
    flow_velocity as flow_velocity,
    gram_matrices as gram_matrices,
    hidden_spectrum as hidden_spectrum,
    hidden_stable_rank as hidden_stable_rank,
    imbalance_step as imbalance_step,
    layer_singular_values as layer_singular_values,
    product_velocity as product_velocity,
)
from linnet.phenomena.spectral_bias.theory.minimizers import (
    kernel_minimizer as kernel_minimizer,
    parameter_minimizer as parameter_minimizer,
    product_minimizer as product_minimizer,
)
from linnet.phenomena.spectral_bias.theory.mirror import (
    hyperbolic_entropy as hyperbolic_entropy,
    mirror_defect as mirror_defect,
    mirror_mobility as mirror_mobility,
    singular_value_velocity as singular_value_velocity,
)
from linnet.phenomena.spectral_bias.theory.modes import (
    half_time as half_time,
    half_time_small_scale as half_time_small_scale,
    mode_curve as mode_curve,
)
from linnet.phenomena.spectral_bias.theory.plateaus import (
    escape_rates as escape_rates,
    plateau_losses as plateau_losses,
    plateau_offsets as plateau_offsets,
    plateau_times as plateau_times,
    reduced_rank_map as reduced_rank_map,
    truncated_losses as truncated_losses,
)
from linnet.phenomena.spectral_bias.theory.riccati import balanced_gram as balanced_gram
from linnet.phenomena.spectral_bias.theory.scalar_output import (
    radial_potential as radial_potential,
    scalar_limit as scalar_limit,
)
from linnet.phenomena.spectral_bias.theory.starts import (
    balanced_gram_matrices as balanced_gram_matrices,
    gaussian_deviation as gaussian_deviation,
    orthogonal_gram_matrices as orthogonal_gram_matrices,
    unseen_product as unseen_product,
)
from linnet.phenomena.spectral_bias.theory.tangent import (
    sharpness_spectrum as sharpness_spectrum,
    tangent_operator as tangent_operator,
    tangent_spectrum as tangent_spectrum,
)
from linnet.phenomena.spectral_bias.theory.variational import (
    kernel_penalty as kernel_penalty,
    mode_penalty as mode_penalty,
    parameter_penalty as parameter_penalty,
    parameter_stationarity as parameter_stationarity,
)
