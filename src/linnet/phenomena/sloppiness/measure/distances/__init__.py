"""Distances between the predictions of models: matrices, tiles, factors."""

from linnet.phenomena.sloppiness.measure.distances.bhattacharyya import (
    Bhattacharyya as Bhattacharyya,
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
)
