"""Asks Jaeger and Prometheus what they have."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any, NamedTuple

from servers.stack import Stack


class Node(NamedTuple):
    """A span as Jaeger knows it, with the spans below it in the order of their start."""

    service: str
    kind: str
    name: str
    tags: dict[str, Any]
    children: list[Node]

    def drawn(self, depth: int = 0) -> list[str]:
        """One line per span, indented: `service kind name`."""
        line = f"{'  ' * depth}{self.service} {self.kind} {self.name}"
        return [line, *(each for child in self.children for each in child.drawn(depth + 1))]


def get(url: str, **query: str) -> Any:
    """The JSON behind an address."""
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
        return json.load(answer)


def traces_with_tag(stack: Stack, service: str, tag: str, value: str) -> list[list[Node]]:
    """The traces that Jaeger finds by a tag of a service's spans; each as its roots."""
    found = get(f"{stack.jaeger}/api/traces", service=service, tags=json.dumps({tag: value}), limit="100")
    return [_roots(trace) for trace in found["data"]]


def samples(stack: Stack, promql: str) -> list[tuple[dict[str, str], float]]:
    """What a PromQL query gives now: labels and value of each series."""
    found = get(f"{stack.prometheus}/api/v1/query", query=promql)["data"]["result"]
    return [(series["metric"], float(series["value"][1])) for series in found]


def _roots(trace: Any) -> list[Node]:
    spans = sorted(trace["spans"], key=lambda span: span["startTime"])
    nodes = {span["spanID"]: _node(span, trace["processes"]) for span in spans}
    roots = []
    for span in spans:
        parents = [reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"]
        siblings = nodes[parents[0]].children if parents and parents[0] in nodes else roots
        siblings.append(nodes[span["spanID"]])
    return roots


def _node(span: Any, processes: Any) -> Node:
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    service = processes[span["processID"]]["serviceName"]
    return Node(service, tags.get("span.kind", "internal"), span["operationName"], tags, [])
