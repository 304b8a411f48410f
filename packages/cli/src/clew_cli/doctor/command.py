"""`clew doctor [--json] [COMMAND ...]`: the findings, as lines or as JSON; status 1 when something is bad."""

from __future__ import annotations

import json
import os
from argparse import REMAINDER
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from clew_cli.doctor.commands import command
from clew_cli.doctor.endpoints import endpoints
from clew_cli.doctor.findings import BAD, GOOD, NOTE, Finding
from clew_cli.doctor.installation import agents, settings, versions
from clew_cli.doctor.plugins import plugins
from clew_cli.parser import Parser
from clew_cli.settings import settle

SIGNS = {GOOD: "ok ", NOTE: " - ", BAD: "BAD"}


def doctor(arguments: list[str]) -> int:
    """Prints what was found; the status is 1 when telemetry is missing because of something, else 0."""
    parser = Parser(
        "clew doctor",
        description="Finds out why nothing arrives: versions, settings, other agents, plugins, the collector.",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("command", nargs=REMAINDER, metavar="COMMAND", help="what would be started by clew run")
    given = parser.parse_args(arguments)
    words = [word for word in given.command if word != "--"]
    found = list(examine(words))
    if given.json:
        print(json.dumps([finding._asdict() for finding in found], indent=2))
    else:
        print("\n".join(_lines(found)))
    return int(any(finding.state == BAD for finding in found))


def examine(words: list[str]) -> Iterable[Finding]:
    """Everything on the way, in its order."""
    environment, mistakes = settle({}, dict(os.environ), words or ["clew"])
    yield from versions()
    yield from settings(environment, mistakes)
    yield from agents(environment)
    yield from command(words, environment)
    yield from plugins(environment)
    yield from endpoints(environment)


def _lines(found: Sequence[Finding]) -> Iterable[str]:
    width = max(len(finding.subject) for finding in found)
    for area, findings in groupby(found, attrgetter("area")):
        yield area
        for finding in findings:
            yield f"  {SIGNS[finding.state]} {finding.subject.ljust(width)}  {finding.text}"
            if finding.advice:
                yield f"      {' ' * width}  -> {finding.advice}"
    bad = sum(finding.state == BAD for finding in found)
    yield ""
    yield f"{bad} of {len(found)} findings keep telemetry from arriving." if bad else "Nothing is in the way."
