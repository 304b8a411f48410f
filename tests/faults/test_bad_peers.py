"""What becomes of records when the collector answers as badly as collectors do (F8, F9, F16 to F30)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from servers.programs import free_ports
from servers.sink import Sink

from faults.conftest import Fact
from faults.harness import EXIT_BUDGET, SLACK, Bench, balance, by_hand, received, twice

MIB = 1 << 20
SECRET = "Bearer-s3cr3t"
WITH_SECRET = {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}"}


@pytest.fixture
def hole() -> Iterator[str]:
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_f08_exit_with_a_black_holed_endpoint(bench: Bench, hole: str, fact: Fact) -> None:
    run = bench.run("all_signals.py", to=hole)
    fact(f"the exit took {run.exit_seconds:.1f} s for the three signals")
    assert run.exit_seconds < EXIT_BUDGET + SLACK
    if bench.keeps_books:
        assert run.dropped("traces") == {"exit": 2000}
        assert run.dropped("logs") == {"exit": 1}
        assert set(run.dropped("metrics")) == {"exit"}


def test_f09_a_flush_keeps_its_timeout(bench: Bench, fact: Fact) -> None:
    with Sink("hang") as sink:
        run = bench.run("hung_flush.py", to=sink)
        fact(f"returned {run['flushed']} after {run['took'] * 1000:.0f} ms")
        assert run["flushed"] is False
        assert run["took"] < 1
        balance(run, 10, 0)


def test_f16_the_worker_goes_on_after_a_base_exception(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("dying_worker.py", to=sink, OTEL_BSP_SCHEDULE_DELAY="300")
    arrived = received(sink)
    after = sum(span.name == "after" for _, _, span in sink.spans)
    fact(f"{after} of the next 100 spans arrived, {len(arrived)} of 700 in all")
    assert run["raised"]
    balance(run, 700, len(arrived))
    assert after == 100


def test_f18_nothing_is_lost_while_the_collector_is_down(bench: Bench, fact: Fact) -> None:
    """At 1,000 spans in a second: about 250 bytes of memory for each."""
    outage, seconds = (30, 45) if bench.full else (8, 11)
    sink = Sink(port=free_ports(1)[0])
    sink.down()
    timer = threading.Timer(outage, sink.up)
    timer.start()
    try:
        run = bench.run("paced.py", "1000", str(seconds), "20000", to=sink)
    finally:
        timer.join()
        sink.down()
    arrived = received(sink)
    fact(f"{len(arrived):,} of {run['created']:,} arrived after {outage} s without a collector")
    balance(run, run["created"], len(arrived))
    assert len(arrived) == run["created"]


def test_f19_memory_is_bounded_when_the_collector_stays_down(bench: Bench, fact: Fact) -> None:
    """The newest are refused and counted; errors have a reserve; it recovers by itself when the collector comes."""
    with Sink() as sink:
        sink.down()
        opener = threading.Thread(target=open_when, args=(sink, bench))
        opener.start()
        run = bench.run("overflow.py", "100000", to=sink, FAULTS_STAGE=str(bench.folder / "full"))
        opener.join()
        arrived = received(sink)
    failures = sum(span.name == "failure" for _, _, span in sink.spans)
    grown = run["grown"] / MIB
    fact(f"memory +{grown:.0f} MiB, {len(arrived):,} of 101,100 arrived, dropped and counted: {dict(run.dropped())}")
    assert grown < 16 * 1.2 * (2 if not bench.keeps_books else 1) + 4
    balance(run, 101_100, len(arrived))
    assert failures == 100


def test_f20_a_burst_arrives_whole_or_is_counted(bench: Bench, sink: Sink, fact: Fact) -> None:
    run = bench.run("burst.py", to=sink)
    arrived = received(sink)
    fact(f"{len(arrived):,} of 20,000 received, dropped and counted: {run.dropped().total()}")
    balance(run, 20_000, len(arrived))


def later(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("header", ["2", "a date in 3 s", "-1", "NaN", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_f21_retry_after_is_honoured_and_garbage_ignored(bench: Bench, header: str, fact: Fact) -> None:
    """One request until then; the batch is kept."""
    named = 2 if header == "2" else 1.5 if header.startswith("a date") else 0  # a date has no parts of a second
    with Sink((503, {"Retry-After": later(3) if header.startswith("a date") else header}), "ok") as sink:
        run = bench.run("plain.py", "10", "1", "15000", to=sink)
        waited = sink.times[1] - sink.times[0] if len(sink.times) > 1 else 0
        fact(f"{header}: {len(received(sink))} of 10 arrived after {waited:.1f} s")
        balance(run, 10, len(received(sink)))
        assert len(received(sink)) == 10
        assert waited >= named - 0.1
        assert len([one for one in sink.requests if one[0] == "/v1/traces"]) == 2


@pytest.mark.parametrize("header", ["30", "1000000000"])
def test_f21_a_long_retry_after_costs_one_request_and_no_long_exit(bench: Bench, header: str, fact: Fact) -> None:
    with Sink((429, {"Retry-After": header})) as sink:
        run = bench.run("plain.py", "10", "1", "500", to=sink)
        sent = len([one for one in sink.requests if one[0] == "/v1/traces"])
        fact(f"{header}: {sent} request, exit after {run.exit_seconds:.1f} s")
        assert sent == 1
        assert run.exit_seconds < EXIT_BUDGET + SLACK
        assert run["flushed"] is False
        balance(run, 10, 0)


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_f22_permanent_errors_are_not_repeated(bench: Bench, status: int, fact: Fact) -> None:
    """One request for each batch, the loss counted by status, one line about it, without header or content."""
    with Sink(status) as sink:
        run = bench.run("plain.py", "10", "2", "5000", to=sink, **WITH_SECRET)
        sent = len([one for one in sink.requests if one[0] == "/v1/traces"])
    lines = [line for line in run.err.splitlines() if line.strip()]
    fact(
        f"{status}: {sent} requests for 2 batches, {len(lines)} lines of log, dropped and counted: {dict(run.dropped())}"
    )
    assert sent == 2
    assert SECRET not in run.err
    assert "hunter2" not in run.err
    balance(run, 20, 0)
    if bench.keeps_books:
        assert run.dropped() == {str(status): 20}
        assert len([line for line in lines if "spans" in line]) == 1


def test_f23_what_a_partial_success_rejects_is_counted(bench: Bench, fact: Fact) -> None:
    with Sink(("partial", 7)) as sink:
        run = bench.run("plain.py", "10", "1", "5000", to=sink)
        sent = len([one for one in sink.requests if one[0] == "/v1/traces"])
        fact(f"{sent} request, dropped and counted: {dict(run.dropped())}")
        assert sent == 1
        balance(run, 10, 3)


def test_f24_a_redirect_is_a_failure(bench: Bench, sink: Sink, fact: Fact) -> None:
    """Not followed, neither on the same host nor to another: credentials never go there."""
    elsewhere = sink.url.replace("127.0.0.1", "localhost") + "/v1/traces"
    with Sink((302, {"Location": elsewhere})) as redirecting:
        run = bench.run("plain.py", "10", "1", "5000", to=redirecting, **WITH_SECRET)
    followed = len(sink.requests)
    fact(f"{followed} requests at the other address, dropped and counted: {dict(run.dropped())}")
    assert followed == 0
    balance(run, 10, 0)


def test_f25_a_lost_acknowledgement_costs_duplicates_only(bench: Bench, fact: Fact) -> None:
    with Sink("drop", "ok") as sink:
        run = bench.run("plain.py", "10", "1", "10000", to=sink)
        arrived = received(sink)
        fact(f"{len(arrived)} of 10 received, {twice(arrived)} twice")
        balance(run, 10, len(arrived))
        assert len(arrived) == 10
        assert twice(arrived) <= 10


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([("trickle", 0.2), "ok"], id="trickle"),
        pytest.param(["hang", "ok"], id="half open"),
        pytest.param(["garbage", "ok"], id="garbage"),
        pytest.param(["ok, close", "ok"], id="stale keep-alive"),
        pytest.param(["ok", "reset", "ok"], id="reset"),
    ],
)
def test_f26_a_peer_that_does_not_answer_properly_costs_one_attempt(
    bench: Bench, script: list[str], fact: Fact, request: pytest.FixtureRequest
) -> None:
    """The attempt has a deadline as a whole, however many bytes trickle in."""
    kind = request.node.callspec.id
    with Sink("ok", traces=script) as sink:
        run = bench.run("plain.py", "10", "2", "10000", to=sink, OTEL_EXPORTER_OTLP_TIMEOUT="1000")
        arrived = received(sink)
        fact(f"{kind}: {len(arrived)} of 20 received in {run.seconds:.1f} s")
        balance(run, 20, len(arrived))
        assert len(arrived) == 20
        assert run.seconds < 15


@pytest.mark.parametrize(("kind", "size"), [("bomb", 200 * MIB), ("gzip bomb", 100 * MIB)])
def test_f27_a_response_bomb_does_not_fill_memory(bench: Bench, kind: str, size: int, fact: Fact) -> None:
    with Sink("ok", traces=["ok", (kind, size), "ok"]) as sink:
        run = bench.run("bomb.py", to=sink)
        arrived = received(sink)
    grown = run["grown"] / MIB
    fact(f"{kind}: memory +{grown:.0f} MiB")
    assert grown < 9
    assert len(arrived) == 11
    balance(run, 11, len(arrived))


def test_f28_a_batch_that_is_too_large_is_halved(bench: Bench, fact: Fact) -> None:
    """Only the one span that is too large by itself is lost, and counted."""
    with Sink(limit=400_000) as sink:
        run = bench.run("large.py", to=sink)
        arrived = received(sink)
        fact(f"{len(arrived)} of 60 fitting spans received, dropped and counted: {dict(run.dropped())}")
        balance(run, 61, len(arrived))
        assert len(arrived) == 60


@pytest.mark.parametrize("kind", ["hang", "raise"])
def test_f29_names_that_are_not_resolved_delay_nobody(bench: Bench, kind: str, fact: Fact) -> None:
    run = bench.run("unresolved.py", kind, to="http://collector.invalid:4318")
    fact(f"{kind}: longest step {run['longest'] * 1000:.0f} ms, exit {run.exit_seconds:.1f} s")
    assert run["longest"] < 1
    assert run.exit_seconds < EXIT_BUDGET + SLACK
    balance(run, 200, 0)


def test_f30_steps_of_the_clock_change_no_duration(bench: Bench, sink: Sink, fact: Fact) -> None:
    before = time.monotonic()
    run = bench.run("clock_steps.py", to=sink)
    spans = by_hand(sink)
    negative = sum(span.end_time_unix_nano < span.start_time_unix_nano for span in spans)
    long = sum(span.end_time_unix_nano - span.start_time_unix_nano > 10**11 for span in spans)
    fact(f"{len(spans)} of 60 received, {negative} with negative and {long} with absurd durations")
    balance(run, 60, len(received(sink)))
    assert len(spans) == 60
    assert negative == long == 0
    assert time.monotonic() - before < 30


def open_when(sink: Sink, bench: Bench) -> None:
    """Opens the sink when the program says that its memory is full."""
    stage = bench.folder / "full"
    deadline = time.monotonic() + 60
    while not stage.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    sink.up()
