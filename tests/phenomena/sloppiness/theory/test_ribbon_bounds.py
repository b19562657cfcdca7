import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    GradientFlow,
    fixed_target_bounds,
    fixed_target_spectrum,
    log_checkpoints,
    uniform_checkpoints,
)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("deviation", [0.0, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("slope", [0.1, 0.5, 1.0])
def test_explained_variance_of_a_fixed_target_lies_between_its_bounds(
    slope, deviation, outputs
):
    rng = np.random.default_rng(int(10 * slope))
    variances = np.exp(-slope * np.arange(40))
    target, middle = rng.standard_normal((2, 40, outputs))
    for response, when in (
        (GradientDescent(1.0), uniform_checkpoints(300)),
        (GradientDescent(0.5, 0.01), uniform_checkpoints(10**9)),
        (GradientFlow(), log_checkpoints(10**4, 30)),
    ):
        problem = (variances, 7, target, response, when)
        about = {"init_deviation": deviation, "mean_start": middle}
        values = fixed_target_spectrum(*problem, **about)
        explained = np.cumsum(values) / values.sum()
        found = fixed_target_bounds(*problem, **about)
        assert (found.lower <= explained + 1e-9).all()
        assert (found.upper >= explained - 1e-9).all()
        # They say something: within a quarter for three dimensions, in every case.
        assert found.upper[2] - found.lower[2] < 0.25


def test_nothing_that_moves_is_refused():
    with pytest.raises(ValueError, match="must not vanish together"):
        fixed_target_bounds(
            [1.0], 1, [0.0], GradientDescent(1.0), uniform_checkpoints(5)
        )
