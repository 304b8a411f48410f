"""The receiver takes OTLP over HTTP on loopback, and refuses everything else with a sentence that says why."""

from __future__ import annotations

import gzip
import json
import socket
import time
from contextlib import closing
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clew_viewer import limits
from clew_viewer.receiver import Receiver

MIB = 1024 * 1024
GZIP = {"Content_Encoding": "gzip"}


def sentence(reply: Any) -> str:
    """The message of a google.rpc.Status: field 2, whose length takes two bytes here."""
    assert reply.body[2] == 0x12
    length = (reply.body[3] & 127) | reply.body[4] << 7
    text = reply.body[5:]
    assert len(text) == length
    return text.decode()


def test_a_protobuf_request_is_decoded_and_answered_with_an_empty_response(otlp, inbox):
    reply = otlp.post(inbox.port, otlp.spans(shop_front=[otlp.span("GET /", 1, attributes={"a": 1, "b": True})]))
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/x-protobuf", b"")
    [span] = inbox.batches[0].spans
    assert (span.service, span.name, span.kind, span.parent_id) == ("shop-front", "GET /", "SERVER", "")
    assert span.attributes == {"a": 1, "b": True}
    assert span.end - span.start == 5_000_000


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_listens_on_both_loopback_addresses(otlp, inbox, address):
    host = f"[{address}]" if ":" in address else address
    assert otlp.post(inbox.port, To=address, Host=f"{host}:{inbox.port}").status == 200


def test_it_does_not_listen_on_other_addresses_of_this_machine(inbox):
    with closing(socket.socket()) as client:
        assert client.connect_ex(("127.0.0.2", inbox.port)) != 0


def test_a_gzip_request_is_inflated(otlp, inbox):
    body = gzip.compress(otlp.spans(front=[otlp.span("GET /", 1)]))
    assert otlp.post(inbox.port, body, **GZIP).status == 200
    assert inbox.batches[0].spans[0].name == "GET /"


def test_a_chunked_request_is_put_together(otlp, inbox):
    body = otlp.spans(front=[otlp.span("GET /", 1)])
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    assert otlp.post(inbox.port, chunked, Content_Length="", Transfer_Encoding="chunked").status == 200
    assert inbox.batches[0].spans[0].name == "GET /"


def test_a_json_request_has_hex_ids_and_integer_enums_and_is_answered_in_json(otlp, inbox):
    span = {"traceId": "0A" * 16, "spanId": "0b" * 8, "name": "GET /", "kind": 2, "startTimeUnixNano": "5"}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span | {"endTimeUnixNano": 7, "unknown": 1}]}]}]}
    reply = otlp.post(inbox.port, json.dumps(document).encode(), Content_Type="application/json; charset=utf-8")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/json", b"{}")
    [found] = inbox.batches[0].spans
    assert (found.trace_id, found.span_id, found.kind) == ("0a" * 16, "0b" * 8, "SERVER")
    assert (found.start, found.end, found.service) == (5, 7, "unknown_service")


def test_one_connection_carries_many_requests(otlp, inbox):
    with closing(socket.create_connection(("127.0.0.1", inbox.port), timeout=10)) as client:
        for number in range(3):
            client.sendall(head(inbox.port, "Content-Type: application/x-protobuf", "Content-Length: 0"))
            assert client.recv(4096).startswith(b"HTTP/1.1 200 "), number
    assert len(inbox.batches) == 3


def test_an_empty_request_is_taken_on_each_of_the_three_paths(otlp, inbox):
    for path in ("/v1/traces", "/v1/logs", "/v1/metrics"):
        assert otlp.post(inbox.port, path=path).status == 200


def test_spans_without_valid_ids_are_refused_one_by_one(otlp, inbox):
    reply = otlp.post(inbox.port, otlp.spans(front=[otlp.span("good", 1), otlp.span("bad", 2, trace=0)]))
    response = ExportTraceServiceResponse.FromString(reply.body)
    assert response.partial_success.rejected_spans == 1
    assert [span.name for span in inbox.batches[0].spans] == ["good"]


