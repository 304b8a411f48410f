"""The own test suites of frameworks and drivers, run unchanged without clew and with it (`nox -s host_suites`)."""
