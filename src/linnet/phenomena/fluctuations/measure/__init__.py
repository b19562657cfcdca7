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

from linnet.phenomena.fluctuations.measure.components import (
    NullModel as NullModel,
    PrincipalComponents as PrincipalComponents,
    null_model as null_model,
    principal_components as principal_components,
    stacked as stacked,
    unit_variances as unit_variances,
    variances_along as variances_along,
)
from linnet.phenomena.fluctuations.measure.correlation import (
    CorrelationTime as CorrelationTime,
    autocorrelation as autocorrelation,
    autocovariance as autocovariance,
    correlation_time as correlation_time,
    effective_samples as effective_samples,
    lag_covariance as lag_covariance,
    units as units,
)
from linnet.phenomena.fluctuations.measure.curvature import (
    Derivatives as Derivatives,
    DifferenceCurvatures as DifferenceCurvatures,
    HessianAxes as HessianAxes,
    curvatures as curvatures,
    derivatives as derivatives,
    difference_curvatures as difference_curvatures,
    hessian_axes as hessian_axes,
)
from linnet.phenomena.fluctuations.measure.detailed_balance import (
    DetailedBalance as DetailedBalance,
    antisymmetric_lag_covariance as antisymmetric_lag_covariance,
    time_reversal_test as time_reversal_test,
)
from linnet.phenomena.fluctuations.measure.exponent import (
    FlatnessExponent as FlatnessExponent,
    PowerLaw as PowerLaw,
    flatness_exponent as flatness_exponent,
    power_law as power_law,
)
from linnet.phenomena.fluctuations.measure.gradient_noise import (
    NoiseToHessian as NoiseToHessian,
    alignment as alignment,
    commutator as commutator,
    gradient_covariance as gradient_covariance,
    noise_along as noise_along,
    noise_autocorrelation as noise_autocorrelation,
    noise_to_hessian as noise_to_hessian,
)
from linnet.phenomena.fluctuations.measure.width import (
    Widths as Widths,
    widths as widths,
)
from linnet.phenomena.fluctuations.measure.window import (
    about_replica_mean as about_replica_mean,
    cosine_content as cosine_content,
    detrended as detrended,
    differences as differences,
    finite_window_bias as finite_window_bias,
    per_layer as per_layer,
    projected as projected,
)