REFUSED = {
    "a method that is not POST": (405, {"method": "GET"}),
    "DELETE": (405, {"method": "DELETE"}),
    "another path": (404, {"path": "/v1/profiles"}),
    "another content type": (415, {"Content_Type": "text/plain"}),
    "no content type": (415, {"Content_Type": ""}),
    "an encoding that is not gzip": (415, {"Content_Encoding": "deflate"}),
    "bytes that are not protobuf": (400, {"body": b"\xff\xff\xff"}),
    "gzip that is not gzip": (400, {"body": b"hello", "Content_Encoding": "gzip"}),
    "gzip in gzip": (400, {"body": gzip.compress(gzip.compress(b"")), "Content_Encoding": "gzip"}),
    "gzip that is cut": (400, {"body": gzip.compress(b"hello")[:-3], "Content_Encoding": "gzip"}),
    "a foreign host": (403, {"Host": "evil.test"}),
    "a host that begins like ours": (403, {"Host": "localhost.evil.test"}),
    "our host without the port": (403, {"Host": "localhost"}),
    "a web page": (403, {"Origin": "http://localhost"}),
    "a web page without origin": (403, {"Origin": "null"}),
    "JSON that is not JSON": (400, {"body": b"{", "Content_Type": "application/json"}),
    "JSON that is deep": (400, {"body": b"[" * 100_000, "Content_Type": "application/json"}),
    "JSON that is a list": (400, {"body": b"[]", "Content_Type": "application/json"}),
    "JSON ids that are not hex": (400, {"body": b'{"traceId": "xyz"}', "Content_Type": "application/json"}),
    "too big on the wire": (413, {"body": bytes(4 * MIB + 1)}),
    "a bomb of zeros": (413, {"body": gzip.compress(bytes(100 * MIB)), "Content_Encoding": "gzip"}),
    "two million empty spans": (413, {"body": gzip.compress(b"\x0a\x00" * 2_000_000), "Content_Encoding": "gzip"}),
}


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_a_reason_and_the_receiver_goes_on(otlp, inbox, status, request_):
    reply = otlp.post(inbox.port, **request_)
    assert reply.status == status
    kind = request_.get("Content_Type", "")
    said = json.loads(reply.body)["message"] if kind == "application/json" else sentence(reply)
    assert inbox.complaints == [(status, said)]
    assert otlp.post(inbox.port).status == 200


def test_a_method_that_is_not_allowed_names_the_one_that_is(otlp, inbox):
    assert otlp.post(inbox.port, method="PUT").headers["Allow"] == "POST"


def test_the_sentence_names_the_limit(otlp, inbox):
    assert "4 MiB" in sentence(otlp.post(inbox.port, bytes(4 * MIB + 1)))
    assert "16 MiB" in sentence(otlp.post(inbox.port, gzip.compress(bytes(17 * MIB)), **GZIP))


def test_more_items_than_a_request_may_hold_are_refused_however_small_they_are(otlp, inbox):
    spans = otlp.spans(front=[otlp.span("x", number) for number in range(1, 10_002)])
    reply = otlp.post(inbox.port, spans)
    assert (reply.status, "10000" in sentence(reply)) == (413, True)


def test_values_that_are_nested_too_deep_are_refused(otlp, inbox):
    value = b""
    for _ in range(5_000):
        array = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(array)) + array
    for field in (0x12, 0x4A, 0x12, 0x12, 0x0A):  # AnyValue in KeyValue, Span, ScopeSpans, ResourceSpans, the request
        value = bytes((field,)) + varint(len(value)) + value
    assert otlp.post(inbox.port, value).status in (400, 413)


def test_a_body_that_does_not_arrive_is_given_up(otlp, inbox, monkeypatch):
    monkeypatch.setattr(limits, "ARRIVAL_SECONDS", 0.3)
    with closing(socket.create_connection(("127.0.0.1", inbox.port), timeout=30)) as client:
        client.sendall(head(inbox.port, "Content-Type: application/x-protobuf", "Content-Length: 9") + b"1234")
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_has_no_more_time_than_any_other(otlp, inbox, monkeypatch):
    monkeypatch.setattr(limits, "ARRIVAL_SECONDS", 0.5)
    with closing(socket.create_connection(("127.0.0.1", inbox.port), timeout=30)) as client:
        client.sendall(head(inbox.port, "Content-Type: application/x-protobuf", "Content-Length: 1000"))
        client.settimeout(0.1)
        answer, until = b"", time.monotonic() + 30
        while not answer and time.monotonic() < until:
            client.sendall(b".")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: -1"],
        ["Content-Length: +1"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
    ],
    ids=lambda headers: " and ".join(headers),
)
def test_a_body_whose_size_is_ambiguous_is_refused(inbox, headers):
    assert raw(inbox.port, head(inbox.port, "Content-Type: application/x-protobuf", *headers)).startswith(
        b"HTTP/1.1 400 "
    )


