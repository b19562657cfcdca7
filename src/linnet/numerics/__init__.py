"""Mathematics that knows no network: spectra, their limits, bases, estimates."""

from linnet.numerics.beta_averages import beta_averages as beta_averages
from linnet.numerics.beta_averages import beta_rule as beta_rule
from linnet.numerics.deterministic_equivalents import (
    degrees_of_freedom as degrees_of_freedom,
)
from linnet.numerics.deterministic_equivalents import (
    effective_ridge as effective_ridge,
)
from linnet.numerics.deterministic_equivalents import (
    learned_fractions as learned_fractions,
)
from linnet.numerics.deterministic_equivalents import (
    missed_fractions as missed_fractions,
)
from linnet.numerics.deterministic_equivalents import (
    unlearned_share as unlearned_share,
)
from linnet.numerics.estimate import Estimate as Estimate
from linnet.numerics.frames import haar_frame as haar_frame
from linnet.numerics.jackknife import jackknife as jackknife
from linnet.numerics.krylov import KrylovBasis as KrylovBasis
from linnet.numerics.krylov import krylov_basis as krylov_basis
from linnet.numerics.krylov import krylov_space as krylov_space
from linnet.numerics.level_crossing import Crossing as Crossing
from linnet.numerics.level_crossing import crossing as crossing
from linnet.numerics.lyapunov import solve_lyapunov as solve_lyapunov
from linnet.numerics.lyapunov import symmetric_lyapunov as symmetric_lyapunov
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_density as marchenko_pastur_density,
)
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_edges as marchenko_pastur_edges,
)
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_moments as marchenko_pastur_moments,
)
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_rule as marchenko_pastur_rule,
)
from linnet.numerics.spectra import Decay as Decay
from linnet.numerics.spectra import effective_rank as effective_rank
from linnet.numerics.spectra import geometric_spectrum as geometric_spectrum
from linnet.numerics.spectra import participation_ratio as participation_ratio
from linnet.numerics.spectra import power_law_spectrum as power_law_spectrum
from linnet.numerics.spectra import spectrum_decay as spectrum_decay
from linnet.numerics.spectra import stable_rank as stable_rank
from linnet.numerics.spectra import subspace_overlap as subspace_overlap
from linnet.numerics.weighted_covariance import (
    weighted_covariance_density as weighted_covariance_density,
)
from linnet.numerics.weighted_covariance import (
    weighted_covariance_edge as weighted_covariance_edge,
)
from linnet.numerics.weighted_covariance import (
    weighted_covariance_moments as weighted_covariance_moments,
)
