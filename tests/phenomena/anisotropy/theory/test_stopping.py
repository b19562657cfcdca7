import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.anisotropy.theory import (
    best_stopping,
    compare_regularizers,
    learning_curve,
    spiked_population,
    stopping,
)

NOISE = 0.7

TABLE = [
    # ratio, alignment, rho, without, ridge, one layer, two layers
    (0.5, 1.0, 0.0, 0.49000, 0.27726, 0.28659, 0.29448),
    (0.5, 1.0, 5.0, 0.49000, 0.18032, 0.10827, 0.09879),
    (0.5, 1.0, 20.0, 0.49000, 0.11945, 0.03820, 0.03387),
    (0.5, 0.6, 5.0, 0.49000, 0.24745, 0.24428, 0.24581),
    (2.0, 0.6, 5.0, 0.89816, 0.67698, 0.63299, 0.61866),
    (2.0, 0.3, 20.0, 0.95281, 0.67428, 0.66711, 0.66567),
    (4.0, 0.6, 20.0, 0.80083, 0.79410, 0.75024, 0.73170),
]


@pytest.mark.parametrize("row", TABLE)
def test_regularizers_compare_as_they_did(row):
    ratio, alignment, rho, *expected = row
    found = compare_regularizers(
        spiked_population(rho, alignment), aspect_ratio=ratio, noise=NOISE,
        init_scale=0.01,
    )  # fmt: skip
    risks = found.final_risk, found.ridge, found.one_layer.risk, found.two_layers.risk
    np.testing.assert_allclose(risks, expected, atol=6e-6)


@settings(deadline=None, max_examples=4)
@given(ratio=st.floats(0.2, 5), noise=st.floats(0.2, 3))
def test_isotropic_data_favor_ridge_and_dislike_two_layers(ratio, noise):
    found = compare_regularizers(
        spiked_population(0.0, 0.0), aspect_ratio=ratio, noise=noise, init_scale=1e-3
    )
    assert found.ridge < found.one_layer.risk < found.two_layers.risk
    assert found.two_layers.risk < found.final_risk


def test_aligned_and_noisy_data_favor_two_layers():
    for ratio in (0.5, 2.0, 4.0):
        found = compare_regularizers(
            spiked_population(20.0, 1.0), aspect_ratio=ratio, noise=NOISE,
            init_scale=1e-3,
        )  # fmt: skip
        assert found.two_layers.risk < found.one_layer.risk < found.ridge


@pytest.mark.parametrize("depth", [1, 2])
def test_the_best_time_is_that_of_the_curve(depth):
    population = spiked_population(5.0, 1.0)
    given = {
        "aspect_ratio": 0.5,
        "depth": depth,
        "noise": NOISE,
        "init_scale": 0.01 if depth == 2 else None,
    }
    found = best_stopping(population, **given)
    times = np.geomspace(0.05, 50, 2001)
    time, risk = learning_curve(population, times, **given).best()
    assert abs(np.log(found.time / time)) < 0.004
    assert risk * (1 - 1e-4) < found.risk <= risk * (1 + 1e-8)


def test_the_smallest_risk_hardly_depends_on_the_start_but_its_time_does():
    population = spiked_population(5.0, 0.6)
    early, late = (
        best_stopping(
            population, aspect_ratio=2.0, noise=NOISE, depth=2, init_scale=scale
        )
        for scale in (1e-2, 1e-4)
    )
    np.testing.assert_allclose(late.risk, early.risk, rtol=1e-4)
    # The first phase goes at the speed of the drive, logarithmic in the start.
    eigenvalues, power = population.eigenvalues, population.target_power
    drive = power @ (eigenvalues * (eigenvalues + 2)) + NOISE**2 * 2
    np.testing.assert_allclose(
        late.time - early.time, np.log(100) / np.sqrt(drive), rtol=1e-3
    )


@pytest.mark.parametrize("depth", [1, 2])
def test_without_noise_fewer_inputs_than_samples_are_trained_to_the_end(depth):
    found = best_stopping(
        spiked_population(5.0, 0.6), aspect_ratio=0.5, noise=0.0, depth=depth,
        init_scale=0.01 if depth == 2 else None,
    )  # fmt: skip
    assert found.time == np.inf
    assert found.risk == found.final_risk == 0


def test_at_the_interpolation_threshold_stopping_saves_an_infinite_risk():
    population = spiked_population(5.0, 0.6)
    found = best_stopping(population, aspect_ratio=1.0, noise=NOISE)
    assert found.final_risk == np.inf
    near = best_stopping(population, aspect_ratio=1.001, noise=NOISE)
    np.testing.assert_allclose(found.risk, near.risk, rtol=1e-3)


def test_a_start_beyond_the_optimum_is_stopped_at_once():
    found = best_stopping(
        spiked_population(0.0, 0.0), aspect_ratio=2.0, noise=30.0, depth=2,
        init_scale=3.0,
    )  # fmt: skip
    assert found.time == 0


def test_several_teachers_are_refused():
    with pytest.raises(ValueError, match=r"must have one teacher, but has the batch"):
        best_stopping(spiked_population(5.0, [[0.0], [1.0]]), aspect_ratio=2, noise=1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"noise": np.array([0.5, 1.0])},
        {"noise": [1.0]},
        {"aspect_ratio": [0.5, 2.0]},
        {"init_scale": np.array([0.1, 0.01])},
    ],
)
def test_grids_are_refused_by_name_as_loops(change):
    given = {"aspect_ratio": 0.5, "noise": 1.0, "init_scale": 0.01} | change
    (name,) = change
    message = rf"`{name}` must be one number, but has shape \([12],\): loop over"
    with pytest.raises(ValueError, match=message):
        compare_regularizers(spiked_population(5.0, 0.6), **given)
    with pytest.raises(ValueError, match=message):
        best_stopping(spiked_population(5.0, 0.6), depth=2, **given)


@pytest.mark.parametrize("init_scale", [1e-160, 1e-300])
def test_a_start_too_small_for_numbers_is_refused_by_name(init_scale):
    given = {"aspect_ratio": 0.5, "noise": 1.0, "depth": 2}
    population = spiked_population(5.0, 0.6)
    smallest = best_stopping(population, init_scale=1e-100, **given)
    usual = best_stopping(population, init_scale=1e-4, **given)
    np.testing.assert_allclose(smallest.risk, usual.risk, rtol=1e-4)
    message = r"`init_scale` must be >= 1e-100, but is 1e-\d+, whose .*: start larger"
    with pytest.raises(ValueError, match=message):
        best_stopping(population, init_scale=init_scale, **given)
    with pytest.raises(ValueError, match=message):
        learning_curve(population, np.ones(1), init_scale=init_scale, **given)


def test_a_risk_that_still_falls_at_the_last_time_is_refused(monkeypatch):
    monkeypatch.setattr(stopping, "LATEST", 1.0)
    with pytest.raises(ArithmeticError, match=r"still falls at t = 0\.1"):
        best_stopping(spiked_population(5.0, 0.6), aspect_ratio=0.5, noise=NOISE)


def test_what_is_no_population_is_refused_by_its_type():
    message = "`spectrum` must be of type PopulationSpectrum, but is of type int"
    with pytest.raises(TypeError, match=message):
        best_stopping(8, aspect_ratio=0.5, noise=1.0)
    with pytest.raises(TypeError, match=message):
        learning_curve(8, np.ones(1), aspect_ratio=0.5)
