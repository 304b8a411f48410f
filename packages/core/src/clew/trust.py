"""Whose trace context is taken over: everybody's, nobody's, or that of some networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, TraceFlags, get_current_span

from clew.operation import Remote

Trusts = Callable[[tuple[Any, ...]], bool]


def truster(networks: tuple[str, ...] | None, read_peer: Callable[..., str] | None) -> Trusts | None:
    """Makes the function that judges a call by its arguments; None where everybody is trusted.

    `read_peer` reads the IP address of the caller. Whoever has none, as at a Unix socket, is not in any network.
    """
    if networks is None:
        return None
    if not networks or read_peer is None:
        return lambda args: False
    from ipaddress import ip_address, ip_network

    known = [ip_network(network) for network in networks]

    @lru_cache(1024)
    def among(peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        # A socket that listens for both versions shows an IPv4 caller as ::ffff:10.0.0.1.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in known)

    return lambda args: among(read_peer(*args))


def caller(remote: Remote | None, accepted: Context) -> SpanContext | None:
    """The span that a caller names who is not trusted: the span of ours is linked to it instead of beneath it."""
    if remote is None:  # none came, or a propagator of the application's own has read it
        came = get_current_span(accepted).get_span_context()
        return came if came.is_valid and came.is_remote else None
    return SpanContext(remote.trace_id, remote.span_id, True, TraceFlags(remote.flags), remote.state)
