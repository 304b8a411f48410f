"""Settings: nonsense costs one line; and whose trace context is taken over."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import baggage

import clew
from clew import settings
from clew.testing.recording import recording
from clew.variables import VARIABLES

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NONSENSE = "\x00 hunter2;"


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.current.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.current.cache_clear()


def test_every_field_has_its_variable() -> None:
    assert tuple(VARIABLES) == settings.Settings._fields
    assert settings.from_environment({}) == settings.from_environment({row.name: "" for row in VARIABLES.values()})


@pytest.mark.parametrize("field", sorted(set(VARIABLES) - {"own_hosts", "secret_names", "told_hosts"}))
def test_nonsense_is_named_and_the_default_is_taken(field: str, caplog: pytest.LogCaptureFixture) -> None:
    environ = {VARIABLES[field].name: NONSENSE}
    assert settings.from_environment(environ) == settings.from_environment({})
    (line,) = caplog.messages
    assert line.startswith(f"clew: {VARIABLES[field].name} ")
    assert "hunter2" not in line
    assert settings.faults(environ) == [line.removeprefix("clew: ").partition(";")[0]]


CASES = [
    ("always", "203.0.113.7", True),
    ("never", "127.0.0.1", False),
    ("10.0.0.0/8,127.0.0.1", "10.1.2.3", True),
    ("10.0.0.0/8,127.0.0.1", "203.0.113.7", False),
    ("10.0.0.0/8", "::ffff:10.1.2.3", True),
    ("10.0.0.0/8", "", False),
    ("fd00::/8", "fd12::1", True),
    ("fd00::/8", "not an address", False),
]


@pytest.mark.parametrize(("trusted", "peer", "taken"), CASES)
def test_the_callers_trace_is_taken_over_from_whom_one_trusts(
    trusted: str, peer: str, taken: bool, chosen: pytest.MonkeyPatch
) -> None:
    """Of everybody the request ID is accepted: it is only a name."""
    chosen.setenv("CLEW_TRUST_INCOMING", trusted)
    record = recording()
    seen: list[Any] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        seen.append((clew.current_request_id(), baggage.get_baggage("tenant")))
        start_response("200 OK", [])
        return [b""]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        seen.append((clew.current_request_id(), baggage.get_baggage("tenant")))

    headers = {"traceparent": PARENT, "baggage": "tenant=blue", "x-request-id": "order-1"}
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "REMOTE_ADDR": peer}
    scope = {
        "type": "http", "method": "GET", "path": "/", "client": (peer, 1) if peer else None,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    record.clear()
    clew.wsgi(wsgi)(environ, lambda *_: None).close()  # type: ignore[attr-defined]
    asyncio.run(clew.asgi(asgi)(scope, None, None))  # type: ignore[arg-type]
    assert [f"{span.context.trace_id:032x}" == PARENT[3:35] for span in record.spans()] == [taken, taken]
    assert [[f"{link.context.trace_id:032x}" for link in span.links] for span in record.spans()] == [
        [] if taken else [PARENT[3:35]]
    ] * 2
    assert seen == [("order-1", "blue" if taken else None)] * 2
