"""What a small start does to weights, measured: on any network's weights or curves.

Arrays in, numbers out; no theory is assumed. Functions of given weights are exact and
carry no error bar; a time read off a sampled curve carries one, from its sampling.
"""

from linnet.phenomena.spectral_bias.measure.alignment import idle_modes as idle_modes
from linnet.phenomena.spectral_bias.measure.alignment import (
    input_alignment as input_alignment,
)
from linnet.phenomena.spectral_bias.measure.alignment import (
    layer_alignment as layer_alignment,
)
from linnet.phenomena.spectral_bias.measure.curvature import (
    loss_hessian as loss_hessian,
)
from linnet.phenomena.spectral_bias.measure.curves import Crossing as Crossing
from linnet.phenomena.spectral_bias.measure.curves import Plateau as Plateau
from linnet.phenomena.spectral_bias.measure.curves import Rate as Rate
from linnet.phenomena.spectral_bias.measure.curves import crossing as crossing
from linnet.phenomena.spectral_bias.measure.curves import decay_rate as decay_rate
from linnet.phenomena.spectral_bias.measure.curves import half_times as half_times
from linnet.phenomena.spectral_bias.measure.curves import (
    late_decay_rate as late_decay_rate,
)
from linnet.phenomena.spectral_bias.measure.curves import (
    learning_order as learning_order,
)
from linnet.phenomena.spectral_bias.measure.curves import plateaus as plateaus
from linnet.phenomena.spectral_bias.measure.motion import FrameMotion as FrameMotion
from linnet.phenomena.spectral_bias.measure.motion import (
    KernelMovement as KernelMovement,
)
from linnet.phenomena.spectral_bias.measure.motion import frame_motion as frame_motion
from linnet.phenomena.spectral_bias.measure.motion import (
    kernel_movement as kernel_movement,
)
from linnet.phenomena.spectral_bias.measure.motion import (
    product_velocity as product_velocity,
)
from linnet.phenomena.spectral_bias.measure.weights import RankHistory as RankHistory
from linnet.phenomena.spectral_bias.measure.weights import (
    imbalance_change as imbalance_change,
)
from linnet.phenomena.spectral_bias.measure.weights import (
    layer_spectra as layer_spectra,
)
from linnet.phenomena.spectral_bias.measure.weights import (
    mode_amplitudes as mode_amplitudes,
)
from linnet.phenomena.spectral_bias.measure.weights import (
    mode_imbalances as mode_imbalances,
)
from linnet.phenomena.spectral_bias.measure.weights import rank_history as rank_history
