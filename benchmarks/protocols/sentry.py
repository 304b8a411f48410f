"""The envelopes of Sentry: a line of JSON in front, then items, each with a line of JSON that tells its length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from protocols.ledger import Ledger

PATHS = r"/api/\d+/envelope/?"


def receive(path: str, query: Mapping[str, str], body: bytes, ledger: Ledger) -> bytes:
    for head, content in items(body):
        if head["type"] == "transaction":
            ledger.add_spans(spans(json.loads(content)))
        elif head["type"] == "log":
            ledger.counts["logs"] += head.get("item_count", 1)
        elif head["type"] == "trace_metric":
            ledger.counts["points"] += head.get("item_count", 1)
    return b"{}"


def items(body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The items of an envelope; one whose head tells no length ends with its line."""
    _, _, rest = body.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        head = json.loads(line)
        length = head.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        if length > len(rest):
            raise ValueError(f"an item ends {length - len(rest)} bytes behind its envelope")
        yield head, rest[:length]
        rest = rest[length:].removeprefix(b"\n")


def spans(transaction: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The root, which is the transaction, and what it has beneath."""
    root = transaction["contexts"]["trace"]
    for span in (root, *transaction.get("spans", ())):
        yield root["trace_id"], span["span_id"]
