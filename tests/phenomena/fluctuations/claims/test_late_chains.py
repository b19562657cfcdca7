import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import late_chains, problems, runs
from linnet.phenomena.fluctuations.claims.late_chains import (
    jackknifed,
    unbiased_anisotropy,
)


def wishart(rng, truth, groups, samples):
    root = np.linalg.cholesky(truth)
    drawn = rng.normal(size=(groups, samples, len(truth))) @ root.T
    return drawn.transpose(0, 2, 1) @ drawn / samples


def test_anisotropy_is_not_invented_by_sampling_noise():
    rng = np.random.default_rng(0)
    d, truth = 40, np.diag(np.linspace(0.5, 1.5, 40))
    exact = theory.anisotropy(np.diag(truth))
    seen = [unbiased_anisotropy(wishart(rng, truth, 8, 30)) for _ in range(60)]
    z = np.array([one.z(exact) for one in seen])
    assert abs(np.mean([one.value for one in seen]) - exact) < 0.15 * exact
    assert np.abs(z).max() < 8
    assert 0.6 < z.std() < 2
    plain = np.linalg.eigvalsh(wishart(rng, truth, 8, 30).mean(0))
    assert theory.anisotropy(plain) > exact + 0.5 * d / 240


def test_the_jackknife_of_a_mean_is_its_standard_error():
    samples = np.random.default_rng(0).normal(size=12)
    found = jackknifed(lambda keep: samples[keep].mean(), 12)
    assert found.value == pytest.approx(samples.mean())
    assert found.stderr == pytest.approx(samples.std(ddof=1) / np.sqrt(12))


def test_numbers_are_joined_with_their_errors():
    one, two = (jackknifed(lambda keep, a=a: a * keep.mean(), 4) for a in (1.0, 2.0))
    both = runs.joined([one, two])
    assert both.value == pytest.approx([1.5, 3.0])
    assert both.stderr == pytest.approx([float(one.stderr), float(two.stderr)])


def test_the_rate_is_small_and_the_start_forgotten_where_it_matters():
    asked = problems.gaussian(800, 80, quick=True)
    rate, factor = late_chains.learning_rate(asked), late_chains.noise_factor()
    minimum = runs.minimum(asked)
    small = theory.small_parameter(minimum, rate, factor)
    assert small == pytest.approx(late_chains.SMALL)
    h, exact = minimum.curvatures, late_chains.covariance(asked)
    slowest = 2 * h.min()
    steps = (late_chains.FORGOTTEN / slowest + late_chains.MORE) / rate
    left = np.exp(-rate * steps * (h[:, None] + h))
    start = np.eye(80) * np.trace(exact) / 80
    then = exact + (start - exact) * left
    spread = [theory.anisotropy(np.linalg.eigvalsh(v)) for v in (then, exact)]
    assert spread[0] == pytest.approx(spread[1], rel=4e-3)


def test_quick_runs_leave_out_the_largest_size():
    sizes = [
        late_chains.sizes(problems.gaussian(40, 4, quick=quick))
        for quick in (True, False)
    ]
    assert sizes == [late_chains.SIZES[:2], late_chains.SIZES]
