"""A trace is drawn as a tree that a person reads at once, and nothing in it reaches the terminal raw."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from clew_viewer import limits
from clew_viewer.decode import LOGS, TRACES, decode
from clew_viewer.text import clean, duration
from clew_viewer.traces import Traces
from clew_viewer.tree import tree_printer

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def drawn(otlp: Any) -> Any:
    """A function that draws the spans and log lines of one trace as plain text."""

    def draw(*bodies: bytes, width: int = 120, encoding: str = "utf-8", colours: bool = False) -> str:
        traces = Traces()
        for body in bodies:
            traces.add(decode(TRACES, body, is_json=False), 0)
        return show(traces, width, encoding, colours)

    def show(traces: Traces, width: int, encoding: str, colours: bool) -> str:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
        console = Console(file=stream, width=width, force_terminal=colours, highlight=False, emoji=False)
        for trace in traces.due(100):
            tree_printer(console)(trace)
        stream.flush()
        return re.sub(r"\d\d:\d\d:\d\d\.", "hh:mm:ss.", stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]

    draw.show = show  # type: ignore[attr-defined]
    return draw


def test_a_request_through_three_services_is_drawn_with_times_errors_and_its_logs(otlp, drawn):
    client = otlp.kinds.SPAN_KIND_CLIENT
    front = [
        otlp.span("POST /checkout", 1, length=100, attributes={"request.id": "r-1", "http.response.status_code": 502}),
        otlp.span("POST", 2, 1, kind=client, start=10, length=20, attributes={"url.full": "http://stock/reserve"}),
        otlp.span("POST", 3, 1, kind=client, start=40, length=50, failed=True, status="timed out"),
    ]
    stock = [otlp.span("POST /reserve", 4, 2, start=12, length=15)]
    declined = ("CardDeclined", "the bank said no", 'File "/srv/shop/payment.py", line 35, in charge')
    payment = [otlp.span("POST /charge", 5, 3, start=45, length=40, raises=declined)]
    traces = Traces()
    traces.add(decode(TRACES, otlp.spans(shop_front=front, stock=stock, payment=payment), is_json=False), 0)
    error = {"exception.type": "HTTPError", "exception.message": "500"}
    lines = ("INFO", "checkout", {}), ("ERROR", "payment failed", error)
    traces.add(decode(LOGS, otlp.logs("shop-front", *lines), is_json=False), 0)
    bar = "━"
    assert drawn.show(traces, 120, "utf-8", False).splitlines() == [
        "✗ POST /checkout  502  100 ms  hh:mm:ss.001  · 3 services, 5 spans, 2 errors",
        f"  request r-1  trace {1:032x}",
        f"  POST /checkout  502            shop-front    100 ms  {bar * 24}",
        f"  ├─ POST  http://stock/reserve  shop-front     20 ms    {bar * 5}",
        f"  │  └─ POST /reserve            stock          15 ms    {bar * 4}",
        f"  └─ ✗ POST                      shop-front     50 ms  {' ' * 9}{bar * 12}",
        "       timed out",
        f"     └─ ✗ POST /charge           payment        40 ms  {' ' * 10}{bar * 10}",
        "          CardDeclined: the bank said no  srv/shop/payment.py:35 in charge",
        "  hh:mm:ss.000  INFO   shop-front  checkout",
        "  hh:mm:ss.001  ERROR  shop-front  payment failed",
        "                                   HTTPError: 500",
        "",
    ]


def test_five_or_more_calls_that_are_alike_become_one_row(otlp, drawn):
    calls = [otlp.span("SELECT items", number, 1, start=number, length=2) for number in range(2, 14)]
    text = drawn(otlp.spans(shop=[otlp.span("GET /", 1, length=40), *calls]))
    assert f"└─ 12 {TIMES} SELECT items" in text
    assert "24 ms" in text
    assert len(text.splitlines()) == 5


def test_a_failing_call_among_many_keeps_its_own_row(otlp, drawn):
    calls = [otlp.span("SELECT items", number, 1, start=number, failed=number == 8) for number in range(2, 14)]
    text = drawn(otlp.spans(shop=[otlp.span("GET /", 1), *calls]))
    assert [mark in text for mark in (f"6 {TIMES} SELECT items", "✗ SELECT items", f"5 {TIMES} SELECT items")] == [
        True
    ] * 3


def test_a_span_without_its_parent_is_a_root_that_says_so(otlp, drawn):
    text = drawn(otlp.spans(shop=[otlp.span("GET /", 1), otlp.span("lost", 3, 2)]))
    assert "its parent 0000000000000002 has not arrived" in text
    assert "unfinished" in text


def test_parents_in_a_circle_are_drawn_once_and_marked(otlp, drawn):
    text = drawn(otlp.spans(shop=[otlp.span("self", 1, 1), otlp.span("hen", 2, 3), otlp.span("egg", 3, 2)]))
    assert text.count("its parents form a circle") == 2
    rows = text.split(f"trace {1:032x}")[1]
    assert [rows.count(name) for name in ("self", "hen", "egg")] == [1, 1, 1]


def test_a_trace_that_is_deeper_than_the_stack_is_drawn(otlp, drawn):
    chain = [otlp.span("down", number, number - 1) for number in range(1, 5_000)]
    text = drawn(otlp.spans(shop=chain))
    assert f"and {4_999 - limits.ROWS} rows more" in text


EVIL = "a\x1b[31mred\x1b]0;title\x07\r\n\x9b2J\u202egnp.exe\u2028[bold]x[/bold]"
SAFE = r"a\x1b[31mred\x1b]0;title\x07\r\n\x9b2J\u202egnp.exe\u2028[bold]x[/bold]"


def test_control_characters_are_shown_escaped_wherever_they_stand(otlp, drawn):
    span = otlp.span(EVIL, 1, raises=(EVIL, EVIL, f'File "{EVIL}", line 1, in f'), status=EVIL)
    child = otlp.span("x", 2, 1, failed=True, status=EVIL)
    query = {"db.query.text": EVIL, "request.id": EVIL, "http.response.status_code": EVIL}
    traces = Traces()
    services = {EVIL: [span, child, otlp.span("SELECT", 3, 1, attributes=query)]}
    traces.add(decode(TRACES, otlp.spans(**services), is_json=False), 0)
    traces.add(decode(LOGS, otlp.logs(EVIL, (EVIL, EVIL, {"exception.type": EVIL})), is_json=False), 0)
    text = drawn.show(traces, 2000, "utf-8", False)
    assert text.count(SAFE) >= 8
    assert [char for char in text if char != "\n" and not char.isprintable()] == []


def test_clean_leaves_ordinary_text_of_all_languages_alone():
    for text in ("plain", "Grüße, 你好, שלום, 🧵"):
        assert clean(text) == text
    assert clean("a\ud800b") == "a\\ud800b"


def test_a_terminal_without_unicode_gets_ascii(otlp, drawn):
    text = drawn(otlp.spans(shop=[otlp.span("GET /", 1, failed=True), otlp.span("x", 2, 1)]), encoding="ascii")
    assert text.isascii()
    assert "`- x" in text


def test_colours_are_for_terminals_only(otlp, drawn):
    body = otlp.spans(shop=[otlp.span("GET /", 1, failed=True)])
    assert "\x1b[" in drawn(body, colours=True)
    assert "\x1b" not in drawn(body)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rows_fit_the_terminal_unless_that_is_tiny(otlp, drawn, width):
    spans = [otlp.span("n" * 200, 1), otlp.span("x", 2, 1, attributes={"db.query.text": "SELECT " * 50})]
    lines = drawn(otlp.spans(shop_with_a_rather_long_name=spans), width=width).splitlines()
    rows = [line for line in lines if "shop-with-a" in line]
    assert len(rows) == 2
    assert max(map(len, rows)) <= max(width, 62)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1_500, "1.50 µs"), (38_000_000, "38 ms"), (1_923_000_000, "1.92 s")],
)
def test_durations_have_the_unit_that_fits(nanoseconds, text):
    assert duration(nanoseconds) == text
