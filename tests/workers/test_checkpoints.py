"""The folder of checkpoints: what a hostile child lays there to be copied, damage, and its limit."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from workers.checkpoints import STRAY_S, Checkpoints, Refused

MOST = 1000


class Scene:
    def __init__(self, root: Path) -> None:
        self.source = root / "saved" / "checkpoint.pt"
        self.source.parent.mkdir()
        self.target = root / "resumed.pt"
        self.folder = root / "checkpoints"
        self.at = 1e6
        self.kept = Checkpoints(self.folder, MOST, now=lambda: self.at)
        self.ticks = 0

    def tick(self) -> None:
        self.ticks += 1

    def put(self, name: str, content: bytes, at: float = 1e6) -> str:
        self.source.write_bytes(content)
        digest = self.kept.put(name, self.source, MOST, self.tick)
        os.utime(self.folder / name, (at, at))
        return digest

    @property
    def names(self) -> set[str]:
        return set(os.listdir(self.folder))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_in_and_out(scene: Scene) -> None:
    digest = scene.put("a", b"state")
    assert digest == hashlib.sha256(b"state").hexdigest()
    assert scene.folder.stat().st_mode & 0o777 == 0o700
    assert (scene.folder / "a").stat().st_mode & 0o777 == 0o600
    scene.kept.fetch("a", digest, scene.target, scene.tick)
    assert scene.target.read_bytes() == b"state"
    assert scene.target.stat().st_mode & 0o777 == 0o644
    assert scene.ticks == 2
    scene.kept.remove("a")
    assert scene.names == set()


def test_nothing_but_a_plain_file_is_taken(scene: Scene, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a password")
    plants = {
        "a link": lambda: scene.source.symlink_to(secret),
        "another name of a file": lambda: os.link(secret, scene.source),
        "a pipe that nobody writes": lambda: os.mkfifo(scene.source),
        "a folder": lambda: scene.source.mkdir(),
        "nothing": lambda: None,
    }
    for plant, make in plants.items():
        make()
        with pytest.raises(Refused):
            scene.kept.put("a", scene.source, MOST, scene.tick)
        assert scene.names == set(), plant
        if scene.source.is_dir():
            scene.source.rmdir()
        else:
            scene.source.unlink(missing_ok=True)


def test_too_large_a_file_is_not_taken(scene: Scene) -> None:
    with pytest.raises(Refused, match="at most 1000 bytes"):
        scene.put("a", b"x" * (MOST + 1))
    assert scene.names == set()


def test_work_that_must_stop_leaves_nothing_half_copied(scene: Scene) -> None:
    def lost() -> None:
        raise KeyboardInterrupt

    scene.source.write_bytes(b"state")
    with pytest.raises(KeyboardInterrupt):
        scene.kept.put("a", scene.source, MOST, lost)
    assert scene.names == set()


def test_a_damaged_or_missing_file_is_not_handed_out(scene: Scene) -> None:
    digest = scene.put("a", b"state")
    (scene.folder / "a").write_bytes(b"stale")
    with pytest.raises(Refused, match="its file is damaged"):
        scene.kept.fetch("a", digest, scene.target, scene.tick)
    assert not scene.target.exists()
    with pytest.raises(Refused, match="not in this worker's folder"):
        scene.kept.fetch("b", digest, scene.target, scene.tick)


def test_a_folder_that_cannot_be_made_is_told(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    blocked = Checkpoints(tmp_path / "file" / "checkpoints", MOST)
    scene.source.write_bytes(b"state")
    with pytest.raises(Refused, match="could not be kept: Not a directory"):
        blocked.put("a", scene.source, MOST, scene.tick)


def test_the_oldest_go_first_and_what_no_unit_names_before_them(scene: Scene) -> None:
    for name, at in (("old", 100), ("older", 50), ("stray", 900_000), ("new", 1e6), ("fresh stray", 1e6)):
        scene.put(name, b"x" * 200, at)
    scene.kept.trim({"old", "older", "new"}, "new")
    assert scene.names == {"old", "older", "new", "fresh stray"}
    scene.put("newest", b"x" * 600)
    scene.kept.trim({"old", "older", "new", "newest"}, "newest")
    assert scene.names == {"new", "newest", "fresh stray"}


def test_what_nobody_names_goes_after_an_hour_even_if_there_is_room(scene: Scene) -> None:
    scene.put("stray", b"x")
    scene.put("new", b"x")
    scene.kept.trim({"new"}, "new")
    assert scene.names == {"stray", "new"}
    scene.at += STRAY_S + 1
    scene.kept.trim({"new"}, "new")
    assert scene.names == {"new"}
