"""The measured applications: what a user would write, without a word of telemetry.

Each module offers one of `wsgi`, `asgi`, `call` or `coroutine`; drivers.py knows how to run each of them.
"""
