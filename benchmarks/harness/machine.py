"""What the figures depend on: machine, interpreter, versions, date."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from harness.contenders import LIBRARIES, Contender


def facts(installed: Mapping[str, Mapping[str, str]], contenders: Sequence[Contender]) -> dict[str, str]:
    """One line each; `installed` holds the versions of all distributions of each contender."""
    libraries = [re.split(r"[^\w.-]", requirement)[0] for requirement in LIBRARIES]
    compared = [
        f"{contender.title} ({contender.version_of} {installed[contender.name].get(contender.version_of, 'missing')})"
        for contender in contenders
        if contender.version_of
    ]
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "machine": f"{processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(version(name, installed) for name in libraries),
        "contenders": ", ".join(compared),
        "OpenTelemetry": ", ".join(
            f"{contender.name} {installed[contender.name].get('opentelemetry-api', 'without')}"
            for contender in contenders
            if contender.version_of
        ),
    }


def version(name: str, installed: Mapping[str, Mapping[str, str]]) -> str:
    """The version, or all of them where the contenders do not agree (and so cannot be compared)."""
    in_lower_case = [{spelt.lower(): found for spelt, found in versions.items()} for versions in installed.values()]
    found = sorted({versions.get(name, "missing") for versions in in_lower_case})
    return f"{name} {found[0]}" if len(found) == 1 else f"{name} NOT THE SAME: {' and '.join(found)}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
