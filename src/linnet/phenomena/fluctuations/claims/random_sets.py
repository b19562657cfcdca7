"""Random data sets of several kinds: noise and Hessian at their minimum."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.phenomena.fluctuations import measure
from linnet.study import Problem
from linnet.task import Teacher, geometric_covariance, sample_dataset

SAMPLES = 800
SETS = 24  # data sets of each kind
CONDITION = 50.0  # first over last input variance, where inputs are not white


@dataclass(frozen=True)
class Kind:
    """A kind of random data set.

    Attributes:
        inputs: Number of inputs d.
        outputs: Number of outputs k.
        condition: First over last variance of the inputs, 1 for white ones.
    """

    inputs: int
    outputs: int = 1
    condition: float = 1.0

    @property
    def aspect(self) -> float:
        """Inputs per sample."""
        return self.inputs / SAMPLES

    @property
    def spectrum(self) -> np.ndarray:
        """Population variances of the principal inputs."""
        return np.geomspace(1.0, 1 / self.condition, self.inputs)


WHITE = (Kind(80), Kind(200), Kind(400))
OTHERS = (Kind(80, outputs=3), Kind(80, condition=CONDITION))


@dataclass(frozen=True, eq=False)
class Sets:
    """What was seen on data sets of one kind, one entry for each.

    Attributes:
        noise: Mean square over squared mean of the eigenvalues of C.
        hessian: The same of `xx`.
        mean: Trace of C times the inverse Hessian, per weight.
        spectra: Eigenvalues of C; empty with several outputs.
        curvatures: Eigenvalues of `xx`.
    """

    noise: np.ndarray
    hessian: np.ndarray
    mean: np.ndarray
    spectra: np.ndarray
    curvatures: np.ndarray


@lru_cache(maxsize=8)
def sets(problem: Problem, kind: Kind) -> Sets:
    """Data sets of one kind, which the seed of the problem fixes."""
    entropy = [problem.seed, kind.inputs, kind.outputs, round(kind.condition)]
    rng = np.random.default_rng(entropy)
    rows = [_one(kind, rng) for _ in range(SETS)]
    return Sets(*(np.array(column) for column in zip(*rows, strict=True)))


def _one(
    kind: Kind, rng: np.random.Generator
) -> tuple[float, float, float, np.ndarray, np.ndarray]:
    d, k = kind.inputs, kind.outputs
    covariance = geometric_covariance(d, kind.condition)
    teacher = Teacher(rng.normal(size=(k, d)) / np.sqrt(d), 1.0)
    data = sample_dataset(covariance, teacher, n=SAMPLES, rng=rng)
    moments = data.moments()
    end_to_end = moments.minimizer().end_to_end
    residuals = data.targets - data.inputs @ end_to_end.T
    gradients = -residuals[:, :, None] * data.inputs[:, None, :]
    noise = measure.gradient_covariance(gradients.reshape(SAMPLES, -1))
    curvatures = np.linalg.eigvalsh(moments.xx)
    per_weight = np.trace(np.linalg.solve(np.kron(np.eye(k), moments.xx), noise)) / len(
        noise
    )
    spectrum = np.linalg.eigvalsh(noise) if k == 1 else np.empty(0)
    return (
        float((noise**2).sum() / len(noise) / (np.trace(noise) / len(noise)) ** 2),
        float((curvatures**2).mean() / curvatures.mean() ** 2),
        float(per_weight),
        spectrum,
        curvatures,
    )
