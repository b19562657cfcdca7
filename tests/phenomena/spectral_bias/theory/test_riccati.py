import numpy as np
import plain_training as plain
import pytest

from linnet.network import IsotropicFirstLayer, LambdaBalanced, SmallGaussian
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

VARIANCE = 1.7
YX = np.random.default_rng(0).normal(size=(3, 4))
WHITE = Moments(VARIANCE * np.eye(4), YX, 50 * np.eye(3))
PRODUCT = np.random.default_rng(1).normal(size=(3, 4))
STARTS = {
    "larger first layer": (LambdaBalanced(-0.3, PRODUCT), 4),
    "larger second layer": (LambdaBalanced(0.2, PRODUCT), 3),
    "balanced": (LambdaBalanced(0.0, 0.1 * PRODUCT), 3),
    "isotropic and wide": (IsotropicFirstLayer(0.1), 7),
}
starts = pytest.mark.parametrize("name", STARTS)


def weights(name):
    shape, hidden = STARTS[name]
    return shape.weights((4, hidden, 3), np.random.default_rng(2))


@starts
def test_both_layers_follow_the_closed_solution(name):
    times = np.array([0.0, 0.2, 1.0, 3.0])
    said = theory.balanced_gram(weights(name), WHITE, times)
    for gram, (first, second) in zip(
        said[1:], plain.flow(weights(name), WHITE, times[1:]), strict=True
    ):
        stacked = np.vstack([first.T, second])
        np.testing.assert_allclose(gram, stacked @ stacked.T, atol=1e-8)


@starts
def test_the_end_is_the_minimizer_however_late_one_looks(name):
    late = theory.balanced_gram(weights(name), WHITE, np.array([50.0, 1e4]))
    for gram in late:
        np.testing.assert_allclose(gram[4:, :4], YX / VARIANCE, atol=1e-12)


def test_the_one_shot_formula_agrees_while_it_can():
    first, second = weights("larger first layer")
    z, time, balance = np.vstack([first.T, second]), 0.7, -0.3
    tilt = np.diag(np.repeat([-1.0, 1.0], [4, 3])) * VARIANCE * balance / 2
    tilt[:4, 4:], tilt[4:, :4] = YX.T, YX
    rates, frame = np.linalg.eigh(tilt)
    grown = (frame * np.exp(rates * time)) @ frame.T @ z
    inner = (frame * (np.expm1(2 * rates * time) / (2 * rates))) @ frame.T
    middle = np.eye(z.shape[1]) + VARIANCE * z.T @ inner @ z
    whole = grown @ np.linalg.solve(middle, grown.T)
    said = theory.balanced_gram((first, second), WHITE, np.array([time]))[0]
    np.testing.assert_allclose(said, whole, atol=1e-12)


def test_times_may_be_split():
    times = np.array([0.3, 0.8, 2.5])
    together = theory.balanced_gram(weights("balanced"), WHITE, times)
    for at, time in enumerate(times):
        alone = theory.balanced_gram(weights("balanced"), WHITE, np.array([time]))
        np.testing.assert_allclose(together[at], alone[0], atol=1e-12)


def test_what_is_not_balanced_or_not_white_is_refused():
    drawn = SmallGaussian(0.5).weights((4, 5, 3), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"must be balanced.*but is off by"):
        theory.balanced_gram(drawn, WHITE, np.ones(1))
    start = weights("balanced")
    with pytest.raises(ValueError, match="must have white inputs"):
        theory.balanced_gram(start, plain.moments(0, d=4, k=3), np.ones(1))
    flat = Moments(np.diag([1.0, 1.0, 1.0, 0.0]), YX * [1, 1, 1, 0], 50 * np.eye(3))
    with pytest.raises(ValueError, match="leave out inputs that carry nothing"):
        theory.balanced_gram(start, flat, np.ones(1))
    with pytest.raises(ValueError, match="`times` must increase"):
        theory.balanced_gram(start, WHITE, np.array([1.0, 0.5]))
    with pytest.raises(ValueError, match="must be two layers, but holds 3"):
        theory.balanced_gram((*start, np.eye(3)), WHITE, np.ones(1))
