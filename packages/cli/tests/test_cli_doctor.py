"""`clew doctor` names what keeps telemetry from arriving, and what to do about it."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.sink import Sink

NOWHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "CLEW_PLUGINS_DISABLED": "*"}
Findings = dict[tuple[str, str], dict[str, str]]


@pytest.fixture
def doctor(plain: Any) -> Callable[..., tuple[int, Findings]]:
    def run(*words: str, **env: str) -> tuple[int, Findings]:
        process = plain(sys.executable, "-m", "clew_cli", "doctor", "--json", *words, env=env)
        assert process.stderr == ""
        found = json.loads(process.stdout)
        return process.returncode, {(finding["area"], finding["subject"]): finding for finding in found}

    return run


def test_where_all_is_well_a_span_arrives_and_the_status_is_0(doctor: Any, plain: Any) -> None:
    with Sink() as sink:
        status, found = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, OTEL_SERVICE_NAME="shop")
        assert [finding for finding in found.values() if finding["state"] == "bad"] == []
        assert status == 0
        ((resource, _, span),) = sink.spans
        assert (resource["service.name"], span.name) == ("shop", "clew doctor")
        assert sorted(path for path, _, _ in sink.requests) == ["/v1/logs", "/v1/metrics", "/v1/traces"]
        lines = plain(sys.executable, "-m", "clew_cli", "doctor", env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}).stdout
    assert lines.splitlines()[-1] == "Nothing is in the way."
    assert (
        found["plugins", next(subject for area, subject in found if subject.startswith("clew-sqlite3"))]["state"]
        == "good"
    )


@pytest.mark.parametrize(
    ("answer", "text", "advice"),
    [(401, "401", "OTEL_EXPORTER_OTLP_HEADERS"), (404, "404", "without /v1/traces"), ("reset", "", "")],
)
def test_a_collector_that_refuses_is_named_with_its_answer(answer: Any, text: str, advice: str, doctor: Any) -> None:
    with Sink(answer) as sink:
        status, found = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, CLEW_PLUGINS_DISABLED="*")
    assert status == 1
    for signal in ("traces", "metrics", "logs"):
        finding = found["endpoints", signal]
        assert finding["state"] == "bad"
        assert f"{sink.url}/v1/{signal}" in finding["text"]
        assert text in finding["text"]
        assert advice in finding["advice"]


def test_nobody_at_the_endpoint(doctor: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = {"CLEW_PLUGINS_DISABLED": "*", "OTEL_LOGS_EXPORTER": "console"}
    _, found = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", **settings)
    assert "is a collector running there?" in found["endpoints", "traces"]["advice"]
    assert found["endpoints", "logs"]["state"] == "note"


def test_settings_and_other_agents_that_are_in_the_way(doctor: Any, tmp_path: Path) -> None:
    wrapper = tmp_path / "opentelemetry" / "instrumentation" / "auto_instrumentation"
    wrapper.mkdir(parents=True)
    with Sink() as sink:
        status, found = doctor(
            OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, OTEL_TRACES_SAMPLER="always_off", OTEL_BSP_SCHEDULE_DELAY="hunter2",
            CLEW_EXIT_TIMOUT="1", CLEW_PLUGINS_DISABLED="*", PYTHONPATH=str(wrapper),
        )  # fmt: skip
    assert status == 1
    assert found["settings", "OTEL_TRACES_SAMPLER"]["state"] == "bad"
    assert found["settings", "OTEL_BSP_SCHEDULE_DELAY"]["text"] == "is not a number of 0 or more"
    assert "did you mean CLEW_EXIT_TIMEOUT?" in found["settings", "CLEW_EXIT_TIMOUT"]["text"]
    assert found["agents", "opentelemetry-instrument"]["state"] == "bad"
    assert "hunter2" not in json.dumps(list(found.values()))


@pytest.mark.parametrize(
    ("words", "subject", "state", "text"),
    [
        ("uwsgi --http :0 --module app", "--enable-threads", "bad", "no threads"),
        ("uwsgi --enable-threads --module app", "--lazy-apps", "note", "forks"),
        ("gunicorn --preload app:app", "--preload", "note", "before the fork"),
        ("python -m gunicorn -k gevent app:app", "greenlets", "note", "real thread"),
        ("python -I app.py", "-I", "bad", "ignore PYTHONPATH"),
        ("python -u app.py -I", "python", "good", "python -u app.py -I"),
    ],
)
def test_the_command_is_looked_at(doctor: Any, words: str, subject: str, state: str, text: str) -> None:
    _, found = doctor(*words.split(), **NOWHERE)
    assert found["command", subject]["state"] == state
    assert text in found["command", subject]["text"]


def test_a_plugin_that_cannot_follow_its_library_says_why(doctor: Any, distribution: Callable[..., Path]) -> None:
    """Found out by trying: the library is imported and the plugin enabled, in a process of its own."""
    folder = distribution(
        "clew-toy",
        "[clew_plugin]\ntoylib = clew_toy:plugin\n",
        clew_toy="from clew import Plugin, patch\nfrom clew.conventions import http_server\n"
        "plugin = Plugin('toylib', hooks=[patch('toylib:App.run', http_server.wsgi)])\n",
        toylib="print('library')",
    )
    status, found = doctor(PYTHONPATH=str(folder), OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    finding = found["plugins", "clew-toy 1.0"]
    assert (status, finding["state"]) == (1, "bad")
    assert "App" in finding["text"]
