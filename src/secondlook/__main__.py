"""``python -m secondlook``: the same as the command ``secondlook``."""

from secondlook.cli import main

main()
