"""The proxy that the environment asks for: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`; not for `NO_PROXY`, loopback."""

from __future__ import annotations

import os

from clew_sdk.address import Address, parse


def proxy_for(target: Address) -> Address | None:
    """None means a direct connection."""
    if target.loopback or _excluded(target.host):
        return None
    # In a CGI program HTTP_PROXY is a request's header (CVE-2016-5385), so only the lower-case name counts there.
    upper = () if target.scheme == "http" and "REQUEST_METHOD" in os.environ else (f"{target.scheme.upper()}_PROXY",)
    for name in (f"{target.scheme}_proxy", *upper, "all_proxy", "ALL_PROXY"):
        url = os.environ.get(name, "").strip()
        if url:
            return parse(url)
    return None


def _excluded(host: str) -> bool:
    names = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").lower().split(",")
    for name in map(str.strip, names):
        suffix = name.partition(":")[0].lstrip(".")
        if name == "*" or (suffix and (host == suffix or host.endswith("." + suffix))):
            return True
    return False
