"""A client of the HTTP API: ``Client().submit("digits-mlp").wait().answer``."""

from lrtune.client.client import Client
from lrtune.client.endpoint import DEFAULT_URL
from lrtune.client.errors import (
    ApiError,
    ArgumentError,
    ClientError,
    InvalidRequest,
    JobCancelled,
    JobFailed,
    NothingMeasured,
    NotUnderstood,
    Unreachable,
    WaitTimeout,
)
from lrtune.client.handle import JobHandle
from lrtune.client.result import Picture, Result

__all__ = [
    "DEFAULT_URL",
    "ApiError",
    "ArgumentError",
    "Client",
    "ClientError",
    "InvalidRequest",
    "JobCancelled",
    "JobFailed",
    "JobHandle",
    "NotUnderstood",
    "NothingMeasured",
    "Picture",
    "Result",
    "Unreachable",
    "WaitTimeout",
]
