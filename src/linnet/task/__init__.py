"""The task: input covariances, teachers, second moments, data sets."""

from typing import TYPE_CHECKING

from linnet.lazy import attach
from linnet.task.moments import Minimizer as Minimizer, Moments as Moments

if TYPE_CHECKING:
    from linnet.task.batches import (
        SAMPLINGS as SAMPLINGS,
        Sampling as Sampling,
        batch_noise as batch_noise,
        batches_per_epoch as batches_per_epoch,
    )
    from linnet.task.covariance import (
        Covariance as Covariance,
        geometric_covariance as geometric_covariance,
        given_covariance as given_covariance,
        isotropic_covariance as isotropic_covariance,
        power_law_covariance as power_law_covariance,
        spiked_covariance as spiked_covariance,
    )
    from linnet.task.dataset import Dataset as Dataset
    from linnet.task.loading import BUNDLED as BUNDLED, load as load
    from linnet.task.teacher import (
        Teacher as Teacher,
        aligned_teacher as aligned_teacher,
        low_rank_teacher as low_rank_teacher,
        population_moments as population_moments,
        sample_dataset as sample_dataset,
    )
else:
    __getattr__ = attach(
        __name__,
        {
            "batches": ("SAMPLINGS", "Sampling", "batch_noise", "batches_per_epoch"),
            "covariance": (
                "Covariance",
                "geometric_covariance",
                "given_covariance",
                "isotropic_covariance",
                "power_law_covariance",
                "spiked_covariance",
            ),
            "dataset": ("Dataset",),
            "loading": (
                "BUNDLED",
                "load",
            ),
            "teacher": (
                "Teacher",
                "aligned_teacher",
                "low_rank_teacher",
                "population_moments",
                "sample_dataset",
            ),
        },
    )
