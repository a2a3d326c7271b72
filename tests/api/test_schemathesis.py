"""schemathesis over the whole API, as an admin: the server makes no mistake, and every answer is declared."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lrtune.wire import JobRequest, Role
from service.rules import RULES
from store import Database, jobs
from tests.api.conftest import Client
from tests.api.members import enrol

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
API = [key for key in RULES if key.partition(" ")[2].startswith(("/v1/", "/healthz", "/readyz", "/metrics"))]
JOB = "ended"


@pytest.mark.parametrize("key", API)
def test_an_operation(client: Client, database: Database, key: str) -> None:
    token = enrol(database, "root", Role.ADMIN)
    with database.write() as tx:
        jobs.submit(tx, JobRequest(task="digits-mlp"), job_id=JOB)
        jobs.cancel(tx, JOB)
    method, path = key.split(" ")
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app, headers={"Host": "localhost"})
    operation = schema[path][method]
    streams = path.endswith("/events")
    headers = {"Authorization": f"Bearer {token.secret}", "Host": "localhost"}

    @seed(0)
    @settings(
        max_examples=8,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def sent(data: Any) -> None:
        mode = data.draw(st.sampled_from(list(GenerationMode)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if "id" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["id"] = JOB
        # OpenAPI 3.1 can only call a stream of events text; schemathesis would have each event be that.
        checks = [each for each in CHECKS if not (streams and each is response_schema_conformance)]
        case.call_and_validate(headers=headers, checks=checks)

    sent()
