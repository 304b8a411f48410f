"""The doors of servers, and what all requests have in common whoever serves them."""

import random
import sys
import types
from typing import Any

import pytest

import clew
from clew import Plugin, door
from clew.conventions import http_server
from clew.testing.applications import by_wsgi
from clew.testing.contracts.http_server import METRIC
from clew.testing.recording import configured, enabled, recording


class Server:
    """Keeps its application in an attribute, and gives it to a function."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def answer(self, **extra: Any) -> bytes:
        return b"".join(self._run(self.application, **extra))

    def run(self, application: Any) -> bytes:
        return b"".join(self._run(application))

    def _run(self, application: Any, **extra: Any) -> Any:
        body = application(environ(**extra), lambda status, headers, *more: None)
        yield from body
        getattr(body, "close", lambda: None)()


def environ(**extra: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/items/7",
        "SERVER_NAME": "shop",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "HTTP_X_REQUEST_ID": "order-1",
        **extra,
    }


@pytest.fixture
def server(monkeypatch: Any) -> Any:
    class Own(Server):
        pass

    module = types.ModuleType("a_server")
    module.Server = Own  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_server", module)
    return Own


def test_an_application_in_an_attribute_is_followed_while_the_plugin_is_enabled(server: Any) -> None:
    before = server(by_wsgi)
    with enabled(Plugin("a_server", hooks=[door("a_server:Server.application", http_server.wsgi)])) as record:
        after = server(by_wsgi)
        held = before.application
        assert (before.answer(), after.answer()) == (b"order-1", b"order-1")
        del after.application
        assert not hasattr(after, "application")
        assert len(record.spans()) == 2
    assert "application" not in vars(server)
    assert before.application is by_wsgi
    record.clear()
    assert before.answer() == before.run(held) == b""
    assert record.spans() == ()


def test_an_application_in_a_slot_is_followed_while_the_plugin_is_enabled(server: Any) -> None:
    class InSlot(Server):
        __slots__ = ("application",)

    sys.modules["a_server"].Server = InSlot  # type: ignore[attr-defined]
    slot, one = vars(InSlot)["application"], InSlot(by_wsgi)
    with enabled(Plugin("a_server", hooks=[door("a_server:Server.application", http_server.wsgi)])):
        assert (one.answer(), InSlot(by_wsgi).answer()) == (b"order-1", b"order-1")
        del one.application
        assert not hasattr(one, "application")
        one.application = by_wsgi
    assert (vars(InSlot)["application"], one.application) == (slot, by_wsgi)


def test_an_application_that_is_handed_over_is_followed_while_the_plugin_is_enabled(server: Any) -> None:
    plugin = Plugin("a_server", hooks=[door("a_server:Server.run", http_server.wsgi, argument=1)])
    with enabled(plugin) as record:
        assert server(None).run(by_wsgi) == b"order-1"
        assert len(record.spans()) == 1
    assert server(None).run(by_wsgi) == b""


def test_what_is_no_application_is_handed_out_as_it_is(server: Any) -> None:
    with enabled(Plugin("a_server", hooks=[door("a_server:Server.application", http_server.wsgi)])):
        assert server(None).application is None
        assert server.application is not None


def test_a_missing_door_is_an_error_or_not(server: Any) -> None:
    with pytest.raises(Exception, match="a_server has no Other"):
        Plugin("a_server", hooks=[door("a_server:Other.application", http_server.wsgi)]).enable()
    with enabled(Plugin("a_server", hooks=[door("a_server:Other.application", http_server.wsgi, optional=True)])):
        pass


def test_1000_hosts_paths_and_methods_are_at_most_5_series() -> None:
    record, chance = recording(), random.Random(1)
    record.clear()
    application = clew.wsgi(by_wsgi)
    for _ in range(1000):
        noise = f"{chance.getrandbits(64):x}"
        method = chance.choice([noise.upper(), "GET", "POST"])
        asked = environ(REQUEST_METHOD=method, PATH_INFO=f"/{noise}", HTTP_HOST=f"{noise}.test", SCRIPT_NAME=noise)
        application(asked, lambda status, headers, *more: None).close()
    assert len(record.spans()) == 1000
    assert len(record.points(METRIC)) <= 5


def test_what_is_excluded_is_searched_for_in_scheme_host_and_path() -> None:
    with configured(CLEW_EXCLUDED_URLS="^http://intern/,/b$"):
        record = recording()
        record.clear()
        application = clew.wsgi(by_wsgi)
        for host, path in (("intern", "/a"), ("shop", "/a/b"), ("shop", "/a")):
            asked = environ(HTTP_HOST=host, PATH_INFO=path, QUERY_STRING="b=/b")
            application(asked, lambda status, headers, *more: None).close()
    assert [(span.attributes or {})["url.path"] for span in record.spans()] == ["/a"]
