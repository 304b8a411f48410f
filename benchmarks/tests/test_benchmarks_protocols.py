"""What the sink counts of the protocols of vendors: real bodies over a real socket."""

import gzip
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCHMARKS))

from harness.processes import Server  # noqa: E402
from protocols import msgpack  # noqa: E402

SPAN_V05 = b"\x9c\x00\x00\x00\xcf" + b"\x01" * 8 + b"\xcf%s\x00\x00\x00\x00\x80\x80\x00"
DATADOG_V05 = b"\x92\x91\xa0\x91\x92" + SPAN_V05 % (b"\x02" * 8) + SPAN_V05 % (b"\x03" * 8)
DATADOG_V04 = b"\x91\x91\x82\xa8trace_id\x05\xa7span_id\xcd\x01\x00"
ELASTIC = b'{"metadata": {}}\n{"transaction": {"id": "a", "trace_id": "t"}}\n{"span": {"id": "b", "trace_id": "t"}}\n'
NEWRELIC = json.dumps(["1", {}, [[{"traceId": "t", "guid": "c"}, {}, {}], [{"traceId": "t", "guid": "d"}, {}, {}]]])
TRANSACTION = json.dumps({"contexts": {"trace": {"trace_id": "t", "span_id": "e"}}, "spans": [{"span_id": "f"}]})
SENTRY = (
    f'{{}}\n{{"type": "transaction", "length": {len(TRANSACTION)}}}\n{TRANSACTION}\n{{"type": "client_report"}}\n{{}}'
)

COLLECTOR = "agent_listener/invoke_raw_method?license_key=one&method="


@pytest.fixture(scope="module")
def sink() -> Iterator[Server]:
    server = Server("sink.py")
    yield server
    server.stop()


def post(sink: Server, path: str, body: bytes, **headers: str) -> bytes:
    request = urllib.request.Request(f"{sink.address}/{path}", body, {"Content-Type": "text/plain", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize(
    ("path", "body", "spans"),
    [
        ("one/v0.5/traces", DATADOG_V05, 2),
        ("one/v0.4/traces", DATADOG_V04, 1),
        ("one/intake/v2/events", ELASTIC, 2),
        (f"{COLLECTOR}span_event_data", NEWRELIC.encode(), 2),
        ("one/api/1/envelope/", SENTRY.encode(), 2),
    ],
    ids=["datadog v0.5", "datadog v0.4", "elastic", "newrelic", "sentry"],
)
def test_the_spans_of_each_protocol_are_counted(sink: Server, path: str, body: bytes, spans: int):
    before = sink.counts("one")["spans"]
    post(sink, path, gzip.compress(body), **{"Content-Encoding": "gzip"})
    assert sink.counts("one")["spans"] - before == spans


def test_an_agent_gets_the_answers_that_it_waits_for(sink: Server):
    assert json.loads(post(sink, f"{COLLECTOR}connect", b"[]"))["return_value"]["agent_run_id"]
    with urllib.request.urlopen(f"{sink.address}/one/info", timeout=30) as answer:
        assert "/v0.5/traces" in json.load(answer)["endpoints"]


@pytest.mark.parametrize("body", [b"\x92\x91", b"\xc1", b"\x91\x91\x91\x00", DATADOG_V05 + b"\x00"])
def test_traces_that_are_none_are_refused(sink: Server, body: bytes):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(sink, "one/v0.5/traces", body)


def test_msgpack_holds_all_kinds_of_values():
    body = b"\x88\x00\xc0\x01\xc3\x02\xff\x03\xd1\xff\x00\x04\xc4\x01x\x05\xd9\x01y\x06\xdc\x00\x01\x07\x07\xd6\x01abcd"
    assert msgpack.decode(body) == {0: None, 1: True, 2: -1, 3: -256, 4: b"x", 5: "y", 6: [7], 7: b"abcd"}
