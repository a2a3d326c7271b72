"""Trials that clients train: what they are handed, what they report, and when they should stop.

Everything is decided from rows and the unit's payload, so a request that comes twice is answered alike.
"""

from service.external.asking import Nothing, ask
from service.external.ending import finish
from service.external.reporting import report

__all__ = ["Nothing", "ask", "finish", "report"]
