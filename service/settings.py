"""Settings of the server: environment variables ``LRTUNE_*``, and the flags of ``lrtune serve`` over them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrtune import logs, secret_files
from lrtune.bundle.archive import SENT_MAX
from lrtune.bundle.requirements import POLICIES, Policy
from lrtune.wire.account import LIMIT_MOST

DEFAULT_PORT = 8765

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(ValueError):
    """A setting has a value that cannot be; ``name`` is its environment variable."""

    def __init__(self, name: str, detail: str, remedy: str) -> None:
        super().__init__(f"{name}: {detail} {remedy}")
        self.name = name
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True)
class Settings:
    """What the server runs with. Every field is described in docs/settings.md.

    Attributes:
        home: Data directory: embedded database, lock, logs of local workers.
        database_url: SQLAlchemy URL, ``sqlite:///…`` or ``postgresql://…``.
        host: Address to bind.
        port: Port to bind; 0 takes a free one.
        workers: Local worker processes to keep alive.
        body_limit: Largest request body in bytes.
        upload_limit: Largest upload of a task in bytes.
        requirements: Which requirements a task may have; a policy of ``lrtune.bundle.requirements``.
        allowed_hosts: Host names the server answers to; empty = loopback names only on a loopback bind,
            any name otherwise.
        rate_limit: Requests a minute that an account may make; 0 = as many as it likes.
        session_key: Signs the sessions of browsers; empty = one of its own, kept in ``home``.
        network_tasks: Names of tasks whose jobs may ask for the network; ``*`` stands for all.
        keep_days: Days after its end at which the curves of a job are dropped; None = never.
        log_format: ``text`` or ``json``.
        webhook_networks: Networks that webhooks may reach beside the Internet.
        quota_running_units: Units that workers may hold of a new account at a time; None = no limit.
        quota_queued_jobs: Jobs of it that may wait, likewise.
        quota_minutes_a_day: Minutes of workers' time that it may use in a day, likewise.
        drain_s: Seconds that open requests and local workers get to finish when the server stops.
    """

    home: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 0
    body_limit: int = 1_048_576
    upload_limit: int = SENT_MAX
    requirements: Policy = "wheels"
    allowed_hosts: tuple[str, ...] = ()
    rate_limit: int = 6_000
    session_key: str = field(default="", repr=False)
    network_tasks: tuple[str, ...] = ()
    keep_days: float | None = None
    log_format: str = "text"
    webhook_networks: tuple[Network, ...] = ()
    quota_running_units: int | None = None
    quota_queued_jobs: int | None = None
    quota_minutes_a_day: int | None = None
    drain_s: float = 30.0

    @property
    def quota(self) -> dict[str, int | None]:
        """The limits that a new account begins with, by their names."""
        return {
            "running_units": self.quota_running_units,
            "queued_jobs": self.quota_queued_jobs,
            "minutes_a_day": self.quota_minutes_a_day,
        }

    @property
    def loopback(self) -> bool:
        """Whether the bind can be reached from this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


VARIABLES: Mapping[str, str] = {
    "home": "LRTUNE_HOME",
    "database_url": "LRTUNE_DATABASE_URL",
    "host": "LRTUNE_HOST",
    "port": "LRTUNE_PORT",
    "workers": "LRTUNE_WORKERS",
    "body_limit": "LRTUNE_BODY_LIMIT",
    "upload_limit": "LRTUNE_UPLOAD_LIMIT",
    "requirements": "LRTUNE_REQUIREMENTS",
    "allowed_hosts": "LRTUNE_ALLOWED_HOSTS",
    "rate_limit": "LRTUNE_RATE_LIMIT",
    "session_key": "LRTUNE_SESSION_KEY",
    "network_tasks": "LRTUNE_NETWORK_TASKS",
    "keep_days": "LRTUNE_KEEP_DAYS",
    "log_format": "LRTUNE_LOG_FORMAT",
    "webhook_networks": "LRTUNE_WEBHOOK_NETWORKS",
    "quota_running_units": "LRTUNE_QUOTA_RUNNING_UNITS",
    "quota_queued_jobs": "LRTUNE_QUOTA_QUEUED_JOBS",
    "quota_minutes_a_day": "LRTUNE_QUOTA_MINUTES_A_DAY",
    "drain_s": "LRTUNE_DRAIN_S",
}
"""The environment variable of each field."""


SECRETS = ("LRTUNE_DATABASE_URL", "LRTUNE_SESSION_KEY")
"""Variables that may come from a file: ``LRTUNE_DATABASE_URL_FILE`` and so on."""


