"""TLS and proxies: real certificates, real sockets."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.sink import Sink

from clew_sdk import TracerProvider
from clew_sdk.address import Address, parse
from clew_sdk.outbox import Account
from clew_sdk.pipeline import Pipeline
from clew_sdk.proxy import proxy_for

Make = Callable[[str], Pipeline]


def record(pipeline: Pipeline) -> None:
    TracerProvider(pipeline=pipeline).get_tracer("t").start_span("s").end()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a certificate for localhost that only those trust who are told to."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, made, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_text(key.read_text() + made.read_text())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[Sink]:
    with Sink() as sink:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = sink._server
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield sink


def test_a_server_with_a_trusted_certificate_gets_the_spans(
    secure: Sink, certificate: Path, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate))
    pipeline = pipeline_to(f"https://localhost:{secure.port}")
    for number in (1, 2):
        record(pipeline)
        assert pipeline.flush(30)
        assert len(secure.span_ids) == number


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_with_another_certificate_gets_nothing(
    host: str, secure: Sink, certificate: Path, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown authority, or a known one for another name: the spans wait, nothing is sent."""
    if host == "127.0.0.1":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate))
    pipeline = pipeline_to(f"https://{host}:{secure.port}")
    record(pipeline)
    assert pipeline.flush(0.5) is False
    assert not secure.requests
    assert pipeline.ledger()["traces"] == Account(0, {}, 1)


def test_http_goes_through_a_proxy_in_absolute_form_with_its_login(
    pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy sees the collector's whole URL; the login is for the proxy alone."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def proxy() -> None:
            connection, _ = server.accept()
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=proxy)
        thread.start()
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{server.getsockname()[1]}")
        pipeline = pipeline_to("http://collector.invalid:4318")
        record(pipeline)
        assert pipeline.flush(30)
        thread.join(30)
    head = seen[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[0] == "POST http://collector.invalid:4318/v1/traces HTTP/1.1"
    assert "Host: collector.invalid:4318" in head
    assert "Proxy-Authorization: Basic bWU6cEBzcw==" in head


def test_https_goes_through_a_tunnel(
    secure: Sink, certificate: Path, pipeline_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is still the collector's."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate))
    monkeypatch.setattr(Address, "loopback", False)
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pump(source: socket.socket, target: socket.socket) -> None:
            try:
                while piece := source.recv(65536):
                    target.sendall(piece)
            except OSError:
                pass

        def proxy() -> None:
            connection, _ = server.accept()
            asked.append(connection.recv(65536).decode().partition("\r\n")[0])
            with connection, socket.create_connection(("127.0.0.1", secure.port)) as onward:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
                back.start()
                pump(connection, onward)

        threading.Thread(target=proxy, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")
        pipeline = pipeline_to(f"https://localhost:{secure.port}")
        record(pipeline)
        assert pipeline.flush(30)
        assert len(secure.span_ids) == 1
        assert asked == [f"CONNECT localhost:{secure.port} HTTP/1.1"]
        pipeline._channels[0].transport.close()


@pytest.mark.parametrize(
    ("url", "excluded", "through"),
    [
        ("http://collector:4318", "", True), ("http://localhost:4318", "", False), ("http://127.0.0.1", "", False),
        ("http://[::1]:4318", "", False), ("http://a.internal", ".internal", False), ("http://a.b", "b", False),
        ("http://ab", "b", True), ("http://collector", "*", False),
    ],
)  # fmt: skip
def test_loopback_and_excluded_hosts_are_reached_directly(
    url: str, excluded: str, through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", excluded)
    address = parse(url)
    assert address is not None
    assert (proxy_for(address) is not None) is through


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h", Address("http", "h", 80, "/")), ("https://H:8443/a/b?c=d#e", Address("https", "h", 8443, "/a/b?c=d")),
        ("localhost:4318", Address("http", "localhost", 4318, "/")), ("http://[::1]:1/x", Address("http", "::1", 1, "/x")),
        ("http://u:p@h/", Address("http", "h", 80, "/", "u:p")), ("ftp://h", None), ("http://", None), ("http://h:x", None),
        ("http://h\r\nevil", None), ("http://h/a b", None), ("", None),
    ],
)  # fmt: skip
def test_an_endpoint_is_a_url_or_nothing(url: str, address: Address | None) -> None:
    assert parse(url) == address
