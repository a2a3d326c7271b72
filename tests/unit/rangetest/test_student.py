from __future__ import annotations

import pytest
from scipy import stats

from lrtune.rangetest.student import t_quantile


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 30, 299, 300, 301, 5000])
@pytest.mark.parametrize("p", [0.025, 0.16, 0.5, 0.9, 0.975])
def test_it_agrees_with_scipy(p: float, df: int) -> None:
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(("p", "df"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_out_of_range(p: float, df: int) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(p, df)
