"""Requests a second and p99 of the HTTP API, empty and full, beside a bare endpoint on the same machine."""
