"""What theory expects of data sets of one kind: curves along training, best values."""

from functools import lru_cache

import numpy as np

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import trained_sets
from linnet.phenomena.anisotropy.claims.trained_sets import Kind

MANY_SAMPLES = 1e-6  # inputs per sample where every data set is the population
DEPTHS = {trained_sets.ONE: 1, trained_sets.TWO: 2}


def spectrum(kind: Kind) -> theory.PopulationSpectrum:
    """Eigenvalues of the inputs, and the teacher on them."""
    return theory.spiked_population(kind.spike_strength, kind.alignment)


def amplitude() -> float:
    """Of a balanced network that grows as the one that is trained."""
    width = trained_sets.HIDDEN
    second = 2 * trained_sets.AMPLITUDE / np.sqrt(width)
    start = theory.mean_effective_start(width, trained_sets.IDLE, second)
    return float(np.sqrt(start))


def curve(
    kind: Kind, layers: str, times: np.ndarray, *, aspect_ratio: float | None = None
) -> theory.LearningCurve:
    """Means along training; of data sets of another size, or of their own."""
    depth = DEPTHS[layers]
    return theory.learning_curve(
        spectrum(kind),
        times,
        aspect_ratio=kind.aspect_ratio if aspect_ratio is None else aspect_ratio,
        depth=depth,
        noise=trained_sets.NOISE,
        init_scale=amplitude() if depth == 2 else None,
    )


@lru_cache(maxsize=16)
def regularizers(kind: Kind) -> theory.Regularizers:
    """The best that ridge and stopping reach."""
    return theory.compare_regularizers(
        spectrum(kind),
        aspect_ratio=kind.aspect_ratio,
        noise=trained_sets.NOISE,
        init_scale=amplitude(),
    )


def stopping(kind: Kind, layers: str) -> theory.Stopping:
    """Best time and risk of a network."""
    found = regularizers(kind)
    return found.one_layer if layers == trained_sets.ONE else found.two_layers
