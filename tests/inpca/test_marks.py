import csv

import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.inpca import Settings, embed, mark_distances, place_marks, prepare


@pytest.fixture
def nets(tmp_path):
    predictions, *_ = trained_predictions()
    np.save(tmp_path / "nets.npy", predictions)
    classes = predictions[8].argmax(-1)
    np.save(tmp_path / "classes.npy", classes)
    return tmp_path, predictions, classes


def test_the_distance_from_the_truth_is_half_the_mean_cross_entropy(nets):
    folder, p, classes = nets
    job = prepare(folder / "nets.npy")
    found = mark_distances(job, folder / "classes.npy")
    right = p[:, np.arange(p.shape[1]), classes]
    np.testing.assert_allclose(found[0], -np.log(right).mean(-1) / 2, rtol=1e-9)
    even = -np.log(np.sqrt(p / p.shape[2]).sum(-1)).mean(-1)
    np.testing.assert_allclose(found[1], even, rtol=1e-7, atol=1e-12)


def test_logits_have_the_same_truth_and_archives_hold_it_too(nets):
    folder, p, classes = nets
    np.save(folder / "logits.npy", np.log(p) + 2.0)
    np.savez(folder / "t.npz", classes=classes.astype(float), other=np.ones(4))
    expected = mark_distances(prepare(folder / "nets.npy"), folder / "classes.npy")
    job = prepare(folder / "logits.npy", Settings(kind="logits"))
    np.testing.assert_allclose(
        mark_distances(job, folder / "t.npz"), expected, rtol=1e-7
    )


def test_marks_are_placed_as_models_would_be(nets):
    folder, p, classes = nets
    ends = [np.full(p.shape[1:], 1 / 3), np.eye(3)[classes]]
    np.save(folder / "with.npy", np.concatenate([p, ends[:1]]))
    job = prepare(folder / "with.npy", Settings(components=3))
    found = embed(job, folder / "out")
    distances = mark_distances(job, folder / "classes.npy")
    marks = place_marks(found, distances, folder / "out")
    # Ignorance is one of the models, and lands on it.
    np.testing.assert_allclose(marks[1], found.coordinates[-1], atol=1e-7)
    with (folder / "out" / "marks.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["point"] for row in rows] == ["truth", "ignorance"]
    assert float(rows[0]["component_3"]) == marks[0, 2]


def test_what_is_no_truth_is_refused(nets):
    folder, _, classes = nets
    job = prepare(folder / "nets.npy")
    for wrong, message in (
        (classes[:-1], "must hold one whole number"),
        (classes + 0.5, "must hold one whole number"),
        (classes + 1, "must be classes from 0 to 2, but spans"),
    ):
        np.save(folder / "wrong.npy", wrong)
        with pytest.raises(ValueError, match=message):
            mark_distances(job, folder / "wrong.npy")
    infinite = prepare(folder / "nets.npy", Settings(distance="symmetrized-kl"))
    with pytest.raises(ValueError, match="`--truth` must be given with one of"):
        mark_distances(infinite, folder / "classes.npy")
