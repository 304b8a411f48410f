"""`clew run`: settles the environment, then becomes the command."""

import os
import sys

from clew_cli import check, options
from clew_cli.children import MARK, join
from clew_cli.settings import settle
from clew_cli.speech import say
from clew_cli.switches import is_on
from clew_cli.target import Target, TargetError, become, find

DISABLED = "OTEL_SDK_DISABLED"
USAGE = "usage: clew run [options] COMMAND [ARG...]\n"
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")


def run(arguments: list[str]) -> int:
    """Returns only when there is nothing to become; the status is that of a shell in the same case."""
    try:
        given, words = options.split(arguments)
        if "help" in given:
            sys.stdout.write(options.help_text())
            return 0
        if not words:
            raise options.UsageError("there is no command to run")
        return _start(find(words), given)
    except options.UsageError as error:
        sys.stderr.write(USAGE)
        say(str(error))
        return 2
    except TargetError as error:
        say(str(error))
        return error.status


def _start(target: Target, given: dict[str, str]) -> int:
    environment = _inherited()
    if not is_on(DISABLED, environment):
        settled, mistakes = settle(given, environment, target.words)
        strict = is_on("CLEW_STRICT", settled)
        mistakes += check.faults(settled) if strict else check.unknown(settled)
        for mistake in mistakes:
            say(mistake)
        if mistakes and strict:
            return 2
        if not is_on(DISABLED, settled):  # it may be in [tool.clew.env]
            return become(target, _followed(settled))
    environment.pop(MARK, None)
    return become(target, environment)


def _followed(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, MARK: FOLDER, "PYTHONPATH": join(FOLDER, environment.get("PYTHONPATH"))}


def _inherited() -> dict[str, str]:
    """The environment that this process was started with."""
    environment = dict(os.environ)
    if environment.get("LC_CTYPE", "").upper() in ("C.UTF-8", "C.UTF8", "UTF-8"):
        # In the C locale Python puts this variable into its own environment (PEP 538); the command may not be Python.
        try:
            with open("/proc/self/environ", "rb") as file:
                if b"\0LC_CTYPE=" not in b"\0" + file.read():
                    del environment["LC_CTYPE"]
        except OSError:
            pass
    return environment