@pytest.mark.parametrize("chunks", [b"xyz\r\n", b"3\r\nabcdef", b"-1\r\n", b"400001\r\n", b"0\r\n" + b"a: b\r\n" * 200])
def test_chunks_that_are_wrong_or_too_big_are_refused(inbox, chunks):
    headers = head(inbox.port, "Content-Type: application/x-protobuf", "Transfer-Encoding: chunked")
    assert raw(inbox.port, headers + chunks)[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")


def test_a_request_without_a_size_is_refused(inbox):
    assert raw(inbox.port, head(inbox.port, "Content-Type: application/x-protobuf")).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize(
    ("spoken", "remedy"),
    [(b"\x16\x03\x01\x02\x00\n", "http://"), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OTEL_EXPORTER_OTLP_PROTOCOL")],
)
def test_whoever_speaks_tls_or_grpc_to_it_is_told_what_to_set(inbox, spoken, remedy):
    raw(inbox.port, spoken)
    assert remedy in inbox.complaints[0][1]


def test_bodies_beyond_what_may_arrive_at_once_are_put_off(otlp, inbox, monkeypatch):
    monkeypatch.setattr(inbox.receiver.in_flight, "_left", 10)
    reply = otlp.post(inbox.port, otlp.spans(front=[otlp.span("GET /", 1)]))
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert otlp.post(inbox.port).status == 200


def test_connections_beyond_the_limit_are_put_off_until_others_close(otlp, inbox):
    held = [socket.create_connection(("127.0.0.1", inbox.port), timeout=30) for _ in range(limits.CONNECTIONS)]
    assert raw(inbox.port, b"").startswith(b"HTTP/1.1 429 ")
    for client in held:
        client.close()
    until = time.monotonic() + 30
    while (
        raw(inbox.port, head(inbox.port, "Content-Type: application/x-protobuf", "Content-Length: 0"))[9:12] != b"200"
    ):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_taken_port_is_an_error_and_not_shared(inbox):
    with pytest.raises(OSError, match="in use"):
        Receiver(lambda batch: None, inbox.port)


def test_a_value_of_ten_million_characters_is_kept_cut_and_marked(otlp, inbox):
    body = otlp.spans(front=[otlp.span("GET /", 1, attributes={"k" * 999: "v" * 10_000_000})])
    assert otlp.post(inbox.port, gzip.compress(body, 1), **GZIP).status == 200
    [(key, value)] = inbox.batches[0].spans[0].attributes.items()
    assert (len(key) < 300, len(value) < 17_000, "cut, 10000000 characters" in value) == (True, True, True)


def test_attributes_beyond_the_limit_are_counted(otlp, inbox):
    attributes = {f"key{number}": number for number in range(200)}
    otlp.post(inbox.port, otlp.spans(front=[otlp.span("GET /", 1, attributes=attributes)]))
    kept = inbox.batches[0].spans[0].attributes
    assert (len(kept), kept["…"]) == (129, "72 more attributes")


def test_random_bytes_never_break_the_receiver(otlp, inbox):
    seed = otlp.spans(front=[otlp.span("GET /", 1, raises=("KeyError", "'sku'", "")), otlp.span("x", 2, 1)])
    for at in range(len(seed)):
        for change in (0, 127, 255):
            assert otlp.post(inbox.port, seed[:at] + bytes((change,)) + seed[at + 1 :]).status in (200, 400)
    assert not [said for status, said in inbox.complaints if status == 500]


def test_a_bomb_of_nested_messages_is_counted_before_it_is_decoded(otlp, inbox):
    attributes = b"\x4a\x00" * 4_000_000  # one span of four million empty attributes
    body = attributes
    for field in (0x12, 0x12, 0x0A):
        body = bytes((field,)) + varint(len(body)) + body
    assert otlp.post(inbox.port, gzip.compress(body), **GZIP).status == 413


def head(port: int, *headers: str) -> bytes:
    return "\r\n".join(("POST /v1/traces HTTP/1.1", f"Host: localhost:{port}", *headers, "", "")).encode()


def raw(port: int, sent: bytes) -> bytes:
    """What the receiver answers to these bytes until it closes or answers, nothing when it resets."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
        try:
            client.sendall(sent)
            return client.recv(4096)
        except ConnectionError:
            return b""


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes((*encoded, number))
