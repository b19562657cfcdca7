"""The training dynamics of linear networks: theory, simulation, measurement.

Names are loaded when first used, so that importing the package costs next to nothing
and changes no setting.
"""

from linnet.lazy import attach, listed

_HOMES = {
    "analyze": ("analyze_problem", "pose"),
    "dynamics": (
        "SGD",
        "Epochs",
        "GradientDescent",
        "GradientFlow",
        "HeavyBall",
        "Trajectory",
        "WithReplacement",
        "late_time",
        "WithoutReplacement",
        "linear_steps",
        "log_steps",
        "log_times",
        "simulate",
    ),
    "network": (
        "Bottleneck",
        "FanIn",
        "Gaussian",
        "GaussianFirstLayer",
        "GivenWeights",
        "IsotropicFirstLayer",
        "LambdaBalanced",
        "OrthogonalLayers",
        "SmallGaussian",
        "end_to_end",
        "imbalance",
    ),
    "numerics": ("Estimate", "effective_rank", "stable_rank"),
    "reproduce": ("reproduce_claims",),
    "task": ("Dataset", "Moments", "Teacher", "load", "sample_dataset"),
}
__version__ = "0.1.0"
__all__ = [*listed(_HOMES), "__version__"]
__getattr__ = attach(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()} - {"attach", "listed"})
