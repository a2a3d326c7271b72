"""Faults on purpose: a real server, database and workers, what goes wrong, and what must hold afterwards."""
