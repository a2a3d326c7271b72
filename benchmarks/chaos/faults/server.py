"""The HTTP server is struck."""

from __future__ import annotations

import signal

from benchmarks.chaos.faults.strike import LEASE, Run, Strike


def server_killed(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("server"):
        world.server.send(signal.SIGKILL)
        assert world.server.process is not None
        world.server.process.wait()
        yield from strike.until(world.ready)
        strike.recovered()


def server_paused(strike: Strike) -> Run:
    world = strike.world
    with strike.hitting("server"):
        world.server.send(signal.SIGSTOP)
        try:
            yield from strike.for_s(0.5, 2 * LEASE)
        finally:
            world.server.send(signal.SIGCONT)
        yield from strike.until(world.ready)
        strike.recovered()
