r"""Measurements of clouds of models: predictions of any network, as arrays.

No theory is assumed.
"""

from linnet.phenomena.sloppiness.measure.along_geodesic import (
    Progress as Progress,
    progress as progress,
)
from linnet.phenomena.sloppiness.measure.cloud_spectra import (
    CloudSpectrum as CloudSpectrum,
    cloud_moments as cloud_moments,
    cloud_slope as cloud_slope,
    cloud_spectrum as cloud_spectrum,
)
from linnet.phenomena.sloppiness.measure.clouds import (
    Cloud as Cloud,
    axis_moments as axis_moments,
    gather_cloud as gather_cloud,
)
from linnet.phenomena.sloppiness.measure.distances import (
    DISTANCES as DISTANCES,
    AbstractDistance as AbstractDistance,
    Bhattacharyya as Bhattacharyya,
    Gaussian as Gaussian,
    Hellinger as Hellinger,
    JensenShannon as JensenShannon,
    SymmetrizedKL as SymmetrizedKL,
    cost as cost,
    cross_distances as cross_distances,
    distance_facts as distance_facts,
    distance_matrix as distance_matrix,
    given_distances as given_distances,
)
from linnet.phenomena.sloppiness.measure.embedding import (
    About as About,
    Embedding as Embedding,
)
from linnet.phenomena.sloppiness.measure.factors import (
    embed_factors as embed_factors,
    embed_gaussian as embed_gaussian,
    embed_symmetrized_kl as embed_symmetrized_kl,
)
from linnet.phenomena.sloppiness.measure.geometry import (
    geodesic as geodesic,
    geodesic_length as geodesic_length,
    path_length as path_length,
    step_lengths as step_lengths,
)
from linnet.phenomena.sloppiness.measure.inpca import (
    Search as Search,
    embed_distances as embed_distances,
    place as place,
)
from linnet.phenomena.sloppiness.measure.landmarks import (
    landmark_embedding as landmark_embedding,
)
from linnet.phenomena.sloppiness.measure.predictions import (
    Predictions as Predictions,
)
from linnet.phenomena.sloppiness.measure.reindexing import (
    Reindexed as Reindexed,
    reindex as reindex,
    trajectory_distances as trajectory_distances,
)
from linnet.phenomena.sloppiness.measure.shares import (
    variance_share as variance_share,
)
from linnet.phenomena.sloppiness.measure.slopes import (
    SpectrumSlope as SpectrumSlope,
    spectrum_slope as spectrum_slope,
)
from linnet.phenomena.sloppiness.measure.sphere import (
    ignorance as ignorance,
    truth as truth,
)
from linnet.phenomena.sloppiness.measure.tangent_kernels import (
    mean_tangent_kernel as mean_tangent_kernel,
    output_kernel as output_kernel,
    tangent_kernel as tangent_kernel,
)
from linnet.phenomena.sloppiness.measure.tiles import (
    ArrayTiles as ArrayTiles,
    Tiles as Tiles,
    assembled as assembled,
)
