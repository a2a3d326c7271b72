"""Routes: one noun a file."""

from service.routes import (
    accounts,
    answer,
    audit,
    best,
    code,
    compare,
    events,
    export,
    external,
    health,
    jobs,
    labels,
    me,
    metrics,
    range_test,
    range_tests,
    tasks,
    tokens,
    trials,
    webhooks,
    workers,
)

ROUTERS = tuple(
    module.router
    for module in (
        jobs,
        events,
        range_test,
        trials,
        external,
        answer,
        code,
        export,
        range_tests,
        best,
        compare,
        labels,
        webhooks,
        tasks,
        me,
        tokens,
        accounts,
        audit,
        workers,
        health,
        metrics,
    )
)
"""Every router, in the order of the OpenAPI document."""
