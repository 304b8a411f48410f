"""How the options of a subcommand are read: an unknown one is told with the nearest."""

from argparse import ArgumentParser, Namespace
from typing import Any

from clew_cli.speech import closest


class Parser(ArgumentParser):
    """As argparse's; exits with status 2 at what it does not know."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Namespace:  # type: ignore[override]
        found: Namespace
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            kind = "option" if unknown[0].startswith("-") else "argument"
            self.error(f"unknown {kind} {unknown[0]}{closest(unknown[0], known)}")
        return found
