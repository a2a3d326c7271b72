"""Many jobs with trials and answers in PostgreSQL, made by the database itself from a few real rows."""

from __future__ import annotations

import json

import psycopg

from lrtune.wire import JobRequest
from service import samples

TASKS = 50
SITUATIONS = 400
"""Different situations, spread over the tasks."""

CURVED = 20
"""One job in so many has its trials' curves, so that the largest table stays of a size that can be filled."""

EPOCHS = 20
"""Reports of a curve."""

JOB = "to_hex(1000000 + j)"


def job(j: int) -> str:
    """The id of a job, counted from 1."""
    return f"{1_000_000 + j:x}"


def fill(url: str, *, jobs: int, trials: int) -> None:
    """Fill a migrated, empty database with succeeded jobs and ``trials`` complete trials in all.

    Args:
        url: ``postgresql://…``.
        jobs: How many; each has an answer, tags every tenth, curves each ``CURVED``-th, words, an event, its
            phases.
        trials: How many, spread evenly.
    """
    each = max(trials // jobs, 1)
    request = JobRequest(task="task0").model_dump_json(exclude={"tags"})
    answer = samples.ANSWER.model_dump(mode="json")
    body = {
        "task_version": 1, "params": {"width": 128}, "optimizer": {"name": "adamw"},
        "batch_size": 64, "epochs": 20, "precision": "float32",
    }  # fmt: skip
    series = f"generate_series(1, {jobs}) j"
    situations = f"generate_series(0, {SITUATIONS - 1}) s"
    statements = [
        f"INSERT INTO tasks (name, version, digest, entry, description, params_schema, created_at) "
        f"SELECT 'task' || t, 1, 'd' || t, 'm:f', '', '{{}}', now() FROM generate_series(0, {TASKS - 1}) t",
        "INSERT INTO jobs (id, task, task_version, task_digest, state, goal, request, trials, created_at, "
        f"started_at, finished_at) SELECT {JOB}, 'task' || j % {TASKS}, 1, 'd', 'succeeded', 'minimize', "
        f"%(request)s, {each}, now(), now(), now() FROM {series}",
        "INSERT INTO job_phases SELECT job.id, p, 10, 100, 10, 100 FROM jobs job, "
        "unnest(ARRAY['range_test', 'probes', 'search', 'confirm']) p",
        "INSERT INTO trials (job, number, phase, generation, state, schedule, initial_lr, params, seed, "
        f"epochs, value) SELECT {JOB}, n, 'search', 0, 'complete', 'cosine', 0.01, "
        f"'{{\"min_ratio\": 0.01}}', 0, {EPOCHS}, 0.1 FROM {series}, generate_series(0, {each - 1}) n",
        f"INSERT INTO reports (job, number, epoch, step, lr, values) SELECT {JOB}, n, e, 100 * e, 0.01 / e, "
        f"json_build_object('loss', 1.0 / e, 'train_loss', 0.9 / e) FROM {series}, "
        f"generate_series(0, {each - 1}) n, generate_series(1, {EPOCHS}) e WHERE j % {CURVED} = 0",
        "INSERT INTO situations (task, optimizer, digest, body) SELECT 'task' || s % %(tasks)s, 'adamw', "
        "'s' || s, jsonb_set(%(body)s::jsonb, '{batch_size}', to_jsonb(8 + s)) FROM " + situations,
        "INSERT INTO answers (job, task, optimizer, body, created_at, seq, situation, ranking, worse) "
        "SELECT job.id, job.task, 'adamw', %(answer)s, now(), job.seq, s.id, '', random() FROM jobs job "
        f"JOIN situations s ON s.digest = 's' || job.seq % {SITUATIONS} AND s.task = job.task",
        "INSERT INTO job_words SELECT w, seq, 'request' FROM jobs job, "
        "unnest(ARRAY[job.id, job.task, 'adamw']) w",
        "INSERT INTO job_tags SELECT id, 'paper', seq FROM jobs WHERE seq % 10 = 0",
        "INSERT INTO events (job, kind, at, data) "
        "SELECT id, 'state', now(), '{\"state\": \"succeeded\"}' FROM jobs",
    ]
    values = {"request": request, "answer": json.dumps(answer), "body": json.dumps(body), "tasks": TASKS}
    with psycopg.connect(url, autocommit=True) as connection:
        # The rows fit each other as they are made: looking up each one's parent takes most of the time.
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            named = {name: value for name, value in values.items() if f"%({name})s" in statement}
            # Without values psycopg leaves % alone, which is SQL's modulo.
            if named:
                for name in named:
                    statement = statement.replace(f"%({name})s", f"\x00{name}\x00")
                statement = statement.replace("%", "%%")
                for name in named:
                    statement = statement.replace(f"\x00{name}\x00", f"%({name})s")
            connection.execute(statement.encode(), named or None)
        connection.execute("VACUUM ANALYZE")
