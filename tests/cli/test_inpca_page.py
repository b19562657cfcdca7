import re

import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.cli.inpca_page import chosen_color, scatter_of
from linnet.cli.inpca_words import headline
from linnet.inpca import Settings, embed, prepare
from linnet.phenomena.sloppiness.measure import embed_distances, landmark_embedding

RUN = tuple(f"net {i}" for i in range(40))


def test_what_tells_most_at_a_glance_colors_the_points_first():
    optimizer, width = ("SGD", "Adam") * 20, np.tile([8.0, 16.0], 20)
    labels = {"run": RUN, "step": np.arange(40.0), "width": width, "opt": optimizer}
    for expected in ("opt", "step", "width"):
        assert chosen_color(labels, None, "run", "step") == expected
        del labels[expected]
    assert chosen_color(labels, None, "run", None) is None  # forty names say nothing
    assert chosen_color({"same": ("a",) * 40}, None, None, None) is None
    assert chosen_color(labels, "run", "run", None) == "run"
    with pytest.raises(ValueError, match="`--color` must name a column"):
        chosen_color(labels, "depth", None, None)


def test_the_headline_says_whether_few_dimensions_hold_the_models():
    line = np.arange(6.0)
    one = embed_distances((line[:, None] - line) ** 2, 1)
    assert headline(one) == (
        "Few dimensions hold the 6 models: the first component explains"
        " 100.0\N{NARROW NO-BREAK SPACE}% of the stress."
    )
    apart = embed_distances(1.0 - np.eye(30), 3)
    assert headline(apart).startswith("It takes many dimensions to hold the 30 models")


def test_a_map_of_landmarks_says_that_it_is_approximate_and_how_far_off():
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=(60, 5)).reshape(60, -1)
    found = landmark_embedding(
        lambda u, v: ((p[u, None] - p[v]) ** 2).sum(-1), 60, 20, 2
    )
    said = headline(found)
    start = r"Approximate: a map of 20 landmarks, with 40 other models placed by it"
    percent = r"\d[\d.]*\s±\s\d[\d.]* %"
    assert re.match(rf"{start}, whose distances are off by {percent} \(", said)
    assert "dimensions hold" not in said
    assert "Of the landmarks, the first component explains" in said


def test_the_page_tells_distance_signs_and_lines(tmp_path):
    predictions, names, steps = trained_predictions()
    np.savez(tmp_path / "nets.npz", predictions=predictions, run=names, step=steps)
    job = prepare(tmp_path / "nets.npz", Settings(distance="hellinger", components=3))
    scatter = scatter_of(job, embed(job, tmp_path / "out"))
    words = dict(scatter.words)
    assert words["distance"].startswith("Squared Hellinger distance")
    assert "minus that along" in words["+ and −"]
    told = "Joins the checkpoints of one `run`, in the order of `step`; a ring marks"
    assert words["line"] == f"{told} the last."
    assert "100 % would be every distance" in words["explained stress"]
    assert [run.tolist() for run in scatter.runs][1] == list(range(9, 18))
    assert dict(scatter.facts)["models"] == "36"
