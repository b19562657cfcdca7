import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    AbstractResponse,
    GradientDescent,
    GradientFlow,
    continuous_checkpoints,
    log_checkpoints,
    pair_averages,
    uniform_checkpoints,
)
from linnet.phenomena.sloppiness.theory.condensed import condense


class Slow(AbstractResponse):
    def remaining(self, variances, when):
        return 1 / (1 + variances[..., None] * when)

    def learned(self, variances, when):
        return 1 - self.remaining(variances, when)

    def rest(self, variances):
        return np.ones_like(variances)


def all_modes(top):
    return top * np.r_[1, 0.7, 0.53, 0.5, np.geomspace(0.3, 1e-14, 30)]


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("count", [1025, 1026, 1999, 100_000, 10**9])
@pytest.mark.parametrize("rate", [0.3, 1.0, 1.9, 2.0])
def test_few_nodes_have_the_averages_of_all_steps(rate, count, every):
    when = uniform_checkpoints(count, every)
    response, variances = GradientDescent(rate), all_modes(1.0)
    nodes = condense(response, variances, when)
    exact = pair_averages(response, variances, when)
    assert len(nodes.weights) < 2000
    assert (nodes.weights > 0).all()
    weighted = nodes.remaining * nodes.weights
    # Signs that alternate for ever cancel, so these are right to rounding of one.
    np.testing.assert_allclose(weighted @ nodes.remaining.T, exact.start, 1e-13, 1e-14)
    np.testing.assert_allclose(weighted @ nodes.learned.T, exact.cross, 1e-13, 1e-14)
    weighted = nodes.learned * nodes.weights
    np.testing.assert_allclose(weighted @ nodes.learned.T, exact.target, rtol=1e-13)


@pytest.mark.parametrize(
    "when",
    [
        continuous_checkpoints(0.01),
        continuous_checkpoints(1e6),
        uniform_checkpoints(5000),
    ],
)
def test_few_nodes_have_the_averages_of_a_flow(when):
    response, variances = GradientFlow(0.01), all_modes(3.0)
    nodes = condense(response, variances, when)
    exact = pair_averages(response, variances, when)
    assert len(nodes.weights) < 1000
    weighted = nodes.remaining * nodes.weights
    np.testing.assert_allclose(weighted @ nodes.remaining.T, exact.start, rtol=1e-13)
    weighted = nodes.learned * nodes.weights
    np.testing.assert_allclose(weighted @ nodes.learned.T, exact.target, rtol=1e-13)


def test_few_checkpoints_and_other_responses_are_taken_as_they_are():
    variances = all_modes(1.0)
    for response, when in (
        (GradientDescent(1.0), uniform_checkpoints(1000)),
        (GradientDescent(1.0), log_checkpoints(10**8, 50)),
        (Slow(), uniform_checkpoints(3000)),
    ):
        nodes = condense(response, variances, when)
        np.testing.assert_array_equal(nodes.weights, when.weights)
        np.testing.assert_array_equal(
            nodes.learned, response.learned(variances, when.when)
        )


def test_too_many_checkpoints_of_another_response_are_refused():
    variances = all_modes(1.0)
    with pytest.raises(
        ValueError, match="must be at most 1470588 for 34 modes under Sl"
    ):
        condense(Slow(), variances, uniform_checkpoints(10**9))
    with pytest.raises(ValueError, match="are a continuum"):
        condense(Slow(), variances, continuous_checkpoints(1.0))
    with pytest.raises(ValueError, match="must be steps for gradient descent"):
        condense(GradientDescent(1.0), variances, continuous_checkpoints(1.0))
