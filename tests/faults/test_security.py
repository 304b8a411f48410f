"""What comes in from strangers, and what may not leave the process (the security table, as far as it is the process's)."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from servers.sink import Sink, attributes_of
from servers.workspace import packages

from faults.conftest import Fact, missing
from faults.harness import EXIT_BUDGET, SLACK, Bench, Run, balance, received

SECRET = b"s3cr3t"
REMOTE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def reading(sink: Sink) -> Sink:
    """A sink that keeps the bytes of what it is sent."""
    sink.bodies = []
    return sink


def leaks(sink: Sink) -> int:
    """How often the secret stands in the bytes that were received."""
    assert sink.bodies
    return sum(body.count(SECRET) for body in sink.bodies)


def servers(sink: Sink) -> list[object]:
    return [span for _, _, span in sink.spans if span.kind == 2]


def attacked(bench: Bench, sink: Sink, case: str) -> Run:
    run = bench.run("attacked.py", case, to=sink)
    assert "Traceback" not in run.err
    return run


def test_s_traceparent_that_is_malformed_begins_a_new_trace(bench: Bench, reading: Sink, fact: Fact) -> None:
    run = attacked(bench, reading, "traceparent")
    spans = servers(reading)
    fresh = [span for span in spans if not span.parent_span_id and span.trace_id.hex() != REMOTE]
    fact(f"{len(fresh)} of 11 are new traces, {run.err.count(chr(10))} lines of log")
    assert len(spans) == len(fresh) == 11
    assert run.err == ""


def test_s_tracestate_with_bad_members_is_dropped_silently(bench: Bench, reading: Sink, fact: Fact) -> None:
    run = attacked(bench, reading, "tracestate")
    states = [span.trace_state for span in servers(reading)]
    fact(f"{run.err.count(chr(10))} lines of log; longest state kept {max(map(len, states))} characters")
    assert run.err == ""
    assert all(len(state) <= 512 for state in states)
    assert {span.trace_id.hex() for span in servers(reading)} == {REMOTE}


def test_s_baggage_beyond_the_limits_is_neither_kept_nor_logged(bench: Bench, reading: Sink, fact: Fact) -> None:
    run = attacked(bench, reading, "baggage")
    fact(
        f"{run.err.count(chr(10))} lines of log, {leaks(reading)} times sent, at most {max(run['members'])} members kept"
    )
    assert SECRET.decode() not in run.err
    assert run.err == ""
    assert leaks(reading) == 0
    assert max(run["members"]) <= 64


def test_s_outbound_baggage_goes_to_own_hosts_only(bench: Bench, sink: Sink, fact: Fact) -> None:
    """`localhost` is one's own here, 127.0.0.1 a stranger; what is sent on goes there without."""
    run = bench.run("outbound.py", to=sink, CLEW_OWN_HOSTS="localhost")
    got = [path for path, names in run["seen"].items() if "baggage" in names]
    strangers = [path for path in got if "stranger" in path or "sent-on" in path]
    fact(f"{len(strangers)} of 4 calls to a stranger carry baggage")
    assert not strangers
    assert [path for path in got if "own" in path] == ["/requests-own", "/httpx-own"]


def test_s_request_id_of_strangers_is_replaced(bench: Bench, reading: Sink, fact: Fact, only_clew: None) -> None:
    run = attacked(bench, reading, "request-id")
    found = [attributes_of(span)["request.id"] for span in servers(reading)]
    fact(f"{len(found)} of 6 made anew")
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in found)
    assert leaks(reading) == 0
    assert run.err == ""


@pytest.mark.parametrize("style", ["text", "json"])
def test_s_log_records_are_sent_whole_and_shown_on_one_line(bench: Bench, sink: Sink, style: str, fact: Fact) -> None:
    """As JSON one physical line; a text formatter of the application's is its own affair."""
    bench.needs("logs")
    if style == "json" and bench.agent.name != "clew":
        pytest.skip("not applicable: has no JSON lines")
    settings = {"OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true", "CLEW_LOG_FORMAT": style}
    run = bench.run("secrets_everywhere.py", "log_records", to=sink, **settings)
    bodies = [record.body.string_value for _, _, record in sink.logs if "forged" in record.body.string_value]
    fact(f"{style}: {len(bodies)} record received")
    assert len(bodies) == 1
    if style == "json":
        (line,) = run.err.splitlines()
        assert json.loads(line)["message"].startswith("first\nCRITICAL")


