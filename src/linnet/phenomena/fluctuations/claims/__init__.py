"""Claims of the fluctuations: the only place where theory and simulation meet.

`NoiseFloor` and `MeanSquareEdge` are asked of any data set; the others are laws of data
or networks made for them (`source.CanonicalClaim`, problems in `problems`). They share
what they look at: `runs` the minimum and the SGD of a single layer, `edge_chains` SGD
where it turns unstable, `late_chains` long chains on white data, `processes` rates far
from the continuum, `additive` noise that ignores the weights, `random_sets` many data
sets, `networks` and `imbalance_steps` two layers. `settings` chooses batch and rate;
`answers` turns verdicts into plain words.
"""

from linnet.phenomena.fluctuations.claims.anisotropy import AnisotropicWeights
from linnet.phenomena.fluctuations.claims.answers import (
    answers as answers,
    headline as headline,
    predictions as predictions,
)
from linnet.phenomena.fluctuations.claims.currents import BrokenBalance
from linnet.phenomena.fluctuations.claims.edge import MeanSquareEdge
from linnet.phenomena.fluctuations.claims.epochs import Epochs
from linnet.phenomena.fluctuations.claims.exact_against_continuum import (
    ExactAgainstContinuum,
)
from linnet.phenomena.fluctuations.claims.exact_covariance import ExactCovariance
from linnet.phenomena.fluctuations.claims.flat_curvature import FlatCurvature
from linnet.phenomena.fluctuations.claims.flatness import InverseVarianceFlatness
from linnet.phenomena.fluctuations.claims.gauge_drift import GaugeDrift
from linnet.phenomena.fluctuations.claims.imbalance import ImbalanceDrift
from linnet.phenomena.fluctuations.claims.layer_variances import LayerVariances
from linnet.phenomena.fluctuations.claims.momentum import Momentum
from linnet.phenomena.fluctuations.claims.noise_floor import NoiseFloor
from linnet.phenomena.fluctuations.claims.noise_spectrum import NoiseSpectrum
from linnet.phenomena.fluctuations.claims.reshuffling import Reshuffling
from linnet.phenomena.fluctuations.claims.settings import (
    check as check,
    settings as settings,
)

CLAIMS = (
    NoiseSpectrum(),
    NoiseFloor(),
    ExactCovariance(),
    ExactAgainstContinuum(),
    MeanSquareEdge(),
    AnisotropicWeights(),
    FlatCurvature(),
    BrokenBalance(),
    Momentum(),
    Epochs(),
    Reshuffling(),
    LayerVariances(),
    InverseVarianceFlatness(),
    GaugeDrift(),
    ImbalanceDrift(),
)
