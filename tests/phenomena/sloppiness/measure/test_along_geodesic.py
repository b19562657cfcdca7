"""Progress of models from ignorance to the truth."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness.measure import (
    geodesic,
    ignorance,
    progress,
    truth,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions


def models(seed: int, *shape: int, sharpness: float = 3.0) -> np.ndarray:
    logits = sharpness * np.random.default_rng(seed).normal(size=shape)
    p = np.exp(logits)
    return p / p.sum(-1, keepdims=True)


def mean_angles(model, start, end, times) -> np.ndarray:
    """The objective as it is written, at given points of the geodesic."""
    path = geodesic(start, end, times)
    overlap = np.sqrt(model * path).sum(-1)
    return np.arccos(np.clip(overlap, 0, 1)).mean(-1)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 100_000),
    sharpness=st.floats(0.1, 30),
    classes=st.integers(2, 6),
    labels_are_certain=st.booleans(),
)
def test_progress_is_the_least_of_a_fine_grid_and_the_objective_is_convex(
    seed, sharpness, classes, labels_are_certain
):
    model = models(seed, 7, classes, sharpness=sharpness)
    end = models(seed + 1, 7, classes)
    if labels_are_certain:
        end = np.eye(classes)[end.argmax(-1)]
    start = ignorance(7, classes) if seed % 2 else models(seed + 2, 7, classes)
    found = progress(model, end, start=start)
    grid = np.linspace(0, 1, 301)
    objective = mean_angles(model, start, end, grid)
    assert np.diff(objective, 2).min() > -1e-7  # rounding of the arc cosine
    assert found.away <= objective.min() + 1e-7
    at = mean_angles(model, start, end, found.along[None])
    np.testing.assert_allclose(found.away, at[0], atol=1e-7)


def test_ends_have_progress_zero_and_one_and_points_between_theirs():
    end = truth(np.array([0, 2, 1, 1]), 3)
    times = np.array([0.0, 0.1, 0.5, 0.999, 1.0])
    path = geodesic(ignorance(4, 3), end, times)
    found = progress(path, end)
    np.testing.assert_allclose(found.along, times, atol=1e-12)
    np.testing.assert_allclose(found.away, 0, atol=1e-12)


def test_model_that_is_certain_and_wrong_has_made_no_progress():
    end, wrong = truth(np.array([0, 1]), 3), truth(np.array([1, 2]), 3)
    found = progress(wrong, end)
    assert found.along == 0
    np.testing.assert_allclose(found.away, np.arccos(3**-0.5), rtol=1e-14)


def test_progress_is_that_of_the_majority_of_samples():
    """The sum of angles is a median, not a mean: 60 % at the truth are all of it."""
    end, start = truth(np.zeros(10, dtype=int), 4), ignorance(10, 4)
    for right, expected in ((4, 0.0), (5, 0.5), (6, 1.0)):
        model = np.where(np.arange(10)[:, None] < right, end, start)
        np.testing.assert_allclose(progress(model, end).along, expected, atol=1e-12)


def test_samples_at_which_both_ends_agree_say_nothing():
    end, start, model = models(0, 6, 3), models(1, 6, 3), models(2, 6, 3)
    fewer = progress(model[2:], end[2:], start=start[2:])
    end[:2] = start[:2]
    end[1] *= 1 + 1e-15
    with_them = progress(model, end, start=start)
    np.testing.assert_allclose(with_them.along, fewer.along, atol=1e-11)


def test_leading_axes_are_kept_and_blocks_do_not_matter(monkeypatch):
    many, end = models(3, 3, 4, 9, 5), truth(np.arange(9) % 5, 5)
    whole = progress(many, end)
    assert whole.along.shape == whole.away.shape == (3, 4)
    monkeypatch.setattr("linnet.phenomena.sloppiness.measure.sphere.BLOCK", 100)
    np.testing.assert_allclose(progress(many, end).along, whole.along, atol=1e-12)
    one = progress(many[2, 1], end)
    assert one.along.shape == ()
    np.testing.assert_allclose(one.along, whole.along[2, 1], atol=1e-12)


def test_renaming_classes_and_reordering_samples_changes_nothing():
    many, end = models(4, 5, 9, 4), truth(np.arange(9) % 4, 4)
    classes, samples = [2, 0, 3, 1], np.random.default_rng(0).permutation(9)
    other = progress(many[:, samples][..., classes], end[samples][:, classes])
    np.testing.assert_allclose(other.along, progress(many, end).along, atol=1e-11)


def test_single_precision_is_as_good_as_its_predictions():
    many, end = models(5, 5, 50, 4), truth(np.arange(50) % 4, 4)
    single = progress(many.astype(np.float32), end)
    np.testing.assert_allclose(single.along, progress(many, end).along, atol=1e-6)


def test_logits_of_files_have_the_progress_of_their_probabilities(tmp_path):
    rng = np.random.default_rng(8)
    logits = 3 * rng.normal(size=(4, 9, 5))
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    end = truth(np.arange(9) % 5, 5)
    np.save(tmp_path / "logits.npy", logits)
    mapped = np.load(tmp_path / "logits.npy", mmap_mode="r")
    found = progress(Predictions(mapped, kind="logits"), end)
    np.testing.assert_allclose(found.along, progress(p, end).along, atol=1e-11)


def test_what_cannot_have_progress_is_refused():
    p, end = models(6, 5, 3), truth(np.arange(5) % 3, 3)
    with pytest.raises(ValueError, match=r"`predictions` and `truth` must be"):
        progress(p[:4], end)
    with pytest.raises(ValueError, match=r"`predictions` and `truth` must be"):
        progress(Predictions(np.stack([p, p])[:, :4]), end)
    with pytest.raises(ValueError, match="must differ at some sample"):
        progress(p, end, start=end)
    with pytest.raises(ValueError, match=r"`truth` must be \(samples, classes\)"):
        progress(p, np.stack([end, end]))
    with pytest.raises(ValueError, match="`truth` must hold probabilities"):
        progress(p, 2 * end)
    with pytest.raises(ValueError, match="`start` must hold probabilities"):
        progress(p, end, start=2 * end)
    with pytest.raises(ValueError, match=r"`predictions` .* a probability is nan"):
        progress(np.where(p > 0.9, np.nan, p), end)
