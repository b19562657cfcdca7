"""The linear network: a tuple of matrices, and the shapes it may start from."""

from typing import TYPE_CHECKING

from linnet.lazy import attach
from linnet.network.linear import (
    Weights as Weights,
    apply as apply,
    check_weights as check_weights,
    end_to_end as end_to_end,
    flatten as flatten,
    imbalance as imbalance,
    unflatten as unflatten,
    widths as widths,
)

if TYPE_CHECKING:
    from linnet.network.init import (
        AbstractInitialization as AbstractInitialization,
        Bottleneck as Bottleneck,
        FanIn as FanIn,
        Gaussian as Gaussian,
        GaussianFirstLayer as GaussianFirstLayer,
        GivenWeights as GivenWeights,
        IsotropicFirstLayer as IsotropicFirstLayer,
        LambdaBalanced as LambdaBalanced,
        OrthogonalLayers as OrthogonalLayers,
        SmallGaussian as SmallGaussian,
    )
else:
    __getattr__ = attach(
        __name__,
        {
            "init": (
                "AbstractInitialization",
                "Bottleneck",
                "FanIn",
                "Gaussian",
                "GaussianFirstLayer",
                "GivenWeights",
                "IsotropicFirstLayer",
                "LambdaBalanced",
                "OrthogonalLayers",
                "SmallGaussian",
            ),
        },
    )
