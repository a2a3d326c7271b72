"""The LR range test: sweep, marks with intervals, bands, probes, and the prior of the search.

Numpy only; nothing here trains. The worker sweeps (``sweep_lrs``), reads (``analyse``), widens while it must
(``extension``), probes (``probe_settings``, ``probe_epochs``, ``PROBE_SEEDS``), verifies (``verify``) and
hands the search its ``prior``.
"""

from lrtune.rangetest.analysis import analyse
from lrtune.rangetest.errors import CurveTooShort, RangeTestError
from lrtune.rangetest.extension import extension
from lrtune.rangetest.prior import Prior, prior
from lrtune.rangetest.probes import PROBE_SEEDS, probe_epochs, probe_settings
from lrtune.rangetest.sweep import arrays, sweep_lrs
from lrtune.rangetest.verify import verify

__all__ = [
    "PROBE_SEEDS",
    "CurveTooShort",
    "Prior",
    "RangeTestError",
    "analyse",
    "arrays",
    "extension",
    "prior",
    "probe_epochs",
    "probe_settings",
    "sweep_lrs",
    "verify",
]
