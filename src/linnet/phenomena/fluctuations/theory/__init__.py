"""Theory of weight fluctuations: NumPy in float64, no simulation, no random draw."""

from linnet.phenomena.fluctuations.theory.minimum import Minimum as Minimum
from linnet.phenomena.fluctuations.theory.minimum import (
    least_squares_minimum as least_squares_minimum,
)
from linnet.phenomena.fluctuations.theory.sampling import SAMPLINGS as SAMPLINGS
from linnet.phenomena.fluctuations.theory.sampling import Sampling as Sampling
from linnet.phenomena.fluctuations.theory.sampling import batch_noise as batch_noise
from linnet.phenomena.fluctuations.theory.sampling import (
    batches_per_epoch as batches_per_epoch,
)
