"""Names of a bundle's files: relative, plain, the same on every system; and the task's own name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from lrtune.bundle.errors import BundleError

PATH_MAX = 240
DEPTH_MAX = 16

_TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_FORBIDDEN = frozenset('\\:*?"<>|')
_LITTER = frozenset({"__MACOSX", "__pycache__", ".DS_Store", ".git"})


def path(name: str) -> str:
    """``name`` as a bundle keeps it: parts joined by ``/``, in Unicode's normal form C, no leading ``./``.

    Raises:
        BundleError: It is absolute, leaves its folder, names a device, or could not be written on every
        system.
    """
    shown = ascii(name if len(name) <= 80 else f"{name[:77]}...")
    plain = unicodedata.normalize("NFC", name).removeprefix("./")
    if not plain or len(plain.encode(errors="surrogatepass")) > PATH_MAX:
        raise _refused(shown, f"is empty or longer than {PATH_MAX} bytes")
    if plain.startswith("/"):
        raise _refused(shown, "is absolute")
    if _FORBIDDEN & set(plain):
        raise _refused(shown, f"holds one of {' '.join(sorted(_FORBIDDEN))}")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in plain):
        raise _refused(shown, "holds a control character or half of a surrogate pair")
    parts = plain.split("/")
    if len(parts) > DEPTH_MAX:
        raise _refused(shown, f"lies deeper than {DEPTH_MAX} folders")
    for part in parts:
        if part in ("", ".", ".."):
            raise _refused(shown, f"has the part {part!r}, which can leave its folder")
        if part[-1] in ". ":
            raise _refused(shown, "has a part that ends with a dot or a space")
        if _DEVICE.fullmatch(part.partition(".")[0].rstrip()):
            raise _refused(shown, f"names the device {part!r}")
    return plain


def litter(name: str) -> bool:
    """Whether a file is left out of every bundle: what systems and Python leave behind, no part of a task."""
    return name.endswith(".pyc") or not _LITTER.isdisjoint(name.split("/"))


def distinct(names: Iterable[str]) -> None:
    """Check that names, as ``path`` gives them, fit one folder on every system.

    Raises:
        BundleError: Two are the same but for the case of their letters, or one is a folder of another.
    """
    spelled: dict[str, str] = {}
    for name in names:
        key = name.casefold()
        if key in spelled:
            raise BundleError(
                "bundle",
                f"The files {spelled[key]!a} and {name!a} have the same name on some systems.",
                "Rename one of them.",
            )
        spelled[key] = name
    for key, name in spelled.items():
        parts = key.split("/")
        for length in range(1, len(parts)):
            folder = "/".join(parts[:length])
            if folder in spelled:
                raise BundleError(
                    "bundle",
                    f"{spelled[folder]!a} is a file, and the folder of {name!a}.",
                    "Rename one of them.",
                )


def task(name: str) -> str:
    """A task's name as it is.

    Raises:
        BundleError: It is none.
    """
    if not _TASK.fullmatch(name):
        raise BundleError(
            "name",
            f"{name[:100]!a} is no name of a task.",
            "Use up to 100 letters, digits, dots, dashes and underscores; begin with a letter or a digit.",
        )
    return name


def _refused(shown: str, why: str) -> BundleError:
    return BundleError(
        "bundle", f"The file name {shown} {why}.", "Rename the file and pack the bundle again."
    )
