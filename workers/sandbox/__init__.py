"""Keeps a trainer child apart from the worker and the machine.

A supervisor process stands between the two: it starts the child inside every layer that this machine has,
watches its limits, and ends all it started. What runs in the supervisor, or in the child before the user's
code, imports the standard library alone and is quick to start: ``supervisor``, ``enter``, ``landlock``,
``seccomp``, ``syscalls``, ``bubblewrap``, ``processes``, ``usage``, ``plan``.
"""
