"""clew-requests passes the contract of an HTTP client."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import pytest
import requests
import requests.adapters
import urllib3

from clew.instrumentor import Instrumentor
from clew.testing.contracts.http_client import Answer, HttpClientContract, attributes
from clew.testing.peer import Peer
from clew.testing.recording import Recording
from clew_requests import plugin
from clew_requests.instrumentor import RequestsInstrumentor


class TestRequests(HttpClientContract):
    asked = {"request_hook": 1, "response_hook": 2}
    plugin = plugin
    patched = [(requests.adapters.HTTPAdapter, "send"), (requests.Session, "send")]
    retries = True

    @contextmanager
    def session(self, timeout: float = 30, proxy: str = "", retries: int = 0) -> Iterator[Callable[..., Answer]]:
        with requests.Session() as session:
            if retries:
                again = urllib3.Retry(retries, status_forcelist=[503], backoff_factor=0)
                session.mount("http://", requests.adapters.HTTPAdapter(max_retries=again))
            if proxy:
                session.proxies.update(http=proxy, https=proxy)

            def call(method: str, url: str, headers: dict[str, str]) -> Answer:
                response = session.request(method, url, headers=headers, timeout=timeout, verify=False)
                return response.status_code, response.content

            yield call

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with requests.get(url, stream=True, timeout=30) as response:
            yield response.iter_content(None)

    def test_a_session_may_be_left_alone(self, instrumentor: Instrumentor, own: Recording, peer: str) -> None:
        instrumentor.instrument(tracer_provider=own.tracer_provider)
        with requests.Session() as followed, requests.Session() as left:
            RequestsInstrumentor.uninstrument_session(left)
            for number, session in ((1, followed), (2, left)):
                assert session.get(f"{peer}/items/{number}").status_code == 200
        assert attributes(own.span())["url.full"] == f"{peer}/items/1"

    def test_an_adapter_of_the_applications_own_is_followed(self, record: Recording, peer: str) -> None:
        class Adapter(requests.adapters.HTTPAdapter):
            def send(self, request: Any, *args: Any, **options: Any) -> Any:
                request.headers["X-Shop"] = "1"
                return super().send(request, *args, **options)

        with requests.Session() as session:
            session.mount("http://", Adapter())
            assert session.get(f"{peer}/echo", timeout=30).json()["x-shop"] == ["1"]
        assert attributes(record.span())["http.response.status_code"] == 200

    def test_a_prepared_request_may_be_sent_twice(self, record: Recording, peer: str) -> None:
        with requests.Session() as session:
            prepared = session.prepare_request(requests.Request("GET", f"{peer}/echo"))
            parents = [session.send(prepared, timeout=30).json()["traceparent"] for _ in range(2)]
        assert [len(found) for found in parents] == [1, 1]
        assert parents[0] != parents[1]
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, None]

    def test_a_digest_that_is_asked_for_is_a_second_request(self, record: Recording, server: Peer) -> None:
        def challenge(response: Any, **options: Any) -> Any:
            return response.connection.send(response.request.copy(), **options)

        with requests.Session() as session:
            answer = session.get(f"{server.url}/status/401", hooks={"response": challenge}, timeout=30)
        assert json.loads(answer.content)["target"] == "/status/401"
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, 1]

    def test_a_thread_that_outlives_the_call_that_it_was_begun_in_makes_calls_of_its_own(
        self, record: Recording, peer: str
    ) -> None:
        over = threading.Event()

        def work() -> None:
            assert over.wait(30)
            for number in range(2):
                session.get(f"{peer}/items/{number}", timeout=30)

        class Adapter(requests.adapters.HTTPAdapter):
            def add_headers(self, request: Any, **options: Any) -> None:
                if not threads:
                    threads.append(threading.Thread(target=copy_context().run, args=(work,)))
                    threads[0].start()

        threads: list[threading.Thread] = []
        with requests.Session() as session:
            session.mount("http://", Adapter())
            session.get(f"{peer}/items/7", timeout=30)
            over.set()
            threads[0].join()
        found = [attributes(span) for span in record.spans()]
        assert [one["url.full"] for one in found] == [f"{peer}/items/{number}" for number in (7, 0, 1)]
        assert all("http.request.resend_count" not in one for one in found)

    def test_a_url_that_no_adapter_takes_is_no_request(self, record: Recording) -> None:
        with pytest.raises(requests.exceptions.InvalidSchema):
            requests.get("ftp://127.0.0.1/", timeout=30)
        assert list(record.spans()) == []
