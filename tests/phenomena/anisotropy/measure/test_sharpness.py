import numpy as np
import plain_spike
import plain_training
import pytest

from linnet.phenomena.anisotropy import measure


def test_it_is_the_top_of_the_hessian_at_any_weights():
    moments = plain_training.moments(0, n=12, d=4, k=2)
    rng = np.random.default_rng(1)
    for width in (1, 3, 6):
        weights = (rng.standard_normal((width, 4)), rng.standard_normal((2, width)))
        top = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))[-1]
        assert measure.sharpness(weights, moments) == pytest.approx(top, rel=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_chain_of_single_units_has_it_in_closed_form(depth):
    moments = plain_training.moments(2, n=9, d=1, k=1)
    weights = tuple(np.full((1, 1), 1.3) for _ in range(depth))
    # L = (x w^L - y)^2 / 2 on average, along the weights together and beside them.
    variance, target = moments.xx[0, 0], moments.yx[0, 0]
    product = 1.3**depth
    bend = product / 1.3**2 * (variance * product - target)
    slope = variance * (product / 1.3) ** 2
    expected = max(depth * slope + (depth - 1) * bend, -bend if depth > 1 else -np.inf)
    assert measure.sharpness(weights, moments) == pytest.approx(expected, rel=1e-9)


def test_what_does_not_fit_is_refused():
    moments = plain_training.moments(0, n=12, d=4, k=2)
    with pytest.raises(ValueError, match="2 outputs"):
        measure.sharpness((np.ones((3, 4)), np.ones((1, 3))), moments)
    with pytest.raises(ValueError, match="finite"):
        measure.sharpness((np.full((3, 4), np.nan), np.ones((2, 3))), moments)
