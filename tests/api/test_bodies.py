"""What a JSON body may be."""

import pytest

from service import bodies
from service.problems import ProblemError


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[1,]",
        b"nul",
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
        b'\xef\xbb\xbf{"a": 1}',
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * 33 + b"]" * 33,
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(ProblemError) as caught:
        bodies.parse(raw)
    assert caught.value.code == "malformed_json"
    assert caught.value.remedy
    assert len(caught.value.detail) < 300


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"task": "a\\u0000b"}', "/task"),
        (b'{"task": "\\ud800"}', "/task"),
        (b'{"params": {"a/b": {"~": 9223372036854775808}}}', "/params/a~1b/~0"),
        (b'{"params": {"\\u0000": 1}}', "/params"),
        (b'{"search": {"schedules": ["\\udfff"]}}', "/search/schedules/0"),
    ],
)
def test_what_no_database_takes(raw: bytes, field: str) -> None:
    with pytest.raises(ProblemError) as caught:
        bodies.parse(raw)
    assert caught.value.code == "invalid_request"
    assert [error.field for error in caught.value.errors] == [field]


def test_sound_json() -> None:
    raw = '{"a": [1, -2.5e3, true, null, "\\ud83d\\ude00 é"], "b": 9223372036854775807}'.encode()
    assert bodies.parse(raw) == {"a": [1, -2500.0, True, None, "😀 é"], "b": 2**63 - 1}
    assert bodies.parse(b"[" * 32 + b"]" * 32)
