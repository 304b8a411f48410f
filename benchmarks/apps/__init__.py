"""The measured applications: what a user would write, without a word of telemetry.

Each module offers one of `wsgi`, `wsgi_in_threads`, `asgi`, `server`, `call` or `coroutine`;
drivers.py knows how to run each of them.
"""
