"""A family as JSON: how the trainer child tells the worker what a task brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, model_validator

from lrtune.schedules.custom import PREFIX, own_params
from lrtune.schedules.family import Family, Param
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.imported import Imported
from lrtune.wire import Request

_Name = Annotated[str, Field(pattern=r"^[^\W\d]\w*$", max_length=100)]
_Text = Annotated[str, Field(max_length=1000)]


class ParamRow(Request):
    """One parameter of a family that a task brings, as ``Param`` says."""

    name: _Name
    kind: Literal["float", "int", "categorical"]
    default: FiniteFloat | str
    doc: _Text = ""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    log: bool = False
    choices: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    least: FiniteFloat | None = None
    most: FiniteFloat | None = None

    @model_validator(mode="after")
    def _sound(self) -> ParamRow:
        if self.kind == "categorical":
            if self.default not in self.choices:
                raise ValueError("the default is not among the choices")
        elif self.low is None or self.high is None or isinstance(self.default, str):
            raise ValueError("a number needs low, high and a number as default")
        elif not self.low <= self.default <= self.high or (self.log and self.low <= 0):
            raise ValueError("the bounds do not hold the default, or a logarithm begins at 0 or below")
        return self

    def param(self) -> Param:
        default = int(self.default) if self.kind == "int" else self.default
        return Param(**{**self.model_dump(), "default": default})


class FamilyRow(Request):
    """A family that a task brings, without its function, which never leaves the trainer child."""

    name: Annotated[str, Field(pattern=rf"^{PREFIX}[^\W\d]\w*$", max_length=100)]
    title: _Text
    summary: _Text
    params: Annotated[tuple[ParamRow, ...], Field(max_length=50)]
    function: Annotated[str, Field(pattern=r"^[^\W\d][\w.]*:[^\W\d]\w*$", max_length=300)] | None = None

    @classmethod
    def of(cls, family: Family, function: str | None = None) -> FamilyRow:
        """The row of a family; ``custom_family`` has checked it.

        Args:
            function: Where its function is imported from, ``module:function``.
        """
        fields = ParamRow.model_fields
        rows = [{name: getattr(param, name) for name in fields} for param in family.params]
        return cls.model_validate(
            {
                "name": family.name,
                "title": family.title,
                "summary": family.summary,
                "params": rows,
                "function": function,
            }
        )

    def family(self) -> Family:
        """The family as data: it can be searched and checked, but gives no LR."""

        def lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Imported:
            return Imported(self.name, lr, horizon.steps, own_params(params), self.function)

        return Family(
            name=self.name,
            title=self.title,
            summary=self.summary,
            params=tuple(row.param() for row in self.params),
            simplicity=2,
            lay=lay,
        )
