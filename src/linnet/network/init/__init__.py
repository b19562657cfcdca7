r"""Initialization shapes as values: how a network starts decides what it learns.

A shape knows how to draw weights for given sizes `(d, h, ..., k)`, the imbalance
$\mathcal I = W_2^\top W_2 - W_1W_1^\top$ of what it draws, and the exact map from its
own parameter to $\gamma$, the scale of the first layer's Gram matrix:
$\gamma = \mathrm{tr}\,\mathbb E[W_1^\top W_1]/d$.

The closed laws need the width $\delta$ of the hidden mirror map. Only some shapes have
one; `mirror_width` is None for the others.

Sources: shapes of Varre et al. 2023 as derived here; fan-in as in common frameworks.
"""

from linnet.network.init.drawn import (
    FanIn as FanIn,
    Gaussian as Gaussian,
    GaussianFirstLayer as GaussianFirstLayer,
    GivenWeights as GivenWeights,
    SmallGaussian as SmallGaussian,
)
from linnet.network.init.exact import (
    Bottleneck as Bottleneck,
    IsotropicFirstLayer as IsotropicFirstLayer,
    LambdaBalanced as LambdaBalanced,
    OrthogonalLayers as OrthogonalLayers,
)
from linnet.network.init.shape import AbstractInitialization as AbstractInitialization
