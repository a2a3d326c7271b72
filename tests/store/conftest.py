"""The store's contract suite runs on both databases."""

from tests.databases import *  # noqa: F403 - fixtures
