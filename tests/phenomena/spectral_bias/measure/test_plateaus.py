import numpy as np
import pytest

from linnet.phenomena.spectral_bias import measure

TIMES = np.geomspace(1e-2, 1e6, 801)


def staircase(times):
    """Falls at 1, 100 and 10,000, from 7 to 4 to 1 to zero."""
    drops = ((1.0, 3.0), (1e2, 3.0), (1e4, 1.0))
    return sum(size * np.exp(-((times / at) ** 3)) for at, size in drops) + 1e-9


def test_every_step_of_a_staircase_is_a_plateau():
    found = measure.plateaus(TIMES, staircase(TIMES))
    assert len(found) == 3
    np.testing.assert_allclose([p.level for p in found], [7, 4, 1], rtol=1e-4)
    assert 1 < found[1].time < 100 < found[2].time < 1e4
    assert all(p.steepness < 1e-3 for p in found)


def test_the_rest_at_the_end_is_none():
    assert len(measure.plateaus(TIMES[:500], staircase(TIMES)[:500])) == 2


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor):
    found = measure.plateaus(factor * TIMES, staircase(TIMES) / factor)
    assert [p.level * factor for p in found] == pytest.approx(
        [p.level for p in measure.plateaus(TIMES, staircase(TIMES))]
    )


def test_a_power_law_has_no_plateau():
    assert measure.plateaus(TIMES, TIMES**-0.5) == ()


@pytest.mark.parametrize(
    ("times", "losses", "flat"),
    [
        (TIMES - TIMES[0], staircase(TIMES), 0.1),
        (TIMES, staircase(TIMES) - 7, 0.1),
        (TIMES, staircase(TIMES), 1.0),
    ],
)
def test_what_has_no_logarithm_is_refused(times, losses, flat):
    with pytest.raises(ValueError, match="must be positive times and losses"):
        measure.plateaus(times, losses, flat)
