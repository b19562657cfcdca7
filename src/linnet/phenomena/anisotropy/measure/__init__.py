"""Measurements on any network's training: arrays in, numbers with error bars out.

Curves, layers or predictions in, of our simulation or of anyone's network; no theory is
assumed. What is exact for given arrays carries no error bar; what is estimated carries
one, from replicas or from samples, or says why it has none.
"""

from linnet.phenomena.anisotropy.measure.angles import (
    alignment_cosines as alignment_cosines,
    axis_angles as axis_angles,
    kernel_directions as kernel_directions,
    turning as turning,
)
from linnet.phenomena.anisotropy.measure.bulk import (
    SpikedSpectrum as SpikedSpectrum,
    spike_strength as spike_strength,
    spiked_spectrum as spiked_spectrum,
)
from linnet.phenomena.anisotropy.measure.linear_part import (
    LinearPart as LinearPart,
    difference_jacobian as difference_jacobian,
    end_to_end_path as end_to_end_path,
    linear_part as linear_part,
    mean_jacobian as mean_jacobian,
)
from linnet.phenomena.anisotropy.measure.phases import (
    LossPlateau as LossPlateau,
    PhaseTime as PhaseTime,
    loss_at as loss_at,
    loss_plateau as loss_plateau,
    phase_delay as phase_delay,
    phase_time as phase_time,
)
from linnet.phenomena.anisotropy.measure.projection import (
    Projection as Projection,
    project as project,
)
from linnet.phenomena.anisotropy.measure.risk import (
    BestStop as BestStop,
    CurveBand as CurveBand,
    best_stop as best_stop,
    curve_band as curve_band,
    excess_risk as excess_risk,
    held_out_error as held_out_error,
    paired_difference as paired_difference,
)
from linnet.phenomena.anisotropy.measure.sharpness import sharpness as sharpness
from linnet.phenomena.anisotropy.measure.spikes import (
    InputSpikes as InputSpikes,
    input_spikes as input_spikes,
    participation as participation,
)
from linnet.phenomena.anisotropy.measure.target_alignment import (
    target_alignments as target_alignments,
)
