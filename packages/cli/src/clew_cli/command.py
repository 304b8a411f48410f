"""Finds the subcommand; each one is imported only when it is the one."""

import sys

USAGE = """usage: clew run [options] COMMAND [ARG...]
       clew SUBCOMMAND [ARG...]

Follow any request through every Python service.

subcommands:
  run      start a command and follow every Python process below it
  plugins  list the plugins that are installed, what each watches, and why one is off
  doctor   find out why nothing arrives: settings, plugins, other agents, the collector
  view     receive OTLP on loopback and show each finished trace as a tree

options:
  -h, --help  show this help
  --version   show the version

`clew SUBCOMMAND --help` tells more.
"""


def dispatch() -> int:
    """Runs the subcommand that sys.argv names; returns the exit status."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name == "run":
        from clew_cli.run import run

        return run(arguments)
    if name == "plugins":
        from clew_cli.plugins import plugins

        return plugins(arguments)
    if name == "doctor":
        from clew_cli.doctor.command import doctor

        return doctor(arguments)
    if name in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    if name == "--version":
        return _print_version()
    return _run_installed(name, arguments)


def _print_version() -> int:
    from importlib.metadata import version

    print(f"clew {version('clew')}")
    return 0


def _run_installed(name: str, arguments: list[str]) -> int:
    """Subcommands of other distributions: entry point group `clew_command`, value `function(arguments) -> status`."""
    from clew_cli.entrypoints import read_entry_points
    from clew_cli.speech import closest, say

    if not name:
        sys.stderr.write(USAGE)
        return 2
    commands = {entry.name: entry for entry in reversed(read_entry_points("clew_command"))}
    if name in commands:
        function = commands[name].load()
        assert callable(function)
        return int(function(arguments) or 0)
    if name == "view":
        say('the viewer is not installed: pip install "clew[viewer]"')
        return 2
    known = ["run", "plugins", "doctor", "view", *commands]
    say(f"there is no subcommand {name}{closest(name, known)}, see clew --help")
    return 2
