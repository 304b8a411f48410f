"""Makes the servers of tests/servers fixtures of every test, also of the packages' own."""

pytest_plugins = ["servers.fixtures"]
