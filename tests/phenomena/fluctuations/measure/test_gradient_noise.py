import numpy as np
import pytest

from linnet.phenomena.fluctuations import measure


def test_the_covariance_is_that_of_all_samples_however_they_come(rng):
    gradients = rng.normal(size=(600, 4)) @ rng.normal(size=(4, 4)) + 1e3
    expected = np.cov(gradients.T, bias=True)
    found = measure.gradient_covariance(gradients)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    asked = []

    def of_samples(indices):
        asked.append(indices)
        return gradients[indices]

    parts = measure.gradient_covariance(of_samples, 600)
    np.testing.assert_allclose(parts, expected, atol=1e-9)
    assert max(map(len, asked)) < 600
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    along = measure.noise_along(of_samples, axes, 600)
    np.testing.assert_allclose(along.value, np.diag(axes @ expected @ axes.T))


@pytest.mark.statistical
def test_noise_along_axes_is_known_to_its_error_bar(rng):
    scale = np.array([3.0, 1.0])
    found = measure.noise_along(rng.normal(size=(2000, 2)) * scale, np.eye(2))
    assert (np.abs(found.z(scale**2)) < 4).all()
    assert (np.abs(found.z(2 * scale**2)) > 10).all()


def test_commutator_and_alignment_of_known_matrices():
    diagonal = np.diag([1.0, -1.0])
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert measure.commutator(diagonal, swap) == pytest.approx(np.sqrt(2))
    assert measure.alignment(diagonal, swap) == 0
    assert measure.commutator(diagonal, diagonal) == 0
    assert measure.alignment(diagonal, 3 * diagonal) == pytest.approx(1)


@pytest.mark.statistical
def test_noise_that_commutes_stays_at_its_null_and_other_noise_does_not(rng):
    hessian = np.diag([4.0, 2.0, 1.0, 0.5])
    gradients = rng.normal(size=(2000, 4)) @ np.sqrt(hessian)
    found = measure.noise_to_hessian(hessian, gradients)
    assert found.commutator.value == pytest.approx(found.null, rel=1)
    assert abs(found.alignment.value - 1) < 0.01
    turn = np.linalg.qr(np.eye(4) + 0.5 * rng.normal(size=(4, 4)))[0]
    turned = measure.noise_to_hessian(hessian, gradients @ turn)
    truth = turn.T @ hessian @ turn
    for seen, of in (
        (turned.commutator, measure.commutator),
        (turned.alignment, measure.alignment),
    ):
        assert abs(seen.z(of(hessian, truth))) < 4
    assert abs(turned.commutator.z(2 * measure.commutator(hessian, truth))) > 10
    assert turned.commutator_above_null == pytest.approx(
        float(turned.commutator.value), rel=0.05
    )


def test_the_null_is_what_commuting_noise_shows(rng):
    hessian = np.diag([3.0, 1.0, 0.3])
    found = [
        measure.noise_to_hessian(
            hessian, rng.standard_t(8, size=(200, 3)) * np.array([1.0, 2.0, 1.0])
        )
        for _ in range(100)
    ]
    seen = np.sqrt(np.mean([one.commutator.value**2 for one in found]))
    said = np.sqrt(np.mean([one.null**2 for one in found]))
    assert said == pytest.approx(seen, rel=0.2)


def test_errors_of_the_jackknife_are_the_spread(rng):
    hessian = np.diag([3.0, 1.0, 0.3])
    mix = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.8], [0.0, 0.0, 1.0]])
    found = [
        measure.noise_to_hessian(hessian, rng.normal(size=(400, 3)) @ mix)
        for _ in range(100)
    ]
    for name in ("commutator", "alignment"):
        seen = np.std([getattr(one, name).value for one in found], ddof=1)
        said = np.sqrt(np.mean([getattr(one, name).stderr ** 2 for one in found]))
        assert said == pytest.approx(seen, rel=0.3)


@pytest.mark.statistical
def test_noise_of_reshuffled_epochs_is_anticorrelated_as_enumeration_says(rng):
    gradients = rng.normal(size=(8, 2))
    order = rng.permuted(np.tile(np.arange(8), (6000, 1)), axis=1)
    batches = gradients[order].reshape(6000 * 4, 2, 2).mean(1)  # 4 batches an epoch
    found = measure.noise_autocorrelation(batches, np.eye(2), 5)
    lag = np.arange(1, 6)
    expected = np.append(1, -np.maximum(4 - lag, 0) / 12)
    assert (np.abs(found.z(expected[:, None])) < 4).all()
    assert np.abs(found.z(2 * expected[:, None])[1]).min() > 10


def test_bad_gradients_are_refused(rng):
    gradients = rng.normal(size=(50, 3))
    with pytest.raises(ValueError, match="`n` must be the number of samples"):
        measure.gradient_covariance(lambda index: gradients[index])
    with pytest.raises(ValueError, match="and NaN or infinity"):
        measure.gradient_covariance(gradients * np.nan)
    with pytest.raises(ValueError, match="2 samples or more, but has shape"):
        measure.gradient_covariance(gradients[:1])
    with pytest.raises(ValueError, match="40 samples or more"):
        measure.noise_to_hessian(np.eye(3), gradients[:30])
    with pytest.raises(ValueError, match=r"of one shape, but have \(2, 2\) and"):
        measure.noise_to_hessian(np.eye(2), gradients)
    with pytest.raises(ValueError, match="must not vanish, but one does"):
        measure.commutator(np.eye(2), np.zeros((2, 2)))
