"""The linear network: a tuple of matrices, and the shapes it may start from."""

from typing import TYPE_CHECKING

from linnet.lazy import attach
from linnet.network.linear import Weights as Weights
from linnet.network.linear import apply as apply
from linnet.network.linear import check_weights as check_weights
from linnet.network.linear import end_to_end as end_to_end
from linnet.network.linear import flatten as flatten
from linnet.network.linear import imbalance as imbalance
from linnet.network.linear import unflatten as unflatten
from linnet.network.linear import widths as widths

if TYPE_CHECKING:
    from linnet.network.init import AbstractInitialization as AbstractInitialization
    from linnet.network.init import Bottleneck as Bottleneck
    from linnet.network.init import FanIn as FanIn
    from linnet.network.init import Gaussian as Gaussian
    from linnet.network.init import GaussianFirstLayer as GaussianFirstLayer
    from linnet.network.init import GivenWeights as GivenWeights
    from linnet.network.init import IsotropicFirstLayer as IsotropicFirstLayer
    from linnet.network.init import LambdaBalanced as LambdaBalanced
    from linnet.network.init import OrthogonalLayers as OrthogonalLayers
    from linnet.network.init import SmallGaussian as SmallGaussian
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
