"""The table of schedule families."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lrtune.schedules.families.constant import CONSTANT
from lrtune.schedules.families.cosine import COSINE
from lrtune.schedules.families.cyclic import CYCLIC
from lrtune.schedules.families.exponential import EXPONENTIAL
from lrtune.schedules.families.inverse_sqrt import INVERSE_SQRT
from lrtune.schedules.families.inverse_time import INVERSE_TIME
from lrtune.schedules.families.linear import LINEAR
from lrtune.schedules.families.multistep import MULTISTEP
from lrtune.schedules.families.one_cycle import ONE_CYCLE
from lrtune.schedules.families.piecewise import PIECEWISE
from lrtune.schedules.families.plateau import PLATEAU
from lrtune.schedules.families.polynomial import POLYNOMIAL
from lrtune.schedules.families.step import STEP
from lrtune.schedules.families.warm_restarts import WARM_RESTARTS
from lrtune.schedules.families.wsd import WSD
from lrtune.schedules.family import Family

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            CONSTANT,
            LINEAR,
            STEP,
            MULTISTEP,
            PIECEWISE,
            EXPONENTIAL,
            INVERSE_TIME,
            POLYNOMIAL,
            COSINE,
            WARM_RESTARTS,
            CYCLIC,
            ONE_CYCLE,
            INVERSE_SQRT,
            WSD,
            PLATEAU,
        )
    }
)
"""Every schedule family, by name."""
