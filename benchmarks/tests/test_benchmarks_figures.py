"""What the benchmarks make of their measurements."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCHMARKS))

from harness import otlp  # noqa: E402
from harness.contenders import (  # noqa: E402
    BARE,
    CLEW,
    CONTENDERS,
    CONTRIB,
    DDTRACE,
    ELASTIC,
    HELD_BACK,
    SENTRY,
    Contender,
)
from harness.figures import added, ratio  # noqa: E402
from harness.measuring import Result, complete  # noqa: E402
from harness.processes import Server  # noqa: E402
from harness.report import Report, document, fraction  # noqa: E402
from harness.rows import Row  # noqa: E402
from harness.settings import section, settings  # noqa: E402

ROW = Row("flask", "Flask, hello", "flask_hello", 1000)
QUIET = Row("flask-unsampled", "Flask, hello, 5 % sampled", "flask_hello", 1000, mode="unsampled")


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


def test_there_is_no_ratio_to_contrib_where_it_looks_away():
    bare = Result(cpu=[50.0], operations=1000)
    assert "1/10.0" not in table_of(bare, result(60.0), result(150.0, spans_each=0, spans=0))


def quiet_line(loud: dict[str, Result] | None, **vendors: Result) -> list[str]:
    """The cells of a row that keeps few traces, behind the work, beside a row that keeps all with these results."""
    base = {"bare": Result(cpu=[50.0], operations=1000), "clew": result(60.0), "contrib": result(150.0)}
    rows = [(ROW, {**base, **loud})] if loud is not None else []
    contenders = [BARE, CLEW, CONTRIB, *(one for one in CONTENDERS if one.name in vendors)]
    text = document(Report({}, contenders, [(QUIET, {**base, **vendors}), *rows], [], []))
    line = next(line for line in text.splitlines() if QUIET.title in line)
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_whoever_loses_or_looks_away_when_all_traces_are_kept_is_no_peer_when_few_are():
    loud = {"ddtrace": result(90.0, spans_each=0, spans=0), "newrelic": result(90.0, spans=900)}
    cells = quiet_line(
        loud | {"logfire": result(90.0)}, ddtrace=result(51.0), newrelic=result(70.0), logfire=result(90.0)
    )
    assert cells[3] == "not followed"
    assert cells[4].startswith("20.0")
    assert cells[-2:] == ["1/10.0", "1/4.0"]


def test_nobody_is_known_to_be_a_peer_where_no_row_keeps_all_traces():
    assert quiet_line(None, ddtrace=result(90.0))[-2:] == ["1/10.0", "-"]


def test_a_setting_is_told_with_its_reason_and_the_rows_it_is_for():
    contender = Contender(
        "agent",
        "agent-run",
        environment={"HOST": "{host}", "QUEUE": "9", "LIMIT": "9"},
        modes={"on": {}, "unsampled": {"RATE": "0.05", "STATS": "true"}, "off": {"ENABLED": "false"}},
        reasons={
            "QUEUE": "too short",
            "LIMIT": "too short",
            "init(app)": "sees nothing otherwise",
            "STATS": "sends all",
        },
    )
    assert settings(contender) == [
        "  - `QUEUE=9`, `LIMIT=9` (too short)",
        "  - `init(app)` (sees nothing otherwise)",
        "  - 5 % sampled: `RATE=0.05`",
        "  - 5 % sampled: `STATS=true` (sends all)",
        "  - switched off: `ENABLED=false`",
    ]


def test_every_setting_but_names_and_places_has_a_reason():
    plain = [
        f"{contender.name}: {name}"
        for contender in CONTENDERS
        for name, value in contender.environment.items()
        if name not in contender.reasons and "{" not in value and value != "benchmark"
    ]
    assert not plain


def test_the_report_says_what_is_held_back_and_why():
    assert all(reason in section([]) for reason in HELD_BACK.values())
    assert "`sqlalchemy<2.1` (contrib follows no newer one)" in section([])


def test_what_several_processes_complain_of_is_said_once():
    broken = Result(cpu=[50.0], operations=1000, complaint="deprecated")
    rows = [(row, {"bare": broken, "clew": result(60.0)}) for row in (ROW, QUIET)]
    text = document(Report({}, [BARE, CLEW], rows, [], []))
    assert text.count("deprecated") == 1
    assert "bare: Flask, hello; Flask, hello, 5 % sampled\n" in text
