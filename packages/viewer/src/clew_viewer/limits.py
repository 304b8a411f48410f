"""What the viewer takes and keeps at most; every refusal names the limit that it met."""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

BODY_BYTES = 4 * MIB
INFLATED_BYTES = 16 * MIB
IN_FLIGHT_BYTES = 32 * MIB
CONNECTIONS = 64
ARRIVAL_SECONDS = 10.0
IDLE_SECONDS = 60.0

ITEMS = 10_000
MESSAGES = 250_000
DEPTH = 32
UNCOUNTED_BYTES = 1 * MIB

ATTRIBUTES = 128
EVENTS = 128
KEY_CHARS = 256
VALUE_CHARS = 16 * KIB
BODY_CHARS = 64 * KIB

TRACES = 2_000
TRACE_BYTES = 64 * MIB

ROWS = 300
LOG_LINES = 100


class RefusedError(Exception):
    """A request that is answered with an HTTP status and one sentence instead of being stored."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
