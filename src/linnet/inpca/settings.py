"""What can be asked of `inpca`, and what of it changes the numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.distances import AbstractDistance
    from linnet.phenomena.sloppiness.measure.predictions import Predictions

GIVEN = "given"
DISTANCES = (
    "bhattacharyya",
    "symmetrized-kl",
    "hellinger",
    "jensen-shannon",
    "gaussian",
    GIVEN,
)
KINDS = ("probabilities", "logits", "log-probabilities", "values")
DEFAULT_COMPONENTS = 10
MODELS_BESIDE = 32  # landmarks, on which the error is measured


@dataclass(frozen=True)
class Settings:
    """What is computed: all that changes its numbers.

    Attributes:
        distance: One of `DISTANCES`; `given` reads a matrix of distances.
        kind: What the file holds, one of `KINDS`; None for `values` with the distance
            `gaussian`, for `probabilities` with any other.
        components: How many are kept; None for ten, or as many as there are.
        sigma: Standard deviation of the noise of Gaussian predictions.
        tolerance: How far probabilities may be from a sum of one; None for rounding.
        smoothing: Share of the uniform distribution that is mixed into every other.
        disjoint: What a sample counts on which two models share no class, with the
            distance `bhattacharyya`; None to refuse such models.
        array: Name of the array, where the file holds several.
        landmarks: Models whose distances are all computed; None for all of them.
        seed: Fixes all randomness.
    """

    distance: str = "bhattacharyya"
    kind: str | None = None
    components: int | None = None
    sigma: float = 1.0
    tolerance: float | None = None
    smoothing: float = 0.0
    disjoint: float | None = None
    array: str | None = None
    landmarks: int | None = None
    seed: int = 0

    @property
    def holds(self) -> str:
        """What the file holds."""
        usual = "values" if self.distance == "gaussian" else "probabilities"
        return usual if self.kind is None else self.kind


def check(settings: Settings) -> None:
    """Refuse what no file can be asked.

    Raises:
        ValueError: naming the option and what is allowed.
    """
    for option, value, allowed in (
        ("--distance", settings.distance, DISTANCES),
        ("--kind", settings.holds, KINDS),
    ):
        if value not in allowed:
            raise ValueError(
                f"Option `{option}` must be one of {', '.join(allowed)}, but is"
                f" `{value}`."
            )
    if settings.landmarks is not None and settings.distance == GIVEN:
        raise ValueError(
            "Option `--landmarks` saves distances that are computed: leave it out with"
            " `--distance given`."
        )
    if settings.disjoint is not None and settings.distance != "bhattacharyya":
        raise ValueError(
            "Option `--disjoint` says what the distance `bhattacharyya` counts: leave"
            f" it out with `--distance {settings.distance}`, which stays finite or"
            " needs `--smoothing`."
        )
    if not 0 < settings.sigma < np.inf:
        raise ValueError(
            "Option `--sigma`, a standard deviation, must be positive and finite, but"
            f" is {settings.sigma}."
        )


def components_kept(settings: Settings, models: int) -> int:
    """How many components are kept of so many models.

    Raises:
        ValueError: when there are not as many, or too few models for any.
    """
    if models < 3:
        raise ValueError(
            f"The file must hold at least 3 models, but holds {models}: fewer span no"
            " plane."
        )
    asked, marks = settings.components, settings.landmarks
    if marks is not None and not 3 <= marks <= models - MODELS_BESIDE:
        raise ValueError(
            f"Option `--landmarks` must leave at least {MODELS_BESIDE} of the"
            f" {models} models, but is {marks}: embed all of them."
        )
    most = (models if marks is None else marks) - 1
    if asked is None:
        return min(DEFAULT_COMPONENTS, most)
    if not 1 <= asked <= most:
        what = "models" if marks is None else "landmarks"
        raise ValueError(
            f"Option `--components` must lie in [1, {most}], one less than there are"
            f" {what}, but is {asked}."
        )
    return asked


def distance_of(settings: Settings) -> "AbstractDistance":
    """The distance by its name, with its parameter."""
    from linnet.phenomena.sloppiness.measure.distances import DISTANCES as known

    options: dict[str, dict[str, Any]] = {
        "gaussian": {"deviation": settings.sigma},
        "bhattacharyya": {"disjoint": settings.disjoint},
    }
    kind: Any = known[settings.distance]
    return kind(**options.get(settings.distance, {}))


def facts(
    settings: Settings, predictions: "Predictions | None", content: str
) -> dict[str, Any]:
    """All that changes distances: the content of the file and what is made of it."""
    from linnet.phenomena.sloppiness.measure.distances import distance_facts

    if predictions is None:
        return {"distance": settings.distance, "content": content}
    found = distance_facts(predictions, distance_of(settings))
    return found | {"content": content}


def identity(
    settings: Settings, predictions: "Predictions | None", content: str
) -> str:
    """SHA-256 of those facts."""
    from linnet.study.tile_store import identity_of

    return identity_of(facts(settings, predictions, content))
