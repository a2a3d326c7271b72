"""A shelf shared by processes: made once, kept while held, bounded."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from time import sleep

import pytest

from lrtune.data.shelf import WHOLE, Shelf


def put(size: int = 10):
    def make(folder: Path) -> None:
        (folder / "x").write_bytes(bytes(size))

    return make


def never(folder: Path) -> None:
    raise AssertionError("made again")


def no_wait() -> None:
    raise AssertionError("waited")


def test_it_is_made_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "s", 100)
    shelf.take("a", put(), no_wait).release()
    held = shelf.take("a", never, no_wait)
    assert (held.path / "x").stat().st_size == 10


def test_what_failed_leaves_nothing_and_is_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        shelf.take("a", fail, no_wait)
    assert not (tmp_path / "a").exists()
    shelf.take("a", put(), no_wait)


def test_what_a_killed_process_left_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "half").touch()
    held = Shelf(tmp_path, 100).take("a", put(), no_wait)
    assert not (held.path / "half").exists()


def test_the_least_used_goes_unless_it_is_held(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 25)
    first = shelf.take("a", put(), no_wait)
    for age, key in enumerate("bc"):
        shelf.take(key, put(), no_wait).release()
        os.utime(tmp_path / key / WHOLE, (age, age))
    os.utime(tmp_path / "a" / WHOLE, (0, 0))
    shelf.trim()
    assert [(tmp_path / key).exists() for key in "abc"] == [True, False, True]
    first.release()
    Shelf(tmp_path, 5).trim()
    assert not any((tmp_path / key).exists() for key in "abc")


def _take(folder: Path, made: Path) -> None:
    def make(entry: Path) -> None:
        with made.open("a") as file:
            file.write("x")
        (entry / "x").touch()

    held = Shelf(folder, 100).take("a", make, lambda: sleep(0.01))
    assert (held.path / "x").exists()


def test_processes_make_it_once_together(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_take, args=(tmp_path / "s", tmp_path / "made")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert (tmp_path / "made").read_text() == "x"
