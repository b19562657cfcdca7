"""Claims of the spectral bias: the only place where theory and simulation meet."""

from linnet.phenomena.spectral_bias.claims.answers import (
    answers as answers,
    headline as headline,
    predictions as predictions,
)
from linnet.phenomena.spectral_bias.claims.conservation import Conservation
from linnet.phenomena.spectral_bias.claims.convergence import ConvergenceBound
from linnet.phenomena.spectral_bias.claims.descent import LargestStableRate, LateRate
from linnet.phenomena.spectral_bias.claims.end_to_end import EndToEndLimit
from linnet.phenomena.spectral_bias.claims.escape import FirstEscape
from linnet.phenomena.spectral_bias.claims.finite_rate import FiniteRate
from linnet.phenomena.spectral_bias.claims.hidden_layer import (
    HiddenLayerSpectrum,
    StableRank,
)
from linnet.phenomena.spectral_bias.claims.mirror import MirrorDefect, MirrorFlow
from linnet.phenomena.spectral_bias.claims.modes import ModeLaw
from linnet.phenomena.spectral_bias.claims.plateaus import SequentialPlateaus
from linnet.phenomena.spectral_bias.claims.settings import (
    check as check,
    settings as settings,
)
from linnet.phenomena.spectral_bias.claims.shapes import GaussianShape
from linnet.phenomena.spectral_bias.claims.sharpness import HessianSpectrum
from linnet.phenomena.spectral_bias.claims.starts import RiccatiSolution, ScalarLimit
from linnet.phenomena.spectral_bias.claims.variational import VariationalLimit

CLAIMS = (
    Conservation(),
    EndToEndLimit(),
    HiddenLayerSpectrum(),
    StableRank(),
    VariationalLimit(),
    ModeLaw(),
    MirrorFlow(),
    MirrorDefect(),
    FirstEscape(),
    SequentialPlateaus(),
    RiccatiSolution(),
    ScalarLimit(),
    GaussianShape(),
    FiniteRate(),
    HessianSpectrum(),
    LargestStableRate(),
    LateRate(),
    ConvergenceBound(),
)
