"""clew-urllib3 passes the contract of an HTTP client, with a pool manager and with one pool alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
import urllib3.connectionpool

from clew.testing.contracts.http_client import Answer, HttpClientContract, attributes
from clew.testing.peer import Peer, running_peer
from clew.testing.recording import Recording, enabled
from clew_urllib3 import plugin, read_url

PATCHED = [
    (urllib3.connectionpool.HTTPConnectionPool, "_make_request"),
    (urllib3.connectionpool.HTTPConnectionPool, "urlopen"),
    (urllib3.PoolManager, "urlopen"),
]


def again(retries: int) -> urllib3.Retry:
    return urllib3.Retry(
        max(retries, 2), connect=0, read=0, status_forcelist=[503] if retries else [], backoff_factor=0
    )


class TestPoolManager(HttpClientContract):
    asked = {"request_hook": 2, "response_hook": 2}
    plugin = plugin
    patched = PATCHED
    retries = True

    @contextmanager
    def session(self, timeout: float = 30, proxy: str = "", retries: int = 0) -> Iterator[Callable[..., Answer]]:
        options: dict[str, Any] = {"timeout": timeout, "retries": again(retries)}
        options["cert_reqs"] = "CERT_NONE"
        manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)

        def call(method: str, url: str, headers: dict[str, str]) -> Answer:
            response = manager.request(method, url, headers=headers)
            return response.status, response.data

        with manager:
            yield call

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with urllib3.PoolManager() as manager:
            response = manager.request("GET", url, preload_content=False)
            yield response.stream(5)
            response.close()

    def test_each_attempt_is_a_request_of_its_own(self, record: Recording, server: Peer) -> None:
        assert self.call("GET", f"{server.url}/flaky/{id(self)}/2", retries=2)[0] == 200
        found = [attributes(span) for span in record.spans()]
        assert [one["http.response.status_code"] for one in found] == [503, 503, 200]
        assert [one.get("http.request.resend_count") for one in found] == [None, 1, 2]

    def test_the_headers_of_a_pool_stay_as_they_are(self, record: Recording, server: Peer) -> None:
        headers = {"X-Shop": "1"}
        with urllib3.PoolManager(headers=headers) as manager:
            first, second = (json.loads(manager.request("GET", f"{server.url}/echo").data) for _ in range(2))
        assert headers == {"X-Shop": "1"}
        assert first["traceparent"] != second["traceparent"]

    def test_a_tunnel_that_does_not_come_about_is_a_failed_call(self, record: Recording) -> None:
        proxy = urllib3.ProxyManager("http://127.0.0.1:9", retries=False)
        with pytest.raises(urllib3.exceptions.HTTPError):
            proxy.request("GET", "https://shop.example/items/7")
        found = attributes(record.span())
        assert (found["url.full"], found["server.port"]) == ("https://shop.example/items/7", 443)
        assert found["error.type"].startswith("urllib3.exceptions.")


class TestPool(TestPoolManager):
    leaves_hosts = tunnels = False

    @contextmanager
    def session(self, timeout: float = 30, proxy: str = "", retries: int = 0) -> Iterator[Callable[..., Answer]]:
        pools: dict[str, urllib3.HTTPConnectionPool] = {}
        options: dict[str, Any] = {"timeout": timeout, "retries": again(retries)}

        def call(method: str, url: str, headers: dict[str, str]) -> Answer:
            netloc = urlsplit(proxy or url).netloc
            pool = pools.setdefault(netloc, urllib3.connection_from_url(f"http://{netloc}", **options))
            target = url if proxy else url.removeprefix(f"http://{netloc}") or "/"
            response = pool.urlopen(method, target, headers=headers, assert_same_host=False)
            return response.status, response.data

        try:
            yield call
        finally:
            for pool in pools.values():
                pool.close()

    def test_a_pool_without_a_free_connection_is_a_failed_call(self, record: Recording, server: Peer) -> None:
        pool = urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=1, block=True)
        with pool.urlopen("GET", "/endless", preload_content=False), pytest.raises(urllib3.exceptions.EmptyPoolError):
            pool.urlopen("GET", "/items/7", pool_timeout=0.01, retries=False)
        pool.close()
        assert attributes(record.spans()[-1])["error.type"] == "urllib3.exceptions.EmptyPoolError"


@pytest.mark.parametrize(
    ("pool", "url"),
    [
        (urllib3.HTTPConnectionPool("shop.example", 80), "http://shop.example/items"),
        (urllib3.HTTPSConnectionPool("shop.example"), "https://shop.example/items"),
        (urllib3.HTTPSConnectionPool("::1", 8443), "https://[::1]:8443/items"),
    ],
)
def test_the_url_is_spelt_as_one_would(pool: Any, url: str) -> None:
    assert read_url(pool, "/items") == url


def test_requests_over_urllib3_is_one_call() -> None:
    """Whoever is outermost owns it; nobody here may import another's plugin."""
    requests = pytest.importorskip("requests")
    others = [point.load() for point in entry_points(group="clew_plugin") if point.name in ("requests", "http.client")]
    with running_peer() as peer, enabled(plugin, *others) as record:
        requests.get(f"{peer.url}/redirect", timeout=30)
        assert [attributes(span)["http.response.status_code"] for span in record.spans()] == [302, 200]
        record.clear()
        with pytest.raises(requests.ConnectionError):
            requests.get("http://127.0.0.1:9/", timeout=30)
        assert len(record.spans()) == 1
