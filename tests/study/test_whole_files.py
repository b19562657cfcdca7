import os

import pytest

from linnet.study.whole_files import is_part, write_text, write_whole


def test_a_file_is_replaced_at_once(tmp_path):
    path = write_text(tmp_path / "a.txt", "one\n")
    write_text(path, "two\n")
    assert path.read_bytes() == b"two\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")

    def fail(part):
        part.write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_two_processes_may_write_one_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"

    def write_slowly(part):
        part.write_text("half")
        assert is_part(part)
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda: 7)
            write_text(path, "other")
        part.write_text("whole")

    write_whole(path, write_slowly)
    assert path.read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
