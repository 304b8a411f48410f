"""TLS for connections to https endpoints: verified, 1.2 or newer, and no setting to switch that off."""

from __future__ import annotations

from typing import Any

from clew_sdk.endpoint import Tls


def secured(connection: Any, host: str, files: Tls) -> Any:
    """Shakes hands on a connected socket. Raises OSError, also for a certificate that does not fit."""
    import ssl

    from clew_sdk.native import original

    context = original("ssl", "SSLContext")(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = original("ssl", "SSLSocket")
    if files.certificate:
        context.load_verify_locations(files.certificate)
    else:
        context.load_default_certs()
    if files.client_certificate:
        context.load_cert_chain(files.client_certificate, files.client_key or None)
    return context.wrap_socket(connection, server_hostname=host)
