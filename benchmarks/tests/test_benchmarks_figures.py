"""What the benchmarks make of their measurements."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCHMARKS))

from harness import otlp  # noqa: E402
from harness.contenders import BARE, CLEW, CONTRIB, DDTRACE, ELASTIC, SENTRY  # noqa: E402
from harness.figures import added, ratio  # noqa: E402
from harness.measuring import Result, complete  # noqa: E402
from harness.processes import Server  # noqa: E402
from harness.report import Report, document, fraction  # noqa: E402
from harness.rows import Row  # noqa: E402

ROW = Row("flask", "Flask, hello", "flask_hello", 1000)


def message(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field; contents are shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def traces(*spans: bytes) -> bytes:
    return message(1, message(2, b"".join(message(2, span) for span in spans)))


def span(number: int) -> bytes:
    return message(1, b"t" * 16) + message(2, bytes([number]) * 8) + message(5, b"GET /")


def result(*cpu: float, **more: float) -> Result:
    return Result(cpu=list(cpu), operations=1000, **{"spans_each": 1, "spans": 1000, "points": 1, **more})  # type: ignore[arg-type]


def test_added_time_is_the_median_of_the_differences_within_each_round():
    """A minute in which everything is twice as slow changes neither median by much."""
    found = added([150.0, 300.0, 152.0], [50.0, 200.0, 50.0])
    assert found is not None
    assert (found.median, found.low, found.high) == (100.0, 100.0, 101.0)


def test_a_ratio_needs_two_figures():
    assert ratio(None, added([3.0], [1.0])) is None
    assert ratio(added([3.0], [2.0]), added([12.0], [2.0])) == pytest.approx(0.1)


def test_a_fraction_reads_as_one_part_of_so_many():
    assert [fraction(value) for value in (0.1, 0.75, 0.0, None)] == ["1/10.0", "0.75", "< 1/200", "-"]


def test_spans_are_counted_by_their_identity():
    body = traces(span(1), span(2), span(1))
    assert len(otlp.spans(body)) == 3
    assert len(set(otlp.spans(body))) == 2


def test_data_points_of_every_kind_of_metric_are_counted():
    histogram = message(1, b"duration") + message(9, message(1, b"\x0a\x00") + message(1, b""))
    gauge = message(1, b"memory") + message(5, message(1, b""))
    assert otlp.points(traces(histogram, gauge)) == 3


def test_a_body_that_is_cut_short_is_an_error():
    with pytest.raises(ValueError):
        otlp.spans(traces(span(1))[:-3])


def test_the_sink_counts_each_sender_for_itself_and_refuses_nonsense():
    sink = Server("sink.py")
    try:
        for sender in ("a", "a", "b"):
            urllib.request.urlopen(f"{sink.address}/{sender}/v1/traces", traces(span(1), span(2)), 30).close()
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"{sink.address}/a/v1/traces", b"\x0a\x7f", 30)
        counts = [sink.counts(sender) for sender in ("a", "b", "c")]
    finally:
        sink.stop()
    assert [(one["spans"], one["twice"]) for one in counts] == [(2, 2), (2, 0), (0, 0)]


@pytest.mark.parametrize("less", [{"spans_each": 0, "spans": 0}, {"spans": 999}, {"points": 0}])
def test_there_is_no_ratio_where_clew_delivered_less(less):
    """Less telemetry costs less, which is no merit."""
    bare = Result(cpu=[50.0], operations=1000)
    assert "1/10.0" in table_of(bare, result(60.0), result(150.0))
    assert "1/10.0" not in table_of(bare, result(60.0, **less), result(150.0))


def test_a_missing_log_record_makes_a_row_incomplete():
    row = Row("flask-log", "Flask, 1 log line", "flask_log", 1000, logs=1)
    assert complete(row, result(1.0, logs=1000))
    assert not complete(row, result(1.0, logs=999))


def test_the_report_says_what_was_lost_and_what_went_wrong():
    broken = Result(complaint="clew has no command")
    text = table_of(Result(cpu=[50.0], operations=1000), broken, result(150.0, spans=750))
    assert "250 (25.0%)" in text
    assert "clew has no command" in text


def test_a_row_that_does_not_exist_is_named_with_those_that_do():
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--rows", "flusk"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "no row flusk; there are flask, " in done.stderr
    assert "Traceback" not in done.stderr


def table_of(bare: Result, clew: Result, contrib: Result) -> str:
    rows = [(ROW, {"bare": bare, "clew": clew, "contrib": contrib})]
    return document(Report({"date": "2026-01-01"}, [BARE, CLEW, CONTRIB], rows, [], []))


def test_an_agent_that_looks_away_is_not_the_cheapest_peer():
    rows = {"bare": Result(cpu=[50.0], operations=1000), "clew": result(60.0), "contrib": result(150.0)}
    blind, loser, keeper = result(51.0, spans_each=0.01), result(70.0, spans=900), result(90.0)
    contenders = [BARE, CLEW, CONTRIB, DDTRACE, ELASTIC, SENTRY]
    found = {**rows, "ddtrace": blind, "elastic-apm": loser, "sentry-sdk": keeper}
    text = document(Report({"date": "2026-01-01"}, contenders, [(ROW, found)], [], []))
    assert "not followed |" in text
    assert "1/4.0" in text
