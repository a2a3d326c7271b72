"""The Lightning and Transformers code, run with the real packages.

They are too heavy for the project's own environment, so this has one of its own::

    python -m venv .venv-exports
    .venv-exports/bin/pip install -e . -r benchmarks/exports/requirements.txt
    .venv-exports/bin/python -m benchmarks.exports
"""
