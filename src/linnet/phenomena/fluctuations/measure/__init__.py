r"""Measurements of weight fluctuations: arrays and callables of any network.

Drift is removed (`about_replica_mean`, `detrended`), variances are taken along axes
(`principal_components`, `hessian_axes`), widths of the loss along the same axes
(`widths`), and both are set against each other (`flatness_exponent`). Noise and
currents: `noise_to_hessian`, `time_reversal_test`. No theory is assumed.

Example: a network of one's own, 8 replicas that are trained on from one checkpoint.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(128, 3)) * [3.0, 1.0, 0.3]
    >>> y = np.tanh(x @ [0.3, 1.0, -1.0]) + 0.3 * rng.normal(size=128)
    >>> def loss(w):
    ...     return 0.5 * np.mean((y - np.tanh(x @ w)) ** 2)
    >>> w, records = np.tile([0.3, 1.0, -1.0], (8, 1)), []
    >>> for step in range(4000):
    ...     pick = rng.integers(128, size=(8, 4))
    ...     out = np.tanh(np.einsum("rbd,rd->rb", x[pick], w))
    ...     slope = (out - y[pick]) * (1 - out**2)
    ...     w = w - 0.1 * np.einsum("rb,rbd->rd", slope, x[pick]) / 4
    ...     records.append(w)
    >>> kept = np.swapaxes(records, 0, 1)[:, 1000::10]  # (replicas, times, weights)
    >>> found = principal_components(about_replica_mean(kept))
    >>> flat = widths(loss, kept.mean((0, 1)), found.axes)
    >>> variances = unit_variances(about_replica_mean(kept), found.axes)
    >>> fit = flatness_exponent(variances, flat.width, rng)
    >>> bool(fit.exponent.stderr > 0), fit.fit.axes, fit.fit.is_meaningful
    (True, 3, False)
"""

from linnet.phenomena.fluctuations.measure.components import NullModel as NullModel
from linnet.phenomena.fluctuations.measure.components import (
    PrincipalComponents as PrincipalComponents,
)
from linnet.phenomena.fluctuations.measure.components import null_model as null_model
from linnet.phenomena.fluctuations.measure.components import (
    principal_components as principal_components,
)
from linnet.phenomena.fluctuations.measure.components import stacked as stacked
from linnet.phenomena.fluctuations.measure.components import (
    unit_variances as unit_variances,
)
from linnet.phenomena.fluctuations.measure.components import (
    variances_along as variances_along,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    CorrelationTime as CorrelationTime,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    autocorrelation as autocorrelation,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    autocovariance as autocovariance,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    correlation_time as correlation_time,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    effective_samples as effective_samples,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    lag_covariance as lag_covariance,
)
from linnet.phenomena.fluctuations.measure.correlation import units as units
from linnet.phenomena.fluctuations.measure.curvature import Derivatives as Derivatives
from linnet.phenomena.fluctuations.measure.curvature import (
    DifferenceCurvatures as DifferenceCurvatures,
)
from linnet.phenomena.fluctuations.measure.curvature import HessianAxes as HessianAxes
from linnet.phenomena.fluctuations.measure.curvature import curvatures as curvatures
from linnet.phenomena.fluctuations.measure.curvature import derivatives as derivatives
from linnet.phenomena.fluctuations.measure.curvature import (
    difference_curvatures as difference_curvatures,
)
from linnet.phenomena.fluctuations.measure.curvature import hessian_axes as hessian_axes
from linnet.phenomena.fluctuations.measure.detailed_balance import (
    DetailedBalance as DetailedBalance,
)
from linnet.phenomena.fluctuations.measure.detailed_balance import (
    antisymmetric_lag_covariance as antisymmetric_lag_covariance,
)
from linnet.phenomena.fluctuations.measure.detailed_balance import (
    time_reversal_test as time_reversal_test,
)
from linnet.phenomena.fluctuations.measure.exponent import (
    FlatnessExponent as FlatnessExponent,
)
from linnet.phenomena.fluctuations.measure.exponent import PowerLaw as PowerLaw
from linnet.phenomena.fluctuations.measure.exponent import (
    flatness_exponent as flatness_exponent,
)
from linnet.phenomena.fluctuations.measure.exponent import power_law as power_law
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    NoiseToHessian as NoiseToHessian,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import alignment as alignment
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    commutator as commutator,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    gradient_covariance as gradient_covariance,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    noise_along as noise_along,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    noise_autocorrelation as noise_autocorrelation,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    noise_to_hessian as noise_to_hessian,
)
from linnet.phenomena.fluctuations.measure.width import Widths as Widths
from linnet.phenomena.fluctuations.measure.width import widths as widths
from linnet.phenomena.fluctuations.measure.window import (
    about_replica_mean as about_replica_mean,
)
from linnet.phenomena.fluctuations.measure.window import (
    cosine_content as cosine_content,
)
from linnet.phenomena.fluctuations.measure.window import detrended as detrended
from linnet.phenomena.fluctuations.measure.window import differences as differences
from linnet.phenomena.fluctuations.measure.window import (
    finite_window_bias as finite_window_bias,
)
from linnet.phenomena.fluctuations.measure.window import per_layer as per_layer
from linnet.phenomena.fluctuations.measure.window import projected as projected
