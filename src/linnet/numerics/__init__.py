"""Mathematics that knows no network: spectra, their limits, bases, estimates."""

from linnet.numerics.beta_averages import (
    beta_averages as beta_averages,
    beta_rule as beta_rule,
)
from linnet.numerics.block_krylov import (
    LeadingPairs as LeadingPairs,
    leading_pairs as leading_pairs,
)
from linnet.numerics.deterministic_equivalents import (
    degrees_of_freedom as degrees_of_freedom,
    effective_ridge as effective_ridge,
    learned_fractions as learned_fractions,
    missed_fractions as missed_fractions,
    unlearned_share as unlearned_share,
)
from linnet.numerics.dimension import (
    dimensions_to as dimensions_to,
    explained_stress as explained_stress,
    explained_variance as explained_variance,
)
from linnet.numerics.estimate import Estimate as Estimate
from linnet.numerics.frames import haar_frame as haar_frame
from linnet.numerics.gaussian_mean_square import (
    fresh_feedback as fresh_feedback,
    largest_stable_fresh_rate as largest_stable_fresh_rate,
)
from linnet.numerics.jackknife import jackknife as jackknife
from linnet.numerics.krylov import (
    KrylovBasis as KrylovBasis,
    krylov_basis as krylov_basis,
    krylov_space as krylov_space,
)
from linnet.numerics.level_crossing import Crossing as Crossing, crossing as crossing
from linnet.numerics.lyapunov import (
    solve_lyapunov as solve_lyapunov,
    symmetric_lyapunov as symmetric_lyapunov,
)
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_density as marchenko_pastur_density,
    marchenko_pastur_edges as marchenko_pastur_edges,
    marchenko_pastur_moments as marchenko_pastur_moments,
    marchenko_pastur_rule as marchenko_pastur_rule,
)
from linnet.numerics.mean_square import (
    critical_mean_square as critical_mean_square,
    largest_gain as largest_gain,
    scatter as scatter,
)
from linnet.numerics.spectra import (
    Decay as Decay,
    effective_rank as effective_rank,
    geometric_spectrum as geometric_spectrum,
    participation_ratio as participation_ratio,
    power_law_spectrum as power_law_spectrum,
    spectrum_decay as spectrum_decay,
    stable_rank as stable_rank,
    subspace_overlap as subspace_overlap,
)
from linnet.numerics.weighted_covariance import (
    weighted_covariance_density as weighted_covariance_density,
    weighted_covariance_edge as weighted_covariance_edge,
    weighted_covariance_moments as weighted_covariance_moments,
)
