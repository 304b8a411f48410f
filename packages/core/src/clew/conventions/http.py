"""What the HTTP conventions of client and server share."""

from __future__ import annotations

from clew import settings

HTTP_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
OTHER = "_OTHER"

#: The methods that may become a label, each with itself; any other is `_OTHER` (case matters: RFC 9110, 9.1).
KNOWN = {method: method for method in settings.current().known_methods}


def name_of(method: str) -> str:
    """The method as the first word of a span name; `_OTHER` reads `HTTP`."""
    return "HTTP" if method == OTHER else method
