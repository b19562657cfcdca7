import numpy as np
import pytest

from linnet.network import GaussianFirstLayer, IsotropicFirstLayer
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, shapes
from linnet.phenomena.spectral_bias.claims.shapes import GaussianShape
from linnet.study import run_claim

CLAIM = GaussianShape()


@pytest.mark.statistical
@pytest.mark.parametrize("seed", range(5))
def test_the_claim_holds_on_its_canonical_problem(seed):
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    assert len(verdict.comparisons) == 7
    for panel in figure.panels:
        assert {s.role for s in panel.series} == {"theory", "simulation", "wrong"}
        assert all((s.x > 0).all() and (s.y > 0).all() for s in panel.series)


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "no choice of a data set" in CLAIM.applies(problem("correlated"))


@pytest.mark.statistical
@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_deviation_that_is_off_by_a_quarter_fails(factor, monkeypatch):
    genuine = theory.gaussian_deviation
    monkeypatch.setattr(
        theory, "gaussian_deviation", lambda *given: factor * genuine(*given)
    )
    verdict, _ = run_claim(CLAIM, problems.few_samples(0, True))
    assert verdict.is_failure


@pytest.mark.statistical
def test_another_shape_of_the_start_makes_it_fail(monkeypatch):
    """A start whose first layer is isotropic leaves nothing to be seen."""

    class Isotropic(GaussianFirstLayer):
        def weights(self, sizes, rng):
            return IsotropicFirstLayer(4 * self.scale).weights(sizes, rng)

    asked = problems.few_samples(0, True)
    gamma = shapes.SMALL[-1]
    seen = shapes._root_mean_square(asked, gamma, Isotropic)
    predicted = CLAIM.predict(asked)[shapes._label(gamma)]
    assert (seen.value < 0.1 * predicted.value).all()


def test_slopes_of_exact_power_laws_are_their_exponents_with_propagated_errors():
    x = np.log([1.0, 2.0, 8.0])
    error = np.array([0.1, 0.1, 0.1])
    value = 3 * np.exp(-0.7 * x)
    slope, stderr = shapes._slope(x, Estimate(value, error * value, 9))
    assert slope == pytest.approx(-0.7)
    assert stderr == pytest.approx(0.1 / np.sqrt(((x - x.mean()) ** 2).sum()))


def test_the_stated_error_vanishes_with_the_scale_and_covers_the_lazy_limit():
    asked = problems.few_samples(0, True)
    small, large = (shapes._deviation(asked, gamma) for gamma in (1e-5, 1e4))
    assert (small.stderr < 1e-5 * small.value).all()
    lazy = np.sqrt(12 / (np.array(shapes.WIDTHS) - 5))  # an inverse Wishart matrix
    np.testing.assert_array_less(abs(large.z(lazy)), 1.8)
