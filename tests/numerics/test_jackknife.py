import numpy as np
import pytest

from linnet.numerics import Estimate, jackknife


def leave_out(samples, statistic, **options):
    def without(group):
        return statistic(np.delete(samples, group, axis=0))

    return jackknife(statistic(samples), without, len(samples), **options)


@pytest.mark.parametrize("removes_bias", [True, False])
def test_of_a_mean_it_is_the_standard_error(removes_bias):
    samples = np.random.default_rng(0).normal(size=(12, 3))
    found = leave_out(samples, lambda x: x.mean(0), removes_bias=removes_bias)
    expected = Estimate.from_samples(samples)
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-12)
    np.testing.assert_allclose(found.stderr, expected.stderr, rtol=1e-12)
    assert found.effective_samples == 12


def test_a_variance_about_the_measured_mean_loses_its_bias():
    samples = np.random.default_rng(1).normal(size=20)
    assert float(leave_out(samples, np.var).value) == pytest.approx(samples.var(ddof=1))
    as_it_is = leave_out(samples, np.var, removes_bias=False)
    assert float(as_it_is.value) == pytest.approx(samples.var())
    assert as_it_is.stderr == leave_out(samples, np.var).stderr


def test_its_errors_are_the_scatter_of_a_statistic_that_is_no_mean():
    rng = np.random.default_rng(2)
    found = [
        leave_out(
            rng.exponential(size=(60, 2)), lambda x: x[:, 0].sum() / x[:, 1].sum()
        )
        for _ in range(300)
    ]
    said = np.sqrt(np.mean([one.stderr**2 for one in found]))
    assert said == pytest.approx(np.std([one.value for one in found]), rel=0.15)


def test_one_group_has_no_error_bar():
    with pytest.raises(ValueError, match=r"`groups` must be at least 2 .* but is 1"):
        jackknife(1.0, lambda group: 1.0, 1)
