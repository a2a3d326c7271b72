from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.client.sse import Message, lines, messages


def read(text: str | bytes) -> list[Message]:
    data = text.encode() if isinstance(text, str) else text
    return list(messages([data]))


def test_a_message_has_event_data_and_id() -> None:
    assert read("id: 7\nevent: phase\ndata: {}\n\n") == [Message("phase", "{}", "7")]


def test_comments_and_unknown_fields_mean_nothing() -> None:
    assert read(": heartbeat\n\nretry: 1000\n\ndata: x\nfoo: bar\n\n") == [Message("message", "x", "")]


def test_data_lines_are_joined_and_ids_are_kept() -> None:
    found = read("id: 1\ndata: a\ndata:b\n\ndata: c\n\n")
    assert found == [Message("message", "a\nb", "1"), Message("message", "c", "1")]


def test_a_message_cut_off_at_the_end_is_dropped() -> None:
    assert read("data: whole\n\ndata: cut") == [Message("message", "whole", "")]
    assert read("data: whole\n\ndata: cut\n") == [Message("message", "whole", "")]


def test_a_byte_order_mark_is_dropped() -> None:
    assert read(b"\xef\xbb\xbfdata: x\n\n") == [Message("message", "x", "")]


@pytest.mark.parametrize("char", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_other_separators_of_unicode_end_no_line(char: str) -> None:
    assert read(f"data: a{char}b\n\n") == [Message("message", f"a{char}b", "")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_three_ways(end: str) -> None:
    assert read(f"data: x{end}{end}data: y{end}{end}") == [Message("message", c, "") for c in "xy"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "é", "日", "\r", "\n", "\r\n", "\u2028"])), st.data())
def test_how_the_bytes_arrive_changes_nothing(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert list(lines(chunks)) == list(lines([whole]))
