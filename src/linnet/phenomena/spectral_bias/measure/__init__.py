"""What a small start does to weights, measured: on any network's weights or curves.

Arrays in, numbers out; no theory is assumed. Functions of given weights are exact and
carry no error bar; a time read off a sampled curve carries one, from its sampling.
"""

from linnet.phenomena.spectral_bias.measure.alignment import (
    idle_modes as idle_modes,
    input_alignment as input_alignment,
    layer_alignment as layer_alignment,
)
from linnet.phenomena.spectral_bias.measure.curvature import (
    loss_hessian as loss_hessian,
)
from linnet.phenomena.spectral_bias.measure.curves import (
    Crossing as Crossing,
    Plateau as Plateau,
    Rate as Rate,
    crossing as crossing,
    decay_rate as decay_rate,
    half_times as half_times,
    late_decay_rate as late_decay_rate,
    learning_order as learning_order,
    plateaus as plateaus,
)
from linnet.phenomena.spectral_bias.measure.motion import (
    FrameMotion as FrameMotion,
    KernelMovement as KernelMovement,
    frame_motion as frame_motion,
    kernel_movement as kernel_movement,
    product_velocity as product_velocity,
)
from linnet.phenomena.spectral_bias.measure.weights import (
    RankHistory as RankHistory,
    imbalance_change as imbalance_change,
    layer_spectra as layer_spectra,
    mode_amplitudes as mode_amplitudes,
    mode_imbalances as mode_imbalances,
    rank_history as rank_history,
)
