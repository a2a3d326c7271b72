"""``lrtune check``: a task tried on this machine as a worker would run it, without any server."""
