"""``python -m lrtune.cli`` is the ``lrtune`` command of that Python."""

from lrtune.cli.app import main

main()
