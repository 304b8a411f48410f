"""The shop under `clew run`, a real Collector, a real Jaeger, a real Prometheus: what people will look at is there.

Read by hand from examples/shop: what each visit of running.load.ROUND makes the three services do.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from running.load import ROUND, Answer, send
from running.services import running_shop
from servers.backends import Node, samples, traces_with_tag
from servers.fixtures import server, unavailable
from servers.programs import eventually
from servers.stack import Stack, running_stack
from servers.workspace import ROOT

BOUGHT = """\
shop-front server POST /checkout
  shop-front client POST
    shop-stock server POST /reservations
      shop-stock client SELECT items
      shop-stock client SELECT movements
      shop-stock client INSERT movements
  shop-front client POST
    shop-payment server POST /charges
      shop-payment client GET
        shop-stock server GET /items/{sku}
          shop-stock client SELECT items"""
ROUTES = {
    ("GET", "/"): "/",
    ("GET", "/items/sku-1"): "/items/<sku>",
    ("GET", "/items/sku-99"): "/items/<sku>",
    ("GET", "/stocktake"): "/stocktake",
    ("POST", "/checkout"): "/checkout",
}
RED = "http_server_request_duration_seconds"


class Run(NamedTuple):
    """One round of customers, after all services have ended."""

    stack: Stack
    answers: list[Answer]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with server(running_stack) as stack, pytest.MonkeyPatch.context() as environment:
        if request.param == "postgresql":
            environment.setenv("STOCK_DB", request.getfixturevalue("postgres"))
        with running_shop(stack.otlp_http) as port:
            answers = [send(visit, port) for visit in ROUND]
            time.sleep(0.5)  # an answer is read before its request has ended, and SIGTERM ends a process at once
        yield Run(stack, answers)


def trace_of(run: Run, answer: Answer) -> Node:
    """The one trace that Jaeger finds by a request ID, as its one root."""

    def whole() -> Node | None:
        found = traces_with_tag(run.stack, "shop-front", "request.id", answer.request_id)
        return found[0][0] if len(found) == 1 and len(found[0]) == 1 and found[0][0].kind == "server" else None

    before = None
    while True:  # spans arrive in several exports: what two looks agree on is all
        now = eventually(whole)
        if now == before:
            return now
        before = now
        time.sleep(0.5)


def every(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from every(child)


def test_each_visit_is_answered_as_if_nobody_watched_but_for_the_request_id(run: Run) -> None:
    assert [answer.status for answer in run.answers] == [answer.visit.status for answer in run.answers]
    assert len({answer.request_id for answer in run.answers}) == len(ROUND)
    assert "customer-4711" in {answer.request_id for answer in run.answers}


def test_a_purchase_is_found_by_its_request_id_as_one_trace_through_all_services(run: Run) -> None:
    for answer in run.answers:
        if answer.status == 201:
            assert "\n".join(trace_of(run, answer).drawn()) == BOUGHT


def test_every_span_of_a_request_carries_its_id(run: Run) -> None:
    for answer in run.answers:
        assert {node.tags.get("request.id") for node in every(trace_of(run, answer))} == {answer.request_id}


def test_the_declined_card_is_an_error_where_it_happened_and_on_the_way_out(run: Run) -> None:
    (declined,) = [answer for answer in run.answers if answer.status == 502]
    failed = {(node.service, node.kind, node.name) for node in every(trace_of(run, declined)) if node.tags.get("error")}
    assert failed == {
        ("shop-front", "server", "POST /checkout"),
        ("shop-front", "client", "POST"),
        ("shop-payment", "server", "POST /charges"),
    }


def test_prometheus_counts_exactly_the_requests_that_the_front_answered(run: Run) -> None:
    expected = Counter((a.visit.method, ROUTES[a.visit.method, a.visit.path], str(a.status)) for a in run.answers)
    by = "http_request_method, http_route, http_response_status_code"

    def counted() -> dict[tuple[str, ...], float]:
        found = samples(run.stack, f'sum by ({by}) ({RED}_count{{job="shop-front"}})')
        return {tuple(labels[name] for name in by.split(", ")): value for labels, value in found}

    eventually(lambda: counted() == expected)
    assert counted() == expected


def test_prometheus_knows_the_errors_and_the_durations(run: Run) -> None:
    errors = f'sum by (job, error_type) ({RED}_count{{error_type!=""}})'
    eventually(lambda: len(samples(run.stack, errors)) == 2)
    assert {(labels["job"], labels["error_type"]): value for labels, value in samples(run.stack, errors)} == {
        ("shop-front", "502"): 1,
        ("shop-payment", "shop.payment.CardDeclinedError"): 1,
    }
    ((_, slowest),) = samples(run.stack, f'max(histogram_quantile(1, {RED}_bucket{{job="shop-front"}}))')
    ((_, total),) = samples(run.stack, f'sum({RED}_sum{{job="shop-front"}})')
    assert 0 < slowest <= 10
    assert 0 < total < 60


def test_all_that_was_emitted_follows_the_semantic_conventions(run: Run, python_versions: dict[str, Path]) -> None:
    check = Path(os.environ.get("CLEW_SEMCONV") or ROOT.parent / "shared" / "semconv") / "check.py"
    if not check.is_file():
        unavailable(f"no conformance check at {check}: set CLEW_SEMCONV to its folder")
    newest = next(python for version, python in reversed(python_versions.items()) if version != "3.10")
    expected = ["http.server", "http.client", "db.*", "http.server.request.duration", "http.client.request.duration"]
    done = subprocess.run(
        [newest, check, run.stack.records, *(word for name in expected for word in ("--expect", name))],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
