"""What a span has in common with everything below it in this process: the trace, and whether it is sent."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import TraceFlags

from clew_sdk.otlp.wire import text

RANDOM = getattr(TraceFlags, "RANDOM_TRACE_ID", 0)
FLAGS = tuple(TraceFlags(number) for number in range(4))  # sampled, random: making one takes longer than a span
NEW = FLAGS[TraceFlags.SAMPLED | RANDOM]
_FLAGS_IN_HEX = tuple(f"{number:02x}" for number in range(256))


class Lineage:
    """The trace of a root, or of a span whose parent is elsewhere, and of all their descendants here.

    `sent` says whether spans go to the collector, `recorded` whether anybody sees them, processors of the application's
    included. `exemplar` is the trace ID where it may be one. `hex` and `head` are empty until somebody needs them.
    """

    __slots__ = ("exemplar", "flags", "head", "hex", "recorded", "sent", "state", "trace_id")

    def __init__(self, trace_id: int, flags: TraceFlags, state: Any, sent: bool) -> None:
        self.trace_id, self.flags, self.state = trace_id, flags, state
        self.sent = self.recorded = sent
        self.exemplar = trace_id if flags & 1 else 0
        self.head, self.hex = b"", ""

    @classmethod
    def of_parent(cls, trace_id: int, flags: int, state: Any) -> Lineage:
        """Of a parent elsewhere, sampled as it is."""
        return cls(trace_id, FLAGS[flags & 3], state, flags & 1 == 1)

    def spell(self) -> str:
        """The trace ID in 32 hexadecimal digits."""
        # Formatting the number takes three times as long.
        self.hex = self.trace_id.to_bytes(16, "big").hex()
        return self.hex

    def encode(self) -> bytes:
        """Trace ID and trace state as fields of an OTLP span."""
        self.head = b"\x0a\x10" + self.trace_id.to_bytes(16, "big")
        if self.state:
            self.head += text(b"\x1a", ",".join(f"{key}={value}" for key, value in self.state.items()))
        return self.head

    def traceparent(self, span_id: int) -> str:
        """The header, for a span of this lineage (W3C Trace Context)."""
        return f"00-{self.hex or self.spell()}-{span_id.to_bytes(8, 'big').hex()}-{_FLAGS_IN_HEX[self.flags]}"
