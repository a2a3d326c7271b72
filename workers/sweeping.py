"""Works on a ``range_test`` unit: sweeps its seeds and stores the raw curves."""

from __future__ import annotations

from lrtune.wire import Curve
from store import Tx, curves, units
from workers.child import ChildDied
from workers.protocol import Crashed, Done, Sweep, Swept
from workers.work import Work


def sweep(work: Work) -> None:
    """Run the sweep and finish the unit.

    Raises:
        JobEnded: The task failed.
        ChildDied: The child ended, or sent curves nobody asked for.
        Cancelled, Drained, LeaseLost: The work must stop.
    """
    work.ready()
    payload = work.lease.payload
    lrs, seeds, number = payload["lrs"], payload["seeds"], payload["sweep"]
    found: dict[int, Curve] = {}
    work.child.send(
        Sweep(
            lrs=lrs,
            seeds=seeds,
            loss=work.job.request.range_test.loss,
            batch_size=payload.get("batch_size"),
            accumulate=payload.get("accumulate", 1),
        )
    )
    for reply in work.child.replies(tick=work.tick, log=work.log):
        match reply:
            case Swept():
                if reply.seed not in seeds or len(reply.loss) != len(lrs):
                    raise ChildDied("the trainer sent a curve that nobody asked for", "")
                found[reply.seed] = Curve(seed=reply.seed, lr=lrs, loss=reply.loss)
            case Crashed():
                work.fail(reply.error)
            case Done():
                if set(found) != set(seeds):
                    raise ChildDied("the trainer left out a seed of the sweep", "")

    def write(tx: Tx) -> None:
        curves.add(tx, work.job.id, sweep=number, curves=[found[seed] for seed in seeds])
        units.finish(tx, work.lease)

    work.keeper.write(write)
