"""Settings of clew-core, read from the environment once, when the first plugin is enabled."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

#: HTTP methods that may become a label (semantic conventions, http.request.method).
KNOWN_METHODS = "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE,QUERY"
#: Hosts of one's own: loopback, private networks, names without a dot, cluster-internal domains.
OWN_HOSTS = "localhost,127.*,10.*,192.168.*,172.16.*,[::1],*.local,*.internal,*.svc,*.localhost,NODOT"
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class Settings(NamedTuple):
    """What a person may set; every field has its environment variable in `from_environment`."""

    request_id_header: str
    known_methods: frozenset[str]
    own_hosts: tuple[str, ...]
    told_hosts: tuple[str, ...]
    secret_names: tuple[str, ...]
    log_format: str


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings; a value that makes no sense is replaced by the default."""
    header = environ.get("CLEW_REQUEST_ID_HEADER", "")
    return Settings(
        request_id_header=header if HEADER_NAME.fullmatch(header) else "X-Request-ID",
        known_methods=frozenset(_words(environ, "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", KNOWN_METHODS)),
        own_hosts=_words(environ, "CLEW_OWN_HOSTS", OWN_HOSTS),
        told_hosts=_words(environ, "CLEW_TOLD_HOSTS", "*"),
        secret_names=_words(environ, "CLEW_SECRET_NAMES", ""),
        log_format=environ.get("CLEW_LOG_FORMAT", "").lower(),
    )


@cache
def current() -> Settings:
    """The settings of this process; the same object for every plugin."""
    return from_environment()


def _words(environ: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    text = environ.get(name, "").strip() or default
    return tuple(word.strip() for word in text.split(",") if word.strip())
