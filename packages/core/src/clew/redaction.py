"""What never leaves the process: credentials, tokens, literals. Every function here is linear in its input."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from clew import settings
from clew.quotations import without_quotations

REDACTED = "REDACTED"
_SECRET = "secret|token|auth|sign|passw|passphrase|pwd|key|session|code|credential"
_EXACT = {"sig", "pass", "jwt", "otp", "pin", "cvv", "cvc", "sid", "csrf", "xsrf"}


@lru_cache(1)
def _secret_name() -> re.Pattern[str]:
    return re.compile("|".join([_SECRET, *map(re.escape, _added())]), re.IGNORECASE)


# In free text `key`, `code` and the like are ordinary words, and `KeyError: 'sku'` is what a person looks for.
_SECRET_IN_TEXT = re.compile(
    "secret|token|auth|signature|passw|passphrase|pwd|(api|access|private|encryption)[-_. ]?key|session|credential",
    re.IGNORECASE,
)


@lru_cache(2048)
def _is_secret_in_text(name: str) -> bool:
    if name.endswith(("Error", "Exception")):
        return False
    lower = name.lower()
    return lower in _EXACT or _SECRET_IN_TEXT.search(name) is not None or any(map(lower.__contains__, _added()))


def _added() -> list[str]:
    return [name.lower() for name in settings.current().secret_names]


@lru_cache(2048)
def is_secret(name: str) -> bool:
    """Whether a value of this name must not be shown (query key, header, log attribute)."""
    plain = unquote(name)
    return plain.lower() in _EXACT or _secret_name().search(plain) is not None


# --- URLs ---------------------------------------------------------------------------------------------------------

_PAIR = re.compile(r"(^|[?&;#])([^=&;#?]*)=([^&;#]*)")


def redact_query(query: str) -> str:
    """A query string (also with its fragment) in which the values of secret-looking keys are replaced."""
    return _PAIR.sub(_redact_pair, query)


def _redact_pair(pair: re.Match[str]) -> str:
    before, name, value = pair.groups()
    return f"{before}{name}={REDACTED if value and is_secret(name) else value}"


class Origin(NamedTuple):
    """Where a URL leads; port is the scheme's own when the URL names none, 0 when unknown."""

    scheme: str
    host: str
    port: int


_UNKNOWN = Origin("", "", 0)
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@lru_cache(1024)
def origin_of(url: str) -> Origin:
    """Where a URL leads."""
    try:
        parts = urlsplit(url[: _end_of_origin(url)])
        return Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))
    except ValueError:
        return _UNKNOWN


def redact_url(url: str) -> str:
    """The URL as it may be shown. Fails closed: of a URL that cannot be parsed nothing is shown."""
    if "@" not in url and "=" not in url and "//" in url:
        return url  # neither a password nor a value
    end = _end_of_origin(url)
    origin, rest = url[:end], url[end:]
    if not origin_of(origin).host:
        return ""
    if "@" in origin:
        origin = f"{origin[: url.find('//') + 2]}{origin[origin.rfind('@') + 1 :]}"
    return origin + (redact_query(rest) if "=" in rest else rest)


def _end_of_origin(url: str) -> int:
    """Where path, query or fragment begin; 0 without a scheme."""
    start = url.find("//") + 2
    if start < 2:
        return 0
    found = _ORIGIN_ENDS.search(url, start)
    return found.start() if found else len(url)


_ORIGIN_ENDS = re.compile(r"[/?#]")


# --- free text ----------------------------------------------------------------------------------------------------

_TEXT = re.compile(
    r"""
      (?P<scheme>[a-z][a-z0-9+.\-]{0,30}://)[^\s/@'"]{0,256}@          # user:password@ in any URL or DSN
    | (?P<name>[\w\-.]{0,64})
      (?P<assign>["']?\s{0,3}[=:]\s{0,3})
      (?P<value>"[^"\n]{0,512}" | '[^'\n]{0,512}' | (?:(?:bearer|basic|digest)[ ])?[^\s,;&)"'\]}]{1,512})
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)


def redact_text(text: str) -> str:
    """Free text (an exception's message, a stack) without credentials in URLs, `name=value` pairs and schemes."""
    if "://" not in text and "=" not in text and ":" not in text and " " not in text:
        return text
    text = without_quotations(text, REDACTED)
    if "=" in text or ":" in text:  # every alternative of the pattern has one of the two
        text = _TEXT.sub(_redact_found, text)
    lower = text.lower()  # a search that finds nothing takes ten times as long
    return _BEARER.sub(rf"\1 {REDACTED}", text) if "bearer" in lower or "basic" in lower else text


def _redact_found(found: re.Match[str]) -> str:
    scheme = found["scheme"]
    if scheme is not None:
        return f"{scheme}{REDACTED}@"
    name = found["name"]
    if name and _is_secret_in_text(name):
        return f"{name}{found['assign']}{REDACTED}"
    value = found["value"]
    # What was not secret may still hold something that is: look at it again without its first name.
    return f"{name}{found['assign']}{_TEXT.sub(_redact_found, value) if _worth_a_look(value) else value}"


def _worth_a_look(value: str) -> bool:
    return "=" in value or ":" in value
