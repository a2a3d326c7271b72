"""Server-sent events: bytes to messages, as in WHATWG HTML, section 9.2.6."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Message:
    """One message: the event's name, its data, and the id to resume after (empty if it has none)."""

    event: str
    data: str
    id: str


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Messages of a stream that arrives in any pieces. One that is cut off at the end is dropped."""
    event, last_id = "", ""
    data: list[str] = []
    for line in lines(chunks):
        if not line:
            if data:
                yield Message(event or "message", "\n".join(data), last_id)
            event, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines of a stream of UTF-8.

    Lines end in LF, CR LF or CR and nothing else: JSON may hold other separators of Unicode (U+2028, U+0085)
    as they are, which ``str.splitlines`` would break at.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    rest = ""
    for chunk in chunks:
        rest += decoder.decode(chunk)
        held = rest.endswith("\r")  # perhaps the first half of CR LF
        *whole, rest = _LINE_END.split(rest[:-1] if held else rest)
        rest += "\r" if held else ""
        yield from whole
    if rest.endswith("\r"):
        yield rest[:-1]
