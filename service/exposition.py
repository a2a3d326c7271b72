"""The store's gauges as Prometheus metrics; read anew for each scrape, so they survive restarts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from store.gauges import Gauges


class Exposition:
    """A collector of one scrape.

    Args:
        gauges: As just read.
        version: Of the server.
    """

    def __init__(self, gauges: Gauges, version: str) -> None:
        self._gauges = gauges
        self._version = version

    def collect(self) -> Iterator[Metric]:
        found = self._gauges
        info = GaugeMetricFamily("lrtune_info", "1, with the server's version.", labels=["version"])
        info.add_metric([self._version], 1)
        yield info
        yield _family(GaugeMetricFamily, "lrtune_jobs", "Jobs by state.", "state", found.jobs)
        yield _family(
            GaugeMetricFamily, "lrtune_queue_units", "Units that could be claimed.", "kind", found.open_units
        )
        yield _family(
            GaugeMetricFamily, "lrtune_leased_units", "Units that workers hold.", "kind", found.leased_units
        )
        yield _family(CounterMetricFamily, "lrtune_trials", "Trials that have ended.", "state", found.trials)
        for name, text, value in (
            ("lrtune_waiting_units", "Units that wait for another of their job.", found.waiting_units),
            ("lrtune_queue_age_seconds", "Age of the oldest unit in the queue.", found.oldest_open_s),
            ("lrtune_lapsed_units", "Units whose lease has run out.", found.lapsed_units),
            ("lrtune_draining", "1 while nobody may claim.", int(found.draining_since is not None)),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        if found.least_lease_s is not None:
            yield GaugeMetricFamily(
                "lrtune_lease_left_seconds",
                "What the lease nearest its end still has; negative once it has run out.",
                value=found.least_lease_s,
            )
        yield CounterMetricFamily(
            "lrtune_workers_lost", "Leases that ran out, each with a worker lost.", value=found.lapses
        )
        workers = GaugeMetricFamily(
            "lrtune_workers", "Workers of the last hour by what they do.", labels=["device", "state"]
        )
        for (device, state), number in sorted(found.workers.items()):
            workers.add_metric([device, state], number)
        yield workers


def _family(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    text: str,
    label: str,
    values: Mapping[str, int],
) -> Metric:
    family = kind(name, text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family
