"""One example of everything the API answers with, for the OpenAPI document; each is a checked model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from lrtune.comparison import compare
from lrtune.wire import (
    Account,
    AccountKind,
    Answer,
    AuditEntry,
    Bands,
    BestAnswer,
    BestSoFar,
    Code,
    ComparedJob,
    Contender,
    Curve,
    DataSource,
    Delivery,
    DeliveryState,
    Difference,
    Estimate,
    Event,
    ExternalTrial,
    Isolation,
    Job,
    JobRequest,
    JobState,
    Mark,
    Marks,
    Me,
    NewAccount,
    NewToken,
    NewWebhook,
    Outcome,
    Page,
    Phase,
    Progress,
    Provenance,
    RangeTest,
    Report,
    Role,
    ScheduleChoice,
    Scope,
    Setting,
    Suggestion,
    Task,
    Token,
    Trial,
    TrialEnd,
    TrialState,
    Verdict,
    Webhook,
    WebhookEvent,
    Worker,
)

_AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
_DIGEST = "9b1f6c2a7d3e48b0a5c4d2e1f00918273645566778899aabbccddeeff0011223"
_JOB_ID = "4m7x2k9qh3tz"
_COSINE = Setting(schedule="cosine", initial_lr=4.1e-3, params={"min_ratio": 0.01, "warmup": 0.05})

JOB = Job(
    id=_JOB_ID,
    task="digits-mlp",
    task_version=1,
    task_digest=_DIGEST,
    state=JobState.RUNNING,
    phase=Phase.SEARCH,
    progress=Progress(
        done=31, total=99, share=0.24, phase_done=12, phase_total=60, phase_share=0.21, eta_s=74.0
    ),
    best=BestSoFar(number=9, schedule="cosine", initial_lr=4.1e-3, value=0.071),
    request=JobRequest(task="digits-mlp"),
    created_at=_AT,
    started_at=_AT,
)
QUEUED = JOB.model_copy(
    update={"state": JobState.QUEUED, "phase": None, "progress": Progress(), "best": None, "started_at": None}
)
LABELLED = JOB.model_copy(update={"tags": ["paper"], "note": "The run for the paper."})
CANCELLED = JOB.model_copy(update={"state": JobState.CANCELLED, "finished_at": _AT})
RANGE_TEST = RangeTest(
    outcome=Outcome.OK,
    reasons=[],
    suggested_lr=3.2e-3,
    suggestion=Suggestion(lr=3.2e-3, low=1.8e-3, high=5.6e-3, verified=True),
    marks=Marks(
        rise=Mark(lr=1.2e-4, low=8.0e-5, high=1.9e-4),
        steepest=Mark(lr=1.5e-3, low=1.0e-3, high=2.1e-3),
        minimum=Mark(lr=2.4e-2, low=1.6e-2, high=3.5e-2),
        divergence=Mark(lr=0.21, low=0.15, high=0.33),
    ),
    bands=Bands(small=(1e-7, 1.2e-4), medium=(1.2e-4, 2.4e-2), large=(2.4e-2, 0.21), diverging=(0.21, 10.0)),
    curves=[Curve(seed=0, lr=[1e-7, 1e-3, 10.0], loss=[2.31, 0.94, None])],
)
TRIAL = Trial(
    number=9,
    phase=Phase.SEARCH,
    generation=1,
    state=TrialState.COMPLETE,
    schedule=_COSINE.schedule,
    initial_lr=_COSINE.initial_lr,
    params=_COSINE.params,
    seed=0,
    epochs=2,
    value=0.071,
    curve=[
        Report(epoch=1, step=22, lr=4.1e-3, values={"train_loss": 0.52, "loss": 0.19, "accuracy": 0.94}),
        Report(epoch=2, step=44, lr=4.1e-5, values={"train_loss": 0.11, "loss": 0.071, "accuracy": 0.98}),
    ],
)
EXTERNAL_TRIAL = ExternalTrial(
    name="9",
    number=9,
    phase=Phase.SEARCH,
    sweep=False,
    token="34-1",
    lease_s=600.0,
    seed=1_203_484_217,
    epochs=2,
    steps_per_epoch=2,
    schedule="linear",
    initial_lr=4e-3,
    params={"end_factor": 0.0},
    lr=[4e-3, 3e-3, 2e-3, 1e-3],
)
VERDICT = Verdict(stop=False, reported=1)
TRIAL_END = TrialEnd(name="9", state=TrialState.COMPLETE, value=0.071)
ANSWER = Answer(
    initial_lr=4.1e-3,
    initial_lr_interval=(2.6e-3, 6.9e-3),
    safe_band=(2.0e-3, 8.3e-3),
    schedule=ScheduleChoice(family=_COSINE.schedule, params=_COSINE.params),
    metric=Estimate(name="loss", goal="minimize", mean=0.068, low=0.064, high=0.072, seeds=5),
    verdict="Use an initial LR of 0.0041 with cosine decay: it beats AdamW's constant default by 0.021.",
    beats_default=True,
    baselines=[
        Contender(
            name="default constant",
            setting=Setting(schedule="constant", initial_lr=1e-3),
            mean=0.089,
            low=0.083,
            high=0.095,
            gain=0.021,
            gain_low=0.016,
            gain_high=0.026,
        )
    ],
    finalists=[Contender(name="trial 9", setting=_COSINE, mean=0.068, low=0.064, high=0.072)],
    importances={"initial_lr": 0.61, "schedule": 0.18, "initial_lr × decay": 0.1},
    cost_full_runs=41.5,
    provenance=Provenance(
        task="digits-mlp",
        task_version=1,
        task_digest=_DIGEST,
        params={"width": 128},
        optimizer={"name": "adamw", "weight_decay": 0.01},
        batch_size=64,
        epochs=20,
        steps_per_epoch=22,
        precision="float32",
        device="cpu",
        versions={"lrtune": "0.1.0", "torch": "2.13.0"},
    ),
)
BEST = BestAnswer(job=_JOB_ID, answer=ANSWER)
NEAR = BestAnswer(
    job=_JOB_ID,
    answer=ANSWER,
    distance=0.5,
    differences=[
        Difference(
            what="batch_size",
            asked=128,
            measured=64,
            distance=0.5,
            warning="Measured at batch size 64, not 128: the best LR of adamw usually goes with its square "
            "root, here by a factor of 1.4.",
        )
    ],
)
EXPORT = {
    "job": JOB.model_dump(mode="json"),
    "range_test": RANGE_TEST.model_dump(mode="json"),
    "answer": None,
    "trials": [TRIAL.model_dump(mode="json")],
}
CSV = (
    "number,phase,generation,state,schedule,initial_lr,seed,epochs,label,value,param.min_ratio,param.warmup\r\n"
    "9,search,1,complete,cosine,0.0041,0,2,,0.071,0.01,0.05\r\n"
)
COMPARISON = compare(
    [
        ComparedJob(
            job=JOB.model_copy(update={"state": JobState.SUCCEEDED}),
            suggestion=RANGE_TEST.suggestion,
            answer=ANSWER,
        ),
        ComparedJob(
            job=JOB.model_copy(
                update={"id": "8q2w5n6dk1ra", "request": JobRequest(task="digits-mlp", epochs=40)}
            )
        ),
    ]
)
CODE = Code(framework="pytorch", code="optimizer = torch.optim.AdamW(model.parameters(), lr=0.0041)\n")
TASK = Task(
    name="digits-mlp",
    version=1,
    digest=_DIGEST,
    entry="digits_mlp:digits_mlp",
    description="A multilayer perceptron that reads handwritten digits (scikit-learn's, 8x8 pixels).",
    params_schema={
        "type": "object",
        "properties": {"width": {"type": "integer", "default": 128}},
        "required": [],
        "additionalProperties": False,
    },
    created_at=_AT,
)
PUSHED = Task(
    name="mnist-cnn",
    version=3,
    digest=_DIGEST,
    entry="train:task",
    description="A convolutional network that reads handwritten digits.",
    params_schema={
        "type": "object",
        "properties": {"width": {"type": "integer", "minimum": 1, "default": 128}},
        "required": [],
        "additionalProperties": False,
    },
    author="ada",
    requirements="einops>=0.8",
    data={"mnist": DataSource(url="https://example.org/mnist.npz", sha256=_DIGEST)},
    size=5_120,
    created_at=_AT,
)
WORKER = Worker(
    id="gpu1-4711",
    host="gpu1",
    pid=4711,
    device="cuda:0",
    version="0.1.0",
    isolation=Isolation.BUBBLEWRAP,
    alive=True,
    unit="17",
    job=_JOB_ID,
    started_at=_AT,
    seen_at=_AT,
)
ACCOUNT = Account(name="ada", kind=AccountKind.PERSON, role=Role.MEMBER, created_at=_AT)
TOKEN = Token(
    id="5f0c2a9e1b",
    account="ada",
    label="laptop",
    scopes=[Scope.READ, Scope.SUBMIT],
    created_at=_AT,
    expires_at=_AT + timedelta(days=90),
    last_used_at=_AT,
)
NEW_TOKEN = NewToken(**TOKEN.model_dump() | {"last_used_at": None}, secret="lrt_" + "0123456789" * 4)
REVOKED_TOKEN = TOKEN.model_copy(update={"revoked_at": _AT})
NEW_ACCOUNT = NewAccount(account=ACCOUNT, token=NEW_TOKEN)
ME = Me(account=ACCOUNT, role=ACCOUNT.role, scopes=TOKEN.scopes, token=TOKEN)
AUDIT = AuditEntry(
    id=17,
    at=_AT,
    account="ada",
    token=TOKEN.id,
    action="POST /v1/jobs",
    target=f"/v1/jobs/{_JOB_ID}",
    status=202,
    origin="10.0.0.7",
)
EVENT = Event(id=41, job=_JOB_ID, kind="phase", at=_AT, data={"phase": "search"})

WEBHOOK = Webhook(
    id="7h3k9d2m5xqe",
    account="ada",
    url="https://example.org/lrtune",
    events=[WebhookEvent.JOB_FINISHED, WebhookEvent.JOB_FAILED],
    jobs="mine",
    created_at=_AT,
)
NEW_WEBHOOK = NewWebhook(**WEBHOOK.model_dump(), secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
DELIVERY = Delivery(
    id="6d0f7f0a9c1e4d0b8a5f2b7c3e9d1a40",
    event="job.finished",
    job=_JOB_ID,
    state=DeliveryState.DELIVERED,
    attempts=1,
    status=204,
    created_at=_AT,
    delivered_at=_AT,
)


def page(item: BaseModel) -> Page[Any]:
    """A last page with one item."""
    return Page[Any](items=[item])


def shown(example: BaseModel, status: int = 200, **more: Any) -> dict[int | str, dict[str, Any]]:
    """What a route declares to OpenAPI for its success: the example, and ``more`` of the response object."""
    content = {"application/json": {"example": example.model_dump(mode="json")}}
    return {status: {"content": content, **more}}
