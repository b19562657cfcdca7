from dataclasses import fields

import numpy as np
import pytest

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness.measure import About, Embedding, embed_distances


def _matrix(models=12):
    points = np.random.default_rng(0).standard_normal((models, 6))
    squared = ((points[:, None] - points) ** 2).sum(-1)
    # Some directions count as time, not as space.
    time = (points[:, None, :2] - points[:, :2]) ** 2
    return squared - 1.7 * time.sum(-1)


ABOUT = About(
    distance="bhattacharyya",
    samples=500,
    identity="abc123",
    models={
        "label": np.array(["sgd", "adam"] * 6),
        "step": np.arange(12),
        "rate": np.linspace(0, 1, 12),
        "is_linear": np.arange(12) % 3 == 0,
    },
)


def _same(one, two):
    for field in fields(Embedding):
        a, b = (getattr(it, field.name) for it in (one, two))
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        elif isinstance(a, Estimate):
            assert (a.value, a.stderr) == (b.value, b.stderr)
            assert a.effective_samples == b.effective_samples
        elif isinstance(a, About):
            assert set(a.models) == set(b.models)
            for name, values in a.models.items():
                assert values.dtype == b.models[name].dtype
                np.testing.assert_array_equal(values, b.models[name])
            facts = ("distance", "samples", "identity", "version")
            assert [getattr(a, x) for x in facts] == [getattr(b, x) for x in facts]
        else:
            assert type(a) is type(b)
            assert a == b


def _embedding(weighted=False, error=False):
    weights = np.random.default_rng(1).dirichlet(np.ones(12)) if weighted else None
    found = embed_distances(_matrix(), 4, weights=weights, about=ABOUT)
    if not error:
        return found
    values = {field.name: getattr(found, field.name) for field in fields(Embedding)}
    values["sampled_error"] = Estimate(np.asarray(0.1), np.asarray(0.02), 30.0)
    return Embedding(**(values | {"is_approximate": True}))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("error", [False, True])
def test_a_data_set_gives_the_embedding_back_to_the_last_bit(weighted, error):
    found = _embedding(weighted, error)
    _same(found, Embedding.from_dataset(found.as_dataset()))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_file_gives_the_embedding_back_to_the_last_bit(weighted, tmp_path):
    xarray = pytest.importorskip("xarray")
    found = _embedding(weighted, error=True)
    path = tmp_path / "embedding.nc"
    found.as_dataset().to_netcdf(path, engine="h5netcdf")
    with xarray.open_dataset(path, engine="h5netcdf") as dataset:
        _same(found, Embedding.from_dataset(dataset.load()))


def test_labels_and_what_it_is_of_are_carried_along():
    dataset = _embedding().as_dataset()
    assert dataset["coordinates"].dims == ("model", "component")
    assert dataset["coordinates"].coords["label"].dims == ("model",)
    linear = dataset["coordinates"].where(dataset["is_linear"], drop=True)
    assert linear.shape == (4, 4)
    expected = {"distance": "bhattacharyya", "samples": 500, "identity": "abc123"}
    assert expected.items() <= dataset.attrs.items()
    assert dataset.attrs["method"] == "dense"
    assert dataset.attrs["is_approximate"] == 0
    assert dataset["component"].values.tolist() == [1, 2, 3, 4]
    assert set(np.unique(dataset["signature"])) == {-1.0, 1.0}


def test_of_the_largest_entries_of_a_column_the_first_is_positive():
    found = _embedding()
    largest = np.abs(found.coordinates).argmax(0)
    assert (found.coordinates[largest, np.arange(4)] > 0).all()
    # Two entries of one size, up to rounding: the first decides.
    line = np.array([-1.0, 0.0, 1.0])
    for noise in (0.0, 1e-13, -1e-13):
        points = line + np.array([0, 0, noise])
        along = embed_distances((points[:, None] - points) ** 2, 1).coordinates[:, 0]
        assert along[0] > 0


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one `step` for each of the 12 models"):
        embed_distances(_matrix(), 2, about=About(models={"step": np.arange(3)}))
    taken = About(models={"coordinates": np.arange(12)})
    with pytest.raises(ValueError, match=r"`coordinates`.*taken"):
        embed_distances(_matrix(), 2, about=taken).as_dataset()


def test_a_data_set_of_another_kind_is_refused():
    dataset = _embedding().as_dataset()
    with pytest.raises(ValueError, match=r"lacks row_means"):
        Embedding.from_dataset(dataset.drop_vars("row_means"))
    del dataset.attrs["schema"]
    with pytest.raises(ValueError, match=r"must be an embedding of schema"):
        Embedding.from_dataset(dataset)
