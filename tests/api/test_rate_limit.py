"""Token buckets."""

import pytest

from service import rate_limit
from service.rate_limit import TokenBuckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_then_the_rate_holds() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=3, clock=clock)
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 1]
    clock.now = 0.5
    assert buckets.take("ada") == pytest.approx(0.5)
    clock.now = 1.0
    assert [buckets.take("ada"), buckets.take("ada")] == [0, pytest.approx(1)]


def test_a_bucket_never_overflows() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=2, clock=clock)
    clock.now = 1e6
    assert [buckets.take("ada") for _ in range(3)] == [0, 0, pytest.approx(1)]


def test_callers_do_not_share() -> None:
    buckets = TokenBuckets(per_minute=1, burst=1, clock=Clock())
    assert [buckets.take("ada"), buckets.take("bob"), buckets.take("ada") > 0] == [0, 0, True]


def test_no_limit() -> None:
    buckets = TokenBuckets(per_minute=0, burst=0, clock=Clock())
    assert all(buckets.take("ada") == 0 for _ in range(1000))


def test_old_callers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CALLERS", 2)
    buckets = TokenBuckets(per_minute=1, burst=1, clock=Clock())
    assert [buckets.take(name) for name in ("a", "b", "c", "a")] == [0, 0, 0, 0]
