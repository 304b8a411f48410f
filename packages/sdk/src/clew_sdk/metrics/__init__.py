"""The MeterProvider and what it makes."""

from clew_sdk.metrics.provider import MeterProvider

__all__ = ["MeterProvider"]
