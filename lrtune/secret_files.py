"""Settings that hold a secret may come from a file: ``NAME_FILE`` names it, as Docker mounts them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path


class SecretFileError(ValueError):
    """The file of a setting cannot be used; ``name`` is the variable that names it."""

    def __init__(self, name: str, detail: str, remedy: str) -> None:
        super().__init__(f"{name}: {detail} {remedy}")
        self.name = name
        self.detail = detail
        self.remedy = remedy


def read(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """``environ``, with each variable of ``names`` read from the file that ``NAME_FILE`` gives, if it does.

    Raises:
        SecretFileError: Both are set, or the file cannot be read or is empty.
    """
    found = dict(environ)
    for name in names:
        variable = f"{name}_FILE"
        path = environ.get(variable)
        if not path:
            continue
        if environ.get(name):
            raise SecretFileError(variable, f"{name} is set too.", "Set one of them.")
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretFileError(
                variable, f"{path} cannot be read ({error}).", "Mount it, and let this user read it."
            ) from None
        if not text:
            raise SecretFileError(variable, f"{path} is empty.", "Write the value into it.")
        found[name] = text
    return found