@pytest.mark.parametrize("case", ["url_credentials", "query", "headers", "sql", "dsn", "exceptions"])
def test_s_secrets_do_not_leave(bench: Bench, reading: Sink, case: str, fact: Fact) -> None:
    """Searched for in the bytes that were received, spans, log records and metrics alike."""
    settings = {"OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true"}
    run = bench.run("secrets_everywhere.py", case, to=reading, **settings)
    found = leaks(reading)
    fact(f"the secret stands {found} times in what was received")
    assert found == 0
    assert len(reading.spans) > 1
    if case == "sql":
        assert run["large"] < 5


def test_s_headers_that_come_in_are_not_told(bench: Bench, reading: Sink, fact: Fact) -> None:
    attacked(bench, reading, "headers")
    fact(f"incoming: {leaks(reading)} times")
    assert servers(reading)
    assert leaks(reading) == 0


def test_s_process_arguments_and_environment_are_not_told(bench: Bench, reading: Sink, fact: Fact) -> None:
    run = bench.run_alone("secrets_everywhere.py", "process", "--password=s3cr3t", to=reading, MY_SECRET="s3cr3t-too")
    fact(f"the secret stands {leaks(reading)} times in what was received")
    assert run.status == 0
    assert leaks(reading) == 0
    assert received(reading)


def test_s_diagnostics_name_the_setting_and_not_its_value(bench: Bench, fact: Fact) -> None:
    malformed = {
        "OTEL_EXPORTER_OTLP_HEADERS": 'authorization=Bearer "s3cr3t",s3cr3t,=s3cr3t',
        "OTEL_BSP_SCHEDULE_DELAY": "soon",
    }
    with Sink() as sink:
        run = bench.run("plain.py", "1", "1", "1000", to=sink, **malformed)
    fact(f"the value stands {run.err.count('s3cr3t')} times in the log")
    assert "s3cr3t" not in run.err


def test_s_subprocesses_get_the_environment_that_they_were_given(bench: Bench, sink: Sink, fact: Fact) -> None:
    bench.run("secrets_everywhere.py", "subprocesses", to=sink)
    fact("`env={}` stays empty")


def test_s_tls_of_strangers_gets_nothing(bench: Bench, fact: Fact) -> None:
    """A certificate that nobody vouches for: the failure is counted, nothing is sent."""
    if shutil.which("openssl") is None:
        missing("openssl")
    both = certificate(bench.folder)
    with Sink() as sink:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        assert sink._server is not None
        sink._server.socket = context.wrap_socket(sink._server.socket, server_side=True)
        run = bench.run(
            "plain.py", "10", "1", "500", to=sink.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
        )
        fact(f"self-signed: {len(sink.requests)} requests, dropped and counted: {dict(run.dropped())}")
        assert not sink.requests
        balance(run, 10, 0)
        assert run.exit_seconds < EXIT_BUDGET + SLACK


def certificate(folder: Path) -> Path:
    key, made, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_text(key.read_text() + made.read_text())
    return both


def test_s_exporter_headers_cannot_break_the_request(bench: Bench, sink: Sink, fact: Fact) -> None:
    """Line breaks are left out; a proxy is not asked about loopback."""
    settings = {"OTEL_EXPORTER_OTLP_HEADERS": "x=a%0d%0aHost:evil,fine=yes", "HTTP_PROXY": "http://127.0.0.1:9"}
    run = bench.run("plain.py", "10", "1", "3000", to=sink, **settings)
    hosts = {headers["host"] for _, headers, _ in sink.requests}
    fact(f"{len(received(sink))} of 10 received, {len([host for host in hosts if 'evil' in host])} forged hosts")
    assert not any("evil" in host for host in hosts)
    assert "evil" not in run.err
    assert len(received(sink)) == 10


def test_s_supply_chain_has_no_start_up_files(fact: Fact, only_clew: None) -> None:
    """What wheels hold is tested in test_wheels.py, what imports do in test_house.py."""
    found = [
        path
        for package in packages()
        for pattern in ("src/*.pth", "src/**/*.pth", "src/sitecustomize.py", "src/usercustomize.py")
        for path in package.folder.glob(pattern)
    ]
    needs = {package.name: package.settings["project"].get("dependencies", []) for package in packages()}
    fact(f"no `.pth`; core needs {len(needs['core'])} distribution")
    assert not found
    assert len(needs["core"]) <= 3
