"""What one sender has sent, whatever protocol it speaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable


class Ledger:
    """Counts of one sender; spans count once, however often they arrive."""

    def __init__(self) -> None:
        self.span_ids: set[Hashable] = set()
        self.counts: Counter[str] = Counter()

    def add_spans(self, ids: Iterable[Hashable]) -> None:
        arrived = list(ids)
        self.span_ids.update(arrived)
        self.counts["span_arrivals"] += len(arrived)

    def summary(self) -> dict[str, int]:
        return {
            "spans": len(self.span_ids),
            "twice": self.counts["span_arrivals"] - len(self.span_ids),
            "points": self.counts["points"],
            "logs": self.counts["logs"],
            "requests": self.counts["requests"],
            "bytes": self.counts["bytes"],
        }
