"""A bundle from a user's disk: their script, the modules beside it that it imports, what they include."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lrtune.bundle import archive, names
from lrtune.bundle import entry as entries
from lrtune.bundle.errors import BundleError
from lrtune.bundle.source import imported, parse


@dataclass(frozen=True)
class Collected:
    """Files by relative path, the entry ``module:function``, and the name a task of them gets by default."""

    files: dict[str, bytes]
    entry: str
    name: str


def collect(script: str, *, include: Iterable[str | Path] = ()) -> Collected:
    """The bundle of ``FILE.py`` or ``FILE.py:function``.

    Modules beside the script that it imports, however far, come along; so does everything in the files and
    folders of ``include``, which must lie in the script's folder. Without a function the entry is guessed, as
    ``lrtune.bundle.entry.guess`` says.

    Raises:
        BundleError: A file cannot be read, is no Python, or lies elsewhere.
    """
    path, function = _split(script)
    root = path.parent
    content = _read(path)
    function = function or entries.guess(path.name, content)
    files: dict[str, bytes] = {}
    for each in _modules(root, path):
        files[_name(root, each)] = _read(each)
    for chosen in include:
        for each in _chosen(root, Path(chosen)):
            files[_name(root, each)] = _read(each)
            _bound(files)
    names.distinct(files)
    return Collected(dict(sorted(files.items())), f"{path.stem}:{function}", path.stem.replace("_", "-"))


def _split(script: str) -> tuple[Path, str]:
    file, colon, function = script.rpartition(":")
    if not colon or not file.endswith(".py"):
        file, function = script, ""
    path = Path(file).expanduser()
    if path.suffix != ".py" or not path.is_file():
        raise BundleError(
            "bundle",
            f"There is no Python file {file!r}."
            if path.suffix == ".py"
            else f"{file!r} does not end with .py.",
            "Name the file that holds the entry function, e.g. train.py or train.py:task.",
        )
    return path.resolve(), function


def _modules(root: Path, script: Path) -> Iterator[Path]:
    """The script and, however far, the modules under ``root`` that are imported."""
    waiting, seen = [(script, script.stem)], {script}
    while waiting:
        file, module = waiting.pop()
        yield file
        tree = parse(_name(root, file), _read(file))
        package = file.name == "__init__.py"
        for name, _ in imported(tree, module, package=package):
            for found, its_name in _found(root, name):
                if found not in seen:
                    seen.add(found)
                    waiting.append((found, its_name))


def _found(root: Path, module: str) -> Iterator[tuple[Path, str]]:
    """Files under ``root`` that importing ``a.b`` runs: those of ``a``, and of ``a.b``."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:length])
        file = next(
            (file for file in (stem / "__init__.py", stem.with_suffix(".py")) if file.is_file()), None
        )
        if file is not None:
            yield file, ".".join(parts[:length])
        elif not stem.is_dir():
            return


def _chosen(root: Path, chosen: Path) -> Iterator[Path]:
    """The files of one ``include``: as named from here, or from the script's folder."""
    path = next((each for each in (chosen, root / chosen) if each.exists()), None)
    if path is None:
        raise BundleError("bundle", f"There is no {str(chosen)!r} to include.", "Name a file or a folder.")
    path = path.absolute()
    if not path.resolve().is_relative_to(root):
        raise BundleError(
            "bundle",
            f"{str(chosen)!r} lies outside {root}.",
            "A bundle holds the script's folder and what is below: move it there.",
        )
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if each.is_symlink():
            raise BundleError("bundle", f"{str(each)!r} is a link.", "Put the file itself there.")
        if each.is_file() and not names.litter(_name(root, each)):
            yield each


def _name(root: Path, file: Path) -> str:
    return names.path(file.resolve().relative_to(root).as_posix())


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > archive.EXPANDED_MAX:
            raise BundleError(
                "bundle", f"{path.name} is larger than a bundle may be.", "Name it as data by URL."
            )
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            "bundle",
            f"{path} cannot be read ({error.strerror}).",
            "Check that it is there and yours to read.",
        ) from None


def _bound(files: dict[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if size > archive.EXPANDED_MAX or len(files) > archive.FILES_MAX:
        raise BundleError(
            "bundle",
            f"The bundle grows over {archive.EXPANDED_MAX} bytes or {archive.FILES_MAX} files.",
            "Include less: name data by URL and digest, or by a path that workers have (docs/tasks.md).",
        )
