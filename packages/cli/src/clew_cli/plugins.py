"""`clew plugins`: what is installed, what each plugin watches, and why one is off."""

import json
import os
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from platform import python_version
from sys import stdlib_module_names
from typing import Any, NamedTuple

from clew_cli.entrypoints import EntryPoint, read_entry_points
from clew_cli.parser import Parser
from clew_cli.settings import settle
from clew_cli.speech import say
from clew_cli.switches import is_on, switched_off_by
from clew_cli.tables import aligned


class Row(NamedTuple):
    """One plugin; `versions` is the supported range, `installed` the library's version ("" when it is not there)."""

    plugin: str
    version: str
    watches: str
    versions: str
    installed: str
    on: bool
    why_off: str


def plugins(arguments: list[str]) -> int:
    """Prints the list; the status is 0 whatever is on or off."""
    parser = Parser("clew plugins", description="Lists the plugins that are installed.")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--options", action="store_true", help="what may be set for each of them alone")
    given = parser.parse_args(arguments)
    environment, mistakes = settle({}, dict(os.environ), ["clew"])
    for mistake in mistakes:
        say(mistake)
    entries = sorted(read_entry_points("clew_plugin"), key=lambda entry: (entry.distribution, entry.name))
    rows, lines = _options(entries, environment) if given.options else _states(entries, environment)
    if given.json:
        print(json.dumps([row._asdict() for row in rows], indent=2))
    elif rows:
        print("\n".join(aligned(lines)))
    else:
        print('no plugins are installed; for example: pip install "clew[flask,requests]"')
    return 0


Table = tuple[list[Any], list[tuple[str, ...]]]


def _states(entries: Iterable[EntryPoint], environment: dict[str, str]) -> Table:
    rows = [describe(entry, environment) for entry in entries]
    return rows, _lines(rows)


def _options(entries: Iterable[EntryPoint], environment: dict[str, str]) -> Table:
    from clew_cli.plugin_options import TITLES, options_of  # which needs OpenTelemetry

    rows = [row for entry in entries for row in options_of(entry, environment)]
    return rows, [TITLES, *(row.cells() for row in rows)]


def describe(entry: EntryPoint, environment: dict[str, str]) -> Row:
    """What is known of a plugin in an environment."""
    plugin, failure = _load(entry)
    versions = str(getattr(plugin, "versions", ""))
    installed = _installed_version(entry.name)
    why_off = _why_off(entry, environment, failure, versions, installed)
    return Row(entry.distribution, _version(entry.distribution), entry.name, versions, installed, not why_off, why_off)


def _load(entry: EntryPoint) -> tuple[Any, str]:
    try:
        return entry.load(), ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin is foreign code, and its fault is the answer
        return None, f"{type(error).__name__}: {error}"


def _why_off(entry: EntryPoint, environment: dict[str, str], failure: str, versions: str, installed: str) -> str:
    if is_on("OTEL_SDK_DISABLED", environment):
        return "all is switched off by OTEL_SDK_DISABLED"
    variable = switched_off_by(entry, environment)
    if variable:
        return f"switched off by {variable}"
    if not installed:
        return f"{entry.name} is not installed"
    if failure:
        return f"it cannot be imported, {failure}"
    if versions.startswith(">=") and _numbers(installed) < _numbers(versions[2:]):
        return f"{entry.name} {installed} is older than {versions}"
    return ""


def _installed_version(library: str) -> str:
    top = library.partition(".")[0]
    if top in stdlib_module_names:
        return python_version()
    if find_spec(top) is None:
        return ""
    for distribution in [top, *_distributions().get(top, ())]:
        found = _version(distribution)
        if found:
            return found
    return "unknown"


_distributions = cache(packages_distributions)  # which reads every file of every distribution


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: enough for a range that has only a lower end."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers) or (10**9,)  # a version that cannot be compared is tried, never refused


def _lines(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("PLUGIN", "", "WATCHES", "RANGE", "INSTALLED", "STATE")]
    for row in rows:
        state = "on" if row.on else f"off: {row.why_off}"
        lines.append((row.plugin, row.version, row.watches, row.versions or "any", row.installed or "-", state))
    return lines
