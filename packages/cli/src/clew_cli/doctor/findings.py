"""What the doctor finds: one line each, with a state and, where something is wrong, what to do."""

from __future__ import annotations

from typing import NamedTuple

GOOD, NOTE, BAD = "good", "note", "bad"


class Finding(NamedTuple):
    """`state` is good, note (worth knowing), or bad (telemetry is missing because of it)."""

    area: str
    subject: str
    state: str
    text: str
    advice: str = ""
