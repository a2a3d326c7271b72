"""Batches of a data set that lives on the device, gathered a block at a time."""

from __future__ import annotations

import pytest
import torch

from workers.trainer import data
from workers.trainer.data import Resident, order

SIZE, BATCH, STEPS = 50, 8, 6


@pytest.mark.parametrize("block_bytes", [1, 700, 2**22], ids=["a step", "some steps", "the epoch"])
@pytest.mark.parametrize("streams", [[(0, 0)], [(0, 0)] * 3, [(0, 0), (1, 0), (0, 1)]], ids=str)
def test_every_lane_reads_its_own_order_whatever_a_block_holds(
    block_bytes: int, streams: list[data.Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "BLOCK_BYTES", block_bytes)
    inputs = (torch.randn(SIZE, 3), torch.randn(SIZE))
    source = Resident(inputs, {"label": torch.arange(SIZE)}, torch.device("cpu"))
    feed = source.epoch(streams, BATCH)
    for step in range(STEPS):
        if step == 3 and len(streams) == 3:
            feed.keep([0, 2])
            streams = [streams[0], streams[2]]
        batch = feed.batch(step)
        for lane, stream in enumerate(streams):
            rows = order(stream, SIZE)[step * BATCH : (step + 1) * BATCH]
            (first, second), targets = batch.lane(lane)
            assert torch.equal(first, inputs[0][rows])
            assert torch.equal(second, inputs[1][rows])
            assert torch.equal(targets["label"], rows)
