"""HTTP headers that a person wants to see: https://opentelemetry.io/docs/specs/semconv/http/http-spans/."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from clew.conventions import keys
from clew.operation import Attributes
from clew.redaction import REDACTED, is_secret, redact_text
from clew.settings import Settings

Pairs = Iterable[tuple[Any, Any]]
Reader = Callable[[Any], Pairs]
Capture = Callable[[Pairs], Attributes]
MOST, LONGEST = 64, 1024  # headers of one message, characters of one of them
_SENSITIVE = frozenset({"cookie", "set-cookie"})


def of_requests(settings: Settings, family: str) -> Capture | None:
    """Makes the function from names and values to attributes; None where nobody wants any."""
    wanted = settings.server_request_headers if family == "http.server" else settings.client_request_headers
    return _capture(wanted, settings.sensitive_headers, keys.HTTP_REQUEST_HEADER)


def of_answers(settings: Settings, family: str) -> Capture | None:
    wanted = settings.server_response_headers if family == "http.server" else settings.client_response_headers
    return _capture(wanted, settings.sensitive_headers, keys.HTTP_RESPONSE_HEADER)


def of_environ(environ: dict[str, Any]) -> Pairs:
    """The headers in a WSGI environ."""
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-"), value
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield name.replace("_", "-"), value


def pairs_of(headers: Any) -> Pairs:
    """The headers of a library: pairs, or what has `items`."""
    return headers.items() if hasattr(headers, "items") else headers or ()


def _capture(wanted: tuple[str, ...], sensitive: tuple[str, ...], prefix: str) -> Capture | None:
    if not wanted:
        return None
    is_wanted, is_sensitive = _among(wanted), _among(sensitive)

    @lru_cache(256)
    def key_of(raw: Any) -> tuple[str, bool]:
        """The attribute's key, empty for none; and whether the value may be shown."""
        name = _text(raw).lower()
        if not is_wanted(name):
            return "", False
        return f"{prefix}.{name}", not (name in _SENSITIVE or is_secret(name) or is_sensitive(name))

    def capture(pairs: Pairs) -> Attributes:
        found: Attributes = {}
        for raw, value in pairs:
            key, is_shown = key_of(raw)
            if key and (key in found or len(found) < MOST):
                shown = redact_text(_text(value)[:LONGEST]) if is_shown else REDACTED
                found.setdefault(key, []).append(shown)
        return found

    return capture


def _among(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    match = re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE).fullmatch
    return lambda name: bool(patterns) and match(name) is not None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
