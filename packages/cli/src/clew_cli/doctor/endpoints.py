"""Whether the collector takes what clew sends: one request for each signal, by the transport that clew uses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from clew_cli.doctor.findings import BAD, GOOD, NOTE, Finding

SECONDS = 5.0
ADVICE = {
    "ConnectionRefusedError": "is a collector running there? clew view is one, or set OTEL_EXPORTER_OTLP_ENDPOINT",
    "gaierror": "the host's name is not known; see OTEL_EXPORTER_OTLP_ENDPOINT",
    "timeout": "nothing answers there; a firewall, or a server that does not speak HTTP",
    "401": "the collector wants credentials; see OTEL_EXPORTER_OTLP_HEADERS",
    "403": "the collector refuses the credentials; see OTEL_EXPORTER_OTLP_HEADERS",
    "404": "there is no OTLP receiver at this path; OTEL_EXPORTER_OTLP_ENDPOINT is without /v1/traces",
    "405": "there is no OTLP receiver at this path; OTEL_EXPORTER_OTLP_ENDPOINT is without /v1/traces",
    "415": "the collector does not take http/protobuf; see OTEL_EXPORTER_OTLP_PROTOCOL",
    "SSLCertVerificationError": "the certificate is not trusted; see OTEL_EXPORTER_OTLP_CERTIFICATE",
    "SSLError": "the server does not speak TLS; is the endpoint http:// ?",
}
GRPC = "4317 is the port of OTLP over gRPC; clew sends http/protobuf, usually to 4318"


def endpoints(environment: Mapping[str, str]) -> Iterable[Finding]:
    """Sends a span named `clew doctor`, and requests without records for metrics and logs."""
    os.environ.update(environment)  # the pipeline reads its settings there
    for signal in ("traces", "metrics", "logs"):
        if environment.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower() in ("", "otlp"):
            yield _tried(signal)
        else:
            yield Finding("endpoints", signal, NOTE, "go to another exporter than OTLP, which is not tried here")


def _tried(signal: str) -> Finding:
    from clew_sdk.trial import attempt

    address, outcome = attempt(signal, "clew doctor", SECONDS)
    where = f"{address.scheme}://{address.host}:{address.port}{address.path}"
    if outcome.failure:
        advice = GRPC if address.port == 4317 else ADVICE.get(outcome.failure, "")
        return Finding("endpoints", signal, BAD, f"{where} does not take them: {outcome.failure}", advice)
    return Finding("endpoints", signal, GOOD, f"{where} took {'a span' if signal == 'traces' else 'a request'}")
