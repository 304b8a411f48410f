"""The servers that other tests stand on are real and say so."""

import json
import socket
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from servers import postgres as postgres_server
from servers import programs
from servers import stack as stack_server
from servers.mariadb import MariaDB
from servers.programs import Unavailable, eventually
from servers.stack import Stack


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def test_a_span_of_the_stock_sdk_goes_through_the_collector_and_is_found_in_jaeger_by_its_tag(stack: Stack) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "stock"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{stack.otlp_http}/v1/traces")))
    with provider.get_tracer("stock").start_as_current_span("look for me", attributes={"request.id": "thread-1"}):
        pass
    provider.shutdown()

    tags = urllib.parse.quote(json.dumps({"request.id": "thread-1"}))
    found = eventually(lambda: get(f"{stack.jaeger}/api/traces?service=stock&tags={tags}")["data"])

    assert [span["operationName"] for trace in found for span in trace["spans"]] == ["look for me"]
    assert eventually(lambda: "look for me" in stack.records.read_text())


def test_prometheus_of_the_stack_takes_metrics_by_otlp_from_the_collector(stack: Stack) -> None:
    assert get(f"{stack.prometheus}/api/v1/status/flags")["data"]["web.enable-otlp-receiver"] == "true"


def test_postgres_answers_a_query(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)


def test_mariadb_answers_a_query(mariadb: MariaDB) -> None:
    pymysql = pytest.importorskip("pymysql")
    with pymysql.connect(**mariadb._asdict()) as connection, connection.cursor() as cursor:
        cursor.execute("select 6 * 7")
        assert cursor.fetchone() == (42,)


def test_a_machine_without_the_backends_is_told_what_is_missing(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CLEW_STACK_BIN", raising=False)

    with pytest.raises(Unavailable, match="jaeger, prometheus, otelcol not found in CLEW_STACK_BIN"):
        stack_server.running_stack().__enter__()


def test_free_ports_are_different_and_nobody_listens_on_them() -> None:
    ports = programs.free_ports(20)

    assert len(set(ports)) == 20
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_no_port_of_a_stopped_postgres_stays_open() -> None:
    with postgres_server.running_postgres() as url:
        port = urllib.parse.urlsplit(url).port
        assert port
        assert not programs.is_free(port)

    assert eventually(lambda: programs.is_free(port))
