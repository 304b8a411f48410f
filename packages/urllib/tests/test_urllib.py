"""clew-urllib passes the contract of an HTTP client, with urllib and with http.client alone."""

import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from clew.testing.contracts.http_client import Answer, HttpClientContract, attributes
from clew.testing.peer import Peer
from clew.testing.recording import Recording
from clew_urllib import plugin

PATCHED = [
    (http.client.HTTPConnection, "endheaders"),
    (http.client.HTTPConnection, "getresponse"),
    (http.client.HTTPConnection, "close"),
    (urllib.request.OpenerDirector, "open"),
]


class TestUrllib(HttpClientContract):
    asked = {"request_hook": 1, "response_hook": 2}
    plugin = plugin
    patched = PATCHED
    pools = False

    @contextmanager
    def session(self, timeout: float = 30, proxy: str = "") -> Iterator[Callable[..., Answer]]:
        unverified = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
        proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
        opener = urllib.request.build_opener(proxies, unverified)

        def call(method: str, url: str, headers: dict[str, str]) -> Answer:
            try:
                answer = opener.open(urllib.request.Request(url, method=method, headers=headers), timeout=timeout)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                return answer.status, answer.read()

        yield call

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with urllib.request.urlopen(url, timeout=30) as answer:
            yield iter(lambda: answer.read(5), b"")


class TestHttpClient(HttpClientContract):
    asked = {"request_hook": 1, "response_hook": 2}
    plugin = plugin
    patched = PATCHED
    follows_redirects = tunnels = False

    @contextmanager
    def session(self, timeout: float = 30, proxy: str = "") -> Iterator[Callable[..., Answer]]:
        connections: dict[str, http.client.HTTPConnection] = {}

        def call(method: str, url: str, headers: dict[str, str]) -> Answer:
            parts = urlsplit(proxy or url)
            connection = connections.setdefault(parts.netloc, http.client.HTTPConnection(parts.netloc, timeout=timeout))
            target = url if proxy else url.removeprefix(f"http://{parts.netloc}")
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        try:
            yield call
        finally:
            for connection in connections.values():
                connection.close()

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", urlsplit(url).path)
        answer = connection.getresponse()
        yield iter(lambda: answer.read(5), b"")
        connection.close()

    def test_a_request_whose_answer_nobody_asks_for_ends_with_its_connection(
        self, record: Recording, server: Peer
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/items/7")
        assert list(record.spans()) == []
        connection.close()
        assert attributes(record.span())["error.type"] == "clew.Abandoned"

    def test_headers_that_are_put_one_by_one_arrive_and_ours_too(self, record: Recording, server: Peer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.putrequest("POST", "/echo")
        connection.putheader("Content-Length", "5")
        connection.endheaders()
        connection.send(b"hello")
        answer = connection.getresponse().read()
        connection.close()
        assert b'"traceparent"' in answer
        assert b'"content-length": ["5"]' in answer
        assert attributes(record.span())["http.request.method"] == "POST"

    def test_a_tunnel_leads_to_where_the_request_goes(self, record: Recording) -> None:
        """The proxy of this test is also what it leads to."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=30)
            connection.set_tunnel("shop.example", 8080)
            accepted = _answers(listener, [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"])
            connection.request("GET", "/items/7")
            assert connection.getresponse().status == 204
            connection.close()
            accepted.join()
        assert attributes(record.span())["url.full"] == "http://shop.example:8080/items/7"

    @pytest.mark.parametrize(
        ("connection", "url"),
        [
            (http.client.HTTPConnection("::1", 8080), "http://[::1]:8080/items"),
            (http.client.HTTPConnection("shop.example", 80), "http://shop.example/items"),
            (http.client.HTTPSConnection("shop.example"), "https://shop.example/items"),
        ],
    )
    def test_the_url_is_spelt_as_one_would(self, record: Recording, connection: Any, url: str) -> None:
        connection.sock = ours = _Nowhere()
        connection.request("GET", "/items")
        connection.close()
        assert attributes(record.span())["url.full"] == url
        assert b"traceparent: " in ours.sent


class _Nowhere:
    """A socket that is not connected."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def _answers(listener: socket.socket, answers: list[bytes]) -> Any:
    def work() -> None:
        accepted, _ = listener.accept()
        with accepted:
            for answer in answers:
                received = b""
                while not received.endswith(b"\r\n\r\n"):
                    received += accepted.recv(65536)
                accepted.sendall(answer)

    thread = threading.Thread(target=work)
    thread.start()
    return thread
