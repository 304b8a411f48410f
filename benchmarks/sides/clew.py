"""The works of clew."""

from __future__ import annotations

import logging
from itertools import count
from time import process_time
from typing import Any

import drivers
from opentelemetry import metrics, trace
from opentelemetry.context import Context

import clew
import clew_httpx
from clew import Plugin, patch
from clew.conventions import db_client, http_server
from clew.guard import Guard
from clew.propagation import acceptor, injector
from clew.sql import describe
from clew.telemetry import Telemetry
from sides import common, nothing
from sides.timing import Work, exported, plain


def read_statement(cursor: Any, text: str, parameters: object = ()) -> db_client.Query:
    return db_client.query(text, of=cursor.connection)


def read_server(connection: Any) -> db_client.Server:
    return db_client.Server("postgresql", "127.0.0.1", 5432, "shop")


def works() -> dict[str, Work]:
    clew.enable()
    statement = db_client.statement(read_statement, read_server, innermost=True)
    client = patch("sides.nothing:Client.send", clew_httpx.exchange)
    Plugin("micro", hooks=[client, patch("sides.nothing:Cursor.execute", statement)]).enable()
    run = drivers.wsgi(clew.wsgi(nothing.application))
    send, cursor = nothing.Client().send, nothing.connect().cursor()
    tracer = trace.get_tracer("micro")
    return {
        "server": exported(lambda: run(7, 1)),
        "client": exported(lambda: send(nothing.REQUEST)),
        "db": exported(lambda: cursor.execute(nothing.STATEMENT, ("item 7",))),
        "span": exported(lambda: common.span(tracer)),
        "encode": plain(encoding(tracer)),
        "notes": notes(cursor),
        "inject": plain(injecting()),
        "extract": plain(extracting()),
        "point": exported(common.recording(metrics.get_meter("micro"))),
        "log": exported(common.logging_to(logging.getLogger("micro"))),
        "lexer-new": new_statements,
        "lexer-known": plain(lambda: describe(common.STATEMENT, "postgresql")),
    }


def encoding(tracer: Any) -> Any:
    span = common.span(tracer)
    return lambda: tracer.encoder.encode(span)


def notes(cursor: Any) -> Work:
    """Only the writing out of 64 calls that were noted before."""
    pending: Any = trace.get_tracer_provider().notes  # type: ignore[attr-defined]

    def work(loops: int) -> float:
        taken = 0.0
        for _ in range(loops):
            pending.batch = 10 * common.BATCH
            for _ in range(common.BATCH):
                cursor.execute(nothing.STATEMENT, ("item 7",))
            began = process_time()
            pending.write_out()
            taken += process_time() - began
        return taken

    return work


def injecting() -> Any:
    telemetry = Telemetry("micro", Guard("micro", lambda: None))
    scribe = telemetry.scribe(clew_httpx.exchange)
    inject = injector(telemetry.settings, clew_httpx.exchange, scribe)
    facts = "GET", str(nothing.REQUEST.url), {}, 0
    call = scribe.begin(Context(), facts)
    return lambda: inject(facts, call, call.inside)


def extracting() -> Any:
    telemetry = Telemetry("micro", Guard("micro", lambda: None))
    accept, environ, context = acceptor(telemetry.settings, http_server.wsgi), common.environ(), Context()
    return lambda: accept(environ, context)


numbers = count()


def new_statements(loops: int) -> float:
    statements = [common.STATEMENT.replace("4711", str(next(numbers))) for _ in range(loops)]
    began = process_time()
    for statement in statements:
        describe(statement, "postgresql")
    return process_time() - began
