"""The examples of `docs/inpca.md` run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.inpca import prepare

PAGE = Path(__file__).parents[2] / "docs" / "inpca.md"


def test_what_is_saved_as_the_page_says_is_embedded_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("checkpoints").mkdir()
    predictions, runs, steps = trained_predictions(checkpoints=4)
    np.savez("nets.npz", predictions=predictions, run=runs)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["embedding"].coordinates.shape == (16, 5)
    for run, step, model in zip(runs, steps, predictions, strict=True):
        names["save"](run, step, model)
    job = prepare(Path("checkpoints"))
    assert job.models == 16
    assert job.labels["run"][:4] == ("net 0",) * 4
    np.testing.assert_array_equal(job.labels["step"][:4], [0, 1, 2, 3])
