"""Makes the servers of tests/servers fixtures of every test, also of the packages' own."""

import signal

pytest_plugins = ["servers.fixtures"]

# A shell lets what it starts in the background ignore Ctrl-C, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
