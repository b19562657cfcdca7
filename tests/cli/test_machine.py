import os

import pytest

from linnet.cli import machine


@pytest.fixture(autouse=True)
def unchanged_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("JAX_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_the_cache_folder_is_made_and_told_to_jax(tmp_path):
    machine.prepare(None, str(tmp_path / "compiled"))
    assert (tmp_path / "compiled").is_dir()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "compiled")
    assert os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"


def test_the_default_folder_is_the_users_and_names_the_version(tmp_path):
    os.environ["XDG_CACHE_HOME"] = str(tmp_path)
    machine.prepare(None, machine.DEFAULT_CACHE)
    folder = os.environ["JAX_COMPILATION_CACHE_DIR"]
    assert folder.startswith(str(tmp_path / "linnet"))


def test_the_cache_can_be_switched_off():
    machine.prepare(None, "off")
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_a_cache_that_is_a_file_is_refused(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(ValueError, match="`--cache` must be a folder"):
        machine.prepare(None, str(taken / "inside"))


def test_the_memory_limit_is_a_share_of_what_is_free():
    limit = machine.memory_limit()
    assert limit is None or 0 < limit < 1e15


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(ValueError, match=r"`--cache`.*Permission denied.*or `off`"):
        machine.check_writable("--cache", tmp_path)
    with pytest.raises(ValueError, match=r"`--out`.*give another one\.$"):
        machine.check_writable("--out", tmp_path)
