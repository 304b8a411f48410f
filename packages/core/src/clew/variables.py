"""Every environment variable that clew-core and the plugins read: one table, for reading, checking and the manual."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Variable(NamedTuple):
    """`parse` raises ValueError with what is wrong, in words that go after the variable's name, without the value."""

    name: str
    default: str
    parse: Callable[[str], Any]
    meaning: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _methods(text: str) -> frozenset[str]:
    methods = _words(text)
    if not all(re.fullmatch(r"[A-Za-z-]{1,32}", method) for method in methods):
        raise ValueError("has an item that is no HTTP method")
    return frozenset(methods)


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise ValueError("is not a header's name of letters, digits and dashes")
    return text


def _one_of(*known: str) -> Callable[[str], str]:
    def choice(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return text.lower()

    return choice


def _flag(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


def _milliseconds(text: str) -> float:
    """In seconds; infinite for never."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("is not a number of milliseconds")
    return int(text) / 1000 or float("inf")


def _patterns(text: str) -> tuple[str, ...]:
    try:
        if text.isprintable():
            return tuple(re.compile(pattern).pattern for pattern in _words(text))
    except re.error:
        pass
    raise ValueError("has an item that is no regular expression")


def _networks(text: str) -> tuple[str, ...] | None:
    """None for everybody."""
    if text.lower() in ("always", "never"):
        return None if text.lower() == "always" else ()
    import ipaddress

    try:
        return tuple(str(ipaddress.ip_network(word, strict=False)) for word in _words(text))
    except ValueError:
        raise ValueError("is neither always nor never nor a list of networks such as 10.0.0.0/8") from None


#: HTTP methods that may become a label (semantic conventions, http.request.method).
_METHODS = "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE,QUERY"
#: Loopback, private networks, names without a dot, cluster-internal domains.
_OWN_HOSTS = "localhost,127.*,10.*,192.168.*,172.16.*,[::1],*.local,*.internal,*.svc,*.localhost,NODOT"

#: By the field of `settings.Settings`.
VARIABLES: dict[str, Variable] = {
    "request_id_header": Variable(
        "CLEW_REQUEST_ID_HEADER", "X-Request-ID", _header, "the header that the request ID comes in and goes out in"
    ),
    "known_methods": Variable(
        "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", _METHODS, _methods, "HTTP methods that may become labels"
    ),
    "own_hosts": Variable(
        "CLEW_OWN_HOSTS", _OWN_HOSTS, _words,
        "hosts that baggage is sent to; `*` stands for any text, NODOT for names without a dot",
    ),
    "told_hosts": Variable(
        "CLEW_TOLD_HOSTS", "*", _words, "hosts that trace context and request ID are sent to; `*` stands for any text"
    ),
    "trusted": Variable(
        "CLEW_TRUST_INCOMING", "always", _networks,
        "whose trace context and baggage are taken over: always, never, or networks (10.0.0.0/8,::1/128); of others "
        "there is a link",
    ),
    "secret_names": Variable(
        "CLEW_SECRET_NAMES", "", _words, "more names whose values are never shown, beside password and its like"
    ),
    "log_format": Variable(
        "CLEW_LOG_FORMAT", "text", _one_of("text", "json"), "json: log lines as JSON, with the IDs, on stderr"
    ),
    "excluded_urls": Variable(
        "CLEW_EXCLUDED_URLS", "", _patterns,
        "regular expressions, searched for in scheme://host/path of what comes in; such requests leave nothing, "
        "and whom they call is told not to sample",
    ),
    "otel_excluded_urls": Variable(
        "OTEL_PYTHON_EXCLUDED_URLS", "", _patterns, "the same, by the name that OpenTelemetry has for it"
    ),
    "trace_headers": Variable(
        "CLEW_TRACE_HEADERS", "false", _flag,
        "true: answers name their span in the headers `traceresponse` and `Server-Timing`",
    ),
    "measure_cost": Variable(
        "CLEW_MEASURE_COST", "false", _flag, "true: metrics of the time that clew's own code takes in calls"
    ),
    "db_transactions": Variable(
        "CLEW_DB_TRANSACTIONS", "false", _flag, "true: BEGIN, COMMIT and the like are recorded as statements too"
    ),
    "slow_statement": Variable(
        "CLEW_SLOW_STATEMENT_MS", "500", _milliseconds,
        "a database call that takes longer is told with the line of your code that it comes from; 0: none is",
    ),
    "sql_comment": Variable(
        "CLEW_SQL_COMMENT", "off", _one_of("off", "request", "static"),
        "request: statements tell the server request and trace ID in a comment; static: only the route",
    ),
    "server_request_headers": Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", "", _patterns,
        "names (regular expressions) of headers of incoming requests that are shown",
    ),
    "server_response_headers": Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE", "", _patterns,
        "the same of what is answered to them",
    ),
    "client_request_headers": Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST", "", _patterns,
        "the same of outgoing requests",
    ),
    "client_response_headers": Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE", "", _patterns,
        "the same of what is answered to them",
    ),
    "sensitive_headers": Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS", "", _patterns,
        "of these names the values are never shown, nor of what looks like a secret",
    ),
}  # fmt: skip
