"""The distances on offer, by name."""

from linnet.phenomena.sloppiness.measure.distances.bhattacharyya import Bhattacharyya
from linnet.phenomena.sloppiness.measure.distances.bilinear import (
    Gaussian,
    Hellinger,
    SymmetrizedKL,
)
from linnet.phenomena.sloppiness.measure.distances.jensen_shannon import JensenShannon
from linnet.phenomena.sloppiness.measure.distances.passes import (
    AbstractDistance as AbstractDistance,
)

DISTANCES: dict[str, type[AbstractDistance]] = {
    kind.name: kind
    for kind in (Bhattacharyya, SymmetrizedKL, Hellinger, JensenShannon, Gaussian)
}


def as_distance(distance: str | AbstractDistance) -> AbstractDistance:
    """A distance by its name with default options, or as it is.

    Raises:
        ValueError: when no distance has that name.
    """
    if isinstance(distance, AbstractDistance):
        return distance
    if distance not in DISTANCES:
        raise ValueError(
            f"Argument `distance` must be one of {', '.join(DISTANCES)}, but is"
            f" `{distance}`."
        )
    return DISTANCES[distance]()
