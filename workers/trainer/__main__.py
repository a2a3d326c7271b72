"""``python -m workers.trainer <fd>``: serve the worker at the other end of the inherited socket."""

from __future__ import annotations

import sys


def main() -> None:
    """Take the socket before torch is imported: what libraries print must not reach it."""
    from workers.trainer.channel import Channel

    channel = Channel.inherit(int(sys.argv[1]))

    from lrtune.schedules import start

    from workers.trainer.child import Child

    Child(channel, start).serve()


if __name__ == "__main__":
    main()
