"""Claims of sloppiness: the only place where theory and simulation meet.

`problems` makes data with a wished spectrum, `ensembles` trains on them and takes
moments along the inputs' directions; `kernel_runs` trains kernel machines on digits,
`wide_runs` networks of one hidden layer, `bridge_models` models to be embedded.
"""

from linnet.phenomena.sloppiness.claims.answers import (
    answers as answers,
    headline as headline,
    predictions as predictions,
)
from linnet.phenomena.sloppiness.claims.checkpoint_schedule import CheckpointSchedule
from linnet.phenomena.sloppiness.claims.data_slopes import DataSlopes
from linnet.phenomena.sloppiness.claims.digit_networks import DigitNetworks
from linnet.phenomena.sloppiness.claims.dimension_peak import DimensionPeak
from linnet.phenomena.sloppiness.claims.gaussian_bridge import GaussianBridge
from linnet.phenomena.sloppiness.claims.gradient_noise import GradientNoise
from linnet.phenomena.sloppiness.claims.kernel_ribbons import KernelRibbons
from linnet.phenomena.sloppiness.claims.lazy_networks import LazyNetworks
from linnet.phenomena.sloppiness.claims.noise_restores_ribbon import (
    NoiseRestoresRibbon,
)
from linnet.phenomena.sloppiness.claims.one_curve import OneCurve
from linnet.phenomena.sloppiness.claims.optimizers import Optimizers
from linnet.phenomena.sloppiness.claims.phase_boundary import PhaseBoundary
from linnet.phenomena.sloppiness.claims.ribbon_spectrum import RibbonSpectrum
from linnet.phenomena.sloppiness.claims.settings import (
    check as check,
    settings as settings,
)
from linnet.phenomena.sloppiness.claims.source import SloppinessClaim
from linnet.phenomena.sloppiness.claims.three_ensembles import ThreeEnsembles
from linnet.phenomena.sloppiness.claims.training_manifold import TrainingManifold

CLAIMS: tuple[SloppinessClaim, ...] = (
    RibbonSpectrum(),
    PhaseBoundary(),
    DimensionPeak(),
    ThreeEnsembles(),
    OneCurve(),
    CheckpointSchedule(),
    Optimizers(),
    GradientNoise(),
    NoiseRestoresRibbon(),
    KernelRibbons(),
    LazyNetworks(),
    GaussianBridge(),
    DigitNetworks(),
    DataSlopes(),
    TrainingManifold(),
)
