"""Tells what of a contender is not as it comes, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.contenders import HELD_BACK, Contender

SECTION = """## Settings

{settings}

What is not left as it comes, beside a name and the address of the process that counts, and why. Code is in
benchmarks/launchers and benchmarks/sending.py, so that the applications are the same for all. Not in its newest
version: {held_back}.
"""

MODES = {"on": "all traces kept: ", "unsampled": "5 % sampled: ", "off": "switched off: "}


def section(contenders: Sequence[Contender]) -> str:
    lines = [line for contender in contenders for line in (f"- {contender.name}", *settings(contender))]
    held_back = ", ".join(f"`{requirement}` ({reason})" for requirement, reason in HELD_BACK.items())
    return SECTION.format(settings="\n".join(lines), held_back=held_back)


def settings(contender: Contender) -> list[str]:
    """What has a reason, and what a mode sets; things with the same reason share a line."""
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    in_modes = set().union(*contender.modes.values())
    for name, reason in contender.reasons.items():
        if name in contender.environment:
            alike["", reason].append(f"`{name}={contender.environment[name]}`")
        elif name not in in_modes:
            alike["", reason].append(f"`{name}`")
    for mode, variables in contender.modes.items():
        for name, value in variables.items():
            alike[MODES[mode], contender.reasons.get(name, "")].append(f"`{name}={value}`")
    return [f"  - {when}{', '.join(names)}{reason and f' ({reason})'}" for (when, reason), names in alike.items()]
