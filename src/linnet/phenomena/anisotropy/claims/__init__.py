"""Claims of anisotropy: the only place where theory and simulation meet.

`DataPhases` and `DataGeneralization` are asked of any data set; the others are laws of
covariances and data made for them (`source.CanonicalClaim`, tasks in `problems`). They
share what they look at: `phase_runs` the task of one spike, its two axes and its starts
for the claims on phases, `spike_grid` networks over strengths and alignments,
`staircase_paths` several spikes, `starts` layers of rank one and beside them,
`solutions` where networks and least norm end on many data sets, `trained_sets` (seen)
and `expected_curves` (predicted) training on pairs of data sets. Of a user's data
`question` chooses output, rate and start, `data_path` predicts its phases, `splits`
trains on parts of it and `generalization` sets both beside each other. `settings`
chooses the learning rate; `answers` turns verdicts into plain words.
"""

from linnet.phenomena.anisotropy.claims.alignment_that_hurts import AlignmentThatHurts
from linnet.phenomena.anisotropy.claims.answers import (
    answers as answers,
    headline as headline,
    predictions as predictions,
)
from linnet.phenomena.anisotropy.claims.data_generalization import DataGeneralization
from linnet.phenomena.anisotropy.claims.data_phases import DataPhases
from linnet.phenomena.anisotropy.claims.deep_escape import DeepEscape
from linnet.phenomena.anisotropy.claims.discrete_clock import DiscreteClock
from linnet.phenomena.anisotropy.claims.double_descent import DoubleDescent
from linnet.phenomena.anisotropy.claims.early_stopping import EarlyStopping
from linnet.phenomena.anisotropy.claims.final_risk import FinalRisk
from linnet.phenomena.anisotropy.claims.frozen_null_space import FrozenNullSpace
from linnet.phenomena.anisotropy.claims.large_step import LargeStep
from linnet.phenomena.anisotropy.claims.late_rates import LateRates
from linnet.phenomena.anisotropy.claims.learning_curves import LearningCurves
from linnet.phenomena.anisotropy.claims.phase_maps import PhaseMaps
from linnet.phenomena.anisotropy.claims.phase_plane import PhasePlane
from linnet.phenomena.anisotropy.claims.phase_times import PhaseTimes
from linnet.phenomena.anisotropy.claims.sample_spikes import SampleSpikes
from linnet.phenomena.anisotropy.claims.settings import (
    check as check,
    settings as settings,
)
from linnet.phenomena.anisotropy.claims.several_outputs import SeveralOutputs
from linnet.phenomena.anisotropy.claims.silent_alignment import SilentAlignment
from linnet.phenomena.anisotropy.claims.staircase import Staircase
from linnet.phenomena.anisotropy.claims.two_phases import TwoPhases
from linnet.phenomena.anisotropy.claims.weight_decay_collapse import WeightDecayCollapse

CLAIMS = (
    TwoPhases(),
    PhasePlane(),
    PhaseTimes(),
    PhaseMaps(),
    DiscreteClock(),
    LateRates(),
    SilentAlignment(),
    Staircase(),
    SeveralOutputs(),
    DeepEscape(),
    LargeStep(),
    WeightDecayCollapse(),
    SampleSpikes(),
    FinalRisk(),
    AlignmentThatHurts(),
    DoubleDescent(),
    FrozenNullSpace(),
    LearningCurves(),
    EarlyStopping(),
    DataPhases(),
    DataGeneralization(),
)
