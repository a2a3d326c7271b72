"""The GPU side: claims units, runs the trainer child, writes results."""
