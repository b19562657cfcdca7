import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.inpca import Settings, prepare


@pytest.fixture
def predictions():
    return trained_predictions()[0]


@pytest.fixture
def file(tmp_path, predictions):
    np.save(tmp_path / "nets.npy", predictions)
    return tmp_path / "nets.npy"


def stored(tmp_path, array, name="other.npy"):
    np.save(tmp_path / name, array)
    return tmp_path / name


def test_a_job_tells_what_it_found(file):
    job = prepare(file)
    assert (job.models, job.components) == (36, 10)
    assert job.labels == {}
    assert job.cost.route == "memory"
    assert job.cost.seconds is None  # too short to be told
    assert "of memory" in job.cost.sentence()


def test_a_table_adds_labels_to_those_of_the_archive(tmp_path, predictions):
    path, table = tmp_path / "nets.npz", tmp_path / "labels.csv"
    np.savez(path, predictions=predictions, step=np.arange(36))
    table.write_text("width\n" + "8\n" * 36)
    job = prepare(path, labels=table)
    assert set(job.labels) == {"step", "width"}


def test_content_and_settings_that_change_distances_make_the_identity(file, tmp_path):
    same = prepare(file).identity()
    assert prepare(file, Settings(components=2, seed=5)).identity() == same
    assert prepare(file, Settings(smoothing=0.1)).identity() != same
    assert prepare(file, Settings(kind="probabilities")).identity() == same
    other = stored(tmp_path, trained_predictions(seed=1)[0])
    assert prepare(other).identity() != same


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distance": "euclid"}, "`--distance` must be one of bhattacharyya"),
        ({"kind": "votes"}, "`--kind` must be one of probabilities"),
        ({"components": 0}, r"`--components` must lie in \[1, 35\]"),
        ({"components": 36}, r"`--components` must lie in \[1, 35\].* but is 36"),
        ({"sigma": 0.0}, "`--sigma`.* must be positive and finite"),
        ({"sigma": np.nan}, "`--sigma`.* must be positive and finite"),
        ({"smoothing": 1.0}, r"`smoothing` must lie in \[0, 1\)"),
        ({"landmarks": 5}, "`--landmarks` must leave at least 32 .* but is 5"),
        ({"landmarks": 4, "components": 4}, "`--components` must lie in"),
        ({"landmarks": 4, "distance": "given"}, "leave it out with"),
    ],
)
def test_settings_that_cannot_be_are_refused(file, settings, message):
    with pytest.raises(ValueError, match=message):
        prepare(file, Settings(**settings))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 4, 1), "at least 2 classes, but has 1"),
        ((2, 4, 3), "at least 3 models, but holds 2"),
        ((5, 12), r"\(models, samples, classes\)"),
        ((5, 5), "say `--distance given`"),
        ((0, 4, 3), "none of them 0"),
    ],
)
def test_arrays_of_another_shape_are_refused(tmp_path, shape, message):
    path = stored(tmp_path, np.full(shape, 1 / 3))
    with pytest.raises(ValueError, match=message):
        prepare(path)


def test_files_that_are_no_predictions_are_refused(tmp_path):
    with pytest.raises(ValueError, match="there is nothing at"):
        prepare(tmp_path / "nowhere.npy")
    with pytest.raises(ValueError, match="float16, float32 or float64"):
        prepare(stored(tmp_path, np.zeros((4, 5, 3), dtype=int)))
    with pytest.raises(ValueError, match="predictions need another distance"):
        prepare(stored(tmp_path, np.full((5, 4, 3), 1 / 3)), Settings(distance="given"))
    with pytest.raises(ValueError, match="must be square"):
        prepare(stored(tmp_path, np.ones((5, 4))), Settings(distance="given"))


def test_weights_that_do_not_sum_to_one_are_refused_before_the_work(file, tmp_path):
    weights = stored(tmp_path, np.full(36, 1 / 36), "w.npy")
    np.testing.assert_array_equal(prepare(file, weights=weights).weights, 1 / 36)
    text = tmp_path / "w.txt"
    text.write_text("\n".join(["0.5", "0.5", *["0"] * 34]))
    assert prepare(file, weights=text).weights[1] == 0.5
    for array, message in (
        (np.full(36, 0.03), "must sum to one, but sum to 1.08"),
        (np.full(35, 1 / 35), "for each of the 36 models"),
        (np.r_[2.0, -1.0, np.zeros(34)], "not negative"),
    ):
        with pytest.raises(ValueError, match=message):
            prepare(file, weights=stored(tmp_path, array, "w.npy"))
    with pytest.raises(ValueError, match="must not be given together"):
        prepare(file, Settings(landmarks=4, components=2), weights=text)
    text.write_text("a,b")
    with pytest.raises(ValueError, match="must be numbers, one per model"):
        prepare(file, weights=text)


def test_memory_that_would_not_suffice_is_refused_with_what_would(file):
    with pytest.raises(ValueError, match=r"there is room for 1 MiB.*`--memory`"):
        prepare(file, memory_limit=2.0**20)


def test_runs_with_checkpoints_are_models_with_two_labels(tmp_path, predictions):
    path = stored(tmp_path, predictions.reshape(4, 9, *predictions.shape[1:]))
    job = prepare(path)
    assert job.models == 36
    np.testing.assert_array_equal(job.labels["run"], np.repeat(np.arange(4), 9))
    np.testing.assert_array_equal(job.labels["checkpoint"], np.tile(np.arange(9), 4))
    np.testing.assert_allclose(job.predictions.probabilities(), predictions, rtol=1e-12)


def test_arrays_that_are_no_labels_are_told(tmp_path, predictions):
    path = tmp_path / "nets.npz"
    odd = {"width": np.arange(4), "run": np.arange(36), "name": np.array([{}] * 36)}
    np.savez(path, predictions=predictions, **odd)
    job = prepare(path)
    assert set(job.labels) == {"run"}
    width, name = job.warnings
    assert "`width` of `nets.npz` is not used: its shape is (4,)" in width
    assert "(36,)" in width
    assert "`name`" in name
    assert "Python objects" in name


def test_logits_that_look_like_probabilities_are_told(file, tmp_path, predictions):
    (told,) = prepare(file, Settings(kind="logits")).warnings
    assert "look like probabilities" in told
    logits = stored(tmp_path, np.log(predictions))
    assert prepare(logits, Settings(kind="logits")).warnings == ()
    assert prepare(file).warnings == ()
