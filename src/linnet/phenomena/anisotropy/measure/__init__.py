"""Measurements on any network's training: arrays in, numbers with error bars out.

Curves, layers or predictions in, of our simulation or of anyone's network; no theory is
assumed. What is exact for given arrays carries no error bar; what is estimated carries
one, from replicas or from samples, or says why it has none.
"""

from linnet.phenomena.anisotropy.measure.angles import (
    alignment_cosines as alignment_cosines,
)
from linnet.phenomena.anisotropy.measure.angles import axis_angles as axis_angles
from linnet.phenomena.anisotropy.measure.angles import (
    kernel_directions as kernel_directions,
)
from linnet.phenomena.anisotropy.measure.angles import turning as turning
from linnet.phenomena.anisotropy.measure.bulk import SpikedSpectrum as SpikedSpectrum
from linnet.phenomena.anisotropy.measure.bulk import spike_strength as spike_strength
from linnet.phenomena.anisotropy.measure.bulk import spiked_spectrum as spiked_spectrum
from linnet.phenomena.anisotropy.measure.linear_part import LinearPart as LinearPart
from linnet.phenomena.anisotropy.measure.linear_part import (
    difference_jacobian as difference_jacobian,
)
from linnet.phenomena.anisotropy.measure.linear_part import (
    end_to_end_path as end_to_end_path,
)
from linnet.phenomena.anisotropy.measure.linear_part import linear_part as linear_part
from linnet.phenomena.anisotropy.measure.linear_part import (
    mean_jacobian as mean_jacobian,
)
from linnet.phenomena.anisotropy.measure.phases import LossPlateau as LossPlateau
from linnet.phenomena.anisotropy.measure.phases import PhaseTime as PhaseTime
from linnet.phenomena.anisotropy.measure.phases import loss_at as loss_at
from linnet.phenomena.anisotropy.measure.phases import loss_plateau as loss_plateau
from linnet.phenomena.anisotropy.measure.phases import phase_delay as phase_delay
from linnet.phenomena.anisotropy.measure.phases import phase_time as phase_time
from linnet.phenomena.anisotropy.measure.projection import Projection as Projection
from linnet.phenomena.anisotropy.measure.projection import project as project
from linnet.phenomena.anisotropy.measure.risk import BestStop as BestStop
from linnet.phenomena.anisotropy.measure.risk import CurveBand as CurveBand
from linnet.phenomena.anisotropy.measure.risk import best_stop as best_stop
from linnet.phenomena.anisotropy.measure.risk import curve_band as curve_band
from linnet.phenomena.anisotropy.measure.risk import excess_risk as excess_risk
from linnet.phenomena.anisotropy.measure.risk import held_out_error as held_out_error
from linnet.phenomena.anisotropy.measure.risk import (
    paired_difference as paired_difference,
)
from linnet.phenomena.anisotropy.measure.sharpness import sharpness as sharpness
from linnet.phenomena.anisotropy.measure.spikes import InputSpikes as InputSpikes
from linnet.phenomena.anisotropy.measure.spikes import input_spikes as input_spikes
from linnet.phenomena.anisotropy.measure.spikes import participation as participation
from linnet.phenomena.anisotropy.measure.target_alignment import (
    target_alignments as target_alignments,
)