def load(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Settings from flags, else the environment, else defaults; a flag that is ``None`` was not given.

    The embedded SQLite database under ``home`` is the default, and with it one local worker; with another
    database the default is none, because workers then usually run on other machines.

    Raises:
        SettingsError: A value cannot be read or lies out of its bounds.
    """
    try:
        environ = secret_files.read(environ, SECRETS)
    except secret_files.SecretFileError as error:
        raise SettingsError(error.name, error.detail, error.remedy) from None
    given: dict[str, Any] = {
        field: environ[variable] for field, variable in VARIABLES.items() if environ.get(variable)
    }
    given |= {field: value for field, value in flags.items() if value is not None}
    home = Path(given.get("home", "~/.lrtune")).expanduser().absolute()
    url = str(given.get("database_url", f"sqlite:///{home / 'lrtune.db'}"))
    return Settings(
        home=home,
        database_url=url,
        host=str(given.get("host", Settings.host)),
        port=_integer(given, "port", Settings.port, 0, 65_535),
        workers=_integer(given, "workers", 0 if "database_url" in given else 1, 0, 256),
        body_limit=_integer(given, "body_limit", Settings.body_limit, 1_024, 1_073_741_824),
        rate_limit=_integer(given, "rate_limit", Settings.rate_limit, 0, 100_000_000),
        session_key=_key(given),
        allowed_hosts=tuple(name.lower() for name in _names(given.get("allowed_hosts", ""))),
        network_tasks=_names(given.get("network_tasks", "")),
        upload_limit=_integer(given, "upload_limit", Settings.upload_limit, 1_024, SENT_MAX),
        requirements=_policy(given),
        keep_days=_days(given),
        log_format=_choice(given, "log_format", Settings.log_format, logs.FORMATS),
        drain_s=_number(given, "drain_s", Settings.drain_s, 0, 3_600),
        webhook_networks=_networks(given),
        quota_running_units=_limit(given, "quota_running_units"),
        quota_queued_jobs=_limit(given, "quota_queued_jobs"),
        quota_minutes_a_day=_limit(given, "quota_minutes_a_day"),
    )


def _policy(given: Mapping[str, Any]) -> Policy:
    text = given.get("requirements", Settings.requirements)
    for policy in POLICIES:
        if policy == text:
            return policy
    raise _error("requirements", text, f"Give one of {', '.join(POLICIES)}.")


def _integer(given: Mapping[str, Any], field: str, default: int, low: int, high: int) -> int:
    text = given.get(field, default)
    try:
        value = int(text)
    except ValueError:
        raise _error(field, text, f"Give a whole number from {low} to {high}.") from None
    if not low <= value <= high:
        raise _error(field, text, f"Give a whole number from {low} to {high}.")
    return value


def _limit(given: Mapping[str, Any], field: str) -> int | None:
    return _integer(given, field, 0, 0, LIMIT_MOST) if field in given else None


def _number(
    given: Mapping[str, Any], field: str, default: float, low: float, high: float, unit: str = "seconds"
) -> float:
    text = given.get(field, default)
    try:
        value = float(text)
    except ValueError:
        raise _error(field, text, f"Give {unit} from {low:g} to {high:g}.") from None
    if not low <= value <= high:
        raise _error(field, text, f"Give {unit} from {low:g} to {high:g}.")
    return value


def _networks(given: Mapping[str, Any]) -> tuple[Network, ...]:
    text = given.get("webhook_networks", "")
    try:
        return tuple(map(ipaddress.ip_network, _names(text)))
    except ValueError:
        raise _error("webhook_networks", text, "Give networks such as 10.0.0.0/8, with commas.") from None


def _key(given: Mapping[str, Any]) -> str:
    text = str(given.get("session_key", ""))
    if text and len(text) < 32:
        raise SettingsError(VARIABLES["session_key"], "The key is too short.", "Give at least 32 characters.")
    return text


def _days(given: Mapping[str, Any]) -> float | None:
    return _number(given, "keep_days", 0, 1, 36_500, "days") if "keep_days" in given else None


def _choice(given: Mapping[str, Any], field: str, default: str, choices: tuple[str, ...]) -> str:
    text = str(given.get(field, default))
    if text not in choices:
        raise _error(field, text, f"Give {' or '.join(choices)}.")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _error(field: str, text: Any, remedy: str) -> SettingsError:
    return SettingsError(VARIABLES[field], f"{text!r} is not acceptable.", remedy)
