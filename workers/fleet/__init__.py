"""Workers placed by Ray: one actor a worker, as many as the queue needs."""
