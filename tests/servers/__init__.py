"""Real servers for tests, the demo and CI: plain processes on loopback, one module each."""
