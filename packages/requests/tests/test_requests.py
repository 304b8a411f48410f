"""clew-requests passes the contract of an HTTP client."""

import requests
import requests.adapters

from clew.testing.contracts.http_client import HttpClientContract
from clew_requests import plugin


class TestRequests(HttpClientContract):
    plugin = plugin
    patched = [(requests.adapters.HTTPAdapter, "send")]

    def call(self, method: str, url: str, **headers: str) -> tuple[int, bytes]:
        response = requests.request(method, url, headers=headers, timeout=30)
        return response.status_code, response.content


class TestRequestsSession(TestRequests):
    def call(self, method: str, url: str, **headers: str) -> tuple[int, bytes]:
        with requests.Session() as session:
            session.headers.update(headers)
            response = session.request(method, url, timeout=30)
            return response.status_code, response.content
