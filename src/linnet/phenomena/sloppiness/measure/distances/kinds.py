"""The distances on offer, by name."""

from linnet.phenomena.sloppiness.measure.distances.bhattacharyya import Bhattacharyya
from linnet.phenomena.sloppiness.measure.distances.passes import AbstractDistance

DISTANCES: dict[str, type[AbstractDistance]] = {
    "bhattacharyya": Bhattacharyya,
}


def as_distance(distance: str | AbstractDistance) -> AbstractDistance:
    """A distance by its name, or as it is."""
    if isinstance(distance, AbstractDistance):
        return distance
    if distance not in DISTANCES:
        raise ValueError(
            f"Argument `distance` must be one of {', '.join(DISTANCES)}, but is"
            f" `{distance}`."
        )
    return DISTANCES[distance]()
