"""How the benchmarks ask an application, and where they find the servers that it needs."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCHMARKS))

import drivers  # noqa: E402
from harness import mongo_server  # noqa: E402
from harness.rows import ROWS  # noqa: E402
from servers.programs import Unavailable  # noqa: E402


@pytest.fixture
def endings() -> Iterator[list[Callable[[], None]]]:
    """What the drivers want called at the end, called at the end of the test."""
    yield drivers.endings
    while drivers.endings:
        drivers.endings.pop()()


def answering(status: bytes, asked: list[list[bytes]]) -> Callable[[socket.socket], AbstractAsyncContextManager[None]]:
    """A server that enters the paths of each connection, and sends head and body one by one."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append([])
        while head := await reader.readline():
            asked[-1].append(head.split()[1])
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")
            await asyncio.sleep(0)
            writer.write(b"hello")
        writer.close()

    @asynccontextmanager
    async def serving(listening: socket.socket) -> AsyncIterator[None]:
        async with await asyncio.start_server(converse, sock=listening):
            yield

    return serving


def test_an_application_on_its_own_server_is_asked_over_one_connection(endings):
    asked: list[list[bytes]] = []
    run = drivers.server(answering(b"200 OK", asked))
    run(0, 2)
    run(2, 1)
    assert asked == [[b"/hello/0", b"/hello/1", b"/hello/2"]]


def test_a_server_that_answers_otherwise_is_not_measured(endings):
    with pytest.raises(RuntimeError, match="404 Not Found"):
        drivers.server(answering(b"404 Not Found", []))(0, 1)


def test_every_row_has_its_application():
    missing = [row.name for row in ROWS if not (BENCHMARKS / "apps" / f"{row.application}.py").is_file()]
    assert not missing


def test_a_server_of_ones_own_goes_before_one_that_is_made(monkeypatch):
    monkeypatch.setenv("BENCH_MONGODB", "mongodb://db.example")
    with mongo_server.server() as url:
        assert url == "mongodb://db.example"


def test_a_row_without_its_server_is_left_out(monkeypatch, capsys):
    def unavailable() -> None:
        raise Unavailable("There is no Java.")

    monkeypatch.delenv("BENCH_MONGODB", raising=False)
    monkeypatch.setattr(mongo_server, "running_in_java", unavailable)
    with mongo_server.server() as url:
        assert url == ""
    assert "There is no Java." in capsys.readouterr().err
