"""Routes: one noun a file."""

from service.routes import (
    answer,
    best,
    code,
    events,
    health,
    jobs,
    range_test,
    range_tests,
    tasks,
    trials,
    workers,
)

ROUTERS = tuple(
    module.router
    for module in (jobs, events, range_test, trials, answer, code, range_tests, best, tasks, workers, health)
)
"""Every router, in the order of the OpenAPI document."""
