"""Bundles: a user's training as files, checked without running any of it."""

from lrtune.bundle.archive import pack, read
from lrtune.bundle.bundle import Bundle, check
from lrtune.bundle.collect import Collected, collect
from lrtune.bundle.errors import BundleError

__all__ = ["Bundle", "BundleError", "Collected", "check", "collect", "pack", "read"]
