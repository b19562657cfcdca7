"""What holds for every public function of the theory, one after the other."""

import inspect

import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory
from linnet.task import Moments

N, D, H, K = 12, 3, 4, 2


def arguments():
    """Something valid for every name of an argument."""
    draws = np.random.default_rng(0)
    inputs, targets = draws.normal(size=(N, D)), draws.normal(size=(N, K))
    minimum = theory.least_squares_minimum(inputs, targets)
    first = draws.normal(size=(H, D))
    weights = (first, minimum.end_to_end @ np.linalg.pinv(first))
    xx = inputs.T @ inputs / N
    return {
        "aspect_ratio": 0.25,
        "axes": np.eye(H * D)[:2],
        "batch_size": 3,
        "batches": 4,
        "coefficients": np.array([1.0, 0.0, 1.0]),
        "covariance": theory.additive_covariance(minimum, 0.05, 0.2),
        "curvature": np.array([0.5, 1.0]),
        "cutoff": 1e-12,
        "direction": weights,
        "directions": np.eye(H * D + K * H)[:, :2],
        "eigenvalues": np.array([1.0, 2.0]),
        "end_to_end": minimum.end_to_end,
        "error": np.ones((K, D)),
        "first_singular": np.array([0.5, 1.0]),
        "gradient": np.ones((K, D)),
        "gradient_noise": np.eye(K * D),
        "gradient_variance": np.array([0.5, 1.0]),
        "hessian": theory.two_layer_hessian(weights, xx),
        "imbalance_rate": np.eye(H),
        "inputs_basis": np.eye(D),
        "lag": 2,
        "lags": np.arange(3),
        "layer": 0,
        "layers": (1.0, 2.0),
        "learning_rate": 0.05,
        "level": np.e,
        "loss": 0.5,
        "moments": Moments(xx, targets.T @ inputs / N, targets.T @ targets / N, N),
        "minimum": minimum,
        "momentum": 0.3,
        "n": N,
        "d": D,
        "noise": 0.7,
        "noise_factor": 0.2,
        "outputs": K,
        "product": minimum.end_to_end,
        "ratio": 0.5,
        "reduced": False,
        "sampling": "with_replacement",
        "second_singular": np.array([0.7, 1.1]),
        "slope": 0.1,
        "slowest_rate": 0.1,
        "spectrum": np.array([1.0, 2.0]),
        "steps": np.array([0, 5]),
        "targets": targets,
        "temperature": 0.01,
        "times": np.array([0.0, 1.0]),
        "tolerance": 1e-8,
        "trace": 2.0,
        "values": np.array([0.5, 1.0]),
        "variance": 0.8,
        "variances": np.array([0.5, 1.0, 2.0]),
        "weight_decay": 0.1,
        "weights": weights,
        "width": H,
        "widths": np.array([1.0, 2.0, 4.0]),
        "xx": xx,
        "yx": np.ones((K, D)),
        "inputs": inputs,
    }


OWN = {  # where a name means something else
    "imbalance_course": {"inputs": D},
    "population_noise": {"covariance": np.eye(D)},
    "quasi_stationary": {"level": "additive", "weight_decay": 0.0},
    "ratio_course": {"inputs": D},
    "scalar_imbalance_factor": {"weights": (1.0, 0.5)},
    "variance_floor": {"variances": np.ones((K, D))},
}
FUNCTIONS = {
    name: function
    for name, function in vars(theory).items()
    if inspect.isfunction(function)
}
every_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def given_to(name):
    known = arguments() | OWN.get(name, {})
    return {key: known[key] for key in inspect.signature(FUNCTIONS[name]).parameters}


def spoiled(value):
    """The value with its first number NaN; None when it holds none."""
    if isinstance(value, float):
        return np.nan
    if isinstance(value, np.ndarray):
        with_nan = value.astype(float)
        with_nan.flat[0] = np.nan
        return with_nan
    if isinstance(value, tuple):
        return (spoiled(value[0]), *value[1:])
    return None


@every_function
def test_not_a_number_is_refused_wherever_it_is_given(name):
    given, function = given_to(name), FUNCTIONS[name]
    function(**given)
    accepted = []
    for key, value in given.items():
        wrong = spoiled(value)
        if wrong is not None:
            try:
                function(**given | {key: wrong})
            except ValueError:
                continue
            accepted.append(key)
    assert not accepted


@every_function
def test_a_noise_factor_that_no_batch_has_is_refused(name):
    given = given_to(name)
    if "noise_factor" in given:
        for wrong in (-0.1, 1.1, 50.0, np.inf):
            with pytest.raises(ValueError, match=r"`noise_factor` must be in \[0, 1\]"):
                FUNCTIONS[name](**given | {"noise_factor": wrong})
