"""Posts one request to the collector and says what became of it (OTLP specification, "OTLP/HTTP Response")."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clew_sdk import retry
from clew_sdk.address import Address
from clew_sdk.deadline import Deadline
from clew_sdk.endpoint import Endpoint
from clew_sdk.otlp.request import rejected_records

if TYPE_CHECKING:
    from clew_sdk.http import Connection, Response

_TRANSIENT = (429, 502, 503, 504)


class Outcome(NamedTuple):
    """`failure` is empty for a request that arrived; then `rejected` of its records were not taken.

    `again` says that the same request may be repeated, after `wait` seconds if the server named a time.
    """

    failure: str = ""
    rejected: int = 0
    again: bool = False
    wait: float | None = None


class Transport:
    """Sends one signal's requests; used by one thread at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connection: Connection | None = None
        self._headers = [("Content-Type", "application/x-protobuf"), ("User-Agent", "clew-sdk"), *endpoint.headers]

    @property
    def address(self) -> Address:
        return self._endpoint.address

    def send(self, body: bytes, deadline: Deadline) -> Outcome:
        """One attempt, within the endpoint's timeout and before the deadline."""
        headers = self._headers
        if self._endpoint.gzip:
            body, headers = _compressed(body), [*headers, ("Content-Encoding", "gzip")]
        try:
            return _judged(self._open().post(headers, body, deadline.within(self._endpoint.timeout)))
        except TimeoutError:
            return Outcome("timeout", again=True)
        except OSError as error:
            return Outcome(type(error).__name__, again=True)

    def close(self) -> None:
        """Also for a forked child: closing its copy of the connection says nothing to the server."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Connection:
        if self._connection is None:
            from clew_sdk.http import Connection  # with the first record, not with the program's start

            self._connection = Connection(self._endpoint)
        return self._connection


def _judged(response: Response) -> Outcome:
    if 200 <= response.status < 300:
        return Outcome(rejected=rejected_records(response.body))
    if response.status in _TRANSIENT:
        wait = retry.named_wait(response.headers.get("retry-after", ""))
        return Outcome(str(response.status), again=True, wait=wait)
    return Outcome(str(response.status))


def _compressed(body: bytes) -> bytes:
    import zlib

    gzip = zlib.compressobj(6, zlib.DEFLATED, 31)
    return gzip.compress(body) + gzip.flush()
