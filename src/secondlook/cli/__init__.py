"""The command line: one thin function a command."""

from secondlook.cli.app import main

__all__ = ["main"]
