r"""Theory of anisotropic data: NumPy in float64, no simulation, no random draw.

Letters of the house: $n$ samples as rows, $d$ inputs, one output; $\Sigma$ is the input
covariance, $\beta$ the teacher, $w$ the end-to-end vector of the network, whose loss
has a factor ½ and whose excess risk $(w-\beta)^\top\Sigma(w-\beta)$ has neither that
factor nor the noise floor. One spike: $\Sigma = I + \rho\mu\mu^\top$ with
`spike_strength` $\rho$ and `alignment` $A = \mu\cdot\beta/\lVert\beta\rVert$;
`aspect_ratio` is $d/n$. The rank-one `imbalance` is
$\delta = \lvert a\rvert^2-\lVert W\rVert^2$, a signed number.

Statements: Watanabe et al. 2026. Every formula is derived here.
"""

from linnet.phenomena.anisotropy.theory.conventions import EXCESS_RISK as EXCESS_RISK
from linnet.phenomena.anisotropy.theory.conventions import Risk as Risk
from linnet.phenomena.anisotropy.theory.conventions import (
    RiskConvention as RiskConvention,
)
from linnet.phenomena.anisotropy.theory.conventions import signal_power as signal_power
from linnet.phenomena.anisotropy.theory.finite_risk import finite_risk as finite_risk
from linnet.phenomena.anisotropy.theory.finite_risk import (
    finite_squared_norm as finite_squared_norm,
)
from linnet.phenomena.anisotropy.theory.finite_risk import (
    null_space_power as null_space_power,
)
from linnet.phenomena.anisotropy.theory.plane import Plane as Plane
from linnet.phenomena.anisotropy.theory.plane import spike_plane as spike_plane
