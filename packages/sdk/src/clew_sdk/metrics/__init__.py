"""The MeterProvider and what it makes."""
