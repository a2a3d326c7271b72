"""Routes: one noun a file."""

from service.routes import answer, best, code, events, health, jobs, range_test, tasks, trials, workers

ROUTERS = tuple(
    module.router for module in (jobs, events, range_test, trials, answer, code, best, tasks, workers, health)
)
"""Every router, in the order of the OpenAPI document."""
