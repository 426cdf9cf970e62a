"""Run tokext as `python -m tokext`."""

from tokext.cli.main import main

main()
