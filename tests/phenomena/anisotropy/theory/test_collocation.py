import numpy as np
import pytest

from linnet.phenomena.anisotropy.theory.collocation import collocation


@pytest.mark.parametrize("stages", [1, 3, 10])
def test_a_step_integrates_polynomials_of_twice_the_order(stages):
    rule = collocation(stages)
    at = (rule.nodes + 1) / 2
    assert at[-1] == 1
    for degree in range(2 * stages - 1):
        np.testing.assert_allclose(
            rule.integrals[-1] @ at**degree, 1 / (degree + 1), rtol=1e-12
        )
    for degree in range(stages):  # and up to every point its own degree
        np.testing.assert_allclose(
            rule.integrals @ at**degree, at ** (degree + 1) / (degree + 1), atol=1e-13
        )


@pytest.mark.parametrize("stages", [3, 10])
def test_what_decays_infinitely_fast_is_gone_after_one_step(stages):
    rule = collocation(stages)
    for rate in (1e3, 1e6, 1e9):
        system = np.eye(stages) + rate * rule.integrals
        end = np.linalg.solve(system, np.ones(stages))[-1]
        assert abs(end) < 10 * stages**2 / rate
    assert (rule.rates.real > 0).all()


def test_the_series_passes_through_start_and_points():
    rule = collocation(10)
    values = np.random.default_rng(0).standard_normal(11)
    everywhere = np.concatenate([[-1.0], rule.nodes])
    series = np.polynomial.legendre.Legendre(rule.series @ values)
    np.testing.assert_allclose(series(everywhere), values, atol=1e-13)
