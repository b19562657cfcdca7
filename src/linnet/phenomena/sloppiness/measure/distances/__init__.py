"""Distances between the predictions of models: matrices, tiles, factors."""

from linnet.phenomena.sloppiness.measure.distances.kinds import (
    DISTANCES as DISTANCES,
    AbstractDistance as AbstractDistance,
    Bhattacharyya as Bhattacharyya,
    as_distance as as_distance,
)
from linnet.phenomena.sloppiness.measure.distances.matrix import (
    cross_distances as cross_distances,
    distance_matrix as distance_matrix,
)
