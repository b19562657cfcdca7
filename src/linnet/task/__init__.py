"""The task: input covariances, teachers, second moments, data sets."""

from typing import TYPE_CHECKING

from linnet.lazy import attach
from linnet.task.moments import Minimizer as Minimizer
from linnet.task.moments import Moments as Moments

if TYPE_CHECKING:
    from linnet.task.covariance import Covariance as Covariance
    from linnet.task.covariance import geometric_covariance as geometric_covariance
    from linnet.task.covariance import given_covariance as given_covariance
    from linnet.task.covariance import isotropic_covariance as isotropic_covariance
    from linnet.task.covariance import power_law_covariance as power_law_covariance
    from linnet.task.covariance import spiked_covariance as spiked_covariance
    from linnet.task.dataset import Dataset as Dataset
    from linnet.task.loading import BUNDLED as BUNDLED
    from linnet.task.loading import load as load
    from linnet.task.teacher import Teacher as Teacher
    from linnet.task.teacher import aligned_teacher as aligned_teacher
    from linnet.task.teacher import low_rank_teacher as low_rank_teacher
    from linnet.task.teacher import population_moments as population_moments
    from linnet.task.teacher import sample_dataset as sample_dataset
else:
    __getattr__ = attach(
        __name__,
        {
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
