"""Distances between the predictions of models: whole matrices or tiles."""

from linnet.phenomena.sloppiness.measure.distances.bhattacharyya import (
    Bhattacharyya as Bhattacharyya,
)
from linnet.phenomena.sloppiness.measure.distances.bilinear import (
    Gaussian as Gaussian,
    Hellinger as Hellinger,
    SymmetrizedKL as SymmetrizedKL,
)
from linnet.phenomena.sloppiness.measure.distances.given import (
    given_distances as given_distances,
)
from linnet.phenomena.sloppiness.measure.distances.jensen_shannon import (
    JensenShannon as JensenShannon,
)
from linnet.phenomena.sloppiness.measure.distances.kinds import (
    DISTANCES as DISTANCES,
    as_distance as as_distance,
)
from linnet.phenomena.sloppiness.measure.distances.matrix import (
    cross_distances as cross_distances,
    distance_matrix as distance_matrix,
)
from linnet.phenomena.sloppiness.measure.distances.passes import (
    AbstractDistance as AbstractDistance,
)
from linnet.phenomena.sloppiness.measure.distances.plan import (
    Cost as Cost,
    cost as cost,
    distance_facts as distance_facts,
)
