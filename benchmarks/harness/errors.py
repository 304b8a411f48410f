"""The one exception of the benchmarks: its message says what to do."""


class BenchmarkError(Exception):
    """Something is missing or broken; the text is for the person at the terminal."""
